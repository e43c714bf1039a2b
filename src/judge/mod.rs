//! 研判: one text, one pack → hits with what the context says of each, and an assessment with its reasons.
//!
//! Pure: the same draft, setting and pack always give the same judgement.

mod adhood;
mod assess;
mod context;
mod learn;
mod trace;
mod wording;

pub use self::learn::{Lesson, learn};
pub use self::trace::{ConditionTrace, RuleTrace, TriggerTrace};
pub use self::wording::Scorer;

use self::adhood::{AdLists, Evidence, Signs};
use self::context::{Clearance, Context, Cues};
use crate::domain::ad::AdDraft;
use crate::domain::finding::Assessment;
use crate::domain::hit::{Hit, HitStatus, RuleId, Span};
use crate::kit::problem::Problem;
use crate::matcher::{Match, Matcher, Occurrence};
use crate::rules::{Diagnostic, Institution, Rule, RulePack};
use crate::text::Normalizer;

/// Memory reused from text to text; one per thread.
#[derive(Debug, Default)]
pub struct Scratch(crate::matcher::Scratch);

/// A compiled pack with everything it needs; built once, used from any thread.
pub struct Judge {
    pack: RulePack,
    normalizer: Normalizer,
    matcher: Matcher,
    cues: Cues,
    lists: AdLists,
    wording: Option<Scorer>,
}

/// Where a text stood.
#[derive(Debug, Clone, Copy, Default)]
pub struct Setting<'a> {
    /// Host of the publisher's page; `None` for bare text.
    pub publisher_host: Option<&'a str>,
}

/// What was found in a text and what follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Every hit, asserted and cleared, in the order of the text.
    pub hits: Vec<Hit>,
    /// The conclusion.
    pub assessment: Assessment,
    /// What a person may want to know about the text itself.
    pub problems: Vec<Problem>,
}

impl Judge {
    /// Compiles a pack.
    ///
    /// Terms that cannot be compiled are diagnostics and never found; a pack with errors should not judge.
    pub fn new(pack: RulePack) -> (Self, Vec<Diagnostic>) {
        let normalizer = Normalizer::embedded();
        let (matcher, (cues, lists), diagnostics) =
            Matcher::new(&pack, &normalizer, |groups| (Cues::new(&pack, groups), AdLists::new(groups)));
        let wording = pack.wording.as_ref().map(Scorer::new);
        (Self { pack, normalizer, matcher, cues, lists, wording }, diagnostics)
    }

    /// The pack that judges.
    pub fn pack(&self) -> &RulePack {
        &self.pack
    }

    /// Judges one draft. Never fails; spans are bytes of `draft.text`.
    pub fn judge(&self, draft: &AdDraft, setting: &Setting<'_>, scratch: &mut Scratch) -> Judgement {
        self.judge_with(draft, setting, scratch, false)
    }

    /// Every hit of a text, also those for which [`judge`](Self::judge) lets another one speak.
    pub fn every_hit(&self, draft: &AdDraft, scratch: &mut Scratch) -> Vec<Hit> {
        self.judge_with(draft, &Setting::default(), scratch, true).hits
    }

    fn judge_with(
        &self,
        draft: &AdDraft,
        setting: &Setting<'_>,
        scratch: &mut Scratch,
        keeps_all: bool,
    ) -> Judgement {
        let scratch = &mut scratch.0;
        if self.matcher.may_hold(&draft.text, scratch) {
            let mut whole = None;
            self.matcher.read(&self.normalizer, &draft.text, scratch, |rule, trigger, text| {
                let Some(least) = self.pack.rules[rule].wording else { return true };
                let score = match trigger {
                    Some(trigger) => self.score_around(text, trigger, &mut whole),
                    None if wording::is_near_itself(text) => *whole.get_or_insert_with(|| self.score(text)),
                    None => return true,
                };
                score.is_some_and(|score| score >= least)
            });
            if !scratch.matches.is_empty() {
                return self.weigh(draft, setting, scratch, keeps_all);
            }
        }
        Judgement { hits: Vec::new(), assessment: assess::nothing(&self.pack), problems: Vec::new() }
    }

