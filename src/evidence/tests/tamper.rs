//! Every way of tampering that we know is named, with the path and the kind.

use super::*;
use DeviationKind as Kind;

/// Lists and signatures: a change in one of them may also be seen in what it signs.
const LISTS: &[&str] =
    &["SHA256SUMS", "SM3SUMS", "datapackage.json", "datapackage-digest.json", "signature/public-key.pem"];

fn check(package: &Path) -> Verification {
    verify(package, &Expected { now: Some(SEALED_AT), ..Expected::default() }).unwrap()
}

#[test]
fn a_flipped_byte_in_any_file_names_that_file() {
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input(), &key());
    let original = members(&sealed.path);
    // As a file whose container was written anew, and unpacked: then no CRC-32 tells.
    let folder = unpacked(&sealed.path, &parent.path().join("unpacked"));
    for (index, (path, content)) in original.iter().enumerate() {
        for position in [0, content.len() / 2, content.len() - 1] {
            let mut changed = original.clone();
            changed[index].1[position] ^= 0x01;
            overwrite(&folder.join(path), &changed[index].1);
            put(&sealed.path, &changed);
            for place in [&sealed.path, &folder] {
                let report = check(place);
                let named: Vec<&str> = report
                    .deviations
                    .iter()
                    .map(|found| found.path.as_str())
                    .filter(|path| !path.starts_with(CONTAINER))
                    .collect();
                assert!(named.contains(&path.as_str()), "{path} byte {position}: {report:#?}");
                let blamed = named.iter().filter(|other| **other != path && !other.ends_with(".sig")).count();
                assert!(blamed == 0 || LISTS.contains(&path.as_str()), "{path} byte {position}: {report:#?}");
                assert_eq!(report.verdict(), Verdict::Changed);
            }
        }
        overwrite(&folder.join(path), content);
    }
    put(&sealed.path, &original);
    assert_eq!(check(&sealed.path).deviations, [], "all is as before");
}

#[test]
fn a_flipped_byte_anywhere_in_the_file_is_a_deviation() {
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input(), &key());
    let bytes = fs::read(&sealed.path).unwrap();
    // A prime step reaches every kind of place: heads, contents, directory, end.
    for at in (0..bytes.len()).step_by(487).chain(bytes.len() - 30..bytes.len()) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        overwrite(&sealed.path, &flipped);
        let report = check(&sealed.path);
        let inside = report.deviations.iter().any(|found| found.kind != Kind::Beside);
        assert!(inside, "byte {at}: {:?}", report.deviations);
    }
    for end in [bytes.len() - 1, bytes.len() / 2, 100] {
        overwrite(&sealed.path, &bytes[..end]);
        let report = check(&sealed.path);
        assert!(report.deviations.iter().any(|found| found.kind == Kind::Container), "cut at {end}");
    }
}

/// One way to tamper with the members, then the path and kind that must be named.
type Tampering = (&'static str, fn(&mut Vec<(String, Vec<u8>)>), &'static str, Kind);

fn at(members: &[(String, Vec<u8>)], path: &str) -> usize {
    members.iter().position(|(found, _)| found == path).unwrap()
}

fn edit(members: &mut [(String, Vec<u8>)], path: &str, change: impl FnOnce(String) -> String) {
    let index = at(members, path);
    members[index].1 = change(String::from_utf8(members[index].1.clone()).unwrap()).into_bytes();
}

