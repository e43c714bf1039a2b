//! 办理步骤: what was done on a lead and the case that it became. Appended and never changed.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::referral::{Answer, Recipient};
use crate::kit::clock::UnixMs;

/// Why nothing is filed, art 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeclineGround {
    /// 违法行为轻微并及时改正，没有造成危害后果.
    MinorCorrected,
    /// 初次违法且危害后果轻微并及时改正.
    FirstCorrected,
    /// 当事人有证据足以证明没有主观过错.
    NoFault,
    /// 依法可以不予立案的其他情形, said in the note.
    Other,
}

/// Why a term stands still (arts 18, 38, 64).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseKind {
    /// 检测、检验、检疫、鉴定: verification and case.
    Appraisal,
    /// 权利人辨认或者鉴别: verification and case.
    Identification,
    /// 中止调查 (art 46): case.
    Suspension,
    /// 听证: case.
    Hearing,
    /// 公告: case.
    Publication,
    /// 责令退还多收价款: case.
    Refund,
}

/// What was decided on a case (art 60). Transfers under art 60 (4) and (5) are referrals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecisionKind {
    /// 行政处罚.
    #[default]
    Penalty,
    /// 确有违法行为，不予行政处罚.
    NoPenalty,
    /// 违法事实不能成立.
    NotProven,
    /// 终止调查 (art 47).
    Discontinued,
}

/// Something with a term of its own beside that of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// 协助调查: another office was asked (art 45).
    Assistance,
    /// 先行登记保存 (art 35).
    Preservation,
    /// 查封、扣押 (art 38).
    Seizure,
    /// 管辖争议 (art 13).
    Jurisdiction,
    /// 移送公安的审批 (行政执法机关移送涉嫌犯罪案件的规定 art 5): the head decides within three days.
    PoliceApproval,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// 延长期限, approved by the chief.
    Extend {
        /// 批准人.
        approver: String,
        /// Why.
        reason: String,
        /// Days, only for a further extension of a case after 集体讨论 (art 64).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<u16>,
        /// Of which task, by the number of the step that began it; `None`: of the state.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<u64>,
    },
    /// The term stands still from this day on.
    Pause {
        /// By what.
        kind: PauseKind,
        /// 批准人.
        approver: String,
        /// Why.
        reason: String,
    },
    /// The term runs again from this day on.
    Resume {
        /// Further words.
        #[serde(default)]
        note: String,
    },
    /// 立案 (art 19): at least two officers.
    File {
        /// 办案人员.
        officers: Vec<String>,
        /// 批准人.
        approver: String,
        /// 案号; may be given later on letters.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        number: String,
        /// 当事人; blank when not known.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        party: String,
    },
    /// 不予立案 (art 20).
    Decline {
        /// Which ground.
        ground: DeclineGround,
        /// 批准人.
        approver: String,
        /// Further words.
        note: String,
    },
    /// 移送 or 函告.
    Refer {
        /// What kind of office.
        recipient: Recipient,
        /// Its name.
        office: String,
        /// Further words.
        note: String,
        /// 文号.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        number: String,
    },
    /// 回执 of a referral.
    Receive {
        /// Which, by the number of its step.
        referral: u64,
        /// The day they signed; `None`: the day of recording.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<Date>,
        /// Who signed, number of the receipt.
        note: String,
    },
    /// 反馈 to a referral.
    Answer {
        /// Which, by the number of its step.
        referral: u64,
        /// What.
        answer: Answer,
        /// Number and words of it.
        note: String,
    },
    /// Begins something with a term of its own.
    Begin {
        /// What kind.
        task: TaskKind,
        /// With whom or on what.
        what: String,
    },
    /// Ends it.
    End {
        /// Which, by the number of the step that began it.
        of: u64,
        /// How.
        result: String,
        /// For an approval: whether it was given.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        approved: bool,
    },
    /// 责令停止发布、改正: the page is looked at again afterwards.
    Order {
        /// What was ordered, to whom.
        what: String,
        /// By which day it is to be done; `None`: at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Date>,
    },
    /// 调查终结，送审 (arts 48, 49).
    Submit {
        /// The opinion of the officers.
        note: String,
    },
    /// 审核完毕 (arts 49–55).
    Review {
        /// 审核人: none of the officers.
        reviewer: String,
        /// Whether they agree; otherwise it goes back to the officers.
        agreed: bool,
        /// 审核意见.
        note: String,
    },
    /// 告知 (art 57).
    Inform {
        /// What is intended, and how it was served.
        note: String,
    },
    /// 陈述、申辩、听证 done, or given up in writing (art 58).
    Hear {
        /// What they said and what became of it.
        note: String,
    },
    /// 处理决定 (art 60).
    Decide {
        /// The decision in words.
        outcome: String,
        /// Which.
        #[serde(default)]
        kind: DecisionKind,
        /// 决定书文号.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        number: String,
    },
    /// 送达 (arts 81, 82).
    Serve {
        /// How.
        note: String,
    },
    /// 执行完毕.
    Execute {
        /// Further words.
        note: String,
    },
    /// 结案.
    Close {
        /// Further words.
        note: String,
    },
    /// A letter was issued; its bytes are kept under their digest.
    Letter {
        /// Stable name of its kind.
        kind: String,
        /// 文号.
        number: String,
        /// SHA-256 of the file.
        sha256: String,
    },
    /// 撤回: the decision on the finding was undone before anything was done here.
    Withdraw,
    /// 重新登记: the finding was accepted again.
    Reopen,
}