    fn weigh(
        &self,
        draft: &AdDraft,
        setting: &Setting<'_>,
        scratch: &crate::matcher::Scratch,
        keeps_all: bool,
    ) -> Judgement {
        let text = scratch.normalized.text.as_str();
        let quotations = context::quotations(&draft.text);
        let is_quoted = |place: Occurrence| {
            let span = scratch.normalized.source_span(place.start, place.end);
            quotations.iter().any(|quotation| quotation.start < span.end && span.start < quotation.end)
        };
        let evidence = Evidence::of(draft, text, &scratch.places, &self.lists, is_quoted);
        let institution = setting.publisher_host.and_then(|host| adhood::institution(&self.pack, host));
        let context = Context::new(text, &scratch.places, &self.cues, evidence.promotes());
        let words = |place: Occurrence| {
            scratch.normalized.source_span(place.start, place.end).of(&draft.text).to_owned()
        };
        let whole = self.score(text);
        let hit = |found: &Match| {
            let rule = &self.pack.rules[found.rule];
            let place = found.trigger;
            let score = self.score_around(text, place, &mut Some(whole));
            let span = scratch.normalized.source_span(place.start, place.end);
            let signs = evidence.around(text, place);
            let holds = |clearance: &Clearance| {
                clearance.status == HitStatus::Negated || !self.is_over(whole, |wording| wording.over_context)
            };
            let clearance = context.clearance(place, is_quoted(place)).filter(holds);
            let (status, cue, because) = match clearance {
                Some(clearance) => {
                    let cue = clearance.cue;
                    let because = clearance.because(&words(cue));
                    (
                        clearance.status,
                        Some(scratch.normalized.source_span(cue.start, cue.end)),
                        Some(because),
                    )
                }
                None if !signs.speaks_for_itself() && context::is_cited(&quotations, span, &draft.text) => (
                    HitStatus::Quoted,
                    None,
                    Some("出自引号内的他人言语，且附近没有联系方式与行动号召。".to_owned()),
                ),
                None => {
                    let (status, because) = self.status_by_place(
                        rule,
                        &evidence,
                        &signs,
                        institution,
                        score,
                        text.len() < wording::PHRASE_BYTES,
                    );
                    (status, None, because)
                }
            };
            let hit = Hit {
                rule: rule.id.clone(),
                category: rule.category.clone(),
                severity: rule.severity,
                span,
                normalized: text[place.start..place.end].to_owned(),
                transforms: scratch
                    .normalized
                    .transforms(place.start, place.end)
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
                provisions: rule.basis.iter().map(|basis| basis.value.clone()).collect(),
                tracks: rule.tracks.clone(),
                status,
                cue,
                because,
            };
            (hit, signs)
        };
        let mut found: Vec<(Hit, Signs)> = scratch.matches.iter().map(hit).collect();
        let manner = found
            .iter()
            .find(|(hit, _)| hit.status.is_asserted() && self.asks_for_wording(&hit.rule))
            .and_then(|_| self.manner(text));
        if !keeps_all {
            self.keep_telling(&mut found);
        }
        let signs = found
            .iter()
            .filter(|(hit, _)| hit.status.is_asserted())
            .fold(Signs::default(), |all, (_, signs)| all.or(*signs));
        let mut hits: Vec<Hit> = found.into_iter().map(|(hit, _)| hit).collect();
        hits.sort_by(|a, b| (a.span.start, a.span.end, &a.rule).cmp(&(b.span.start, b.span.end, &b.rule)));
        let assessment = assess::assess(&self.pack, &draft.text, &hits, &signs, manner, words);
        Judgement { hits, assessment, problems: Vec::new() }
    }

