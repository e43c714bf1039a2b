//! Certificates, environments, extracts of the capture log; keys of an office; masked copies.

use super::tamper::{replace, words};
use super::*;
use crate::domain::capture::Provenance;
use crate::evidence::timestamp::request;
use crate::evidence::timestamp::tests::{authority, stamped};
use crate::kit::chain;
use crate::kit::digest::sha256_hex;

const DAY: &str = "2026-11-23";

/// The package of a page that came over TLS, with its entry in a log of three, whose head `tsa` stamped.
fn provided(tsa: &Path) -> PackageInput {
    let mut input = input();
    let chain_shown = vec![b"own certificate".to_vec(), b"its issuer".to_vec()];
    let environment = b"{\n  \"schema\": \"adwatch-environment/1\"\n}\n".to_vec();
    let captured = &mut input.captures[0];
    captured.capture.exchange.provenance = Some(Provenance {
        certificates: chain_shown.iter().map(|bytes| sha256_hex(bytes)).collect(),
        environment: sha256_hex(&environment),
        clock: ClockState::unchecked(),
    });
    captured.certificates = chain_shown;
    captured.environment = Some(environment);
    let document = format!(
        "{{\"day\":\"{DAY}\",\"ordinal\":2,\"capture_id\":\"{}\",\"final_url\":\"{}\",\"body_sha256\":\"{}\"}}",
        captured.capture.id, captured.capture.exchange.final_url, captured.capture.body.digests.sha256
    );
    let before = chain::link(chain::GENESIS, "first");
    let mut previous = before.clone();
    let links = [(2, sha256_hex(document.as_bytes())), (3, "ab".repeat(32))]
        .map(|(ordinal, digest)| {
            previous = chain::link(&previous, &digest);
            LogLink { ordinal, digest, hash: previous.clone() }
        })
        .to_vec();
    let head: [u8; 32] = hex::decode(&previous).unwrap().try_into().unwrap();
    input.logs = vec![LogExtract {
        day: DAY.to_owned(),
        before,
        links,
        documents: vec![(captured.capture.id.clone(), document)],
        tokens: vec![LogToken { authority: "ours".to_owned(), bytes: stamped(tsa, &request(&head, 7)) }],
    }];
    input
}

type Tamper = fn(&mut Vec<File>);

#[test]
fn what_belongs_to_a_capture_is_sealed_with_it_and_must_fit() {
    let tsa = tempfile::tempdir().unwrap();
    authority(tsa.path());
    let input = provided(tsa.path());
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input, &key());
    let report = verify(&sealed.path, &Expected::default()).unwrap();
    assert!(report.is_intact(), "{:#?}", report.deviations);
    let record = members(&sealed.path).into_iter().find(|(path, _)| path == "record/record.html").unwrap().1;
    assert!(String::from_utf8(record).unwrap().contains("有时间戳（ours）"));
    let cases: [(&str, Tamper, &str, DeviationKind); 7] = [
        (
            "other certificates",
            |files| replace(files, "captures/01-page.pem", |_| der::to_pem(b"x", "CERTIFICATE").into_bytes()),
            "captures/01-page.pem",
            DeviationKind::Certificate,
        ),
        (
            "another environment",
            |files| words(files, "captures/environment-1.json", "/1", "/9"),
            "captures/environment-1.json",
            DeviationKind::Content,
        ),
        (
            "an entry with other words",
            |files| words(files, "captures/01-page.log.json", "\"ordinal\":2", "\"ordinal\":3"),
            "captures/01-page.log.json",
            DeviationKind::Log,
        ),
        (
            "an entry about other bytes",
            |files| words(files, "captures/01-page.log.json", "\"body_sha256\":\"", "\"body_sha256\":\"0"),
            "captures/01-page.log.json",
            DeviationKind::Log,
        ),
        (
            "a link taken out",
            |files| words(files, "log/2026-11-23.txt", "\n2 ", "\n9 "),
            "log/2026-11-23.txt",
            DeviationKind::Log,
        ),
        (
            "another head",
            |files| {
                replace(files, "log/2026-11-23.txt", |bytes| {
                    let text = String::from_utf8(bytes).unwrap();
                    let lines: Vec<&str> = text.lines().collect();
                    (lines[..lines.len() - 1].join("\n") + "\n").into_bytes()
                });
            },
            "log/2026-11-23.ours.tsr",
            DeviationKind::Timestamp,
        ),
        (
            "no token",
            |files| replace(files, "log/2026-11-23.ours.tsr", |_| b"<html>".to_vec()),
            "log/2026-11-23.ours.tsr",
            DeviationKind::Timestamp,
        ),
    ];
    for (what, tamper, path, kind) in cases {
        let parent = tempfile::tempdir().unwrap();
        let mut files = made(&input);
        tamper(&mut files);
        let files = relisted(&input, files, &key());
        let sealed = seal(parent.path(), "forged", &files, &key()).unwrap();
        let report = verify(&sealed.path, &Expected::default()).unwrap();
        let named = report.deviations.iter().any(|found| found.path == path && found.kind == kind);
        assert!(named, "{what}: {:#?}", report.deviations);
    }
}

