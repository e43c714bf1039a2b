//! A step as forms, programs and commands write it: by names and words.

use std::str::FromStr;

use jiff::civil::Date;

use super::error::{Error, Result};
use crate::domain::lead::{Answer, DecisionKind, DeclineGround, Lead, PauseKind, Recipient, Step, TaskKind};

/// Names of the steps that people record, in the order of the work.
pub const STEPS: [&str; 19] = [
    "extend", "pause", "resume", "file", "decline", "refer", "receive", "answer", "begin", "end", "order",
    "submit", "review", "inform", "hear", "decide", "serve", "execute", "close",
];

/// The step of this name with its fields, which `field` gives by name; a field that was not given is blank.
///
/// # Errors
/// `Invalid` names the field that is not one of its words, no number or no day. Whether the fields suffice is decided by
/// the lead.
pub fn step_of(name: &str, field: &dyn Fn(&str) -> String) -> Result<Step> {
    let text = |name: &str| field(name).trim().to_owned();
    let number = |name: &'static str| optional::<u64>(name, &text(name), "应为数字 (a number)");
    let required = |name: &'static str| number(name)?.ok_or_else(|| missing(name));
    let day = |name: &'static str| {
        optional::<Date>(name, &text(name), "应为日期，例如 2026-12-01 (a day, such as 2026-12-01)")
    };
    Ok(match name {
        "extend" => Step::Extend {
            approver: text("approver"),
            reason: text("note"),
            days: optional("days", &text("days"), "应为天数 (a number of days)")?,
            of: number("of")?,
        },
        "pause" => Step::Pause {
            kind: one_of("kind", &text("kind"), PauseKind::parse, &PauseKind::ALL.map(PauseKind::as_str))?,
            approver: text("approver"),
            reason: text("note"),
        },
        "resume" => Step::Resume { note: text("note") },
        "file" => Step::File {
            officers: names(&field("officers")),
            approver: text("approver"),
            number: text("number"),
            party: text("party"),
        },
        "decline" => Step::Decline {
            ground: one_of(
                "ground",
                &text("ground"),
                DeclineGround::parse,
                &DeclineGround::ALL.map(DeclineGround::as_str),
            )?,
            approver: text("approver"),
            note: text("note"),
        },
        "refer" => Step::Refer {
            recipient: one_of("to", &text("to"), Recipient::parse, &Recipient::ALL.map(Recipient::as_str))?,
            office: text("office"),
            note: text("note"),
            number: text("number"),
        },
        "receive" => Step::Receive { referral: required("referral")?, on: day("on")?, note: text("note") },
        "answer" => Step::Answer {
            referral: required("referral")?,
            answer: one_of("answer", &text("answer"), Answer::parse, &Answer::ALL.map(Answer::as_str))?,
            note: text("note"),
        },
        "begin" => Step::Begin {
            task: one_of("task", &text("task"), TaskKind::parse, &TaskKind::ALL.map(TaskKind::as_str))?,
            what: text("what"),
        },
        "end" => Step::End {
            of: required("of")?,
            result: text("note"),
            approved: yes("approved", &text("approved"))?,
        },
        "order" => Step::Order { what: text("what"), by: day("by")? },
        "submit" => Step::Submit { note: text("note") },
        "review" => Step::Review {
            reviewer: text("reviewer"),
            agreed: yes("agreed", &text("agreed"))?,
            note: text("note"),
        },
        "inform" => Step::Inform { note: text("note") },
        "hear" => Step::Hear { note: text("note") },
        "decide" => Step::Decide {
            outcome: text("outcome"),
            kind: match text("kind").as_str() {
                "" => DecisionKind::Penalty,
                kind => {
                    one_of("kind", kind, DecisionKind::parse, &DecisionKind::ALL.map(DecisionKind::as_str))?
                }
            },
            number: text("number"),
        },
        "serve" => Step::Serve { note: text("note") },
        "execute" => Step::Execute { note: text("note") },
        "close" => Step::Close { note: text("note") },
        other => {
            let shown: String = other.chars().take(40).collect();
            return Err(Error::invalid("step", format!("`{shown}` 不是：{} (choose one)", STEPS.join(", "))));
        }
    })
}

/// Names of the steps that are possible now and are not about one referral or task, the usual way first.
pub fn offered(lead: &Lead) -> Vec<&'static str> {
    const ORDER: [&str; 16] = [
        "file", "submit", "review", "hear", "inform", "decide", "serve", "execute", "close", "order",
        "refer", "begin", "resume", "pause", "extend", "decline",
    ];
    // Filled in as if a person had: only whether the state allows it counts.
    let field = |name: &str| {
        match name {
            "ground" => "no-fault",
            "to" => "lead-department",
            "task" => "jurisdiction",
            "officers" => "甲、乙",
            "days" if lead.is_extended() && lead.case.is_some() => "30",
            "days" | "of" | "by" => "",
            _ => "-",
        }
        .to_owned()
    };
    let possible = |name: &&str| {
        let kinds: Vec<&str> = match *name {
            "pause" => vec!["appraisal"],
            "decide" => DecisionKind::ALL.map(DecisionKind::as_str).to_vec(),
            _ => vec![""],
        };
        kinds.iter().any(|kind| {
            let field = |name: &str| match name {
                "kind" => (*kind).to_owned(),
                "agreed" => "yes".to_owned(),
                name => field(name),
            };
            step_of(name, &field).is_ok_and(|step| lead.check(&step).is_ok())
        })
    };
    ORDER.into_iter().filter(possible).collect()
}

/// Names of people, separated as people separate them.
fn names(text: &str) -> Vec<String> {
    let names = text.split(['、', ',', '，', ';', '；', ' ', '\u{3000}', '\n']).map(str::trim);
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn one_of<T>(
    field: &'static str,
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<T> {
    parse(text).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Error::invalid(field, format!("`{shown}` 不是：{} (choose one)", known.join(", ")))
    })
}

fn optional<T: FromStr>(field: &'static str, text: &str, why: &str) -> Result<Option<T>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Error::invalid(field, why))
}

fn yes(field: &'static str, text: &str) -> Result<bool> {
    match text {
        "yes" | "true" => Ok(true),
        "" | "no" | "false" => Ok(false),
        _ => Err(Error::invalid(field, "填 yes 或 no (yes or no)")),
    }
}

fn missing(field: &'static str) -> Error {
    Error::invalid(field, "不能为空 (must not be blank)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_step_is_read_from_its_words_and_keeps_its_name() {
        let field = |name: &str| {
            match name {
                "kind" => "appraisal",
                "ground" => "no-fault",
                "to" => "police",
                "answer" => "accepted",
                "task" => "seizure",
                "referral" | "of" => "3",
                "on" | "by" => "2026-12-01",
                "agreed" => "yes",
                "officers" => "王芳、李强",
                _ => "",
            }
            .to_owned()
        };
        for name in STEPS {
            let read = |name: &str| match name {
                "decide" => step_of(name, &|field: &str| {
                    if field == "outcome" { "罚款".into() } else { String::new() }
                }),
                name => step_of(name, &field),
            };
            assert_eq!(read(name).unwrap().as_str(), name);
        }
        let blank = |_: &str| String::new();
        for (name, wrong) in [("pause", "kind"), ("receive", "referral"), ("end", "of"), ("forget", "step")] {
            let refused = step_of(name, &blank).unwrap_err().to_string();
            assert!(refused.contains(wrong), "{refused}");
        }
        let day = |name: &str| if name == "by" { "明天".to_owned() } else { "停止发布".to_owned() };
        assert!(step_of("order", &day).unwrap_err().to_string().contains("by"));
    }
}
