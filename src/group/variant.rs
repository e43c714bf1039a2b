//! Small edits: when an ad says nothing that a known finding does not say already.

use std::collections::BTreeSet;

use super::near_text::Signature;
use crate::domain::hit::{Hit, RuleId, Severity};
use crate::domain::party::{Contact, ContactKind};

/// From this share of common character pairs on, two texts differ by small edits. Families are looser (0.54): their ads
/// are of one campaign, but a person may judge them differently.
pub const MIN_SIMILARITY: f64 = 0.8;

/// What of a judged ad decides whether another adds anything to it.
#[derive(Debug, Clone)]
pub struct Said {
    /// Its words.
    pub signature: Signature,
    /// Its strongest asserted severity.
    pub severity: Option<Severity>,
    /// The rules that it breaks.
    pub rules: BTreeSet<RuleId>,
    /// How it is reached.
    pub contacts: BTreeSet<(ContactKind, String)>,
}

impl Said {
    /// From what is known of a flagged ad.
    pub fn new(signature: Signature, severity: Option<Severity>, hits: &[Hit], contacts: &[Contact]) -> Self {
        let asserted = hits.iter().filter(|hit| hit.status.is_asserted());
        Self {
            signature,
            severity,
            rules: asserted.map(|hit| hit.rule.clone()).collect(),
            contacts: contacts.iter().map(|contact| (contact.kind, contact.value.clone())).collect(),
        }
    }

    /// Whether this ad is the other one with small edits: nearly the same words, no rule, no severity and no contact that
    /// the other has not. Anything more is worth a look of its own, so nobody hides a new promise behind an old ad.
    pub fn is_variant_of(&self, known: &Self) -> bool {
        self.severity <= known.severity
            && self.rules.is_subset(&known.rules)
            && self.contacts.is_subset(&known.contacts)
            && self.signature.similarity(&known.signature) >= MIN_SIMILARITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Normalizer, Tables};

    const AD: &str =
        "金诺养老公寓床位火热预订，交三万元每年福利补贴12%，到期全额返还，名额有限，欢迎来电咨询";

    fn said(text: &str, severity: u8, rules: &[&str], contacts: &[&str]) -> Said {
        Said {
            signature: Signature::of(&Normalizer::new(&Tables::embedded()), text).unwrap(),
            severity: Severity::new(severity),
            rules: rules.iter().map(|rule| RuleId::parse(rule).unwrap()).collect(),
            contacts: contacts.iter().map(|value| (ContactKind::Mobile, (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn small_edits_are_variants_and_anything_more_is_not() {
        let known = said(AD, 3, &["pg.a.1", "hr.b.1"], &["138"]);
        assert!(said(AD, 3, &["pg.a.1"], &["138"]).is_variant_of(&known));
        assert!(
            said(&AD.replace("12%", "15%").replace("火热", ""), 2, &["hr.b.1"], &[]).is_variant_of(&known)
        );
        assert!(!said(AD, 4, &["pg.a.1"], &["138"]).is_variant_of(&known), "stronger");
        assert!(!said(AD, 3, &["pg.c.1"], &["138"]).is_variant_of(&known), "another rule");
        assert!(!said(AD, 3, &["pg.a.1"], &["139"]).is_variant_of(&known), "another telephone");
        let other = "原始股内部认购，上市至少翻三倍，名额有限，欢迎来电咨询，交三万元";
        assert!(!said(other, 3, &["pg.a.1"], &["138"]).is_variant_of(&known), "other words");
    }
}
