//! Is it an advertisement? Evidence for it, not a gate: only rules that say `ad_only`, articles and long texts need it.
//!
//! 广告法适用问题执法指南（一）: a news report or a piece of knowledge without the advertiser's address, contact, QR
//! code or link on the same page is no advertisement; with them it may be one. The label 广告 is not the test.

use std::sync::LazyLock;

use super::context::distance;
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

/// Characters from which a text in which nobody is spoken to is read as prose.
const PROSE_CHARS: usize = 90;

/// Bytes of the normalized text, about 150 characters, to either side of a hit in which words of an offer belong to
/// it. A news item of two pages always holds 报名 or 上门 somewhere.
const NEAR_BYTES: usize = 450;

/// Bytes at the end of a text, about 80 characters, in which an article turns to its reader.
const CLOSING_BYTES: usize = 240;

/// Bytes in which a number or an address belongs to a hit that stands in prose.
const FAR_BYTES: usize = 3 * NEAR_BYTES;

/// What a whole text offers as evidence; places are bytes of the normalized text.
#[derive(Debug, Clone)]
pub(super) struct Evidence<'a> {
    contacts: Vec<Occurrence>,
    calls: &'a [Occurrence],
    offers: &'a [Occurrence],
    /// Words that speak to the reader, outside quotations.
    addresses: Vec<Occurrence>,
    /// Somebody's own telephone or messenger name, or any number beside a call to act.
    solicits: bool,
    disguise: Option<Occurrence>,
    has_link: bool,
    is_ad_place: bool,
    is_article: bool,
    may_be_prose: bool,
    /// The invitation with which a 软文 ends; it is meant for everything before.
    closing: Option<Occurrence>,
}

/// What makes the words around one hit look like an advertisement.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Signs {
    /// A way to reach someone, not an authority.
    pub contact: Option<Occurrence>,
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
}

impl<'a> Evidence<'a> {
    /// Gathers the evidence of a text that was read into `places`; `is_quoted` tells of a place whether it stands in
    /// quotation marks.
    pub fn of(
        draft: &AdDraft,
        text: &str,
        places: &'a Places,
        lists: &AdLists,
        is_quoted: impl Fn(Occurrence) -> bool,
    ) -> Self {
        // 举报电话 and 反诈专线 are contacts of authorities: the sentence says whose number it is.
        let is_private = |place: &Occurrence| {
            let sentence = places.windows().around(Scope::Sentence, place.start..place.end);
            places.first_in(lists.official, &sentence).is_none()
        };
        let private_contact =
            found_by(&PRIVATE_CONTACT, text).filter(|place| is_whole_number(text, *place)).find(is_private);
        let contacts: Vec<Occurrence> = private_contact
            .into_iter()
            .chain(places.of(lists.contact).iter().copied().filter(is_private))
            .collect();
        let calls_beside = |place: &&Occurrence| {
            let sentence = places.windows().around(Scope::Sentence, place.start..place.end);
            is_direct(&text[place.start..place.end]) && places.first_in(lists.call, &sentence).is_some()
        };
        let solicits = contacts.iter().any(|place| calls_beside(&place));
        let is_longer = |n_chars: usize| text.chars().nth(n_chars).is_some();
        let may_be_prose = is_longer(PROSE_CHARS) && text.contains('。');
        let addresses: Vec<Occurrence> = if may_be_prose {
            found_by(&ADDRESS, text).filter(|place| !is_quoted(*place)).collect()
        } else {
            Vec::new()
        };
        let end = Occurrence { start: text.len(), end: text.len() };
        let closing = within(&addresses, end, CLOSING_BYTES)
            .and_then(|_| contacts.iter().copied().find(|place| distance(*place, end) <= CLOSING_BYTES));
        Self {
            closing,
            contacts,
            calls: places.of(lists.call),
            offers: places.of(lists.offer),
            addresses,
            solicits: private_contact.is_some() || solicits,
            disguise: places.of(lists.disguise).first().copied(),
            has_link: draft.landing_url.is_some() || !draft.links.is_empty(),
            is_ad_place: matches!(draft.kind, AdKind::Display | AdKind::AppListing | AdKind::Landing),
            is_article: draft.kind == AdKind::Article || draft.kind == AdKind::Text && is_longer(LONG_CHARS),
            may_be_prose,
        }
    }

    /// The evidence that belongs to the words at `hit`.
    ///
    /// Prose that speaks to nobody reports or explains: in it 报名, 转让 and 上门 are told of others, and only a
    /// number or an address not far away is a contact.
    pub fn around(&self, text: &str, hit: Occurrence) -> Signs {
        let near = |places: &[Occurrence]| within(places, hit, NEAR_BYTES);
        let is_prose = self.may_be_prose && near(&self.addresses).is_none();
        let direct = || {
            let is_direct = |place: &&Occurrence| is_direct(&text[place.start..place.end]);
            let reach = if is_prose { FAR_BYTES } else { usize::MAX };
            self.contacts.iter().filter(is_direct).copied().find(|place| distance(*place, hit) <= reach)
        };
        let weak = |places: &[Occurrence]| if is_prose { None } else { near(places) };
        Signs {
            contact: direct().or_else(|| weak(&self.contacts)).or(self.closing),
            call: weak(self.calls),
            offer: if is_prose { None } else { self.offer_beside(text, hit) },
            disguise: self.disguise,
            has_link: self.has_link,
            is_ad_place: self.is_ad_place,
        }
    }

