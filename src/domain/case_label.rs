//! What people call the states, steps and duties of leads and cases, in both languages.

use super::case::CaseState;
use super::duty::DutyKind;
use super::label::Label;
use super::lead::Lead;
use super::recheck::RecheckResult;
use super::referral::{Answer, Recipient, ReferralState};
use super::step::{DecisionKind, DeclineGround, PauseKind, Step, TaskKind};

const fn both(zh: &'static str, en: &'static str) -> Label {
    Label { zh, en }
}

impl CaseState {
    /// 案件状态.
    pub fn label(self) -> Label {
        match self {
            Self::Investigating => both("调查取证", "investigating"),
            Self::Reviewing => both("审核中", "under review"),
            Self::Reviewed => both("审核通过", "reviewed"),
            Self::Informed => both("已告知当事人", "party informed"),
            Self::Decided => both("已决定，待送达", "decided, to be served"),
            Self::Enforcing => both("已送达，执行中", "served, being carried out"),
            Self::Executed => both("待结案", "to be closed"),
            Self::Closed => both("已结案", "closed"),
            Self::Transferred => both("已移送", "transferred"),
        }
    }
}

impl DutyKind {
    /// 待办事项.
    pub fn label(self) -> Label {
        match self {
            Self::Verify => both("核查并决定是否立案", "verify and decide on filing"),
            Self::Decide => both("作出处理决定", "decide the case"),
            Self::Review => both("完成审核", "finish the review"),
            Self::Serve => both("送达决定书", "serve the decision"),
            Self::CloseForm => both("填写结案审批表", "fill in the closing form"),
            Self::Preserve => both("处理先行登记保存的证据", "act on preserved evidence"),
            Self::Seizure => both("查封、扣押到期", "seizure ends"),
            Self::Jurisdiction => both("协商管辖争议", "agree on jurisdiction"),
            Self::PoliceApproval => both("决定是否移送公安机关", "decide on a transfer to the police"),
            Self::PoliceSend => both("批准后24小时内移送公安机关", "transfer within 24 hours of approval"),
            Self::Assistance => both("协查答复", "answer to a request for assistance"),
            Self::Receipt => both("移送回执", "receipt of a referral"),
            Self::Answer => both("移送反馈", "answer to a referral"),
            Self::Hearing => both("当事人陈述、申辩、要求听证", "the party may be heard"),
            Self::Payment => both("当事人缴纳罚没款", "the party pays"),
        }
    }
}

impl DeclineGround {
    /// 不予立案的情形.
    pub fn label(self) -> Label {
        match self {
            Self::MinorCorrected => {
                both("轻微并及时改正，没有造成危害后果", "minor, corrected in time, no harm")
            }
            Self::FirstCorrected => {
                both("初次违法、后果轻微并及时改正", "first offence, minor harm, corrected in time")
            }
            Self::NoFault => both("有证据足以证明没有主观过错", "proved to be without fault"),
            Self::Other => both("依法可以不予立案的其他情形", "another case in which the law allows it"),
        }
    }
}

impl PauseKind {
    /// 停算原因.
    pub fn label(self) -> Label {
        match self {
            Self::Appraisal => both("检测、检验、检疫、鉴定", "test or appraisal"),
            Self::Identification => both("权利人辨认、鉴别", "identification by the right holder"),
            Self::Suspension => both("中止调查", "suspended"),
            Self::Hearing => both("听证", "hearing"),
            Self::Publication => both("公告", "service by publication"),
            Self::Refund => both("责令退还多收价款", "refund ordered"),
        }
    }
}

impl DecisionKind {
    /// 处理决定的种类.
    pub fn label(self) -> Label {
        match self {
            Self::Penalty => both("行政处罚", "penalty"),
            Self::NoPenalty => both("不予行政处罚", "no penalty"),
            Self::NotProven => both("违法事实不能成立", "not proven"),
            Self::Discontinued => both("终止调查", "discontinued"),
        }
    }
}

impl TaskKind {
    /// 另有期限的事项.
    pub fn label(self) -> Label {
        match self {
            Self::Assistance => both("协助调查", "assistance asked for"),
            Self::Preservation => both("先行登记保存", "evidence preserved"),
            Self::Seizure => both("查封、扣押", "seizure"),
            Self::Jurisdiction => both("管辖争议", "dispute of jurisdiction"),
            Self::PoliceApproval => both("报请移送公安机关", "transfer to the police proposed"),
        }
    }
}

impl Recipient {
    /// 接收单位的种类.
    pub fn label(self) -> Label {
        match self {
            Self::LeadDepartment => both("处置非法集资牵头部门", "lead department for illegal fundraising"),
            Self::SectorRegulator => both("行业主管、监管部门", "sector regulator"),
            Self::OtherOffice => both("其他市场监管部门", "another market regulation office"),
            Self::Police => both("公安机关", "police"),
        }
    }
}