/// A step as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadStep {
    /// When.
    pub at: UnixMs,
    /// Who recorded it.
    pub actor: String,
    /// What.
    pub step: Step,
}

macro_rules! names {
    ($kind:ident, $n:literal: $($variant:ident = $name:literal),* $(,)?) => {
        impl $kind {
            /// Every one.
            pub const ALL: [Self; $n] = [$(Self::$variant),*];

            /// Stable name for commands, forms and records.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// The one with this stable name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.as_str() == text)
            }
        }
    };
}

names!(DeclineGround, 4: MinorCorrected = "minor-corrected", FirstCorrected = "first-corrected", NoFault = "no-fault",
    Other = "other");
names!(PauseKind, 6: Appraisal = "appraisal", Identification = "identification", Suspension = "suspension",
    Hearing = "hearing", Publication = "publication", Refund = "refund");
names!(DecisionKind, 4: Penalty = "penalty", NoPenalty = "no-penalty", NotProven = "not-proven",
    Discontinued = "discontinued");
names!(TaskKind, 5: Assistance = "assistance", Preservation = "preservation", Seizure = "seizure",
    Jurisdiction = "jurisdiction", PoliceApproval = "police-approval");

impl PauseKind {
    /// Whether it also stops the term of verification (art 18), not only that of a case (art 64).
    pub fn stops_verification(self) -> bool {
        matches!(self, Self::Appraisal | Self::Identification)
    }
}

impl Step {
    /// Stable name for the audit trail.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Extend { .. } => "extend",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::File { .. } => "file",
            Self::Decline { .. } => "decline",
            Self::Refer { .. } => "refer",
            Self::Receive { .. } => "receive",
            Self::Answer { .. } => "answer",
            Self::Begin { .. } => "begin",
            Self::End { .. } => "end",
            Self::Order { .. } => "order",
            Self::Submit { .. } => "submit",
            Self::Review { .. } => "review",
            Self::Inform { .. } => "inform",
            Self::Hear { .. } => "hear",
            Self::Decide { .. } => "decide",
            Self::Serve { .. } => "serve",
            Self::Execute { .. } => "execute",
            Self::Close { .. } => "close",
            Self::Letter { .. } => "letter",
            Self::Withdraw => "withdraw",
            Self::Reopen => "reopen",
        }
    }

    /// Names the first field that is missing, blank or too long.
    ///
    /// # Errors
    /// The field and what it needs.
    pub fn check_fields(&self) -> Result<(), (&'static str, &'static str)> {
        match self {
            Self::Extend { approver, reason, days, .. } => {
                filled("approver", approver)?;
                filled("reason", reason)?;
                match days {
                    Some(days) if !(1..=365).contains(days) => {
                        Err(("days", "应在 1 到 365 之间 (from 1 to 365)"))
                    }
                    _ => Ok(()),
                }
            }
            Self::Pause { approver, reason, .. } => {
                filled("approver", approver)?;
                filled("reason", reason)
            }
            Self::File { officers, approver, number, party } => {
                filled("approver", approver)?;
                short("number", number)?;
                short("party", party)?;
                let mut names: Vec<&str> = officers.iter().map(|name| name.trim()).collect();
                names.retain(|name| !name.is_empty());
                names.sort_unstable();
                names.dedup();
                if names.len() < 2 {
                    return Err(("officer", "办案人员不得少于两人 (at least two officers, art 19)"));
                }
                names.iter().try_for_each(|name| short("officer", name))
            }
            Self::Decline { ground, approver, note } => {
                filled("approver", approver)?;
                if *ground == DeclineGround::Other { filled("note", note) } else { short("note", note) }
            }
            Self::Refer { office, note, number, .. } => {
                filled("office", office)?;
                short("note", note)?;
                short("number", number)
            }
            Self::Begin { what, .. } | Self::Order { what, .. } => filled("what", what),
            Self::End { result, .. } => filled("result", result),
            Self::Review { reviewer, agreed, note } => {
                filled("reviewer", reviewer)?;
                if *agreed { short("note", note) } else { filled("note", note) }
            }
            Self::Submit { note }
            | Self::Inform { note }
            | Self::Hear { note }
            | Self::Serve { note }
            | Self::Receive { note, .. }
            | Self::Answer { note, .. } => filled("note", note),
            Self::Decide { outcome, number, .. } => {
                filled("outcome", outcome)?;
                short("number", number)
            }
            Self::Close { note } | Self::Execute { note } | Self::Resume { note } => short("note", note),
            Self::Letter { kind, sha256, .. } => {
                filled("kind", kind)?;
                filled("sha256", sha256)
            }
            Self::Withdraw | Self::Reopen => Ok(()),
        }
    }
}

const MAX_CHARS: usize = 2_000;

fn filled(field: &'static str, text: &str) -> Result<(), (&'static str, &'static str)> {
    if text.trim().is_empty() {
        return Err((field, "不能为空 (must not be blank)"));
    }
    short(field, text)
}

fn short(field: &'static str, text: &str) -> Result<(), (&'static str, &'static str)> {
    if text.chars().count() > MAX_CHARS {
        return Err((field, "不超过 2000 字 (at most 2000 characters)"));
    }
    Ok(())
}