    /// An offer near `hit` in other words than its own; a text that is one slogan offers by its form.
    fn offer_beside(&self, text: &str, hit: Occurrence) -> Option<Occurrence> {
        let is_other = |place: &Occurrence| {
            place.end <= hit.start || place.start >= hit.end || (place.start, place.end) == (0, text.len())
        };
        self.offers.iter().copied().filter(is_other).find(|place| distance(*place, hit) <= NEAR_BYTES)
    }

    /// Whether it is a report or a piece of knowledge that nobody can answer to, going by the signs at a hit.
    pub fn is_plain_article(&self, signs: &Signs) -> bool {
        self.is_article
            && signs.contact.is_none()
            && !self.has_link
            && (signs.call.is_none() || signs.offer.is_none())
    }

    /// Whether a promoter speaks: somebody's own number or name is given, a number stands beside a call to act, or
    /// promotion is dressed as a warning.
    pub fn promotes(&self) -> bool {
        self.solicits || self.disguise.is_some()
    }
}

impl Signs {
    /// 0 to 1, noisy-or of the signs; one contact or one call to act is enough for the usual threshold of 0.3.
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

    /// Whether somebody can be reached or is called to act, so that words in quotation marks are the speaker's own.
    pub fn speaks_for_itself(&self) -> bool {
        self.contact.is_some()
            || self.call.is_some()
            || self.disguise.is_some()
            || self.has_link
            || self.is_ad_place
    }

    /// Both together.
    pub fn or(self, other: Self) -> Self {
        Self {
            contact: self.contact.or(other.contact),
            call: self.call.or(other.call),
            offer: self.offer.or(other.offer),
            disguise: self.disguise.or(other.disguise),
            has_link: self.has_link || other.has_link,
            is_ad_place: self.is_ad_place || other.is_ad_place,
        }
    }
}

/// The first of `places` that is at most `reach` bytes from `hit`.
fn within(places: &[Occurrence], hit: Occurrence, reach: usize) -> Option<Occurrence> {
    places.iter().copied().find(|place| distance(*place, hit) <= reach)
}

/// Whether a contact can be used as it stands: a number, a name, an address, and not 上门 or 详情.
fn is_direct(words: &str) -> bool {
    words.bytes().filter(u8::is_ascii_alphanumeric).count() >= 5
}

fn found_by(
    pattern: &'static LazyLock<Option<regex::Regex>>,
    text: &str,
) -> impl Iterator<Item = Occurrence> {
    pattern
        .iter()
        .flat_map(move |pattern| pattern.find_iter(text))
        .map(|found| Occurrence { start: found.start(), end: found.end() })
}

/// Words that speak to a reader or on behalf of a seller: grammar rather than a matter of the trade.
static ADDRESS: LazyLock<Option<regex::Regex>> = LazyLock::new(|| {
    let pattern = concat!(
        "[你您咱妳]|家人们|老铁|各位|亲们|宝子|姐妹们|兄弟们|叔叔阿姨|爸妈们|同学们|股友|车友|微友",
        "|我(们)?(公司|司|平台|项目|团队|社|店|处|这里|这儿|家)|本(公司|平台|项目|店|社|产品|活动|期)",
        "|诚邀|诚招|诚聘|招募|招商|欢迎|敬请|现(推出|招|面向|接受|开放)|面向社会|即可(参与|获|领|享|加|成)",
        "|扫码|私(信|我|聊|戳)|名额|限量|先到先得|手慢|速来|仅剩|加微|加群|进群|入群|抢(购|先)|别错过",
        "|想要的|想了解|的朋友|感兴趣|有意者|有兴趣|详询|咨询|截止|推荐",
        "|找我|跟我说|[要想需][^。！？；，\\n]{0,10}的(留言|私|找|来|扣|评论|联系|可以)",
        "|(新用户|首次注册|[0-9]元起投|[0-9]元起购)",
        "|(?-u:\\b)(?:you|your|we|our|us|join|now)(?-u:\\b)",
    );
    regex::Regex::new(pattern).ok()
});

/// A mobile number, or a messenger with a name; the normalizer has one word for each messenger.
static PRIVATE_CONTACT: LazyLock<Option<regex::Regex>> = LazyLock::new(|| {
    let pattern = concat!(
        r"1[3-9]\d[- ]?\d{4}[- ]?\d{4}",
        r"|(?:微信|qq|电报|蝙蝠)(?:群|号|同号|客服|:|：|\+|加| ){0,3}[a-z0-9][-a-z0-9_]{4,19}",
        r"|(?-u:\b)(?:telegram|whatsapp|skype|line)(?-u:\b) ?[:：@+] ?[a-z0-9][-a-z0-9_]{4,19}",
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
