//! 串并: ads of one promotion, and why they belong together.

use std::fmt;

use super::ad::AdId;
use super::party::ContactKind;

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
