//! 当事人与联系方式: who stands behind an ad, and how a reader reaches them.

use std::borrow::Cow;
use std::ops::Range;

use super::hit::Span;
use crate::kit::redact;

/// Shorter values may be a part of any word.
const MIN_MENTION_BYTES: usize = 4;

/// What sort of contact point. The stable names are columns and command output; they are only ever added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactKind {
    /// Mobile number of the mainland, 11 digits.
    Mobile,
    /// Landline number: area code and number, or the number alone where the text says that it is a telephone.
    Landline,
    /// 400 or 800 number, 10 digits.
    ServiceLine,
    /// Number of another country or region, `+` and digits.
    ForeignPhone,
    /// 微信号, lower case.
    Wechat,
    /// 微信公众号, its Latin name.
    WechatAccount,
    /// QQ number.
    Qq,
    /// QQ群 number.
    QqGroup,
    /// Telegram name or invitation, without `@`.
    Telegram,
    /// 抖音号.
    Douyin,
    /// 快手号.
    Kuaishou,
    /// 小红书号.
    Xiaohongshu,
    /// WhatsApp number or name.
    Whatsapp,
    /// Another messenger: `name:id`.
    Messenger,
    /// E-mail address, lower case.
    Email,
    /// Host that a link or the words lead to, without `www.`.
    Host,
    /// ICP备案 or ICP证, without the number of the single site: the same for all sites of one subject.
    IcpNumber,
    /// 统一社会信用代码 (GB 32100), 18 characters, upper case.
    CreditCode,
    /// A licence or registration that the ad claims, as printed.
    Licence,
    /// Bank card number, digits.
    BankCard,
    /// TRON address, where USDT (TRC-20) is sent to.
    Tron,
    /// Bitcoin address.
    Bitcoin,
    /// Ethereum address, where USDT (ERC-20) is sent to.
    Ethereum,
    /// Full name of a company.
    Company,
    /// Package name of an Android app or bundle id of an iOS app.
    AppPackage,
}

impl ContactKind {
    /// Every kind with its stable name and the words for people, Chinese and English.
    pub const ALL: [(Self, &'static str, &'static str, &'static str); 25] = [
        (Self::Mobile, "mobile", "手机", "Mobile"),
        (Self::Landline, "landline", "固定电话", "Landline"),
        (Self::ServiceLine, "service-line", "400/800 电话", "400/800 number"),
        (Self::ForeignPhone, "foreign-phone", "境外电话", "Foreign number"),
        (Self::Wechat, "wechat", "微信", "WeChat"),
        (Self::WechatAccount, "wechat-account", "微信公众号", "WeChat account"),
        (Self::Qq, "qq", "QQ", "QQ"),
        (Self::QqGroup, "qq-group", "QQ群", "QQ group"),
        (Self::Telegram, "telegram", "Telegram（电报、飞机）", "Telegram"),
        (Self::Douyin, "douyin", "抖音", "Douyin"),
        (Self::Kuaishou, "kuaishou", "快手", "Kuaishou"),
        (Self::Xiaohongshu, "xiaohongshu", "小红书", "Xiaohongshu"),
        (Self::Whatsapp, "whatsapp", "WhatsApp", "WhatsApp"),
        (Self::Messenger, "messenger", "其他聊天软件", "Other messenger"),
        (Self::Email, "email", "电子邮箱", "E-mail"),
        (Self::Host, "host", "网站", "Host"),
        (Self::IcpNumber, "icp-number", "ICP备案号", "ICP number"),
        (Self::CreditCode, "credit-code", "统一社会信用代码", "Unified social credit code"),
        (Self::Licence, "licence", "所称许可或备案", "Claimed licence"),
        (Self::BankCard, "bank-card", "银行卡", "Bank card"),
        (Self::Tron, "tron", "波场（TRC-20）地址", "TRON address"),
        (Self::Bitcoin, "bitcoin", "比特币地址", "Bitcoin address"),
        (Self::Ethereum, "ethereum", "以太坊（ERC-20）地址", "Ethereum address"),
        (Self::Company, "company", "单位名称", "Company"),
        (Self::AppPackage, "app-package", "应用包名", "App package"),
    ];

    /// Stable name for the `contact` table and command output.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The kind with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name, ..)| *name == text).map(|(kind, ..)| kind)
    }

