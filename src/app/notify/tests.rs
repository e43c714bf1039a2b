use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::ad::AdKind;
use crate::domain::hit::{HitStatus, RuleId, Severity, Span, Track};
use crate::domain::provision::ProvisionId;
use crate::domain::run::{RunCounts, RunId};
use crate::domain::schedule::Schedule;
use crate::domain::source::{SourceId, SourceKind};
use crate::kit::clock::FixedClock;

/// Monday 2026-11-23 08:00:00 +08:00.
const EIGHT: UnixMs = UnixMs(1_795_392_000_000);

/// An app whose letters are kept in memory.
async fn app(folder: &tempfile::TempDir) -> (App, Arc<Mutex<Vec<Letter>>>) {
    let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
    config.mail.to = vec!["wang@office.example".to_owned()];
    let mut app = App::open_with_clock(config, Arc::new(FixedClock::at(EIGHT))).await.unwrap();
    let (mailer, letters) = Mailer::memory();
    app.mailer = mailer;
    (app, letters)
}

fn source(id: &str) -> Source {
    Source {
        id: SourceId::parse(id).unwrap(),
        kind: SourceKind::NewsSite,
        title: "江州新闻网".to_owned(),
        url: "https://news.example/".to_owned(),
        settings: BTreeMap::new(),
        schedule: Some(Schedule::parse("0 8 * * *", Schedule::DEFAULT_TIME_ZONE).unwrap()),
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: EIGHT.plus_ms(-7 * DAY_MS),
    }
}

fn waiting(id: &str) -> Notice {
    Notice {
        id: NoticeId::parse(id).unwrap(),
        kind: NoticeKind::Alert,
        subject: "涉嫌".to_owned(),
        body: "正文".to_owned(),
        created_at: EIGHT,
    }
}

/// "保本保息" with one hit of the first rule of the built-in pack.
fn suspect(app: &App, severity: u8) -> (AdDraft, Assessment, Vec<Hit>) {
    let rule = &app.judge.pack().rules[0];
    let severity = Severity::new(severity).unwrap();
    let draft = AdDraft::of_text(AdKind::Display, "稳健理财，保本保息");
    let hit = Hit {
        rule: rule.id.clone(),
        category: "PG".to_owned(),
        severity,
        span: Span { start: 15, end: 27 },
        normalized: "保本保息".to_owned(),
        transforms: Vec::new(),
        provisions: vec![ProvisionId::parse("AD-25.1").unwrap()],
        tracks: vec![Track::A],
        status: HitStatus::Asserted,
        cue: None,
        because: None,
    };
    let cleared = Hit { status: HitStatus::Warned, rule: RuleId::parse("x.y.1").unwrap(), ..hit.clone() };
    let assessment = Assessment {
        flagged: true,
        severity: Some(severity),
        priority: 0.9,
        tracks: vec![Track::A],
        provisions: Vec::new(),
        reasons: Vec::new(),
        pack_revision: "pack@1".to_owned(),
    };
    (draft, assessment, vec![cleared, hit])
}

#[tokio::test]
async fn an_alert_quotes_the_words_the_rule_and_the_provision() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app(&folder).await;
    let (draft, assessment, hits) = suspect(&app, 4);
    let ad = AdId::parse("0a1b2c3d4e5f60718293").unwrap();
    let alert = app.alert(&source("city-news"), &ad, &draft, &assessment, &hits, EIGHT).unwrap();
    let rule = &app.judge.pack().rules[0];
    let finding = FindingId::of(&ad);
    assert_eq!(alert.id.as_str(), format!("alert-{finding}"));
    for part in [
        "“保本保息”",
        rule.title.as_str(),
        rule.id.as_str(),
        "广告法",
        "涉嫌",
        "江州新闻网（city-news）",
        &format!("http://127.0.0.1:8420/findings/{finding}"),
    ] {
        assert!(alert.body.contains(part), "{part} is missing in\n{}", alert.body);
    }
    assert_eq!(alert.body.matches("规则：").count(), 1, "cleared hits are not quoted:\n{}", alert.body);
}

#[tokio::test]
async fn only_the_highest_severity_gets_a_message_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (app, _) = app(&folder).await;
    let ad = AdId::parse("0a1b2c3d4e5f60718293").unwrap();
    let alert = |assessment: &Assessment, draft: &AdDraft, hits: &[Hit]| {
        app.alert(&source("city-news"), &ad, draft, assessment, hits, EIGHT)
    };
    let (draft, assessment, hits) = suspect(&app, 3);
    assert_eq!(alert(&assessment, &draft, &hits), None);
    let (draft, assessment, hits) = suspect(&app, 4);
    let cleared = Assessment { flagged: false, severity: None, ..assessment };
    assert_eq!(alert(&cleared, &draft, &hits), None);
}

#[tokio::test]
async fn what_waits_is_sent_once_under_its_own_id() {
    let folder = tempfile::tempdir().unwrap();
    let (app, letters) = app(&folder).await;
    for n in 0..45 {
        app.store.add_notice(&waiting(&format!("alert-{n:02}"))).await.unwrap();
    }
    let sending = app.notify().send_waiting(EIGHT).await.unwrap();
    assert_eq!(sending, Sending { n_sent: 45, n_failed: 0, last_error: None });
    assert_eq!(app.notify().send_waiting(EIGHT.plus_ms(DAY_MS)).await.unwrap(), Sending::default());
    let letters = letters.lock().unwrap();
    assert_eq!(letters.len(), 45);
    assert_eq!(letters[0].message_id(), "<alert-00.adwatch@localhost>");
    assert_eq!(letters[0].to, ["wang@office.example"]);
}

