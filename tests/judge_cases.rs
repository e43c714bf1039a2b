//! `fixtures/judge/*.toml`: texts and what must be concluded from them, with a small pack of their own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;

use adwatch::domain::ad::{AdDraft, AdKind};
use adwatch::judge::{Judge, Judgement, Scratch, Setting};
use adwatch::rules::{self, PackFile};

const FOLDER: &str = "fixtures/judge";

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    text: String,
    kind: Option<String>,
    host: Option<String>,
    #[serde(default)]
    links: Vec<String>,
    expect: Vec<Expected>,
    flagged: Option<bool>,
    because: String,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    rule: String,
    words: String,
    status: String,
    cue: Option<String>,
}

#[test]
fn the_pack_of_the_cases_is_right_itself() {
    let (pack, mut diagnostics) = pack();
    diagnostics.extend(rules::check(&pack));
    let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn texts_are_judged_as_their_cases_say() {
    let (judge, _) = Judge::new(pack().0);
    let mut scratch = Scratch::default();
    let mut wrong = Vec::new();
    let mut n_cases = 0;
    for file in ["status", "promoter", "place", "condition"] {
        let text = fs::read_to_string(format!("{FOLDER}/{file}.toml")).unwrap();
        let cases: Cases = toml::from_str(&text).unwrap();
        for case in cases.case {
            n_cases += 1;
            let judgement = judge_case(&judge, &case, &mut scratch);
            if let Some(difference) = difference(&case, &judgement) {
                wrong.push(format!("{file}: {}\n  {}\n{difference}", case.text, case.because));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n_cases} wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn a_judgement_does_not_depend_on_what_was_judged_before() {
    let (judge, _) = Judge::new(pack().0);
    let mut used = Scratch::default();
    for file in ["status", "promoter", "place", "condition"] {
        let cases: Cases =
            toml::from_str(&fs::read_to_string(format!("{FOLDER}/{file}.toml")).unwrap()).unwrap();
        for case in cases.case {
            let fresh = judge_case(&judge, &case, &mut Scratch::default());
            assert_eq!(judge_case(&judge, &case, &mut used), fresh, "{}", case.text);
        }
    }
}

#[test]
fn reasons_are_values_whose_weights_make_the_priority() {
    let (judge, _) = Judge::new(pack().0);
    let draft =
        AdDraft::of_text(AdKind::Text, "投资保本保息，年化15%，速来，加我微信abc12345，本产品非保本型除外");
    let judgement = judge.judge(&draft, &Setting::default(), &mut Scratch::default());
    let assessment = judgement.assessment;
    let codes: Vec<&str> = assessment.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["severity-4", "further-category", "contact", "call-to-act", "cleared"]);
    let expected = 1.0 - assessment.reasons.iter().map(|reason| 1.0 - reason.weight).product::<f64>();
    assert!((assessment.priority - expected).abs() < 1e-12 && assessment.flagged);
    assert_eq!(assessment.severity.unwrap().level(), 4);
    let provisions: Vec<&str> = assessment.provisions.iter().map(|id| id.as_str()).collect();
    assert_eq!(provisions, ["AD-25.1", "FF-11"]);
    assert_eq!(assessment.pack_revision, "judge-test@1");
}

#[test]
fn a_trace_shows_which_condition_fails() {
    let traces = rules::trace(&pack().0, "理财有方。购物之后只要在本月之内再来店里就全返");
    assert_eq!(traces.len(), 1);
    let trigger = &traces[0].triggers[0];
    assert_eq!(trigger.words, "全返");
    let shown: Vec<(&str, bool)> =
        trigger.conditions.iter().map(|condition| (condition.condition.as_str(), condition.holds)).collect();
    assert_eq!(shown, [("not_in", true), ("near", false)]);
    assert_eq!(trigger.conditions[1].terms, "消费、购物 within 6");
}

#[test]
fn a_rule_explains_itself() {
    let pack = pack().0;
    let page = rules::explain(&pack, &"cr.return.1".parse().unwrap()).unwrap();
    for words in [
        "消费全返",
        "严重程度 3",
        "全返",
        "6 字以内须有",
        "安全返",
        "《防范和处置非法集资条例》第十一条",
        "反例",
    ] {
        assert!(page.contains(words), "{words} is missing in\n{page}");
    }
    assert_eq!(rules::explain(&pack, &"no.such.1".parse().unwrap()), None);
}

fn pack() -> (rules::RulePack, Vec<rules::Diagnostic>) {
    let path = format!("{FOLDER}/pack.toml");
    let text = fs::read_to_string(&path).unwrap();
    rules::load(&[PackFile { path, text }])
}

fn judge_case(judge: &Judge, case: &Case, scratch: &mut Scratch) -> Judgement {
    let kind = case.kind.as_deref().map_or(AdKind::Text, |kind| AdKind::parse(kind).unwrap());
    let mut draft = AdDraft::of_text(kind, &*case.text);
    draft.links.clone_from(&case.links);
    judge.judge(&draft, &Setting { publisher_host: case.host.as_deref() }, scratch)
}

fn difference(case: &Case, judgement: &Judgement) -> Option<String> {
    let text = &case.text;
    let got: Vec<(&str, &str, &str)> = judgement
        .hits
        .iter()
        .map(|hit| (hit.rule.as_str(), hit.span.of(text), hit.status.as_str()))
        .collect();
    let expected: Vec<(&str, &str, &str)> = case
        .expect
        .iter()
        .map(|expected| (expected.rule.as_str(), expected.words.as_str(), expected.status.as_str()))
        .collect();
    let cues_fit = case.expect.iter().zip(&judgement.hits).all(|(expected, hit)| {
        expected.cue.as_deref().is_none_or(|cue| hit.cue.is_some_and(|span| span.of(text) == cue))
    });
    let flag_fits = case.flagged.is_none_or(|flagged| flagged == judgement.assessment.flagged);
    (got != expected || !cues_fit || !flag_fits)
        .then(|| format!("  expected {expected:?}\n  got      {got:?}\n  {judgement:?}"))
}
