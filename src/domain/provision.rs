//! 法律依据: an article of law, with the dates between which it may be cited.

use crate::kit::id::typed_id;

typed_id!(
    /// Names a provision, for example `AD-25.1` (广告法 art 25(1)).
    ProvisionId
);

/// One article or item that a rule may cite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provision {
    /// Its name.
    pub id: ProvisionId,
    /// The instrument, for example 中华人民共和国广告法.
    pub law: String,
    /// The article and item, for example 第二十五条第一项.
    pub article: String,
    /// The words that bind, quoted.
    pub text: String,
    /// The article that carries the penalty, if another one.
    pub liability: Option<String>,
    /// First day in force, ISO 8601.
    pub effective_from: String,
    /// Last day in force, ISO 8601; `None` while in force.
    pub effective_to: Option<String>,
    /// Day on which text and dates were last checked, ISO 8601.
    pub checked_on: String,
}

impl Provision {
    /// `《中华人民共和国广告法》第二十五条第一项`.
    pub fn citation(&self) -> String {
        format!("《{}》{}", self.law, self.article)
    }

    /// Whether it was in force on an ISO 8601 day.
    pub fn in_force_on(&self, day: &str) -> bool {
        self.effective_from.as_str() <= day && self.effective_to.as_deref().is_none_or(|last| day <= last)
    }
}
