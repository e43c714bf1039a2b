//! `adwatch rules`: check, list and explain the rules.

use std::path::Path;

use super::exit::Exit;
use super::out::{Style, inert, pad};
use super::rules_measure;
use super::say;
use crate::app::rules;
use crate::judge::RuleTrace;

/// Verbs of `rules`.
#[derive(Debug, clap::Subcommand)]
pub enum RulesCommand {
    /// 检查规则、例句与法律依据 — check rules, examples and provisions
    Check,
    /// 列出规则 — list rules
    List {
        /// 只列一个类别，例如 PG — one category only
        #[arg(long)]
        category: Option<String>,
    },
    /// 解释一条规则或一个法条 — explain one rule
    Explain {
        /// 规则编号，例如 pg.principal-guarantee.1 — id of the rule
        rule: String,
    },
    /// 逐条件说明规则在一段文字上的真假 — each condition of each rule on these words, true or false
    Try {
        /// 文字 — the words
        text: String,
        /// 只看一条规则 — one rule only
        #[arg(long)]
        rule: Option<String>,
    },
    /// 在带标签的文档上测准确率与召回率 — precision and recall on labelled documents
    Eval(rules_measure::EvalArgs),
    /// 比较两套规则 — what a second pack gains and loses
    Diff(rules_measure::DiffArgs),
    /// 把带标签的违法文本变形 — hide labelled violations systematically
    Evade(rules_measure::EvadeArgs),
    /// 从带标签的文档学出措辞分的权重 — learn the wording weights from labelled documents
    Learn(super::rules_learn::LearnArgs),
}

/// Runs the verb. `check` exits with 2 when a rule is wrong.
pub fn run(command: &RulesCommand, patterns: Option<&Path>, style: Style) -> Exit {
    match command {
        RulesCommand::Check => check(patterns, style),
        RulesCommand::List { category } => list(patterns, category.as_deref(), style),
        RulesCommand::Explain { rule } => match rules::explain(patterns, rule) {
            Ok(text) => {
                say(&text);
                Exit::NOTHING
            }
            Err(error) => Exit::of_error(&error),
        },
        RulesCommand::Try { text, rule } => match rules::trace(patterns, text, rule.as_deref()) {
            Ok(traces) => try_out(&traces, style),
            Err(error) => Exit::of_error(&error),
        },
        RulesCommand::Eval(args) => or_error(rules_measure::eval(args, patterns, style)),
        RulesCommand::Diff(args) => or_error(rules_measure::compare(args, style)),
        RulesCommand::Learn(args) => or_error(super::rules_learn::learn(args, patterns, style)),
        RulesCommand::Evade(args) => or_error(rules_measure::hide(args, patterns)),
    }
}

fn try_out(traces: &[RuleTrace], style: Style) -> Exit {
    let mark = |holds: bool| if holds { style.good("✓") } else { style.severity(4, "✗") };
    for trace in traces {
        for trigger in &trace.triggers {
            say(&format!(
                "{} {} “{}”",
                mark(trigger.holds()),
                style.bold(trace.rule.as_str()),
                inert(&trigger.words)
            ));
            for condition in &trigger.conditions {
                let words =
                    condition.words.as_deref().map(|words| format!("“{}”", inert(words))).unwrap_or_default();
                let terms: String = condition.terms.chars().take(80).collect();
                say(&format!(
                    "    {} {} {}  {words}",
                    mark(condition.holds),
                    pad(&condition.condition, 10),
                    style.dim(&terms)
                ));
            }
        }
    }
    if traces.is_empty() {
        say(style
            .lang
            .pick("没有规则的触发词出现在这段文字里。", "No rule's trigger stands in these words."));
    }
    Exit::NOTHING
}

fn or_error(done: crate::app::Result<Exit>) -> Exit {
    done.unwrap_or_else(|error| Exit::of_error(&error))
}

fn check(patterns: Option<&Path>, style: Style) -> Exit {
    let checked = match rules::check(patterns) {
        Ok(checked) => checked,
        Err(error) => return Exit::of_error(&error),
    };
    for diagnostic in &checked.diagnostics {
        say(&diagnostic.to_string());
    }
    let line = format!(
        "{}: {} {}, {} {}, {} {}; {} {}, {} {}",
        checked.pack,
        checked.n_rules,
        style.lang.pick("条规则", "rules"),
        checked.n_examples,
        style.lang.pick("个例句", "examples"),
        checked.n_provisions,
        style.lang.pick("条法律依据", "provisions"),
        checked.n_errors,
        style.lang.pick("个错误", "errors"),
        checked.n_warnings,
        style.lang.pick("个提醒", "warnings"),
    );
    say(&if checked.n_errors == 0 { style.good(&line) } else { style.severity(4, &line) });
    if checked.n_errors == 0 { Exit::NOTHING } else { Exit { code: 2, message: None } }
}

fn list(patterns: Option<&Path>, category: Option<&str>, style: Style) -> Exit {
    let (pack, _) = match rules::pack(patterns) {
        Ok(pack) => pack,
        Err(error) => return Exit::of_error(&error),
    };
    let mut n_rules = 0;
    for rule in &pack.rules {
        if category.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&rule.category)) {
            continue;
        }
        n_rules += 1;
        let severity = style.severity(rule.severity.level(), &rule.severity.level().to_string());
        let basis: Vec<&str> = rule.basis.iter().map(|id| id.value.as_str()).collect();
        say(&format!(
            "{severity} {} {} {}  {}",
            pad(&rule.category, 7),
            pad(rule.id.as_str(), 36),
            rule.title,
            style.dim(&basis.join(" "))
        ));
    }
    say(&style.bold(&format!("{n_rules} {}", style.lang.pick("条规则", "rules"))));
    Exit::NOTHING
}
