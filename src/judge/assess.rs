//! Hits → severity, priority and the reasons for them.

use std::collections::BTreeSet;

use super::adhood::Signs;
use crate::domain::finding::{Assessment, Reason};
use crate::domain::hit::{Hit, Severity, Track};
use crate::domain::provision::ProvisionId;
use crate::matcher::Occurrence;
use crate::rules::RulePack;

/// Concludes from the hits of one text, the signs around those asserted and the manner in which they speak; `words`
/// gives the published words of a place in the normalized text.
pub(super) fn assess(
    pack: &RulePack,
    text: &str,
    hits: &[Hit],
    signs: &Signs,
    manner: Option<String>,
    words: impl Fn(Occurrence) -> String,
) -> Assessment {
    let mut asserted: Vec<&Hit> = hits.iter().filter(|hit| hit.status.is_asserted()).collect();
    asserted.sort_by_key(|hit| std::cmp::Reverse(hit.severity));
    let mut reasons = Reasons { pack, list: Vec::new() };
    if let Some(strongest) = asserted.first() {
        of_hits(&mut reasons, text, strongest, &asserted);
        of_place(&mut reasons, signs, words);
        if let Some(manner) = manner {
            reasons.add("wording", manner);
        }
    }
    let n_cleared = hits.len() - asserted.len();
    if n_cleared > 0 {
        reasons.inform("cleared", format!("{n_cleared} 处用语结合上下文不计入。"));
    }
    let priority = 1.0 - reasons.list.iter().map(|reason| 1.0 - reason.weight).product::<f64>();
    Assessment {
        flagged: !asserted.is_empty() && priority >= pack.threshold,
        severity: asserted.first().map(|hit| hit.severity),
        priority,
        tracks: without_repeats(asserted.iter().flat_map(|hit| &hit.tracks)),
        provisions: without_repeats(asserted.iter().flat_map(|hit| &hit.provisions)),
        reasons: reasons.list,
        pack_revision: pack.revision_name(),
    }
}

/// The conclusion on a text in which no rule holds.
pub(super) fn nothing(pack: &RulePack) -> Assessment {
    Assessment {
        flagged: false,
        severity: None::<Severity>,
        priority: 0.0,
        tracks: Vec::<Track>::new(),
        provisions: Vec::<ProvisionId>::new(),
        reasons: Vec::new(),
        pack_revision: pack.revision_name(),
    }
}

fn of_hits(reasons: &mut Reasons<'_>, text: &str, strongest: &Hit, asserted: &[&Hit]) {
    let title = |hit: &Hit| reasons_title(reasons.pack, hit);
    let sentence = format!("{}：“{}”。", title(strongest), strongest.span.of(text));
    let level = match strongest.severity.level() {
        4 => "severity-4",
        3 => "severity-3",
        2 => "severity-2",
        _ => "severity-1",
    };
    let mut seen = BTreeSet::from([strongest.category.as_str()]);
    let further: Vec<String> = asserted
        .iter()
        .filter(|hit| seen.insert(hit.category.as_str()))
        .map(|hit| format!("另有一类问题，{}：“{}”。", title(hit), hit.span.of(text)))
        .collect();
    reasons.add(level, sentence);
    for sentence in further {
        reasons.add("further-category", sentence);
    }
    let evasive = asserted.iter().find_map(|hit| {
        let name = hit.transforms.iter().find(|name| crate::text::is_evasive(name))?;
        Some((hit, name))
    });
    if let Some((hit, _)) = evasive {
        let published = hit.span.of(text);
        reasons.add("evasion", format!("变形书写，疑似规避监测：“{published}”应读作“{}”。", hit.normalized));
    }
}

fn of_place(reasons: &mut Reasons<'_>, signs: &Signs, words: impl Fn(Occurrence) -> String) {
    if let Some(contact) = signs.contact {
        reasons.add("contact", format!("附有联系方式：“{}”。", words(contact)));
    }
    if let Some(call) = signs.call {
        reasons.add("call-to-act", format!("引导立即行动：“{}”。", words(call)));
    }
    if let Some(offer) = signs.offer {
        reasons.add("offer", format!("向公众提出参与条件：“{}”。", words(offer)));
    }
    if signs.has_link {
        reasons.add("link", "附有跳转链接。".to_owned());
    }
    if signs.is_ad_place {
        reasons.add("publisher-kind", "出现在广告位、应用介绍或者落地页。".to_owned());
    }
    if let Some(disguise) = signs.disguise {
        reasons.add("disguised-warning", format!("以提醒、测评为名推介：“{}”。", words(disguise)));
    }
}

fn reasons_title(pack: &RulePack, hit: &Hit) -> String {
    pack.rule(&hit.rule).map(|rule| rule.title.clone()).unwrap_or_else(|| hit.rule.to_string())
}

struct Reasons<'a> {
    pack: &'a RulePack,
    list: Vec<Reason>,
}

impl Reasons<'_> {
    fn add(&mut self, code: &str, text: String) {
        self.list.push(Reason { code: code.to_owned(), text, weight: self.pack.weight(code) });
    }

    fn inform(&mut self, code: &str, text: String) {
        self.list.push(Reason { code: code.to_owned(), text, weight: 0.0 });
    }
}

fn without_repeats<'a, T: Clone + PartialEq + 'a>(values: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut kept: Vec<T> = Vec::new();
    for value in values {
        if !kept.contains(value) {
            kept.push(value.clone());
        }
    }
    kept
}
