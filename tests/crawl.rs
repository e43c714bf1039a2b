//! Crawling the demo's sites with the real binary: twice, killed in the middle, on both databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::disallowed_methods, reason = "tests are told from outside which server they may use")]
#![expect(clippy::print_stderr, reason = "a test that is not run says so")]

mod world;

use std::collections::BTreeSet;

use world::{Running, SitesPlayed, World};

#[test]
fn the_demo_finds_what_was_planted_and_seals_evidence_that_stock_tools_check() {
    let world = World::new();
    let ran = world.run(&["demo", "--no-serve"]);
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    let package = ran
        .out
        .lines()
        .find_map(|line| line.trim().strip_prefix("adwatch evidence verify "))
        .expect("the demo says how to check the package");
    let checked = world.run(&["evidence", "verify", package]);
    assert_eq!(checked.code, 0, "{}", checked.out);
    let file = std::path::Path::new(package);
    let digest = format!("{}.sha256", file.file_name().unwrap().to_str().unwrap());
    let stock = std::process::Command::new("sha256sum")
        .args(["--check", "--strict", "--quiet", &digest])
        .current_dir(file.parent().unwrap())
        .output()
        .unwrap();
    assert!(stock.status.success(), "{}", String::from_utf8_lossy(&stock.stderr));
    let mut bytes = std::fs::read(file).unwrap();
    let title = "<h1>电子数据提取笔录".as_bytes();
    let at = bytes.windows(title.len()).position(|window| window == title).expect("it holds a record");
    bytes[at + 1] ^= 1;
    let copy = world.write("tampered.wacz", bytes);
    let tampered = world.run(&["evidence", "verify", copy.to_str().unwrap()]);
    assert_eq!(tampered.code, 1, "a flipped bit is a deviation: {}", tampered.out);
    assert!(tampered.out.contains("content record/record."), "and is named: {}", tampered.out);
}

#[test]
fn a_second_crawl_of_an_unchanged_site_adds_sightings_not_findings() {
    second_crawl(&World::new());
}

#[test]
fn the_same_on_postgresql() {
    let Some(url) = postgres() else { return };
    second_crawl(&World::on_database(url));
}

fn second_crawl(world: &World) {
    let sites = SitesPlayed::start(world);
    world.add_sources(&sites);
    quick(world);
    let first = world.ok(&["crawl"]);
    assert_eq!(first.code, 1, "there are new findings\n{}\n{}", first.out, first.err);
    let before = world.findings();
    assert!(before.len() >= 25, "{} findings", before.len());
    let second = world.ok(&["crawl"]);
    assert_eq!(second.code, 0, "nothing is new\n{}\n{}", second.out, second.err);
    let after = world.findings();
    let ids = |findings: &[serde_json::Value]| {
        findings.iter().map(|finding| finding["id"].to_string()).collect::<BTreeSet<_>>()
    };
    assert_eq!(ids(&before), ids(&after));
    let sightings = |findings: &[serde_json::Value]| {
        findings.iter().map(|finding| finding["n_sightings"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(sightings(&after), 2 * sightings(&before));
}

#[test]
fn a_crawl_killed_at_any_page_leaves_nothing_torn_and_the_next_one_completes() {
    let whole = World::new();
    let sites = SitesPlayed::start(&whole);
    whole.add_sources(&sites);
    quick(&whole);
    whole.ok(&["crawl"]);
    let expected: BTreeSet<String> =
        whole.findings().iter().map(|finding| finding["id"].to_string()).collect();

    for n_pages in [1, 4, 9, 17, 30] {
        let world = World::new();
        world.add_sources(&sites);
        quick(&world);
        let mut crawl = Running::start(world.command(&["--log", "adwatch=info", "crawl"]), true);
        for _ in 0..n_pages {
            crawl.line_with("captured").expect("the crawl is still going on");
        }
        crawl.kill();
        let torn = world.ok(&["doctor"]);
        assert_eq!(torn.code, 0, "after {n_pages} pages:\n{}", torn.out);
        let again = world.ok(&["crawl"]);
        assert!(again.code <= 1, "{}\n{}", again.out, again.err);
        let found: BTreeSet<String> =
            world.findings().iter().map(|finding| finding["id"].to_string()).collect();
        assert_eq!(found, expected, "after a kill at page {n_pages}");
        assert_eq!(world.ok(&["doctor"]).code, 0);
    }
}

#[test]
fn an_address_that_is_not_public_is_refused_unless_allowed() {
    let world = World::new();
    let sites = SitesPlayed::start(&world);
    quick(&world);
    let [_, kind, url, _] = sites.sources[0].as_slice() else { panic!("four words") };
    world.ok(&["source", "add", "inside", "--kind", kind, "--url", url]);
    let ran = world.run(&["crawl", "inside"]);
    assert_eq!(ran.code, 3, "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("被拒绝") && ran.out.contains("127.0.0.1"), "{}", ran.out);
    assert_eq!(world.findings().len(), 0);
}

#[test]
fn sources_are_added_checked_listed_and_removed() {
    let world = World::new();
    let sites = SitesPlayed::start(&world);
    world.add_sources(&sites);
    quick(&world);
    for source in &sites.sources {
        let ran = world.run(&["source", "check", &source[0]]);
        assert_eq!(ran.code, 0, "{}", ran.out);
        assert!(world.ok(&["source", "list"]).out.contains(source[0].as_str()));
    }
    let id = &sites.sources[0][0];
    assert_eq!(world.run(&["source", "add", id, "--kind", "news-site", "--url", "http://a/"]).code, 2);
    world.ok(&["source", "remove", id]);
    assert!(!world.ok(&["source", "list"]).out.contains(id.as_str()));
    assert_eq!(world.run(&["source", "remove", id]).code, 2);
    let wrong = world.run(&["source", "add", "x", "--kind", "paper", "--url", "file:///etc/passwd"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("news-site") && wrong.err.contains("http"), "{}", wrong.err);
}

/// Nobody is disturbed by haste on our own loopback.
fn quick(world: &World) {
    world.write("adwatch.toml", "[fetch]\nhost_interval_ms = 0\n");
}

/// A schema of its own on the PostgreSQL server that `make test` starts.
fn postgres() -> Option<String> {
    let server = std::env::var("ADWATCH_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    if server.is_none() {
        assert!(
            std::env::var("ADWATCH_TEST_STRICT").is_err(),
            "ADWATCH_TEST_POSTGRES is not set; run the tests with `make test`"
        );
        eprintln!("not run: ADWATCH_TEST_POSTGRES is not set");
    }
    let server = server?;
    let schema = format!("e2e_{}", std::process::id());
    let made = std::process::Command::new("psql")
        .arg(&server)
        .args(["-qc", &format!("create schema {schema}")])
        .status();
    assert!(made.expect("psql runs").success());
    let separator = if server.contains('?') { '&' } else { '?' };
    Some(format!("{server}{separator}options[search_path]={schema}"))
}
