//! 线索 on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Instant;

/// One page of leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadList {
    /// What this is and is not.
    pub notice: &'static str,
    /// The most urgent first.
    pub leads: Vec<LeadLine>,
    /// `cursor` of the next page.
    pub next: Option<String>,
}

/// A lead in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadLine {
    /// Its name.
    pub id: String,
    /// How many steps it has; grows with every change.
    pub version: u64,
    /// The finding it came from.
    pub finding: String,
    /// Stable name of its state.
    pub state: String,
    /// Title of the ad.
    pub title: String,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// When it was registered.
    pub opened_at: Instant,
    /// Since when it is in this state.
    pub since: Instant,
    /// Last day of the term, in China; absent when nothing remains to be done.
    #[schema(format = Date)]
    pub last_day: Option<String>,
    /// Working days left; negative when overdue.
    pub days_left: Option<i64>,
    /// The rule that sets the term.
    pub basis: Option<&'static str>,
}

/// A lead with its steps.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadFull {
    /// What this is and is not.
    pub notice: &'static str,
    #[serde(flatten)]
    pub line: LeadLine,
    /// Whether the present term was extended.
    pub extended: bool,
    /// The case that it became.
    pub case: Option<String>,
    /// Everything with a last day, the earliest first.
    pub duties: Vec<DutyJson>,
    /// What was referred, oldest first.
    pub referrals: Vec<ReferralJson>,
    /// What was done, oldest first.
    pub steps: Vec<LeadStepJson>,
}

/// One step as recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadStepJson {
    /// From 1; referrals and tasks are named by it.
    pub number: u64,
    /// When.
    pub at: Instant,
    /// Who recorded it.
    pub actor: String,
    /// Which.
    pub step: String,
    /// In words.
    pub detail: String,
}

/// One thing with a last day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DutyJson {
    /// What: `verify`, `decide`, `review`, `serve`, `close-form`, `preserve`, `seizure`, `jurisdiction`,
    /// `police-approval`, `police-send`, `assistance`, `receipt`, `answer`, `hearing`, `payment`; more may come.
    pub duty: &'static str,
    /// Whose: `own`, `party`, `other`.
    pub owner: &'static str,
    /// With whom or on what.
    pub about: String,
    /// Number of the step it belongs to.
    pub step: Option<u64>,
    /// The last day, in China. While the term stands still: if it ran again today.
    #[schema(format = Date)]
    pub last_day: String,
    /// Working days left; negative after the last day.
    pub days_left: i64,
    /// Whether the term stands still.
    pub paused: bool,
    /// Years whose holidays are not announced: the day may still move.
    pub assumed_years: Vec<i16>,
    /// The rule that sets the term.
    pub basis: Option<&'static str>,
}

/// What was referred, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReferralJson {
    /// The lead it is about.
    pub lead: String,
    /// Number of the step that referred it.
    pub step: u64,
    /// `lead-department`, `sector-regulator`, `other-office`, `police`.
    pub to: &'static str,
    /// Name of that office.
    pub office: String,
    /// Number of the letter.
    pub number: String,
    /// Further words.
    pub note: String,
    /// `sent`, `received`, `answered`.
    pub state: &'static str,
    /// The day it was sent, in China.
    #[schema(format = Date)]
    pub sent_on: String,
    /// The day they signed.
    #[schema(format = Date)]
    pub received_on: Option<String>,
    /// Who signed, number of the receipt.
    pub receipt: Option<String>,
    /// The day of the answer.
    #[schema(format = Date)]
    pub answered_on: Option<String>,
    /// `accepted`, `found`, `not-found`, `refused`.
    pub answer: Option<&'static str>,
    /// Number and words of the answer.
    pub words: Option<String>,
}

/// What a step can be.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepWord {
    /// 延长期限: `approver`, `note`; `days` for a further extension of a case; `of` for a task.
    Extend,
    /// 停算期限: `kind`, `approver`, `note`.
    Pause,
    /// 恢复计算期限: `note`.
    Resume,
    /// 立案: `officers` (two or more), `approver`, `number`, `party`.
    File,
    /// 不予立案: `ground`, `approver`, `note`.
    Decline,
    /// 移送 or 函告: `to`, `office`, `number`, `note`.
    Refer,
    /// 回执 of a referral: `referral`, `on`, `note`.
    Receive,
    /// 反馈 to a referral: `referral`, `answer`, `note`.
    Answer,
    /// Begins something with a term of its own: `task`, `what`.
    Begin,
    /// Ends it: `of`, `note`, `approved`.
    End,
    /// 责令停止发布: `what`, `by`.
    Order,
    /// 送审: `note`.
    Submit,
    /// 审核: `reviewer`, `agreed`, `note`.
    Review,
    /// 告知: `note`.
    Inform,
    /// 陈述、申辩: `note`.
    Hear,
    /// 处理决定: `outcome`, `kind`, `number`.
    Decide,
    /// 送达: `note`.
    Serve,
    /// 执行完毕: `note`.
    Execute,
    /// 结案: `note`.
    Close,
}

