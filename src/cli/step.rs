//! Steps on leads and cases: the verbs that `adwatch lead` and `adwatch case` share.

use super::queue::By;
use crate::app::step::step_of;
use crate::app::{Error, Result};
use crate::domain::case::CaseId;
use crate::domain::lead::{LeadId, Step};

/// One step. Every verb takes a lead (`l-…`) or the case that it became (`c-…`).
#[derive(Debug, clap::Subcommand)]
pub enum StepCommand {
    /// 延长期限（须经批准） — extend the term
    Extend {
        #[command(flatten)]
        on: On,
        /// 批准人 — who approved it
        #[arg(long)]
        approver: String,
        /// 天数，仅用于案件经集体讨论再次延期 — days, for a further extension of a case
        #[arg(long, default_value = "")]
        days: String,
        /// 延长第几步开始的事项（查封、扣押） — of the task that this step began
        #[arg(long, default_value = "")]
        of: String,
    },
    /// 停算期限：鉴定、中止、听证、公告等 — the term stands still
    Pause {
        #[command(flatten)]
        on: On,
        /// 原因：appraisal、identification、suspension、hearing、publication、refund — by what
        #[arg(long)]
        kind: String,
        /// 批准人 — who approved it
        #[arg(long)]
        approver: String,
    },
    /// 恢复计算期限 — the term runs again
    Resume {
        #[command(flatten)]
        on: On,
    },
    /// 立案 — file the case
    File {
        #[command(flatten)]
        on: On,
        /// 办案人员，至少两人 — officers, at least two
        #[arg(long = "officer", value_name = "NAME", required = true)]
        officers: Vec<String>,
        /// 批准人 — who approved it
        #[arg(long)]
        approver: String,
        /// 案号 — number of the case
        #[arg(long, default_value = "")]
        number: String,
        /// 当事人 — the party
        #[arg(long, default_value = "")]
        party: String,
    },
    /// 不予立案 — do not file
    Decline {
        #[command(flatten)]
        on: On,
        /// 情形：minor-corrected、first-corrected、no-fault、other — ground
        #[arg(long)]
        ground: String,
        /// 批准人 — who approved it
        #[arg(long)]
        approver: String,
    },
    /// 移送、函告 — refer
    Refer {
        #[command(flatten)]
        on: On,
        /// 接收单位种类：lead-department、sector-regulator、other-office、police — recipient
        #[arg(long)]
        to: String,
        /// 接收单位名称 — its name
        #[arg(long)]
        office: String,
        /// 文号 — number of the letter
        #[arg(long, default_value = "")]
        number: String,
    },
    /// 登记移送的回执 — the receipt of a referral
    Receive {
        #[command(flatten)]
        on: On,
        /// 移送是第几步 — which step referred it
        #[arg(long)]
        referral: String,
        /// 签收日期 — the day they signed
        #[arg(long, value_name = "YYYY-MM-DD", default_value = "")]
        day: String,
    },
    /// 登记移送的反馈 — the answer to a referral
    Answer {
        #[command(flatten)]
        on: On,
        /// 移送是第几步 — which step referred it
        #[arg(long)]
        referral: String,
        /// 反馈：accepted、found、not-found、refused — the answer
        #[arg(long)]
        answer: String,
    },
    /// 开始另有期限的事项 — begin something with a term of its own
    Begin {
        #[command(flatten)]
        on: On,
        /// 事项：assistance、preservation、seizure、jurisdiction、police-approval — what kind
        #[arg(long)]
        task: String,
        /// 对象或单位 — with whom or on what
        #[arg(long)]
        what: String,
    },
    /// 办结该事项 — end it
    End {
        #[command(flatten)]
        on: On,
        /// 第几步开始的 — which step began it
        #[arg(long)]
        of: String,
        /// 审批结果为批准 — the approval was given
        #[arg(long)]
        approved: bool,
    },
    /// 责令停止发布、改正，到期自动复查 — order to stop; the page is looked at again
    Order {
        #[command(flatten)]
        on: On,
        /// 内容与对象 — what, to whom
        #[arg(long)]
        what: String,
        /// 限期 — by which day
        #[arg(long, value_name = "YYYY-MM-DD", default_value = "")]
        by: String,
    },
    /// 调查终结，送审 — submit for review
    Submit {
        #[command(flatten)]
        on: On,
    },
    /// 审核 — review
    Review {
        #[command(flatten)]
        on: On,
        /// 审核人，不得是办案人员 — who reviewed, none of the officers
        #[arg(long)]
        reviewer: String,
        /// 不同意，退回补充 — does not agree
        #[arg(long)]
        back: bool,
    },
    /// 告知当事人 — the party is informed
    Inform {
        #[command(flatten)]
        on: On,
    },
    /// 听取陈述申辩，或当事人书面放弃 — the party was heard or gave that up
    Hear {
        #[command(flatten)]
        on: On,
    },
    /// 记录处理决定 — record the decision
    Decide {
        #[command(flatten)]
        on: On,
        /// 决定内容 — the decision in words
        #[arg(long)]
        outcome: String,
        /// 种类：penalty、no-penalty、not-proven、discontinued — which
        #[arg(long, default_value = "penalty")]
        kind: String,
        /// 决定书文号 — its number
        #[arg(long, default_value = "")]
        number: String,
    },
    /// 送达 — served
    Serve {
        #[command(flatten)]
        on: On,
    },
    /// 执行完毕 — carried out
    Execute {
        #[command(flatten)]
        on: On,
    },
    /// 结案 — close
    Close {
        #[command(flatten)]
        on: On,
    },
}