#[test]
fn every_way_of_tampering_with_members_is_named() {
    const TEXT_FILE: &str = "analysis/ad-text.txt";
    let cases: &[Tampering] = &[
        ("removed", |all| drop(all.remove(at(all, TEXT_FILE))), TEXT_FILE, Kind::Missing),
        ("added", |all| all.push(("extra.txt".to_owned(), b"x".to_vec())), "extra.txt", Kind::Added),
        (
            "added beside a capture",
            |all| all.push(("captures/01-page.png".to_owned(), Vec::new())),
            "captures/01-page.png",
            Kind::Added,
        ),
        (
            "truncated",
            |all| {
                let index = at(all, "captures/01-page.bin");
                all[index].1.truncate(3);
            },
            "captures/01-page.bin",
            Kind::Size,
        ),
        (
            "emptied",
            |all| {
                let index = at(all, "captures/02-landing.bin");
                all[index].1.clear();
            },
            "captures/02-landing.bin",
            Kind::Size,
        ),
        (
            "two files exchanged",
            |all| {
                let (one, two) = (at(all, "record/record.txt"), at(all, "about/README.txt"));
                let content = all[one].1.clone();
                all[one].1 = std::mem::replace(&mut all[two].1, content);
            },
            "record/record.txt",
            Kind::Size,
        ),
        (
            "manifest of another package",
            |all| edit(all, "datapackage.json", |text| text.replace("0123456789abcdef", "fedcba9876543210")),
            "datapackage.json",
            Kind::Content,
        ),
        (
            "manifest broken",
            |all| edit(all, "datapackage.json", |_| "{".to_owned()),
            "datapackage.json",
            Kind::List,
        ),
        (
            "manifest removed",
            |all| drop(all.remove(at(all, "datapackage.json"))),
            "datapackage.json",
            Kind::Missing,
        ),
        (
            "manifest of another form",
            |all| {
                edit(all, "datapackage.json", |text| text.replace("adwatch-evidence/2", "adwatch-evidence/9"))
            },
            "datapackage.json",
            Kind::List,
        ),
        (
            "signed time changed",
            |all| edit(all, "datapackage-digest.json", |text| text.replace("2026-11", "2025-11")),
            "datapackage-digest.json",
            Kind::Content,
        ),
        (
            "line removed from the list",
            |all| edit(all, "SHA256SUMS", |text| text.split_once('\n').unwrap().1.to_owned()),
            "SHA256SUMS",
            Kind::Size,
        ),
        (
            "line doubled in the list",
            |all| edit(all, "SHA256SUMS", |text| text.repeat(2)),
            "SHA256SUMS",
            Kind::List,
        ),
        (
            "list leads outside",
            |all| edit(all, "SM3SUMS", |text| format!("{text}{}  ../../etc/passwd\n", "0".repeat(64))),
            "SM3SUMS",
            Kind::List,
        ),
        ("SM3 list removed", |all| drop(all.remove(at(all, "SM3SUMS"))), "SM3SUMS", Kind::Missing),
        (
            "zip slip",
            |all| all.push(("../evil.txt".to_owned(), b"x".to_vec())),
            "../evil.txt",
            Kind::Container,
        ),
        (
            "absolute path",
            |all| all.push(("/etc/evil".to_owned(), b"x".to_vec())),
            "/etc/evil",
            Kind::Container,
        ),
        (
            "the same name twice",
            |all| all.push((TEXT_FILE.to_owned(), b"other words".to_vec())),
            TEXT_FILE,
            Kind::Container,
        ),
        (
            "name that differs only in case",
            |all| all.push(("about/readme.TXT".to_owned(), b"x".to_vec())),
            "about/readme.TXT",
            Kind::Container,
        ),
        (
            "signature of another package",
            |all| {
                let index = at(all, "signature/SHA256SUMS.sig");
                all[index].1 = key().sign(b"other words").unwrap();
            },
            "signature/SHA256SUMS.sig",
            Kind::Signature,
        ),
        (
            "signed again with another key, manifest left",
            |all| {
                let sums = all[at(all, "SHA256SUMS")].1.clone();
                let (signature, pem) =
                    (at(all, "signature/SHA256SUMS.sig"), at(all, "signature/public-key.pem"));
                all[signature].1 = other_key().sign(&sums).unwrap();
                all[pem].1 = other_key().public_key().pem().into_bytes();
            },
            "datapackage-digest.json",
            Kind::Signature,
        ),
        (
            "file and SHA256SUMS changed together",
            |all| {
                let index = at(all, TEXT_FILE);
                let old = crate::kit::digest::sha256_hex(&all[index].1);
                all[index].1[0] ^= 1;
                let new = crate::kit::digest::sha256_hex(&all[index].1);
                edit(all, "SHA256SUMS", |text| text.replace(&old, &new));
            },
            TEXT_FILE,
            Kind::Content,
        ),
    ];
    for (what, tamper, path, kind) in cases {
        let parent = tempfile::tempdir().unwrap();
        let sealed = sealed_in(parent.path(), &input(), &key());
        let mut changed = members(&sealed.path);
        tamper(&mut changed);
        put(&sealed.path, &changed);
        let report = check(&sealed.path);
        let named = report.deviations.iter().any(|found| found.path == *path && found.kind == *kind);
        assert!(named, "{what}: {:#?}", report.deviations);
        assert!(
            report.deviations.iter().any(|found| found.path == ".wacz.sha256"),
            "{what}: what lies beside the file tells it too"
        );
    }
}