impl StepWord {
    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extend => "extend",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::File => "file",
            Self::Decline => "decline",
            Self::Refer => "refer",
            Self::Receive => "receive",
            Self::Answer => "answer",
            Self::Begin => "begin",
            Self::End => "end",
            Self::Order => "order",
            Self::Submit => "submit",
            Self::Review => "review",
            Self::Inform => "inform",
            Self::Hear => "hear",
            Self::Decide => "decide",
            Self::Serve => "serve",
            Self::Execute => "execute",
            Self::Close => "close",
        }
    }
}

/// A step; which fields it needs depends on what it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepBody {
    /// Which.
    pub step: StepWord,
    /// 批准人.
    #[serde(default)]
    pub approver: String,
    /// 办案人员.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub officers: Vec<String>,
    /// Why nothing is filed: `minor-corrected`, `first-corrected`, `no-fault`, `other`.
    pub ground: Option<String>,
    /// To whom: `lead-department`, `sector-regulator`, `other-office`, `police`.
    pub to: Option<String>,
    /// Name of that office.
    #[serde(default)]
    pub office: String,
    /// The decision in words.
    #[serde(default)]
    pub outcome: String,
    /// Why a term stands still (`appraisal`, `identification`, `suspension`, `hearing`, `publication`, `refund`), or which
    /// decision (`penalty`, `no-penalty`, `not-proven`, `discontinued`).
    pub kind: Option<String>,
    /// 案号 or 文号.
    #[serde(default)]
    pub number: String,
    /// 当事人.
    #[serde(default)]
    pub party: String,
    /// Days of a further extension.
    #[schema(minimum = 1, maximum = 365)]
    pub days: Option<u16>,
    /// The task, by the number of the step that began it.
    pub of: Option<u64>,
    /// The referral, by the number of its step.
    pub referral: Option<u64>,
    /// The day they signed.
    #[schema(format = Date)]
    pub on: Option<String>,
    /// By which day an order is to be done.
    #[schema(format = Date)]
    pub by: Option<String>,
    /// What begins: `assistance`, `preservation`, `seizure`, `jurisdiction`, `police-approval`.
    pub task: Option<String>,
    /// With whom or on what.
    #[serde(default)]
    pub what: String,
    /// The answer to a referral: `accepted`, `found`, `not-found`, `refused`.
    pub answer: Option<String>,
    /// 审核人.
    #[serde(default)]
    pub reviewer: String,
    /// Whether the reviewer agrees.
    #[serde(default)]
    pub agreed: bool,
    /// Whether an approval was given.
    #[serde(default)]
    pub approved: bool,
    /// Further words.
    #[serde(default)]
    pub note: String,
}

/// One page of cases.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseList {
    /// What this is and is not.
    pub notice: &'static str,
    /// The most urgent first.
    pub cases: Vec<CaseLine>,
    /// `cursor` of the next page.
    pub next: Option<String>,
}

/// A case in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseLine {
    /// Its name.
    pub id: String,
    /// How many steps it and its lead have; grows with every change.
    pub version: u64,
    /// The lead that it was.
    pub lead: String,
    /// The finding it came from.
    pub finding: String,
    /// Stable name of its state.
    pub state: &'static str,
    /// Title of the ad.
    pub title: String,
    /// 1 to 4.
    pub severity: Option<u8>,
    /// 当事人, as the office wrote it.
    pub party: String,
    /// 案号.
    pub number: String,
    /// When it was filed.
    pub filed_at: Instant,
    /// Last day of what this office must do next, in China.
    #[schema(format = Date)]
    pub last_day: Option<String>,
    /// Working days left for it; negative when overdue.
    pub days_left: Option<i64>,
}

/// A case with its duties, referrals and steps.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseFull {
    /// What this is and is not.
    pub notice: &'static str,
    #[serde(flatten)]
    pub line: CaseLine,
    /// 办案人员.
    pub officers: Vec<String>,
    /// Who approved the filing.
    pub approver: String,
    /// What was decided.
    pub ruling: Option<RulingJson>,
    /// Everything with a last day, the earliest first.
    pub duties: Vec<DutyJson>,
    /// What was referred, oldest first.
    pub referrals: Vec<ReferralJson>,
    /// What was done, oldest first, from the registration of the lead on.
    pub steps: Vec<LeadStepJson>,
}

/// The decision on a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct RulingJson {
    /// When.
    pub at: Instant,
    /// `penalty`, `no-penalty`, `not-proven`, `discontinued`.
    pub kind: &'static str,
    /// In words.
    pub outcome: String,
    /// Its number.
    pub number: String,
}

/// Referrals.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReferralList {
    /// What this is and is not.
    pub notice: &'static str,
    /// The latest first.
    pub referrals: Vec<ReferralJson>,
    /// `cursor` of the next page.
    pub next: Option<String>,
}