    /// Leaves the hits that tell a reviewer something. Rules that ask for wording find their things wherever they are
    /// named; one of them speaks for all, that of the longest name, and only where no rule that names the promise
    /// asserts one as grave.
    fn keep_telling(&self, found: &mut Vec<(Hit, Signs)>) {
        let is_vague = |hit: &Hit| self.asks_for_wording(&hit.rule);
        let asserted = |hit: &Hit| hit.status.is_asserted();
        let hits = || found.iter().map(|(hit, _)| hit);
        let gravest = hits().filter(|hit| asserted(hit) && !is_vague(hit)).map(|hit| hit.severity).max();
        let telling = |asserts: bool| {
            let vague = hits().filter(|hit| is_vague(hit) && asserted(hit) == asserts);
            let longest =
                vague.max_by_key(|hit| (hit.normalized.len(), std::cmp::Reverse(hit.span.start)))?;
            let speaks = !asserts || gravest.is_none_or(|gravest| gravest < longest.severity);
            speaks.then(|| (longest.rule.clone(), longest.span))
        };
        let kept = [telling(true), telling(false)];
        found.retain(|(hit, _)| {
            let own = |(rule, span): &(RuleId, Span)| *rule == hit.rule && *span == hit.span;
            !is_vague(hit) || kept.iter().flatten().any(own)
        });
    }

    /// The wording score of normalized text; `None` without weights or when they know nothing of it.
    fn score(&self, text: &str) -> Option<f64> {
        self.wording.as_ref()?.score(text)
    }

    /// The wording score around a place; `whole` keeps that of the whole text once it was asked for.
    fn score_around(&self, text: &str, place: Occurrence, whole: &mut Option<Option<f64>>) -> Option<f64> {
        let near = wording::around(text, place);
        if near.len() < text.len() {
            return self.score(&text[near]);
        }
        *whole.get_or_insert_with(|| self.score(text))
    }

    fn is_over(&self, score: Option<f64>, threshold: impl Fn(&Scorer) -> f64) -> bool {
        self.wording.as_ref().zip(score).is_some_and(|(wording, score)| score >= threshold(wording))
    }

    fn asks_for_wording(&self, rule: &RuleId) -> bool {
        self.pack.rule(rule).is_some_and(|rule| rule.wording.is_some())
    }

    /// What sounds like solicitation, for the reviewer.
    fn manner(&self, text: &str) -> Option<String> {
        let words = self.wording.as_ref()?.strongest(text);
        (!words.is_empty()).then(|| format!("措辞像招揽，尤其“{}”。", words.join("”“")))
    }

    /// What the place of publication and the look of the text say when no cue does.
    fn status_by_place(
        &self,
        rule: &Rule,
        evidence: &Evidence<'_>,
        signs: &Signs,
        institution: Option<&Institution>,
        score: Option<f64>,
        is_phrase: bool,
    ) -> (HitStatus, Option<String>) {
        if let Some(institution) = institution {
            let status =
                if institution.kind.is_licensed_seller() { HitStatus::Licensed } else { HitStatus::Reported };
            let what = if status == HitStatus::Licensed { "持牌机构" } else { "公共机构" };
            return (status, Some(format!("发布于{what}“{}”自己的网站。", institution.name)));
        }
        let sounds_like_ad = self.is_over(score, |wording| wording.as_ad);
        if evidence.is_plain_article(signs) && !sounds_like_ad {
            let because = "属于没有联系方式、链接和参与条件的文章（《广告法适用问题执法指南（一）》）。";
            return (HitStatus::NotAd, Some(because.to_owned()));
        }
        let is_below = |wording: &Scorer, score: f64| score < wording.floor;
        if !is_phrase
            && self.wording.as_ref().zip(score).is_some_and(|(wording, score)| is_below(wording, score))
        {
            return (HitStatus::NotAd, Some("通篇措辞不像招揽。".to_owned()));
        }
        if rule.ad_only && !sounds_like_ad && signs.likeness() < self.pack.ad_threshold {
            let because = "没有联系方式、行动号召、链接等广告特征，而本规则只适用于广告。";
            return (HitStatus::NotAd, Some(because.to_owned()));
        }
        (HitStatus::Asserted, None)
    }
}
