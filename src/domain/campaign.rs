//! 串并: ads of one promotion, and why they belong together.

use std::fmt;

use super::ad::AdId;
use super::label::Label;
use super::party::{Certainty, Contact, ContactKind, ContactPlace};
use crate::kit::id::typed_id;
use crate::kit::redact;

typed_id!(
    /// Names a campaign: `g-` and the beginning of the name of its first ad.
    CampaignId
);

impl CampaignId {
    /// The campaign that begins with this ad.
    pub fn of(ad: &AdId) -> Self {
        let short: String = ad.as_str().chars().take(16).collect();
        Self(format!("g-{short}"))
    }
}

/// What sort of thing two ads have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TieKind {
    /// A contact point.
    Contact(ContactKind),
    /// What a QR code leads to.
    QrTarget,
    /// The account that posted it, `platform:id`.
    Account,
    /// A picture that looks the same.
    Image,
    /// Words that are nearly the same.
    TextFamily,
}

impl TieKind {
    /// Stable name in tables, in `patterns/lists/campaign.toml` and in command output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact(kind) => kind.as_str(),
            Self::QrTarget => "qr-target",
            Self::Account => "account",
            Self::Image => "image",
            Self::TextFamily => "text-family",
        }
    }

    /// What people call it.
    pub fn label(self) -> Label {
        match self {
            Self::Contact(kind) => Label { zh: kind.title_zh(), en: kind.title_en() },
            Self::QrTarget => Label { zh: "二维码内容", en: "QR code" },
            Self::Account => Label { zh: "发布账号", en: "Account" },
            Self::Image => Label { zh: "相同图片", en: "Same picture" },
            Self::TextFamily => Label { zh: "文字相近", en: "Similar words" },
        }
    }

    /// The kind with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "qr-target" => Some(Self::QrTarget),
            "account" => Some(Self::Account),
            "image" => Some(Self::Image),
            "text-family" => Some(Self::TextFamily),
            contact => ContactKind::parse(contact).map(Self::Contact),
        }
    }
}

/// One thing that ads may have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tie {
    /// What sort.
    pub kind: TieKind,
    /// Which; equal values are the same thing.
    pub value: String,
}

impl Tie {
    /// Its value as logs, lists and shared copies show it: contact points of people masked.
    pub fn masked(&self) -> String {
        match self.kind {
            TieKind::Contact(kind) => {
                let (place, certainty) = (ContactPlace::Markup, Certainty::Likely);
                let contact =
                    Contact { kind, value: self.value.clone(), place, certainty, found_by: Vec::new() };
                contact.masked()
            }
            TieKind::QrTarget => redact::url(&self.value),
            TieKind::Account | TieKind::Image | TieKind::TextFamily => self.value.clone(),
        }
    }
}

impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.as_str(), self.value)
    }
}

/// Why two ads belong together: the reason is kept with every link, so that a person can take it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The ad that was added.
    pub ad: AdId,
    /// The ad it was linked to.
    pub other: AdId,
    /// What they have in common.
    pub tie: Tie,
}
