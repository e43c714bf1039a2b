//! Cards of a finding: each rule with every word it found, and the articles it rests on.

use crate::domain::category;
use crate::domain::hit::Hit;
use crate::domain::provision::ProvisionId;
use crate::rules::RulePack;
use crate::text::TRANSFORMS;
use crate::web::lang::Lang;
use crate::web::page::visible;

/// A rule with the words it found.
pub struct Card {
    pub rule_id: String,
    pub rule_title: String,
    pub why: String,
    pub level: u8,
    pub severity: &'static str,
    pub category: String,
    pub found: Vec<Found>,
    pub articles: Vec<Article>,
}

/// Words that a rule found.
pub struct Found {
    pub number: usize,
    pub words: String,
    pub status: &'static str,
    pub because: String,
    pub cue: String,
    pub read_as: String,
    pub transforms: Vec<Step>,
}

/// A transform needed to read the words so.
pub struct Step {
    pub about: String,
    pub evasive: bool,
}

/// An article of law.
pub struct Article {
    pub id: String,
    pub citation: String,
    pub text: String,
    pub liability: String,
    pub dates: String,
    pub ticked: bool,
}

/// One card for each rule, the strongest first.
pub fn cards(lang: Lang, pack: &RulePack, text: &str, hits: &[(usize, &Hit)]) -> Vec<Card> {
    let mut by_rule: Vec<Vec<(usize, &Hit)>> = Vec::new();
    for (index, hit) in hits {
        match by_rule.iter_mut().find(|group| group.iter().any(|(_, known)| known.rule == hit.rule)) {
            Some(group) => group.push((*index, hit)),
            None => by_rule.push(vec![(*index, hit)]),
        }
    }
    by_rule.sort_by_key(|group| std::cmp::Reverse(group.iter().map(|(_, hit)| hit.severity).max()));
    by_rule.into_iter().filter_map(|group| card(lang, pack, text, &group)).collect()
}

fn card(lang: Lang, pack: &RulePack, text: &str, group: &[(usize, &Hit)]) -> Option<Card> {
    let strongest = group.iter().map(|(_, hit)| hit).max_by_key(|hit| hit.severity)?;
    let rule = pack.rule(&strongest.rule);
    Some(Card {
        rule_id: strongest.rule.to_string(),
        rule_title: rule.map_or_else(|| strongest.rule.to_string(), |rule| rule.title.clone()),
        why: rule.map_or_else(String::new, |rule| rule.why.clone()),
        level: strongest.severity.level(),
        severity: lang.of(strongest.severity.label()),
        category: lang
            .pick(category::title_zh(&strongest.category), category::title_en(&strongest.category))
            .to_owned(),
        found: group.iter().map(|(index, hit)| found(lang, text, *index, hit)).collect(),
        articles: strongest.provisions.iter().map(|id| article(lang, pack, id, false)).collect(),
    })
}

fn found(lang: Lang, text: &str, index: usize, hit: &Hit) -> Found {
    Found {
        number: index + 1,
        words: visible(hit.span.of(text)),
        status: lang.of(hit.status.label()),
        because: visible(hit.because.as_deref().unwrap_or_default()),
        cue: hit.cue.map_or_else(String::new, |cue| visible(cue.of(text))),
        read_as: visible(&hit.normalized),
        transforms: hit.transforms.iter().map(|name| step(lang, name)).collect(),
    }
}

/// What a transform does, Chinese; its name in English, and when this version does not know it.
fn step(lang: Lang, name: &str) -> Step {
    let known = TRANSFORMS.iter().find(|transform| transform.name == name);
    Step {
        about: known.map_or_else(|| visible(name), |known| lang.pick(known.about, known.name).to_owned()),
        evasive: known.is_some_and(|known| known.evasive),
    }
}

/// An article as the pages show it.
pub fn article(lang: Lang, pack: &RulePack, id: &ProvisionId, ticked: bool) -> Article {
    let w = lang.words();
    let Some(known) = pack.provisions.get(id) else {
        return Article {
            id: id.to_string(),
            citation: id.to_string(),
            text: w.not_in_pack.to_owned(),
            liability: String::new(),
            dates: String::new(),
            ticked,
        };
    };
    let until =
        known.effective_to.as_ref().map_or_else(String::new, |day| format!(" {} {day}", w.effective_to));
    Article {
        id: id.to_string(),
        citation: known.citation(),
        text: known.text.clone(),
        liability: known.liability.clone().unwrap_or_default(),
        dates: format!(
            "{} {}{until} · {} {}",
            w.effective_from, known.effective_from, w.checked_on, known.checked_on
        ),
        ticked,
    }
}
