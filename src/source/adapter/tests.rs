//! What all adapters promise, on their fixtures and on broken answers.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;
use crate::domain::source::{Source, SourceId};
use crate::kit::clock::UnixMs;
use crate::kit::diagnostic::{Diagnostic, TextFile};
use crate::source::catalog::{Catalog, built_in_files};
use crate::source::{CapturedPage, Connector, Target};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// From the disk, so that a changed fixture needs no build.
fn fixture_of(name: &str) -> Fixture {
    let folder = repository("fixtures/source").join(name);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()));
    Fixture { files: files.collect() }
}

fn wants_update() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some()
}

#[test]
fn every_built_in_adapter_is_without_mistakes() {
    for file in built_in_files() {
        let (adapter, mistakes) = load(&file);
        assert!(mistakes.is_empty(), "{}", mistakes.iter().map(Diagnostic::render).collect::<String>());
        let adapter = adapter.unwrap();
        assert!(!adapter.about.is_empty() && !adapter.title.is_ascii(), "{}: title is Chinese", file.path);
    }
}

/// After a wanted change, `UPDATE_GOLDEN=1 cargo test every_adapter_reads_its_fixture` writes the files again.
#[test]
fn every_adapter_reads_its_fixture_as_expected() {
    for adapter in Catalog::built_in().adapters() {
        let name = adapter.id.as_str();
        let fixture = fixture_of(name);
        let steps = replay(adapter, &fixture).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        let n_drafts: usize = steps
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|step| step["drafts"].as_array())
            .map(Vec::len)
            .sum();
        assert!(n_drafts > 0, "{name} reads nothing in its fixture: {steps:#}");
        let shown = format!("{steps:#}\n");
        if wants_update() {
            std::fs::write(repository("fixtures/source").join(name).join("expected.json"), &shown).unwrap();
            continue;
        }
        let expected =
            fixture.files.get("expected.json").unwrap_or_else(|| panic!("{name} has no expected.json"));
        let expected: Value = serde_json::from_slice(expected).unwrap();
        assert_eq!(steps, expected, "{name}: now\n{shown}");
    }
}

#[test]
fn what_cannot_be_read_is_never_an_empty_success() {
    let bodies: [&[u8]; 10] = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"<html><body></body></html>",
        b"<html><body><h1>502 Bad Gateway</h1></body></html>",
        b"\xff\xfe\xfd",
        b"<rss/>",
        b"{\"code\":-1,\"msg\":\"error\"}",
        &[0; 300],
    ];
    for adapter in Catalog::built_in().adapters() {
        let source = example_source(adapter);
        let first = adapter.entry(&source, AT).unwrap().remove(0);
        let fixture = fixture_of(adapter.id.as_str());
        let pages =
            fixture.files.iter().filter(|(name, _)| !matches!(name.as_str(), "pages.toml" | "expected.json"));
        let cut = pages.flat_map(|(_, body)| (0..16).map(move |nth| &body[..body.len() * nth / 16]));
        for body in bodies.into_iter().chain(cut) {
            let reading = adapter.read(&source, &first, &CapturedPage::new(&exchange(&first.url, 200), body));
            let holds_something =
                !reading.drafts.is_empty() || !reading.targets.is_empty() || !reading.problems.is_empty();
            assert!(
                reading.outcome.name() != "ok" || holds_something,
                "{}: {:?}",
                adapter.id,
                String::from_utf8_lossy(body).chars().take(300).collect::<String>()
            );
        }
    }
}

#[test]
fn refusals_are_told_by_their_status() {
    for adapter in Catalog::built_in().adapters() {
        let source = example_source(adapter);
        let first = adapter.entry(&source, AT).unwrap().remove(0);
        for (status, expected) in
            [(404, "gone"), (429, "rate-limited"), (503, "rate-limited"), (500, "network")]
        {
            let page = exchange(&first.url, status);
            let outcome = adapter.read(&source, &first, &CapturedPage::new(&page, b"x")).outcome;
            assert_eq!(outcome.name(), expected, "{} {status}", adapter.id);
        }
    }
}