    /// What people call it, Chinese.
    pub fn title_zh(self) -> &'static str {
        self.row().2
    }

    /// What people call it, English.
    pub fn title_en(self) -> &'static str {
        self.row().3
    }

    /// Whether it reaches or pays a person, so that copies outside the office mask it.
    pub fn is_personal(self) -> bool {
        !matches!(
            self,
            Self::Host
                | Self::IcpNumber
                | Self::CreditCode
                | Self::Licence
                | Self::Company
                | Self::AppPackage
                | Self::WechatAccount
                | Self::ServiceLine
        )
    }

    fn row(self) -> (Self, &'static str, &'static str, &'static str) {
        // `ALL` is in the order of the variants; the test of the module keeps it so.
        Self::ALL[self as usize]
    }
}

/// How sure it is that the value is what its kind says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Part of it is hidden (`138****0000`) or only the words around speak for it.
    Possible,
    /// Its shape is usual, but nothing proves it.
    Likely,
    /// A checksum holds, a link says so, or shape and label agree.
    Certain,
}

impl Certainty {
    /// Stable name for the `contact` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }

    /// The certainty with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Possible, Self::Likely, Self::Certain].into_iter().find(|known| known.as_str() == text)
    }
}

/// One reason to read something as a contact point.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// It has the shape of its kind.
    Shape,
    /// These words in front of it say what it is.
    Label(String),
    /// A check digit or checksum holds: its name.
    Checksum(String),
    /// It is printed like one, but its checksum does not hold: a slip or a forgery.
    BrokenChecksum(String),
    /// A link leads there: its scheme or parameter.
    Link(String),
    /// It was hidden; the name of the transform that undid it, or `digits-apart`, `digits-in-words`, `letters-for-digits`.
    Hidden(String),
    /// The page shows it in this field (`advertiser`, `landing_url`, `links`).
    Field(String),
}

/// Where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContactPlace {
    /// Bytes of the published words.
    Words(Span),
    /// Not in the words: in a link or a field of the ad.
    Markup,
}

/// 联系方式: a way to reach or recognize the party behind an ad.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contact {
    /// What sort.
    pub kind: ContactKind,
    /// Canonical form: equal values are the same contact, however they were written.
    pub value: String,
    /// Where it stands.
    pub place: ContactPlace,
    /// How sure.
    pub certainty: Certainty,
    /// Every reason, in the order in which they were noticed.
    pub found_by: Vec<FoundBy>,
}

impl Contact {
    /// Whether characters of the value are hidden, so that it may fit several people.
    pub fn is_partial(&self) -> bool {
        self.value.contains('*')
    }

    /// The value as logs and copies outside the office show it.
    pub fn masked(&self) -> String {
        match self.kind {
            ContactKind::Email => redact::mail(&self.value),
            kind if kind.is_personal() => redact::middle(&self.value),
            _ => self.value.clone(),
        }
    }
}

/// The words of an ad with the contact points of people in them hidden in part, also where a contact that stands in a link
/// is repeated. Every character keeps its number of bytes, so that spans keep their meaning.
pub fn masked_words<'a, 'c>(text: &'a str, contacts: impl Iterator<Item = &'c Contact>) -> Cow<'a, str> {
    let mut ranges = Vec::new();
    for contact in contacts.filter(|contact| contact.kind.is_personal()) {
        if let ContactPlace::Words(span) = contact.place {
            ranges.push(span.start..span.end);
        }
        ranges.extend(mentions(text, &contact.value));
    }
    redact::hide(text, &ranges)
}

