//! Every connector on its fixtures, and what all of them promise.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::domain::source::SourceId;
use crate::kit::clock::UnixMs;

/// When the fixtures were captured: 2026-11-23 08:25 in China.
const CAPTURED_AT: UnixMs = UnixMs(1_795_393_500_000);

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    file: String,
    url: String,
    role: String,
    #[serde(default = "ok")]
    status: u16,
    content_type: Option<String>,
    #[serde(default)]
    settings: BTreeMap<String, String>,
    outcome: String,
    /// Texts of all drafts, in order.
    texts: Option<Vec<String>>,
    n_drafts: Option<usize>,
    /// Fields of the first draft.
    #[serde(default)]
    first: BTreeMap<String, String>,
    /// `role address` of all targets, in order.
    #[serde(default)]
    targets: Vec<String>,
    /// Codes of all problems, in order.
    #[serde(default)]
    problems: Vec<String>,
}

fn ok() -> u16 {
    200
}

fn folder(kind: &SourceKind) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/source").join(kind.as_str())
}

fn cases(kind: &SourceKind) -> Vec<Case> {
    let path = folder(kind).join("cases.toml");
    toml::from_str::<Cases>(&std::fs::read_to_string(&path).unwrap()).unwrap().case
}

fn source(connector: &dyn Connector, settings: &BTreeMap<String, String>) -> Source {
    Source {
        id: SourceId::parse("fixture").unwrap(),
        kind: connector.kind(),
        title: "测试源".to_owned(),
        url: connector.example_url().to_owned(),
        settings: settings.clone(),
        schedule: None,
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: CAPTURED_AT,
    }
}

fn exchange(url: &str, status: u16, content_type: Option<&str>) -> Exchange {
    let content_type = content_type.map(|value| ("content-type".to_owned(), value.to_owned()));
    Exchange {
        imported: None,
        provenance: None,
        robots_override: None,
        requested_url: url.to_owned(),
        final_url: url.to_owned(),
        request_headers: Vec::new(),
        status,
        http_version: "HTTP/1.1".to_owned(),
        response_headers: content_type.into_iter().collect(),
        redirects: Vec::new(),
        remote_addr: "93.184.215.14:443".to_owned(),
        started_at: CAPTURED_AT,
        finished_at: CAPTURED_AT,
    }
}

fn target(case: &Case) -> Target {
    let purpose = if case.role == "landing" { CapturePurpose::Landing } else { CapturePurpose::Page };
    Target::new(case.url.clone(), purpose, &case.role)
}

fn read(connector: &dyn Connector, case: &Case, body: &[u8]) -> Reading {
    let exchange = exchange(&case.url, case.status, case.content_type.as_deref());
    connector.read(&source(connector, &case.settings), &target(case), &CapturedPage::new(&exchange, body))
}

#[test]
fn every_connector_reads_its_fixtures() {
    for connector in CONNECTORS {
        for case in cases(&connector.kind()) {
            let name = format!("{} {} {}", connector.kind().as_str(), case.file, case.role);
            let body = std::fs::read(folder(&connector.kind()).join(&case.file)).unwrap();
            let reading = read(*connector, &case, &body);
            let codes: Vec<&str> = reading.problems.iter().map(|problem| problem.code.as_str()).collect();
            assert_eq!(reading.outcome.describe(), case.outcome, "{name} {reading:?}");
            let texts: Vec<&str> = reading.drafts.iter().map(|draft| draft.text.as_str()).collect();
            match (&case.texts, case.n_drafts) {
                (Some(expected), _) => assert_eq!(&texts, expected, "{name}"),
                (None, Some(n_drafts)) => assert_eq!(texts.len(), n_drafts, "{name}: {texts:?}"),
                (None, None) => panic!("{name}: give `texts` or `n_drafts`"),
            }
            for (field, expected) in &case.first {
                let draft = &reading.drafts[0];
                let actual = match field.as_str() {
                    "title" => draft.title.clone(),
                    "publisher" => draft.publisher.clone(),
                    "advertiser" => draft.advertiser.clone(),
                    "published_at" => draft.published_at.map(UnixMs::beijing),
                    other => panic!("{name}: `{other}` is not compared"),
                };
                assert_eq!(actual.as_deref(), Some(expected.as_str()), "{name}: {field}");
            }
            let targets: Vec<String> =
                reading.targets.iter().map(|target| format!("{} {}", target.role, target.url)).collect();
            assert_eq!(targets, case.targets, "{name}");
            assert_eq!(codes, case.problems, "{name}: {:?}", reading.problems);
            assert_eq!(read(*connector, &case, &body), reading, "{name}: reading twice gives the same");
        }
    }
}

#[test]
fn the_list_has_one_connector_per_kind() {
    let kinds: Vec<SourceKind> = CONNECTORS.iter().map(|connector| connector.kind()).collect();
    assert_eq!(kinds, SourceKind::BUILT_IN);
    for kind in SourceKind::BUILT_IN {
        assert_eq!(connector(&kind).map(Connector::kind), Some(kind));
    }
}

#[test]
fn what_cannot_be_read_is_never_an_empty_success() {
    let bodies: [&[u8]; 8] =
        [b"", b"{}", b"[]", b"<html><body></body></html>", b"null", b"\xff\xfe\xfd", b"<rss/>", &[0; 300]];
    for connector in CONNECTORS {
        for case in cases(&connector.kind()).iter().filter(|case| case.status == 200) {
            let whole = std::fs::read(folder(&connector.kind()).join(&case.file)).unwrap();
            let cut = (0..16).map(|nth| &whole[..whole.len() * nth / 16]);
            for body in bodies.into_iter().chain(cut) {
                let reading = read(*connector, case, body);
                let holds_something =
                    !reading.drafts.is_empty() || !reading.targets.is_empty() || !reading.problems.is_empty();
                assert!(
                    reading.outcome != RunOutcome::Ok || holds_something,
                    "{} {}: {:?}",
                    connector.kind().as_str(),
                    case.file,
                    String::from_utf8_lossy(body)
                );
            }
        }
    }
}