#[test]
fn settings_come_from_the_file_and_are_checked_before_anything_is_fetched() {
    for adapter in Catalog::built_in().adapters() {
        let good = example_source(adapter);
        assert!(adapter.entry(&good, AT).is_ok(), "{}: examples are valid", adapter.id);
        for parameter in adapter.parameters.iter().filter(|parameter| parameter.default.is_none()) {
            let mut lacking = good.clone();
            lacking.settings.remove(&parameter.name);
            let problem = adapter.entry(&lacking, AT).unwrap_err();
            assert_eq!(problem.code, "missing-setting", "{} {}", adapter.id, parameter.name);
        }
        let mut unknown = good.clone();
        unknown.settings.insert("colour".to_owned(), "red".to_owned());
        assert_eq!(adapter.entry(&unknown, AT).unwrap_err().code, "unknown-setting", "{}", adapter.id);
    }
}

#[test]
fn credentials_go_to_the_hosts_of_the_adapter_only() {
    let with_credential: Vec<&Adapter> =
        Catalog::built_in().adapters().filter(|adapter| adapter.credential.is_some()).collect();
    assert!(!with_credential.is_empty());
    for adapter in with_credential {
        let source = example_source(adapter);
        let sent = |source: &Source| adapter.entry(source, AT).unwrap().remove(0).ask.credential;
        assert!(sent(&source).is_some(), "{}", adapter.id);
        let elsewhere = Source {
            url: "http://127.0.0.1:8080/".to_owned(),
            allowed_origins: vec!["http://127.0.0.1:8080".to_owned()],
            ..source.clone()
        };
        assert_eq!(sent(&elsewhere), None, "{}", adapter.id);
        let other = Source { url: "https://evil.example/".to_owned(), ..source.clone() };
        assert_eq!(adapter.entry(&other, AT).unwrap_err().code, "wrong-address", "{}", adapter.id);
        let plain = Source { url: source.url.replace("https://", "http://"), ..source };
        assert_eq!(sent(&plain), None, "{}: never without TLS", adapter.id);
    }
}

/// `fixtures/source/errors/NAME.toml` gives `NAME.out`; `UPDATE_GOLDEN=1` writes them again.
#[test]
fn mistakes_are_shown_where_they_stand() {
    let folder = repository("fixtures/source/errors");
    let mut codes = std::collections::BTreeSet::new();
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in names.iter().filter(|path| path.extension().is_some_and(|end| end == "toml")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (adapter, mistakes) =
            load(&TextFile { path: name.to_owned(), text: std::fs::read_to_string(path).unwrap() });
        assert_eq!(adapter.is_none(), mistakes.iter().any(Diagnostic::is_error), "{name}");
        codes.extend(mistakes.iter().map(|mistake| mistake.code));
        let shown: Vec<String> = mistakes.iter().map(Diagnostic::render).collect();
        let golden = path.with_extension("out");
        if wants_update() {
            std::fs::write(&golden, shown.join("\n")).unwrap();
        } else {
            assert_eq!(shown.join("\n"), std::fs::read_to_string(&golden).unwrap_or_default(), "{name}");
        }
    }
    let documented: Vec<String> = (1..=18).map(|number| format!("A{number:03}")).collect();
    assert_eq!(codes.into_iter().collect::<Vec<_>>(), documented, "every code has an example");
}