/// A change by someone who can sign: lists and signatures fit, but the package contradicts itself.
type Forgery = (&'static str, fn(&mut PackageInput), fn(&mut Vec<File>), &'static str, Kind);

fn same(_: &mut PackageInput) {}

fn keep(_: &mut Vec<File>) {}

pub(super) fn replace(files: &mut [File], path: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let file = files.iter_mut().find(|file| file.path == path).unwrap();
    *file = File::new(path, file.made_by, change(file.bytes.clone()));
}

pub(super) fn words(files: &mut [File], path: &str, from: &str, to: &str) {
    replace(files, path, |bytes| String::from_utf8(bytes).unwrap().replacen(from, to, 1).into_bytes());
}

/// Packs members that begin where a gzip head stands, so that a test can change what is inside.
fn regzipped(archive: &[u8], change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    use std::io::{Read as _, Write as _};
    let mut rest = archive;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let mut member = flate2::bufread::GzDecoder::new(rest);
        let mut record = Vec::new();
        member.read_to_end(&mut record).unwrap();
        rest = member.into_inner();
        records.push(record);
    }
    change(&mut records);
    let mut bytes = Vec::new();
    for record in records {
        let mut member = flate2::write::GzEncoder::new(&mut bytes, flate2::Compression::new(6));
        member.write_all(&record).unwrap();
        member.finish().unwrap();
    }
    bytes
}