#[test]
fn the_links_are_checked_by_the_lines_of_the_readme() {
    let tsa = tempfile::tempdir().unwrap();
    authority(tsa.path());
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &provided(tsa.path()), &key());
    let folder = unpacked(&sealed.path, &parent.path().join("unpacked"));
    let script = format!(
        "set -e; log=log/{DAY}.txt; h=$(head -1 $log | cut -d' ' -f3); sed 1d $log | while read n d w; do
           h=$(printf '%s\\n%s' \"$h\" \"$d\" | sha256sum | cut -c-64); [ \"$h\" = \"$w\" ]; done
         grep -q \"^2 $(sha256sum < captures/01-page.log.json | cut -c-64) \" $log
         openssl ts -verify -digest $(tail -1 $log | cut -d' ' -f3) -in log/{DAY}.ours.tsr -CAfile {}",
        tsa.path().join("tsa.pem").display()
    );
    let done = std::process::Command::new("sh").args(["-c", &script]).current_dir(&folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_package_is_signed_by_the_key_and_under_the_certificate_of_an_office() {
    let keys = tempfile::tempdir().unwrap();
    let shell = |command: &str| {
        let done = std::process::Command::new("sh").args(["-c", command]).current_dir(keys.path()).output();
        let done = done.unwrap();
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
    };
    for kind in ["ec -pkeyopt ec_paramgen_curve:P-256", "rsa -pkeyopt rsa_keygen_bits:2048"] {
        shell(&format!("openssl genpkey -algorithm {kind} -out key.pem && chmod 600 key.pem"));
        shell("openssl req -x509 -key key.pem -out cert.pem -days 30 -subj '/O=Office/CN=Evidence'");
        let path = keys.path().join("cert.pem");
        let valid = certificate::Certificate::parse(&fs::read_to_string(&path).unwrap()).unwrap();
        let office = SigningKey::open(&keys.path().join("key.pem")).unwrap();
        let office = office.with_certificate(&path, valid.not_after).unwrap();
        let mut input = input();
        // The certificate is of today, whatever day the captures are of.
        input.captures.clear();
        input.decisions.clear();
        input.sealed_at = valid.not_after;
        let parent = tempfile::tempdir().unwrap();
        let sealed = sealed_in(parent.path(), &input, &office);
        let report = verify(&sealed.path, &Expected::default()).unwrap();
        assert!(report.is_intact(), "{kind}: {:#?}", report.deviations);
        assert!(
            report.unchecked.iter().any(|note| note.contains("openssl verify")),
            "{:?}",
            report.unchecked
        );
        let folder = unpacked(&sealed.path, &parent.path().join("unpacked"));
        let checked = std::process::Command::new("sh").arg(folder.join("about/verify.sh")).output().unwrap();
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));

        // Sealed a second after the certificate ended; and a certificate over another key.
        input.sealed_at = valid.not_after.plus_ms(1_000);
        let parent = tempfile::tempdir().unwrap();
        let late = sealed_in(parent.path(), &input, &office);
        let report = verify(&late.path, &Expected::default()).unwrap();
        let kinds: Vec<DeviationKind> = report.deviations.iter().map(|found| found.kind).collect();
        assert_eq!(kinds, [DeviationKind::Certificate], "{:#?}", report.deviations);
        let mut files = files(&input, &other_key()).unwrap();
        files.push(File::new("signature/certificate.pem", "", fs::read(&path).unwrap()));
        input.sealed_at = valid.not_after;
        let files = relisted(&input, files, &other_key());
        let parent = tempfile::tempdir().unwrap();
        let strange = seal(parent.path(), "forged", &files, &other_key()).unwrap();
        let report = verify(&strange.path, &Expected::default()).unwrap();
        let named = report
            .deviations
            .iter()
            .any(|found| found.kind == DeviationKind::Certificate && found.detail.contains("another key"));
        assert!(named, "{:#?}", report.deviations);
    }
}

#[test]
fn a_masked_copy_hides_bystanders_and_stays_a_package() {
    let mut input = input();
    let page = "<p>保 本 保 息，年化收益15%。网友李某 13812345678、a@mail.example 留言</p>";
    input.captures[0].body = page.as_bytes().to_vec();
    input.captures[0].capture.body = BlobRef::of(page.as_bytes());
    input.captures[1].capture.exchange.response_headers =
        vec![("content-type".to_owned(), "image/png".to_owned())];
    input.decisions[0].note = "举报人王某，电话 13711112222".to_owned();
    let original = input.package_id().unwrap();
    let masked = masked(input, &original, &"cd".repeat(32));
    let from = masked.masked_from.clone().unwrap();
    assert_eq!((from.n_masked, from.n_left_out), (2, 1));
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &masked, &key());
    let report = verify(&sealed.path, &Expected::default()).unwrap();
    assert!(report.is_intact(), "{:#?}", report.deviations);
    assert_eq!(report.package_id.unwrap(), format!("{original}-masked"));
    for (path, bytes) in members(&sealed.path) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for hidden in ["13812345678", "a@mail.example", "13711112222", "王某"] {
            assert!(!text.contains(hidden), "{path} shows {hidden}");
        }
    }
}