/// On what, and by whom.
#[derive(Debug, clap::Args)]
pub struct On {
    /// 线索或案件编号 — a lead or a case
    pub id: String,
    #[command(flatten)]
    pub by: By,
}

impl StepCommand {
    /// On which lead, by whom, which step.
    pub fn read(self) -> Result<(LeadId, By, Step)> {
        let text = |value: &str| value.to_owned();
        let yes = |value: bool| if value { "yes" } else { "" }.to_owned();
        let (on, name, fields): (On, &str, Vec<(&str, String)>) = match self {
            Self::Extend { on, approver, days, of } => {
                (on, "extend", vec![("approver", approver), ("days", days), ("of", of)])
            }
            Self::Pause { on, kind, approver } => (on, "pause", vec![("kind", kind), ("approver", approver)]),
            Self::Resume { on } => (on, "resume", vec![]),
            Self::File { on, officers, approver, number, party } => {
                let officers = officers.join("、");
                let fields = vec![
                    ("officers", officers),
                    ("approver", approver),
                    ("number", number),
                    ("party", party),
                ];
                (on, "file", fields)
            }
            Self::Decline { on, ground, approver } => {
                (on, "decline", vec![("ground", ground), ("approver", approver)])
            }
            Self::Refer { on, to, office, number } => {
                (on, "refer", vec![("to", to), ("office", office), ("number", number)])
            }
            Self::Receive { on, referral, day } => (on, "receive", vec![("referral", referral), ("on", day)]),
            Self::Answer { on, referral, answer } => {
                (on, "answer", vec![("referral", referral), ("answer", answer)])
            }
            Self::Begin { on, task, what } => (on, "begin", vec![("task", task), ("what", what)]),
            Self::End { on, of, approved } => (on, "end", vec![("of", of), ("approved", yes(approved))]),
            Self::Order { on, what, by } => (on, "order", vec![("what", what), ("by", by)]),
            Self::Submit { on } => (on, "submit", vec![]),
            Self::Review { on, reviewer, back } => {
                (on, "review", vec![("reviewer", reviewer), ("agreed", yes(!back))])
            }
            Self::Inform { on } => (on, "inform", vec![]),
            Self::Hear { on } => (on, "hear", vec![]),
            Self::Decide { on, outcome, kind, number } => {
                (on, "decide", vec![("outcome", outcome), ("kind", kind), ("number", number)])
            }
            Self::Serve { on } => (on, "serve", vec![]),
            Self::Execute { on } => (on, "execute", vec![]),
            Self::Close { on } => (on, "close", vec![]),
        };
        let On { id, by } = on;
        let note = text(&by.note);
        let field = |wanted: &str| match fields.iter().find(|(name, _)| *name == wanted) {
            Some((_, value)) => value.clone(),
            None if wanted == "note" => note.clone(),
            None => String::new(),
        };
        let step = step_of(name, &field)?;
        Ok((lead_id(&id)?, by, step))
    }
}

/// The lead that `id` names, itself or as its case.
pub fn lead_id(id: &str) -> Result<LeadId> {
    let case = id.starts_with("c-").then(|| CaseId::parse(id).and_then(|case| case.lead()));
    case.unwrap_or_else(|| LeadId::parse(id)).map_err(|error| Error::invalid("id", error.to_string()))
}