#[test]
fn a_package_signed_by_its_forger_contradicts_itself() {
    const WARC: &str = "archive/data.warc.gz";
    let cases: &[Forgery] = &[
        (
            "a capture that ends before it begins",
            |input| {
                let exchange = &mut input.captures[0].capture.exchange;
                exchange.finished_at = exchange.started_at.plus_ms(-1);
            },
            keep,
            "captures/01-page.json",
            Kind::Time,
        ),
        (
            "a capture after the sealing",
            |input| input.captures[1].capture.exchange.finished_at = SEALED_AT.plus_ms(1),
            keep,
            "captures/02-landing.json",
            Kind::Time,
        ),
        (
            "a decision after the sealing",
            |input| input.decisions[0].at = SEALED_AT.plus_ms(1),
            keep,
            "record/decisions.json",
            Kind::Time,
        ),
        (
            "sealed in the future",
            |input| input.sealed_at = SEALED_AT.plus_ms(3 * 86_400_000),
            keep,
            "datapackage.json",
            Kind::Time,
        ),
        (
            "raw bytes exchanged, archive left",
            same,
            |files| replace(files, "captures/01-page.bin", |_| b"<p>other</p>".to_vec()),
            "captures/01-page.json",
            Kind::Archive,
        ),
        (
            "archive without a record",
            same,
            |files| {
                replace(files, WARC, |bytes| {
                    regzipped(&bytes, |records| {
                        records.pop();
                        let is_response =
                            |record: &Vec<u8>| record.starts_with(b"WARC/1.1\r\nWARC-Type: response");
                        let index = records.iter().rposition(is_response).unwrap();
                        records.remove(index);
                    })
                });
            },
            WARC,
            Kind::Archive,
        ),
        (
            "archive that says other bytes than the raw files",
            same,
            |files| {
                replace(files, WARC, |bytes| {
                    regzipped(&bytes, |records| {
                        let holds = |record: &Vec<u8>| record.windows(7).any(|window| window == b"landing");
                        let index = records.iter().position(holds).unwrap();
                        let at = records[index].windows(4).position(|window| window == b"<h1>").unwrap();
                        records[index][at + 4] ^= 1;
                    })
                });
            },
            WARC,
            Kind::Archive,
        ),
        (
            "archive that unpacks to far more than it holds",
            same,
            |files| {
                replace(files, WARC, |bytes| {
                    regzipped(&bytes, |records| {
                        let size = 64 << 20;
                        let head = format!(
                            "WARC/1.1\r\nWARC-Type: resource\r\nWARC-Target-URI: a\r\nWARC-Block-Digest: x\r\nContent-Length: {size}\r\n\r\n"
                        );
                        records.push([head.as_bytes(), &vec![0; size]].concat());
                    })
                });
            },
            WARC,
            Kind::Archive,
        ),
        (
            "index that leads to another record",
            same,
            |files| words(files, "indexes/index.cdx", "\"offset\":\"", "\"offset\":\"1"),
            "indexes/index.cdx",
            Kind::Archive,
        ),
        (
            "page that was not captured",
            same,
            |files| words(files, "pages/pages.jsonl", "http://news.example/1/", "http://bank.example/"),
            "pages/pages.jsonl",
            Kind::Archive,
        ),
        (
            "other words in the text than the analysis quotes",
            same,
            |files| words(files, "analysis/ad-text.txt", "保 本", "不 保"),
            "analysis/analysis.json",
            Kind::Analysis,
        ),
        (
            "a record of a capture that cannot be read",
            same,
            |files| replace(files, "captures/01-page.json", |_| b"{}".to_vec()),
            "captures/01-page.json",
            Kind::Archive,
        ),
        (
            "another key in the file",
            same,
            |files| {
                replace(files, "signature/public-key.pem", |_| other_key().public_key().pem().into_bytes());
            },
            "datapackage-digest.json",
            Kind::Signature,
        ),
        (
            "a certificate that is none",
            same,
            |files| files.push(File::new("signature/certificate.pem", "", b"hello".to_vec())),
            "signature/certificate.pem",
            Kind::Certificate,
        ),
    ];
    for (what, change, tamper, path, kind) in cases {
        let parent = tempfile::tempdir().unwrap();
        let mut input = input();
        change(&mut input);
        let mut files = made(&input);
        tamper(&mut files);
        let files = relisted(&input, files, &key());
        let sealed = seal(parent.path(), "forged", &files, &key()).unwrap();
        let report = check(&sealed.path);
        let named = report.deviations.iter().any(|found| found.path == *path && found.kind == *kind);
        assert!(named, "{what}: {:#?}", report.deviations);
        let lists = report.deviations.iter().filter(|found| matches!(found.kind, Kind::List | Kind::Content));
        assert_eq!(lists.count(), 0, "{what}: the lists fit, it is the meaning that does not");
    }
}

#[test]
fn a_package_replaced_as_a_whole_is_told_by_seal_and_key() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let original = sealed_in(one.path(), &input(), &key());
    let mut forged = input();
    forged.ad.draft.title = Some("无事".to_owned());
    let forged = sealed_in(two.path(), &forged, &other_key());
    assert!(check(&forged.path).is_intact(), "in itself it fits together");
    let expected = Expected {
        seal_sha256: Some(original.seal.sha256),
        key_fingerprint: Some(key().public_key().fingerprint()),
        ..Expected::default()
    };
    let report = verify(&forged.path, &expected).unwrap();
    let kinds: Vec<Kind> = report.deviations.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [Kind::Key, Kind::Seal]);
    assert_eq!(report.verdict(), Verdict::Replaced);
}

