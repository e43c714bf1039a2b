//! One rule as a page of text: what it looks for, why, on which law, with which examples.

use std::fmt::Write as _;

use super::pack::{Alternatives, Rule, RulePack};
use super::term::Term;
use crate::domain::hit::RuleId;
use crate::judge::{Judge, RuleTrace, Scratch};
use crate::kit::diagnostic::Located;

/// The page of a rule, Chinese; `None` when the pack has no such rule.
pub fn explain(pack: &RulePack, id: &RuleId) -> Option<String> {
    let rule = pack.rule(id)?;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}  {}", rule.id, rule.title);
    let _ = writeln!(
        out,
        "类别 {}，严重程度 {}（{}）",
        rule.category,
        rule.severity.level(),
        rule.severity.label().zh
    );
    for track in &rule.tracks {
        let _ = writeln!(out, "处理方向 {}：{}", track.as_str(), track.label().zh);
    }
    let _ = writeln!(out, "\n理由\n  {}", rule.why);
    let _ = writeln!(out, "\n条件");
    for (name, terms) in conditions(rule) {
        let _ = writeln!(out, "  {name}：{terms}");
    }
    let _ = writeln!(out, "\n依据");
    for basis in &rule.basis {
        if let Some(provision) = pack.provisions.get(&basis.value) {
            let _ = writeln!(out, "  {}  {}", provision.id, provision.citation());
            let _ = writeln!(out, "    {}", provision.text);
            let until = provision
                .effective_to
                .as_deref()
                .map_or_else(|| "现行有效".to_owned(), |day| format!("{day} 止"));
            let _ = writeln!(
                out,
                "    {} 起施行，{until}，{} 核对",
                provision.effective_from, provision.checked_on
            );
        }
    }
    for (title, texts) in [("示例（应当命中）", &rule.examples), ("反例（不应命中）", &rule.counter_examples)]
    {
        let _ = writeln!(out, "\n{title}");
        for text in texts {
            let _ = writeln!(out, "  {}", text.value.replace('\n', "\n  "));
        }
    }
    for reference in &rule.references {
        let _ = writeln!(out, "\n出处\n  {reference}");
    }
    Some(out)
}

/// How every rule whose trigger stands in `text` fares there, condition by condition.
pub fn trace(pack: &RulePack, text: &str) -> Vec<RuleTrace> {
    let (judge, _) = Judge::new(pack.clone());
    judge.trace(text, &mut Scratch::default())
}

/// The conditions of a rule in words, in the order in which they are tried.
fn conditions(rule: &Rule) -> Vec<(String, String)> {
    let within = match rule.within {
        crate::text::sentence::Scope::Clause => "同一分句",
        crate::text::sentence::Scope::Sentence => "同一句",
        crate::text::sentence::Scope::Block => "同一段",
        crate::text::sentence::Scope::Document => "全文",
    };
    let mut out = vec![("出现任一".to_owned(), entries(&rule.any))];
    for entry in &rule.all {
        out.push((format!("{within}须有"), terms(&entry.value)));
    }
    if let Some(n_of) = &rule.n_of {
        out.push((format!("{within}至少有其中 {} 项", n_of.n), entries(&n_of.of)));
    }
    if let Some(near) = &rule.near {
        out.push((format!("{} 字以内须有", near.max_chars), entries(&near.of)));
    }
    for entry in &rule.unless {
        out.push((format!("{within}不得有"), terms(&entry.value)));
    }
    for entry in &rule.absent {
        out.push(("全文不得有".to_owned(), terms(&entry.value)));
    }
    if !rule.not_in.is_empty() {
        let words: Vec<&str> = rule.not_in.iter().map(|word| word.value.as_str()).collect();
        out.push(("不在这些词之内".to_owned(), words.join("、")));
    }
    if rule.word {
        out.push(("前后".to_owned(), "不得紧接字母或者数字".to_owned()));
    }
    if let Some(score) = rule.wording {
        out.push(("措辞分不低于".to_owned(), score.to_string()));
    }
    if rule.ad_only {
        out.push(("仅限".to_owned(), "具有广告特征的文本".to_owned()));
    }
    out
}

fn entries(entries: &[Located<Alternatives>]) -> String {
    entries.iter().map(|entry| terms(&entry.value)).collect::<Vec<_>>().join("、")
}

/// A condition as written: `@invest|#yield>=4`.
pub(crate) fn terms(alternatives: &[Term]) -> String {
    alternatives.iter().map(ToString::to_string).collect::<Vec<_>>().join("|")
}

/// The terms of the condition that the matcher calls `name`, for example `all[1]`.
pub(crate) fn condition_terms(rule: &Rule, name: &str) -> String {
    let (key, index) = name.strip_suffix(']').and_then(|name| name.split_once('[')).unwrap_or((name, "0"));
    let index: usize = index.parse().unwrap_or(0);
    let one =
        |list: &[Located<Alternatives>]| list.get(index).map(|entry| terms(&entry.value)).unwrap_or_default();
    match key {
        "all" => one(&rule.all),
        "unless" => one(&rule.unless),
        "absent" => one(&rule.absent),
        "n_of" => {
            rule.n_of.as_ref().map(|n_of| format!("{} of {}", n_of.n, entries(&n_of.of))).unwrap_or_default()
        }
        "near" => rule
            .near
            .as_ref()
            .map(|near| format!("{} within {}", entries(&near.of), near.max_chars))
            .unwrap_or_default(),
        "not_in" => rule.not_in.iter().map(|word| word.value.as_str()).collect::<Vec<_>>().join("、"),
        "word" => "true".to_owned(),
        _ => String::new(),
    }
}
