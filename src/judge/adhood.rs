//! Is it an advertisement? Evidence for it, not a gate: only rules that say `ad_only`, articles and long texts need it.
//!
//! 广告法适用问题执法指南（一）: a news report or a piece of knowledge without the advertiser's address, contact, QR
//! code or link on the same page is no advertisement; with them it may be one. The label 广告 is not the test.

use std::sync::LazyLock;

use crate::domain::ad::{AdDraft, AdKind};
use crate::matcher::{GroupId, Groups, Occurrence, Places};
use crate::rules::{Institution, RulePack};
use crate::text::sentence::Scope;

/// Characters from which a text of unknown kind is read as an article.
const LONG_CHARS: usize = 600;

/// The lists of a pack that the judge itself reads.
pub(super) struct AdLists {
    contact: GroupId,
    call: GroupId,
    offer: GroupId,
    official: GroupId,
    disguise: GroupId,
}

impl AdLists {
    pub fn new(groups: &mut Groups<'_, '_>) -> Self {
        Self {
            contact: groups.list("contact"),
            call: groups.list("call"),
            offer: groups.list("offer"),
            official: groups.list("official-contact"),
            disguise: groups.list("disguise"),
        }
    }
}

/// What makes a text look like an advertisement; places are bytes of the normalized text.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    /// A way to reach someone, not an authority.
    pub contact: Option<Occurrence>,
    /// A person's telephone or messenger name: what promoters give and institutions do not.
    pub private_contact: Option<Occurrence>,
    /// A call to act.
    pub call: Option<Occurrence>,
    /// Words of an offer.
    pub offer: Option<Occurrence>,
    /// Words of promotion dressed as a warning.
    pub disguise: Option<Occurrence>,
    /// It leads somewhere.
    pub has_link: bool,
    /// It stands where only advertisements stand.
    pub is_ad_place: bool,
    is_article: bool,
}

impl Evidence {
    /// Gathers the evidence of a text that was read into `occurrences`.
    pub fn of(draft: &AdDraft, text: &str, places: &Places, lists: &AdLists) -> Self {
        // 举报电话 and 反诈专线 are contacts of authorities: the sentence says whose number it is.
        let is_private = |place: &Occurrence| {
            let sentence = places.windows().around(Scope::Sentence, place.start..place.end);
            places.first_in(lists.official, &sentence).is_none()
        };
        let first = |group: GroupId| places.of(group).first().copied();
        let private_contact = PRIVATE_CONTACT
            .iter()
            .flat_map(|pattern| pattern.find_iter(text))
            .map(|found| Occurrence { start: found.start(), end: found.end() })
            .filter(|place| is_whole_number(text, *place))
            .find(is_private);
        let contact = private_contact.or_else(|| places.of(lists.contact).iter().copied().find(is_private));
        let is_long = || text.chars().nth(LONG_CHARS).is_some();
        Self {
            contact,
            private_contact,
            call: first(lists.call),
            offer: first(lists.offer),
            disguise: first(lists.disguise),
            has_link: draft.landing_url.is_some() || !draft.links.is_empty(),
            is_ad_place: matches!(draft.kind, AdKind::Display | AdKind::AppListing | AdKind::Landing),
            is_article: draft.kind == AdKind::Article || draft.kind == AdKind::Text && is_long(),
        }
    }

    /// 0 to 1, noisy-or of the evidence; one contact or one call to act is enough for the usual threshold of 0.4.
    pub fn likeness(&self) -> f64 {
        let weights = [
            (self.contact.is_some(), 0.5),
            (self.call.is_some(), 0.4),
            (self.offer.is_some(), 0.3),
            (self.has_link, 0.3),
            (self.is_ad_place, 0.6),
        ];
        1.0 - weights.iter().filter(|(holds, _)| *holds).map(|(_, weight)| 1.0 - weight).product::<f64>()
    }

    /// Whether it is a report or a piece of knowledge that nobody can answer to.
    pub fn is_plain_article(&self) -> bool {
        self.is_article
            && self.contact.is_none()
            && !self.has_link
            && (self.call.is_none() || self.offer.is_none())
    }

    /// Whether a promoter speaks: a private contact with a call to act, or promotion dressed as a warning.
    pub fn promotes(&self) -> bool {
        self.private_contact.is_some() && self.call.is_some() || self.disguise.is_some()
    }
}

/// A mobile number, or a messenger with a name; the normalizer has one word for each messenger.
static PRIVATE_CONTACT: LazyLock<Option<regex::Regex>> = LazyLock::new(|| {
    let pattern = concat!(
        r"1[3-9]\d[- ]?\d{4}[- ]?\d{4}",
        r"|(?:微信|qq|电报|蝙蝠)(?:群|号|同号|客服|:|：|\+|加| ){0,3}[a-z0-9][-a-z0-9_]{4,19}",
        r"|\b(?:telegram|whatsapp|skype|line)\b ?[:：@+] ?[a-z0-9][-a-z0-9_]{4,19}",
    );
    regex::Regex::new(pattern).ok()
});

/// Whether a number is not the middle of a longer one.
fn is_whole_number(text: &str, place: Occurrence) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    !text[..place.start].chars().next_back().is_some_and(is_digit)
        && !text[place.end..].chars().next().is_some_and(is_digit)
}

/// The institution on whose host a text stood.
pub(super) fn institution<'a>(pack: &'a RulePack, host: &str) -> Option<&'a Institution> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let covers = |own: &String| {
        host.strip_suffix(own.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    pack.institutions.iter().find(|institution| institution.hosts.iter().any(covers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_contacts_are_people_not_words() {
        let found =
            |text: &str| PRIVATE_CONTACT.as_ref().unwrap().find(text).map(|found| found.as_str().to_owned());
        for (text, expected) in [
            ("加微信abc12345", "微信abc12345"),
            ("微信同号：a-b_c9", "微信同号：a-b_c9"),
            ("qq群123456", "qq群123456"),
            ("13800138000", "13800138000"),
            ("138-0013-8000", "138-0013-8000"),
            ("telegram: bossman", "telegram: bossman"),
        ] {
            assert_eq!(found(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["online banking", "sign up online", "微信公众号", "95588", "12345", "line up early"]
        {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