#[tokio::test]
async fn a_letter_that_cannot_be_written_waits_longer_each_time_and_is_never_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let (mut app, letters) = app(&folder).await;
    let working = app.mailer.clone();
    // A folder that cannot be made: a file is in its place.
    std::fs::write(folder.path().join("file"), "").unwrap();
    app.mailer = Mailer::folder(folder.path().join("file/mail"));
    app.store.add_notice(&waiting("alert-1")).await.unwrap();
    let mut now = EIGHT;
    let mut pauses = Vec::new();
    for attempt in 1..=9 {
        let sending = app.notify().send_waiting(now).await.unwrap();
        assert_eq!((sending.n_sent, sending.n_failed), (0, 1), "attempt {attempt}");
        assert!(sending.last_error.unwrap().contains("alert-1.eml"));
        let pause = retry_pause_ms(attempt, FIRST_RETRY_MS, LONGEST_RETRY_MS);
        assert_eq!(app.notify().send_waiting(now.plus_ms(pause - 1)).await.unwrap(), Sending::default());
        pauses.push(pause / 1_000);
        now = now.plus_ms(pause);
    }
    assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    app.mailer = working;
    assert_eq!(app.notify().send_waiting(now).await.unwrap().n_sent, 1);
    assert_eq!(letters.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_unreachable_server_is_tried_once_for_a_batch() {
    let folder = tempfile::tempdir().unwrap();
    let (mut app, _) = app(&folder).await;
    // A port on which nothing listens: it was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = format!("127.0.0.1:{port}");
    let settings = SmtpSettings { server, security: Security::Plain, ca_file: None, login: None };
    app.mailer = Mailer::smtp(&settings).unwrap();
    for n in 0..25 {
        app.store.add_notice(&waiting(&format!("alert-{n:02}"))).await.unwrap();
    }
    let sending = app.notify().send_waiting(EIGHT).await.unwrap();
    assert_eq!((sending.n_sent, sending.n_failed), (0, BATCH));
    assert!(sending.last_error.unwrap().contains("127.0.0.1"));
    assert_eq!(app.store.waiting_notices().await.unwrap().0, 25);
}

#[tokio::test]
async fn a_digest_is_written_once_a_day_and_names_sources_in_trouble() {
    let folder = tempfile::tempdir().unwrap();
    let (app, letters) = app(&folder).await;
    let outcomes = [
        ("blocked", Some(RunOutcome::Blocked { why: "HTTP 403".to_owned() }), EIGHT),
        ("silent", Some(RunOutcome::Empty), EIGHT),
        ("fine", Some(RunOutcome::Ok), EIGHT),
        ("late", Some(RunOutcome::Ok), EIGHT.plus_ms(-3 * DAY_MS)),
        ("running", None, EIGHT),
        ("killed", None, EIGHT.plus_ms(-2 * DAY_MS)),
    ];
    for (id, outcome, started_at) in outcomes {
        app.store.add_source(&source(id)).await.unwrap();
        let run = RunId::parse(&format!("run-{id}")).unwrap();
        app.store.open_run(&run, &SourceId::parse(id).unwrap(), started_at).await.unwrap();
        if let Some(outcome) = outcome {
            app.store.finish_run(&run, &outcome, &RunCounts::default(), started_at).await.unwrap();
        }
    }
    app.store.add_source(&source("never")).await.unwrap();
    app.store.add_source(&Source { enabled: false, ..source("off") }).await.unwrap();
    assert!(app.notify().digest(EIGHT.plus_ms(60_000)).await.unwrap());
    assert!(!app.notify().digest(EIGHT.plus_ms(120_000)).await.unwrap());
    assert!(app.notify().digest(EIGHT.plus_ms(DAY_MS)).await.unwrap());
    app.notify().send_waiting(EIGHT.plus_ms(60_000)).await.unwrap();
    let letters = letters.lock().unwrap();
    assert_eq!(letters.len(), 1, "the next day's is not due yet");
    let body = &letters[0].body;
    for (id, part) in [
        ("blocked", "HTTP 403"),
        ("silent", "无内容"),
        ("late", "采集未执行"),
        ("killed", "未完成"),
        ("never", "到期未采集"),
    ] {
        let line = body.lines().find(|line| line.contains(&format!("（{id}）")));
        assert!(line.is_some_and(|line| line.contains(part)), "{id}: {part} is missing in\n{body}");
    }
    for well in ["（fine）", "（running）", "（off）"] {
        assert!(!body.contains(well), "{well} is named in\n{body}");
    }
}

#[test]
fn wrong_mail_settings_are_named() {
    let config = |change: &dyn Fn(&mut crate::app::config::MailSettings)| {
        let mut config = Config::default();
        config.mail.smtp = "mail.office.example:587".to_owned();
        config.mail.to = vec!["wang@office.example".to_owned()];
        change(&mut config.mail);
        config
    };
    for (setting, config) in [
        ("mail.to", config(&|mail| mail.to.clear())),
        ("mail.security", config(&|mail| mail.security = "ssl".to_owned())),
        ("starttls", config(&|mail| mail.security = "plain".to_owned())),
        ("ca_file", config(&|mail| mail.ca_file = Some("/nonexistent.pem".into()))),
        (
            "ADWATCH_NO_SUCH_VARIABLE",
            config(&|mail| {
                mail.user = "office".to_owned();
                mail.password_env = "ADWATCH_NO_SUCH_VARIABLE".to_owned();
            }),
        ),
    ] {
        let error = mailer(&config).unwrap_err();
        assert!(
            matches!(error, Error::Invalid(_)) && error.to_string().contains(setting),
            "{setting}: {error}"
        );
    }
    assert!(matches!(mailer(&config(&|_| {})).unwrap(), Mailer::Smtp(_)));
    assert!(matches!(mailer(&Config::default()).unwrap(), Mailer::Folder(_)));
}