#[test]
fn what_lies_beside_the_file_must_fit_it() {
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input(), &key());
    let beside = Beside::of(&sealed.path);
    let cases =
        [(&beside.digest, ".wacz.sha256"), (&beside.signature, ".wacz.sig"), (&beside.key, ".wacz.pem")];
    for (path, shown) in cases {
        let original = fs::read(path).unwrap();
        let mut changed = original.clone();
        let middle = changed.len() / 2;
        changed[middle.min(40)] ^= 1;
        overwrite(path, &changed);
        let report = check(&sealed.path);
        assert!(
            report.deviations.iter().any(|found| found.path == shown && found.kind == Kind::Beside),
            "{shown}"
        );
        overwrite(path, &original);
    }
    fs::remove_file(&beside.digest).unwrap();
    let report = check(&sealed.path);
    assert!(report.is_intact(), "a copy without its neighbours is whole in itself");
    assert_eq!(report.unchecked.len(), 1);
}

#[cfg(unix)]
#[test]
fn links_in_an_unpacked_package_are_named_and_not_followed() {
    let parent = tempfile::tempdir().unwrap();
    let sealed = sealed_in(parent.path(), &input(), &key());
    let folder = unpacked(&sealed.path, &parent.path().join("unpacked"));
    fs::remove_file(folder.join("about/README.txt")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.join("about/README.txt")).unwrap();
    let report = check(&folder);
    assert_eq!(report.deviations.len(), 1, "{:#?}", report.deviations);
    assert_eq!(report.deviations[0].kind, Kind::NotAFile);
}

#[test]
fn time_stamps_beside_the_file_are_read_and_wrong_ones_are_named() {
    use crate::evidence::timestamp::request;
    use crate::evidence::timestamp::tests::{authority, stamped};
    let parent = tempfile::tempdir().unwrap();
    let (office, stranger) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    authority(office.path());
    authority(stranger.path());
    // Long ago, whatever the clock of the machine that runs this says; captures are not looked at here.
    let mut input = input();
    input.sealed_at = UnixMs(1_500_000_000_000);
    input.captures.clear();
    input.decisions.clear();
    let sealed = sealed_in(parent.path(), &input, &key());
    let stamp = |folder: &Path, sha256: &str| {
        stamped(folder, &request(&hex::decode(sha256).unwrap().try_into().unwrap(), 7))
    };
    let beside = |package: &Path| PathBuf::from(format!("{}.office.tsr", package.display()));
    let token = beside(&sealed.path);
    let expected = |roots: Option<&Path>| Expected {
        stamp_roots: roots.map(|folder| folder.join("tsa.pem")),
        ..Expected::default()
    };
    let good = stamp(office.path(), &sealed.seal.sha256);
    fs::write(&token, &good).unwrap();
    let report = verify(&sealed.path, &expected(Some(office.path()))).unwrap();
    assert_eq!(
        (report.deviations.len(), report.stamps.len(), report.unchecked.len()),
        (0, 1, 0),
        "{report:#?}"
    );
    input.sealed_at = UnixMs(4_000_000_000_000);
    let early = sealed_in(parent.path(), &input, &key());
    fs::write(beside(&early.path), stamp(office.path(), &early.seal.sha256)).unwrap();
    let report = verify(&early.path, &expected(None)).unwrap();
    assert!(report.deviations[0].detail.contains("before it was sealed"), "{report:#?}");
    let report = verify(&sealed.path, &expected(None)).unwrap();
    assert!(report.is_intact() && report.unchecked[0].contains("who signed"), "{report:#?}");
    let wrong_answers: [(&str, Vec<u8>, &Path); 4] = [
        ("of another authority", stamp(stranger.path(), &sealed.seal.sha256), office.path()),
        ("about other bytes", stamp(office.path(), &"ab".repeat(32)), office.path()),
        ("no token at all", b"<html>502</html>".to_vec(), office.path()),
        ("cut off", good[..good.len() / 2].to_vec(), office.path()),
    ];
    for (what, bytes, roots) in wrong_answers {
        fs::write(&token, bytes).unwrap();
        let report = verify(&sealed.path, &expected(Some(roots))).unwrap();
        let named: Vec<(&str, Kind)> =
            report.deviations.iter().map(|found| (found.path.as_str(), found.kind)).collect();
        assert_eq!(named, [(".wacz.office.tsr", Kind::Timestamp)], "{what}: {report:#?}");
    }
}