/// A sentence about an ad, with the contact points of people hidden in part that it repeats.
pub fn masked_mentions<'c>(text: &str, contacts: impl Iterator<Item = &'c Contact>) -> String {
    let of_people = contacts.filter(|contact| contact.kind.is_personal());
    let ranges: Vec<_> = of_people.flat_map(|contact| mentions(text, &contact.value)).collect();
    redact::in_place(&redact::hide(text, &ranges)).into_owned()
}

/// Where a value stands in a text as it is, in any case of letters.
fn mentions(text: &str, value: &str) -> Vec<Range<usize>> {
    let value = value.trim_start_matches('@').to_ascii_lowercase();
    if value.len() < MIN_MENTION_BYTES {
        return Vec::new();
    }
    let found = text.to_ascii_lowercase();
    found.match_indices(&value).map(|(at, _)| at..at + value.len()).collect()
}

/// The part a party has in an ad (广告法 art 2, 互联网广告管理办法).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyRole {
    /// 广告主.
    Advertiser,
    /// 广告经营者.
    Agent,
    /// 广告发布者.
    Publisher,
    /// 广告代言人.
    Endorser,
    /// 互联网平台经营者.
    Platform,
    /// Named in the ad; which part it has is for the inquiry to find.
    Named,
}

impl PartyRole {
    /// Stable name for the `ad_party` table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advertiser => "advertiser",
            Self::Agent => "agent",
            Self::Publisher => "publisher",
            Self::Endorser => "endorser",
            Self::Platform => "platform",
            Self::Named => "named",
        }
    }

    /// The term of the law.
    pub fn title_zh(self) -> &'static str {
        match self {
            Self::Advertiser => "广告主",
            Self::Agent => "广告经营者",
            Self::Publisher => "广告发布者",
            Self::Endorser => "广告代言人",
            Self::Platform => "互联网平台经营者",
            Self::Named => "广告中提及的单位",
        }
    }
}

/// 主体: someone who has a part in an ad, as far as the ad itself says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Party {
    /// Its part.
    pub role: PartyRole,
    /// Name as shown.
    pub name: String,
    /// 统一社会信用代码 printed beside the name, checksum held.
    pub credit_code: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_stand_in_the_order_of_their_rows() {
        for (at, (kind, name, zh, en)) in ContactKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, at, "{name}");
            assert_eq!(ContactKind::parse(name), Some(kind));
            assert_eq!((kind.title_zh(), kind.title_en()), (zh, en));
        }
        assert_eq!(ContactKind::parse("pigeon"), None);
    }

    #[test]
    fn a_contact_of_a_link_is_masked_where_words_repeat_it() {
        let link = Contact {
            kind: ContactKind::Telegram,
            value: "@jz_ai_kefu".to_owned(),
            place: ContactPlace::Markup,
            certainty: Certainty::Likely,
            found_by: Vec::new(),
        };
        let hidden = masked_words("联系 @JZ_AI_kefu", std::iter::once(&link));
        assert_eq!(hidden, "联系 @JZ_**_**fu");
        let told = masked_mentions("附有联系方式：“联系 @jz_ai_kefu，13800138000”", std::iter::once(&link));
        assert_eq!(told, "附有联系方式：“联系 @jz_**_**fu，13*******00”");
        assert_eq!(masked_mentions("没有联系方式", std::iter::once(&link)), "没有联系方式");
    }

    #[test]
    fn people_are_masked_and_companies_are_not() {
        let masked = |kind, value: &str| {
            let (place, certainty) = (ContactPlace::Markup, Certainty::Likely);
            Contact { kind, value: value.to_owned(), place, certainty, found_by: Vec::new() }.masked()
        };
        assert_eq!(masked(ContactKind::Mobile, "13800138000"), "138****8000");
        assert_eq!(masked(ContactKind::Email, "zhang.san@x.example"), "z***@x.example");
        assert_eq!(masked(ContactKind::Host, "x.example"), "x.example");
        assert_eq!(masked(ContactKind::Company, "某某有限公司"), "某某有限公司");
    }
}