impl Answer {
    /// 反馈的种类.
    pub fn label(self) -> Label {
        match self {
            Self::Accepted => both("受理或立案", "accepted"),
            Self::Found => both("组织认定", "found to be so"),
            Self::NotFound => both("不予认定", "found not to be so"),
            Self::Refused => both("不受理、不立案或退回", "refused"),
        }
    }
}

impl ReferralState {
    /// 移送状态.
    pub fn label(self) -> Label {
        match self {
            Self::Sent => both("待回执", "no receipt yet"),
            Self::Received => both("已签收，待反馈", "received, no answer yet"),
            Self::Answered => both("已反馈", "answered"),
        }
    }
}

impl RecheckResult {
    /// 复查结果.
    pub fn label(self) -> Label {
        match self {
            Self::StillThere => both("仍在", "still there"),
            Self::Changed => both("已修改", "changed"),
            Self::Removed => both("已移除", "removed"),
            Self::Unreachable => both("无法访问", "unreachable"),
        }
    }
}

impl Step {
    /// 办理步骤.
    pub fn label(&self) -> Label {
        match self {
            Self::Extend { .. } => both("延长期限", "extended"),
            Self::Pause { .. } => both("停算期限", "term stands still"),
            Self::Resume { .. } => both("恢复计算期限", "term runs again"),
            Self::File { .. } => both("立案", "filed"),
            Self::Decline { .. } => both("不予立案", "not filed"),
            Self::Refer { .. } => both("移送、函告", "referred"),
            Self::Receive { .. } => both("收到回执", "receipt"),
            Self::Answer { .. } => both("收到反馈", "answer"),
            Self::Begin { .. } => both("开始事项", "begun"),
            Self::End { .. } => both("办结事项", "ended"),
            Self::Order { .. } => both("责令停止发布、改正", "ordered to stop"),
            Self::Submit { .. } => both("调查终结，送审", "submitted for review"),
            Self::Review { .. } => both("审核", "reviewed"),
            Self::Inform { .. } => both("告知当事人", "party informed"),
            Self::Hear { .. } => both("听取陈述申辩", "party heard"),
            Self::Decide { .. } => both("处理决定", "decided"),
            Self::Serve { .. } => both("送达", "served"),
            Self::Execute { .. } => both("执行完毕", "carried out"),
            Self::Close { .. } => both("结案", "closed"),
            Self::Letter { .. } => both("制发文书", "letter issued"),
            Self::Withdraw => both("撤回", "withdrawn"),
            Self::Reopen => both("重新登记", "registered again"),
        }
    }

    /// What was recorded with it, in one line.
    pub fn detail(&self) -> String {
        let joined = |parts: &[&str]| {
            parts.iter().filter(|part| !part.trim().is_empty()).copied().collect::<Vec<_>>().join(" ")
        };
        match self {
            Self::Extend { approver, reason, days, of } => {
                let days = days.map(|days| format!("（{days} 日）")).unwrap_or_default();
                let of = of.map(|of| format!("（第 {of} 步）")).unwrap_or_default();
                format!("{approver}：{reason}{days}{of}")
            }
            Self::Pause { kind, approver, reason } => format!("{}（{approver}）{reason}", kind.label().zh),
            Self::File { officers, approver, number, party } => {
                joined(&[&format!("{}（{approver}）", officers.join("、")), number, party])
            }
            Self::Decline { approver, note, ground } => format!("{}（{approver}）{note}", ground.label().zh),
            Self::Refer { recipient, office, note, number } => {
                format!("{}：{}", recipient.label().zh, joined(&[office, number, note]))
            }
            Self::Receive { referral, on, note } => {
                let on = on.map(|on| on.to_string()).unwrap_or_default();
                joined(&[&format!("第 {referral} 步"), &on, note])
            }
            Self::Answer { referral, answer, note } => {
                joined(&[&format!("第 {referral} 步"), answer.label().zh, note])
            }
            Self::Begin { task, what } => format!("{}：{what}", task.label().zh),
            Self::End { of, result, approved } => {
                joined(&[&format!("第 {of} 步"), if *approved { "（批准）" } else { "" }, result])
            }
            Self::Order { what, by } => {
                let by = by.map(|by| format!("（{by} 前）")).unwrap_or_default();
                format!("{what}{by}")
            }
            Self::Review { reviewer, agreed, note } => {
                joined(&[reviewer, if *agreed { "同意" } else { "退回补充" }, note])
            }
            Self::Decide { outcome, kind, number } => joined(&[kind.label().zh, number, outcome]),
            Self::Letter { kind, number, sha256 } => {
                joined(&[kind, number, sha256.get(..12).unwrap_or_default()])
            }
            Self::Submit { note }
            | Self::Inform { note }
            | Self::Hear { note }
            | Self::Serve { note }
            | Self::Execute { note }
            | Self::Close { note }
            | Self::Resume { note } => note.clone(),
            Self::Withdraw | Self::Reopen => String::new(),
        }
    }
}

impl Lead {
    /// 状态: that of the case once there is one.
    pub fn label(&self) -> Label {
        self.case.as_ref().map_or_else(|| self.state.label(), |case| case.state.label())
    }
}
