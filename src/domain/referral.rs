//! 移送、函告: what was handed to whom, whether they signed for it, and what they answered.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::calendar::Term;

/// To whom something is referred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recipient {
    /// 处置非法集资牵头部门: finds whether 涉嫌非法集资 is 非法集资 (条例 arts 11, 19). Track A goes on here.
    LeadDepartment,
    /// 行业主管、监管部门. Track A goes on here.
    SectorRegulator,
    /// 其他市场监督管理部门, which has jurisdiction (arts 14, 17): the matter goes there.
    OtherOffice,
    /// 公安机关 (行政执法机关移送涉嫌犯罪案件的规定): the matter goes there; a penalty may not replace it.
    Police,
}

impl Recipient {
    /// Every recipient.
    pub const ALL: [Self; 4] = [Self::LeadDepartment, Self::SectorRegulator, Self::OtherOffice, Self::Police];

    /// Stable name for commands and forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LeadDepartment => "lead-department",
            Self::SectorRegulator => "sector-regulator",
            Self::OtherOffice => "other-office",
            Self::Police => "police",
        }
    }

    /// The recipient with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipient| recipient.as_str() == text)
    }

    /// Whether the matter leaves this office.
    pub fn takes_over(self) -> bool {
        matches!(self, Self::OtherOffice | Self::Police)
    }

    /// How long they have for the receipt, and from it for the answer, with the rule or `None` where an office sets the
    /// term itself.
    ///
    /// Police sign at once and decide within three days (行政执法机关移送涉嫌犯罪案件的规定 arts 7, 8). Nothing is said
    /// for others: the terms are our reminders, not their duty.
    pub fn terms(self) -> (Term, Term, Option<&'static str>) {
        match self {
            Self::Police => (
                Term::WorkingDays(1),
                Term::Days(3),
                Some("行政执法机关移送涉嫌犯罪案件的规定第七条、第八条"),
            ),
            Self::OtherOffice | Self::LeadDepartment | Self::SectorRegulator => {
                (Term::WorkingDays(7), Term::WorkingDays(30), None)
            }
        }
    }
}

/// What they answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// 受理、立案: they have it.
    Accepted,
    /// 认定: the lead department found it to be 非法集资; the ad is then punished here (条例 art 11).
    Found,
    /// 不认定: they found that it is not. Track A goes on.
    NotFound,
    /// 不受理、不立案、退回: what had left this office is here again.
    Refused,
}

impl Answer {
    /// Every answer.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Found, Self::NotFound, Self::Refused];

    /// Stable name for commands and forms.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Found => "found",
            Self::NotFound => "not-found",
            Self::Refused => "refused",
        }
    }

    /// The answer with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.as_str() == text)
    }
}

/// One referral as the steps made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referral {
    /// Which step it was, from 1: its name within the lead.
    pub ordinal: u64,
    /// The day it was sent.
    pub sent_on: Date,
    /// What kind of office.
    pub recipient: Recipient,
    /// Its name.
    pub office: String,
    /// 文号 of the letter; blank when none was given.
    pub number: String,
    /// Further words.
    pub note: String,
    /// 回执: the day and what it says.
    pub receipt: Option<(Date, String)>,
    /// The answer, the day and what it says.
    pub answer: Option<(Answer, Date, String)>,
}

/// Where a referral stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferralState {
    /// 待回执.
    Sent,
    /// 已签收，待反馈.
    Received,
    /// 已反馈.
    Answered,
}

impl ReferralState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Sent, Self::Received, Self::Answered];

    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Answered => "answered",
        }
    }

    /// The state with this stable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl Referral {
    /// Where it stands.
    pub fn state(&self) -> ReferralState {
        match (&self.answer, &self.receipt) {
            (Some(_), _) => ReferralState::Answered,
            (None, Some(_)) => ReferralState::Received,
            (None, None) => ReferralState::Sent,
        }
    }
}