/// `docs/sources.md` shows the same lists as the program; `UPDATE_GOLDEN=1` writes them again.
#[test]
fn the_documentation_lists_what_there_is() {
    let call = |name: &str, argument: &str| {
        if argument.is_empty() { name.to_owned() } else { format!("{name}({argument})") }
    };
    let cell = |text: &str| text.replace('|', "\\|");
    let mut lists = String::from("\n### Transforms\n\n| transform | what it does |\n|---|---|\n");
    for kind in TRANSFORMS {
        lists.push_str(&format!("| `{}` | {} |\n", call(kind.name, kind.argument), cell(kind.about)));
    }
    lists.push_str("\n### Unwrapping\n\n| `unwrap` | what it does |\n|---|---|\n");
    for kind in UNWRAPS {
        lists.push_str(&format!("| `{}` | {} |\n", call(kind.name, kind.argument), cell(kind.about)));
    }
    lists.push_str("\n### Adapters\n\n| adapter | parameters | what it reads | |\n|---|---|---|---|\n");
    for adapter in Catalog::built_in().adapters() {
        let parameters = adapter.parameters.iter().map(|parameter| match parameter.default {
            Some(_) => format!("`{}`", parameter.name),
            None => format!("**`{}`**", parameter.name),
        });
        let credential =
            adapter.credential.as_ref().map(|credential| format!("credential `{}`; ", credential.name));
        lists.push_str(&format!(
            "| `{}` | {} | {} | {}{} |\n",
            adapter.id,
            parameters.collect::<Vec<_>>().join(", "),
            adapter.about,
            credential.unwrap_or_default(),
            adapter.shape.about()
        ));
    }
    let path = repository("docs/sources.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("<!-- generated: lists -->\n").unwrap();
    let (shown, tail) = rest.split_once("<!-- end -->").unwrap();
    if wants_update() {
        std::fs::write(&path, format!("{head}<!-- generated: lists -->\n{lists}\n<!-- end -->{tail}"))
            .unwrap();
    } else {
        assert_eq!(shown.trim(), lists.trim(), "docs/sources.md");
    }
}

const AT: UnixMs = UnixMs(1_795_393_500_000);

fn example_source(adapter: &Adapter) -> Source {
    let settings =
        adapter.parameters.iter().map(|parameter| (parameter.name.clone(), parameter.example.clone()));
    let mut source = Source {
        id: SourceId::parse("example").unwrap(),
        kind: adapter.kind(),
        title: String::new(),
        url: String::new(),
        settings: settings.collect(),
        schedule: None,
        allowed_origins: Vec::new(),
        enabled: true,
        created_at: AT,
    };
    source.url = adapter.address(&source.settings).unwrap();
    source
}

fn exchange(url: &str, status: u16) -> crate::domain::capture::Exchange {
    crate::domain::capture::Exchange {
        imported: None,
        provenance: None,
        robots_override: None,
        requested_url: url.to_owned(),
        final_url: url.to_owned(),
        request_headers: Vec::new(),
        status,
        http_version: "HTTP/1.1".to_owned(),
        response_headers: Vec::new(),
        redirects: Vec::new(),
        remote_addr: String::new(),
        started_at: AT,
        finished_at: AT,
    }
}

#[test]
fn pages_go_on_until_nothing_comes() {
    let text = r#"
        [adapter]
        id = "pages"
        version = 1
        title = "分页"
        about = "x"
        platform = "x"
        kind = "json"
        gives = "post"
        hosts = ["a.example"]
        shape = "documented"
        [request]
        url = "https://a.example/list"
        [paginate]
        by = "page"
        param = "p"
        pages = 3
        [list]
        items = "/items/*"
        [item]
        text = ["/text"]
    "#;
    let (adapter, mistakes) = load(&TextFile { path: "pages.toml".to_owned(), text: text.to_owned() });
    assert!(mistakes.is_empty(), "{}", mistakes.iter().map(Diagnostic::render).collect::<String>());
    let adapter = adapter.unwrap();
    let source = example_source(&adapter);
    let read = |target: &Target, body: &str| {
        adapter.read(&source, target, &CapturedPage::new(&exchange(&target.url, 200), body.as_bytes()))
    };
    let full = r#"{"items":[{"text":"保本"}]}"#;
    let mut target = adapter.entry(&source, AT).unwrap().remove(0);
    let mut urls = vec![target.url.clone()];
    while let Some(next) = read(&target, full).targets.pop() {
        urls.push(next.url.clone());
        target = next;
    }
    assert_eq!(urls, ["https://a.example/list", "https://a.example/list?p=2", "https://a.example/list?p=3"]);
    let first = adapter.entry(&source, AT).unwrap().remove(0);
    let empty = read(&first, r#"{"items":[]}"#);
    assert_eq!((empty.outcome.name(), empty.targets.len()), ("empty", 0));
    assert_eq!(read(&first, r#"{"other":[]}"#).outcome.describe(), "shape-changed: `/items/*`");
}
