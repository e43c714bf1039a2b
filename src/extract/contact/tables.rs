//! The words and numbers of `patterns/lists/contacts.toml`, in the form that reading needs.

use std::collections::BTreeSet;

use regex::Regex;

use crate::domain::party::ContactKind;
use crate::kit::problem::Problem;
use crate::text::Normalizer;

const CONTACTS: &str = include_str!("../../../patterns/lists/contacts.toml");

/// What the file says.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    label: LabelForm,
    platform: Vec<PlatformForm>,
    id: IdForm,
    web: WebForm,
    region: RegionForm,
    company: CompanyForm,
    card: CardForm,
    phone: PhoneForm,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct LabelForm {
    phone: String,
    other: String,
    authority: String,
    card: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PlatformForm {
    kind: ContactKind,
    names: String,
    #[serde(default)]
    weak: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct IdForm {
    not_ids: String,
    fillers: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct WebForm {
    endings: String,
    mail_hosts: String,
    platforms: String,
    not_hosts: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionForm {
    names: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CompanyForm {
    endings: String,
    before: String,
    vague: String,
    vague_starts: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct CardForm {
    prefixes: String,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PhoneForm {
    area: String,
    countries: String,
    units: String,
    titles: String,
}

/// A name of a platform.
#[derive(Debug, Clone)]
pub(super) struct Platform {
    pub name: String,
    pub kind: ContactKind,
    /// The name means other things too.
    pub is_weak: bool,
}

/// Words in front of a number, found at the end of what precedes it.
#[derive(Debug)]
pub(super) struct Labels(Option<Regex>);

impl Labels {
    /// Words as they stand, longest first.
    fn new(words: &[String]) -> Self {
        Self(alternation(words))
    }

    /// The last of the words in `before`: itself, and the characters between it and the end.
    pub fn last_in<'t>(&self, before: &'t str) -> Option<(&'t str, usize)> {
        let found = self.0.as_ref()?.find_iter(before).last()?;
        Some((found.as_str(), before[found.end()..].chars().count()))
    }
}

/// Everything the readers know.
#[derive(Debug)]
pub(super) struct Tables {
    pub phone: Labels,
    pub other: Labels,
    pub authority: Labels,
    pub card: Labels,
    pub platforms: Vec<Platform>,
    /// Any name of a platform, longest first.
    pub platform_names: Option<Regex>,
    pub not_ids: BTreeSet<String>,
    /// Longest first.
    pub fillers: Vec<String>,
    pub endings: BTreeSet<String>,
    pub mail_hosts: BTreeSet<String>,
    pub platform_hosts: BTreeSet<String>,
    pub not_hosts: BTreeSet<String>,
    pub regions: Vec<String>,
    pub company_endings: Option<Regex>,
    /// Longest first.
    pub before_company: Vec<String>,
    pub vague: Vec<String>,
    pub vague_starts: Vec<String>,
    pub card_prefixes: Vec<String>,
    pub areas: BTreeSet<String>,
    pub countries: BTreeSet<String>,
    pub units: Vec<String>,
    pub titles: Vec<String>,
}

impl Tables {
    /// The tables that ship with the program; what does not parse is reported and left out.
    pub fn embedded(normalizer: &Normalizer) -> Result<Self, Problem> {
        Self::parse(CONTACTS, normalizer)
    }

    fn parse(text: &str, normalizer: &Normalizer) -> Result<Self, Problem> {
        let file: File = toml::from_str(text).map_err(|error| {
            Problem::new("contacts-table", format!("patterns/lists/contacts.toml: {error}"))
        })?;
        // Words are looked for in normalized text, so they are kept in its form.
        let folded = |list: &str| {
            let mut words: Vec<String> =
                list.split_whitespace().map(|word| normalizer.normalize(word).text).collect();
            words.retain(|word| !word.is_empty());
            by_length(words)
        };
        let plain = |list: &str| by_length(list.split_whitespace().map(str::to_owned).collect());
        let set = |list: &str| list.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
        let platforms = platforms(&file.platform, &folded);
        let names: Vec<String> = platforms.iter().map(|platform| platform.name.clone()).collect();
        Ok(Self {
            phone: Labels::new(&folded(&file.label.phone)),
            other: Labels::new(&folded(&file.label.other)),
            authority: Labels::new(&folded(&file.label.authority)),
            card: Labels::new(&folded(&file.label.card)),
            platform_names: alternation(&names),
            platforms,
            not_ids: set(&file.id.not_ids),
            fillers: plain(&file.id.fillers),
            endings: set(&file.web.endings),
            mail_hosts: set(&file.web.mail_hosts),
            platform_hosts: set(&file.web.platforms),
            not_hosts: set(&file.web.not_hosts),
            regions: folded(&file.region.names),
            company_endings: alternation(&folded(&file.company.endings)),
            before_company: folded(&file.company.before),
            vague: folded(&file.company.vague),
            vague_starts: folded(&file.company.vague_starts),
            card_prefixes: plain(&file.card.prefixes),
            areas: set(&file.phone.area),
            countries: set(&file.phone.countries),
            units: plain(&file.phone.units),
            titles: plain(&file.phone.titles),
        })
    }
}

/// Names longest first, so that 微信号 is not read as 微信.
fn platforms(forms: &[PlatformForm], folded: &dyn Fn(&str) -> Vec<String>) -> Vec<Platform> {
    let mut all: Vec<Platform> = Vec::new();
    for (is_weak, form) in forms.iter().map(|form| (false, form)).chain(forms.iter().map(|form| (true, form)))
    {
        for name in folded(if is_weak { &form.weak } else { &form.names }) {
            if !all.iter().any(|known| known.name == name) {
                all.push(Platform { name, kind: form.kind, is_weak });
            }
        }
    }
    all.sort_by_key(|platform| std::cmp::Reverse(platform.name.len()));
    all
}

fn by_length(mut words: Vec<String>) -> Vec<String> {
    words.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    words.dedup();
    words
}

/// Any of `words`, which are longest first; `None` for none.
fn alternation(words: &[String]) -> Option<Regex> {
    let escaped: Vec<String> = words.iter().map(|word| regex::escape(word)).collect();
    (!escaped.is_empty()).then(|| Regex::new(&escaped.join("|")).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Tables as Characters;

    #[test]
    fn the_shipped_tables_parse_and_no_name_hides_a_longer_one() {
        let normalizer = Normalizer::new(&Characters::embedded());
        let tables = Tables::embedded(&normalizer).unwrap();
        let names = tables.platform_names.unwrap();
        assert_eq!(names.find("微信号abc").unwrap().as_str(), "微信号");
        assert!(tables.areas.contains("0571") && tables.platform_hosts.contains("weixin.qq.com"));
    }

    #[test]
    fn a_damaged_table_says_where() {
        let normalizer = Normalizer::new(&Characters::embedded());
        let problem = Tables::parse("[label]\nphone = 3", &normalizer).unwrap_err();
        assert_eq!(problem.code, "contacts-table");
        assert!(problem.message.contains("patterns/lists/contacts.toml"), "{problem}");
    }
}