#[test]
fn statuses_and_login_pages_are_told_before_reading() {
    let cases = [
        (404, "gone"),
        (410, "gone"),
        (401, "login-wall"),
        (403, "blocked"),
        (432, "blocked"),
        (429, "rate-limited"),
        (500, "network"),
        (304, "network"),
    ];
    for connector in CONNECTORS {
        let case = &cases_of_first(*connector);
        for (status, expected) in cases {
            let case = Case { status, ..case_like(case) };
            assert_eq!(read(*connector, &case, b"x").outcome.name(), expected, "{status}");
        }
        let mut redirected = exchange("https://passport.example.com/visitor?next=x", 200, None);
        redirected.redirects.push(crate::domain::capture::Redirect {
            url: case.url.clone(),
            status: 302,
            location: redirected.final_url.clone(),
            remote_addr: String::new(),
            headers: Vec::new(),
        });
        let captured = CapturedPage::new(&redirected, b"<form>");
        let reading = connector.read(&source(*connector, &BTreeMap::new()), &target(case), &captured);
        assert_eq!(reading.outcome, RunOutcome::LoginWall);
    }
}

fn cases_of_first(connector: &dyn Connector) -> Case {
    cases(&connector.kind()).remove(0)
}

fn case_like(case: &Case) -> Case {
    Case {
        file: case.file.clone(),
        url: case.url.clone(),
        role: case.role.clone(),
        content_type: None,
        settings: BTreeMap::new(),
        outcome: String::new(),
        texts: None,
        n_drafts: None,
        first: BTreeMap::new(),
        targets: Vec::new(),
        problems: Vec::new(),
        status: 200,
    }
}

#[test]
fn compressed_captures_are_read_and_bombs_reported() {
    use std::io::Write as _;
    for connector in CONNECTORS {
        let case = cases_of_first(*connector);
        let body = std::fs::read(folder(&connector.kind()).join(&case.file)).unwrap();
        let pack = |bytes: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let mut packed = exchange(&case.url, 200, case.content_type.as_deref());
        packed.response_headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
        let source = source(*connector, &case.settings);
        let body_packed = pack(&body);
        let captured = CapturedPage::new(&packed, &body_packed);
        assert_eq!(connector.read(&source, &target(&case), &captured), read(*connector, &case, &body));
    }
}

#[test]
fn a_bomb_is_too_large_whoever_reads_it() {
    use std::io::Write as _;
    let case = cases_of_first(CONNECTORS[0]);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    // A gzip file may have several members; together they unpack to more than the limit.
    let bomb =
        encoder.finish().unwrap().repeat((crate::extract::content::MAX_DECODED_BYTES >> 20) as usize + 1);
    let mut packed = exchange(&case.url, 200, None);
    packed.response_headers.push(("content-encoding".to_owned(), "gzip".to_owned()));
    let captured = CapturedPage::new(&packed, &bomb);
    let outcome =
        CONNECTORS[0].read(&source(CONNECTORS[0], &case.settings), &target(&case), &captured).outcome;
    assert!(matches!(outcome, RunOutcome::TooLarge { .. }), "{outcome:?}");
}

#[test]
fn addresses_and_settings_are_checked_before_anything_is_fetched() {
    for connector in CONNECTORS {
        let good = source(*connector, &BTreeMap::new());
        let targets = connector.entry(&good, CAPTURED_AT).unwrap();
        assert_eq!(targets.len(), 1, "{}", connector.kind().as_str());
        let known = connector.settings();
        let examples = known.iter().map(|setting| (setting.name.to_owned(), setting.example.to_owned()));
        let settings: BTreeMap<String, String> = examples.collect();
        assert!(
            connector.entry(&source(*connector, &settings), CAPTURED_AT).is_ok(),
            "examples of settings are valid"
        );
        let unknown = BTreeMap::from([("colour".to_owned(), "red".to_owned())]);
        let problem = connector.entry(&source(*connector, &unknown), CAPTURED_AT).unwrap_err();
        assert_eq!(problem.code, "unknown-setting");
        assert!(problem.message.contains(connector.settings()[0].name), "{problem}");
        for setting in connector.settings() {
            let wrong = BTreeMap::from([(setting.name.to_owned(), "[-".to_owned())]);
            assert_eq!(
                connector.entry(&source(*connector, &wrong), CAPTURED_AT).unwrap_err().code,
                "wrong-setting",
                "{}",
                setting.name
            );
        }
        for url in ["", "news", "file:///etc/passwd", "javascript:1"] {
            let problem =
                connector.entry(&Source { url: url.to_owned(), ..good.clone() }, CAPTURED_AT).unwrap_err();
            assert_eq!(problem.code, "wrong-address", "{url}");
        }
    }
}

#[test]
fn a_channels_own_address_leads_to_its_preview() {
    let connector = connector(&SourceKind::TelegramChannel).unwrap();
    for url in ["https://t.me/jz_caifu", "https://t.me/s/jz_caifu"] {
        let source = Source { url: url.to_owned(), ..source(connector, &BTreeMap::new()) };
        assert_eq!(connector.entry(&source, CAPTURED_AT).unwrap()[0].url, "https://t.me/s/jz_caifu");
    }
}
