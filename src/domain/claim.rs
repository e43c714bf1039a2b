//! 宣称用语: the promise in an ad, as a number that rules compare.

/// What kind of number an ad promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClaimKind {
    /// Return on money, in percent per year whatever period the ad names.
    Yield,
    /// Money paid back at intervals (每月返300元), in yuan per payment.
    Payout,
    /// A sum of money, in yuan.
    Amount,
    /// A length of time, in days.
    Period,
    /// The stake multiplied (翻倍, 三倍回报), as a factor.
    Multiple,
    /// Borrowed leverage (10倍杠杆), as a factor.
    Leverage,
    /// A share of turnover returned or paid on (返利30%, 提成20%), in percent.
    Rebate,
}

impl ClaimKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Yield, Self::Payout, Self::Amount, Self::Period, Self::Multiple, Self::Leverage, Self::Rebate];

    /// Stable name, as in `#yield>=8` of a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yield => "yield",
            Self::Payout => "payout",
            Self::Amount => "amount",
            Self::Period => "period",
            Self::Multiple => "multiple",
            Self::Leverage => "leverage",
            Self::Rebate => "rebate",
        }
    }

    /// The kind with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One promise parsed from text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Claim {
    /// What kind of number.
    pub kind: ClaimKind,
    /// The number, in the unit of its kind; the upper end where the ad gives a range.
    pub value: f64,
    /// Where it stands in the normalized text, in bytes.
    pub start: usize,
    /// End of it, exclusive.
    pub end: usize,
}
