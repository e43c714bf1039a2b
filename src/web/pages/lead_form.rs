//! The forms of the steps that are possible on a lead or case, made from one list.

use jiff::civil::Date;

use crate::app::step::offered;
use crate::domain::label::Label;
use crate::domain::lead::{Answer, DecisionKind, DeclineGround, Lead, PauseKind, Recipient, Step, TaskKind};
use crate::web::lang::Lang;

/// One form.
pub struct StepForm {
    /// Stable name of the step.
    pub step: &'static str,
    /// On its heading.
    pub name: &'static str,
    pub fields: Vec<Field>,
    /// Fields that are not asked: which referral or task.
    pub hidden: Vec<(&'static str, String)>,
    /// What the rule says, if that is not plain.
    pub help: Option<&'static str>,
}

/// One field.
pub struct Field {
    pub key: &'static str,
    pub name: &'static str,
    pub kind: &'static str,
    pub required: bool,
    pub choices: Vec<Choice>,
    pub value: String,
}

/// One entry of a list.
pub struct Choice {
    pub value: &'static str,
    pub name: &'static str,
}

/// The forms that the lead as it stands allows, the usual way first.
pub fn forms(lang: Lang, lead: &Lead) -> Vec<StepForm> {
    offered(lead).into_iter().filter_map(|step| form(lang, lead, step)).collect()
}

/// The form for a receipt of this referral, or for its answer.
pub fn referral_form(lang: Lang, ordinal: u64, has_receipt: bool, today: Date) -> StepForm {
    let hidden = vec![("referral", ordinal.to_string())];
    if has_receipt {
        let choices = choices(lang, Answer::ALL.map(|one| (one.as_str(), one.label())));
        let answer = Field { choices, ..field("answer", lang.pick("反馈", "Answer"), "select", true) };
        let fields = vec![answer, note(lang.pick("文号与内容", "Number and words"), true)];
        return StepForm {
            step: "answer",
            name: lang.pick("登记反馈", "Record the answer"),
            fields,
            hidden,
            help: None,
        };
    }
    let on = Field {
        value: today.to_string(),
        ..field("on", lang.pick("签收日期", "Signed on"), "date", false)
    };
    let fields = vec![on, note(lang.pick("签收人、回执编号", "Who signed, number of the receipt"), true)];
    StepForm {
        step: "receive",
        name: lang.pick("登记回执", "Record the receipt"),
        fields,
        hidden,
        help: None,
    }
}

/// The form that ends this task.
pub fn task_form(lang: Lang, ordinal: u64, kind: TaskKind) -> StepForm {
    let mut fields = vec![note(lang.pick("结果", "Result"), true)];
    if kind == TaskKind::PoliceApproval {
        let choices = vec![
            Choice { value: "yes", name: lang.pick("批准", "approved") },
            Choice { value: "no", name: lang.pick("不批准", "not approved") },
        ];
        fields.insert(
            0,
            Field { choices, ..field("approved", lang.pick("审批结果", "Approval"), "select", true) },
        );
    }
    let hidden = vec![("of", ordinal.to_string())];
    StepForm { step: "end", name: lang.pick("办结", "End it"), fields, hidden, help: None }
}

fn form(lang: Lang, lead: &Lead, step: &'static str) -> Option<StepForm> {
    let p = |zh, en| lang.pick(zh, en);
    let text = |key, zh, en| field(key, p(zh, en), "text", true);
    let maybe = |key, zh, en| field(key, p(zh, en), "text", false);
    let approver = || text("approver", "批准人", "Approved by");
    let select = |key, name, choices| Field { choices, ..field(key, name, "select", true) };
    let (name, fields, help) = match step {
        "file" => (
            p("立案", "File the case"),
            vec![
                text(
                    "officers",
                    "办案人员（至少两人，用顿号分开）",
                    "Officers (at least two, separated by commas)",
                ),
                approver(),
                maybe("number", "案号", "Number of the case"),
                maybe("party", "当事人", "Party"),
            ],
            Some(p("符合第十九条四项条件的，应当立案。", "Art 19: four conditions.")),
        ),
        "decline" => (
            p("不予立案", "Do not file"),
            vec![
                select(
                    "ground",
                    p("情形", "Ground"),
                    choices(lang, DeclineGround::ALL.map(|one| (one.as_str(), one.label()))),
                ),
                approver(),
                note(p("说明", "Words"), false),
            ],
            None,
        ),
        "submit" => (
            p("调查终结，送审", "Submit for review"),
            vec![note(p("处理意见及依据", "Opinion and its basis"), true)],
            None,
        ),
        "review" => (
            p("记录审核意见", "Record the review"),
            vec![
                text("reviewer", "审核人（不得是办案人员）", "Reviewer (none of the officers)"),
                select(
                    "agreed",
                    p("结论", "Result"),
                    vec![
                        Choice { value: "yes", name: p("同意处理意见", "agreed") },
                        Choice {
                            value: "no", name: p("建议纠正或补充调查", "back to the officers")
                        },
                    ],
                ),
                note(p("审核意见", "Words"), false),
            ],
            None,
        ),
        "inform" => (
            p("告知当事人", "Inform the party"),
            vec![note(p("拟处罚内容与送达方式", "What is intended and how it was served"), true)],
            Some(p(
                "自送达之日起五个工作日内，当事人可以陈述、申辩、要求听证（第五十七条）。",
                "Art 57: the party has five working days.",
            )),
        ),
        "hear" => (
            p("已听取意见或书面放弃", "Heard, or given up"),
            vec![note(p("意见与复核结果", "What was said, and what became of it"), true)],
            None,
        ),
        "decide" => {
            let is_possible = |kind: &DecisionKind| {
                let (outcome, number) = ("-".to_owned(), String::new());
                lead.check(&Step::Decide { outcome, kind: *kind, number }).is_ok()
            };
            let kinds = DecisionKind::ALL.into_iter().filter(is_possible);
            let kinds: Vec<_> = kinds.map(|one| (one.as_str(), one.label())).collect();
            let fields = vec![
                select("kind", p("种类", "Kind"), choices(lang, kinds)),
                text("outcome", "决定内容", "The decision"),
                maybe("number", "决定书文号", "Its number"),
            ];
            (p("记录处理决定", "Record the decision"), fields, None)
        }
        "serve" => (p("送达", "Served"), vec![note(p("送达方式与日期", "How and when"), true)], None),
        "execute" => (
            p("执行完毕", "Carried out"),
            vec![note(p("缴款、停止发布等情况", "What was done"), false)],
            None,
        ),
        "close" => (p("结案", "Close"), vec![note(p("备注", "Note"), false)], None),
        "refer" => (
            p("移送、函告", "Refer"),
            vec![
                select(
                    "to",
                    p("接收单位", "Recipient"),
                    choices(lang, Recipient::ALL.map(|one| (one.as_str(), one.label()))),
                ),
                text("office", "单位名称", "Name of the office"),
                maybe("number", "文号", "Number of the letter"),
                note(p("备注", "Note"), false),
            ],
            Some(p(
                "移送其他市场监管部门或公安机关后，本部门的办理停止；函告牵头部门、行业主管部门不停止本部门的办理。",
                "To another office or the police the matter leaves; to the lead department or a sector regulator it goes on here.",
            )),
        ),
        "order" => (
            p("责令停止发布、改正", "Order to stop"),
            vec![text("what", "内容与对象", "What, to whom"), field("by", p("限期", "By"), "date", false)],
            Some(p("到期后自动复查页面。", "The page is looked at again afterwards.")),
        ),
        "begin" => (
            p("协查、登记保存、查封扣押等", "Assistance, preservation, seizure"),
            vec![
                select(
                    "task",
                    p("事项", "Kind"),
                    choices(lang, TaskKind::ALL.map(|one| (one.as_str(), one.label()))),
                ),
                text("what", "单位或对象", "With whom or on what"),
            ],
            None,
        ),
        "pause" => {
            let stops = |kind: &PauseKind| lead.case.is_some() || kind.stops_verification();
            let kinds: Vec<_> =
                PauseKind::ALL.into_iter().filter(stops).map(|one| (one.as_str(), one.label())).collect();
            let kind = select("kind", p("原因", "By what"), choices(lang, kinds));
            (
                p("停算期限", "The term stands still"),
                vec![kind, approver(), note(p("理由", "Reason"), true)],
                None,
            )
        }
        "resume" => (p("恢复计算期限", "The term runs again"), vec![note(p("备注", "Note"), false)], None),
        "extend" => {
            let mut fields = vec![approver(), note(p("理由", "Reason"), true)];
            if lead.is_extended() {
                fields.insert(
                    0,
                    field("days", p("天数（集体讨论决定）", "Days (decided together)"), "number", true),
                );
            }
            (p("延长期限", "Extend the term"), fields, None)
        }
        _ => return None,
    };
    Some(StepForm { step, name, fields, hidden: Vec::new(), help })
}

fn field(key: &'static str, name: &'static str, kind: &'static str, required: bool) -> Field {
    Field { key, name, kind, required, choices: Vec::new(), value: String::new() }
}

fn note(name: &'static str, required: bool) -> Field {
    field("note", name, "words", required)
}

fn choices(lang: Lang, list: impl IntoIterator<Item = (&'static str, Label)>) -> Vec<Choice> {
    list.into_iter().map(|(value, label)| Choice { value, name: lang.of(label) }).collect()
}
