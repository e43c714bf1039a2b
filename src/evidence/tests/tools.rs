//! Packages before tools that know nothing of adwatch.
#![expect(clippy::disallowed_methods, reason = "the tests are told from outside which tools they may use")]

use std::process::Command;

use super::*;
use crate::evidence::surt::surt;
use crate::evidence::surt::tests::CASES;

/// Runs a command; gives whether it succeeded and everything it said.
fn run(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn python() -> Option<String> {
    let python = std::env::var("ADWATCH_TEST_EVIDENCE_PYTHON").ok();
    if python.is_none() {
        assert!(std::env::var("ADWATCH_TEST_STRICT").is_err(), "ADWATCH_TEST_EVIDENCE_PYTHON is not set");
        eprintln!("not run: ADWATCH_TEST_EVIDENCE_PYTHON names no Python with warcio, wacz and pywb");
    }
    python
}

fn script(text: &str, package: &Path, folder: &Path) -> (bool, String) {
    run(Command::new("sh")
        .args(["-euc", text, "sh"])
        .arg(package.file_name().unwrap())
        .arg(folder)
        .current_dir(package.parent().unwrap()))
}

/// What the README tells a reader to do, word by word.
const RECIPE: &str = "sha256sum -c \"$1.sha256\"
    openssl pkeyutl -verify -rawin -in \"$1.sha256\" -sigfile \"$1.sig\" -pubin -inkey \"$1.pem\"
    unzip -qt \"$1\"
    rm -rf \"$2\" && unzip -q \"$1\" -d \"$2\"
    sh \"$2/about/verify.sh\"";

#[test]
fn the_recipe_of_the_readme_accepts_a_package_and_sees_every_flipped_file() {
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input(), &key());
    let folder = parent.path().join("unpacked");
    let (accepted, said) = script(RECIPE, &sealed.path, &folder);
    assert!(accepted, "{said}");
    assert!(said.contains(&key().public_key().fingerprint()), "{said}");
    for (path, content) in members(&sealed.path) {
        let mut changed = content.clone();
        let middle = changed.len() / 2;
        changed[middle] ^= 1;
        overwrite(&folder.join(&path), &changed);
        let (accepted, said) = run(Command::new("sh").arg(folder.join("about/verify.sh")));
        // The last file signs the others; its signature is what `wacz` and `adwatch` check.
        let unseen = ["datapackage-digest.json", "about/verify.sh"].contains(&path.as_str());
        assert!(!accepted || unseen, "{path}: {said}");
        overwrite(&folder.join(&path), &content);
    }
    fs::write(folder.join("extra.txt"), "x").unwrap();
    assert!(!run(Command::new("sh").arg(folder.join("about/verify.sh"))).0, "an added file");
}

#[test]
fn validators_of_web_archives_accept_a_package() {
    let Some(python) = python() else { return };
    for (input, n_lines) in [(input(), 4), (rendered::input_rendered(), 7)] {
        validators_accept(&python, &input, n_lines);
    }
}

fn validators_accept(python: &str, input: &PackageInput, n_lines: usize) {
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), input, &key());
    let folder = unpacked(&sealed.path, &parent.path().join("unpacked"));
    let bin = Path::new(python).parent().unwrap();
    let (accepted, said) = run(Command::new(bin.join("wacz")).args(["validate", "-f"]).arg(&sealed.path));
    assert!(accepted && said.contains("is valid"), "{said}");
    let warc = folder.join("archive/data.warc.gz");
    let (accepted, said) = run(Command::new(bin.join("warcio")).args(["check", "-v"]).arg(&warc));
    assert!(accepted && !said.contains("failed") && said.contains("pass"), "{said}");
    // The index line by line as the reference indexer makes it, in the fields that both have.
    let compare = "import json, sys
theirs, ours = (sorted(
    (key, stamp, tuple(json.loads(fields)[name] for name in ('url', 'status', 'digest', 'length', 'offset')))
    for key, stamp, fields in (line.split(' ', 2) for line in open(path) if 'status' in line)) for path in sys.argv[1:])
assert theirs == ours, (theirs, ours)
print(len(ours), 'lines')";
    let index = parent.path().join("theirs.cdxj");
    let (accepted, said) = run(Command::new(bin.join("cdxj-indexer"))
        .args(["--sort", "--records", "response", "-o"])
        .arg(&index)
        .arg(&warc));
    assert!(accepted, "{said}");
    let (accepted, said) =
        run(Command::new(python).args(["-c", compare]).arg(&index).arg(folder.join("indexes/index.cdx")));
    assert!(accepted && said.contains(&format!("{n_lines} lines")), "{said}");
}

#[test]
fn keys_of_addresses_are_those_of_the_reference_library() {
    let Some(python) = python() else { return };
    for (address, _) in CASES {
        let ask = "import sys; from surt import surt; print(surt(sys.argv[1]), end='')";
        let (_, said) = run(Command::new(&python).args(["-c", ask, address]));
        assert_eq!(said, surt(address), "{address}");
    }
}

#[test]
fn pywb_plays_the_captured_bytes_back() {
    let Some(python) = python() else { return };
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &rendered::input_rendered(), &key());
    let folder = unpacked(&sealed.path, &parent.path().join("unpacked"));
    // The application is asked in its own process, without a port.
    let ask = "import os, sys
folder, work, *wanted = sys.argv[1:]
os.chdir(work)
from pywb.manager.manager import main
main(['init', 'c'])
main(['add', 'c', folder + '/archive/data.warc.gz'])
from pywb.apps.frontendapp import FrontEndApp
from webtest import TestApp
app = TestApp(FrontEndApp(custom_config={'debug': True}))
for url, expected in zip(wanted[::2], wanted[1::2]):
    answer = app.get('/c/mp_/' + url, expect_errors=True)
    while answer.status_int in (301, 302, 307):
        answer = answer.follow(expect_errors=True)
    print(url, answer.status_int)
    assert bytes.fromhex(expected) in answer.body, (url, answer.body[:400])";
    let work = parent.path().join("work");
    fs::create_dir(&work).unwrap();
    let mut asked = Command::new(&python);
    asked.args(["-c", ask]).arg(&folder).arg(&work);
    // The landing page; of the rendered page a style, a script that came decoded, and a picture behind a redirect.
    for (url, expected) in [
        ("http://news.example/2", b"<h1>landing</h1>".to_vec()),
        ("http://static.example/a.css", b"p { color: red;".to_vec()),
        ("http://static.example/a.js", "document.title = '江州'".as_bytes().to_vec()),
        ("http://static.example/old.png", rendered::picture(3, 2)),
    ] {
        asked.args([url, &hex::encode(expected)]);
    }
    let (accepted, said) = run(&mut asked);
    assert!(accepted, "{said}");
}
