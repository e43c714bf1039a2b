//! The three lists of a package against its files and against each other.

use std::collections::{BTreeMap, BTreeSet};

use super::contents::{Contents, Found};
use super::{CONTAINER, Deviation, DeviationKind};
use crate::evidence::datapackage::{
    self, DATAPACKAGE, DATAPACKAGE_DIGEST, Datapackage, DatapackageDigest, Resource,
};
use crate::evidence::package::SUMS_SIGNATURE;
use crate::evidence::sums::{self, SHA256SUMS, SM3SUMS};

/// What the lists say, as far as they can be read.
pub(super) struct Lists {
    pub package: Option<Datapackage>,
    pub digest: Option<DatapackageDigest>,
}

/// What the lists say of one file.
struct Listed<'a> {
    sha256: Option<&'a String>,
    sm3: Option<&'a String>,
    resource: Option<&'a Resource>,
}

/// Compares every file with every list.
pub(super) fn check(contents: &Contents, deviations: &mut Vec<Deviation>) -> Lists {
    let sha256 = read_sums(contents, SHA256SUMS, deviations);
    let sm3 = read_sums(contents, SM3SUMS, deviations);
    let package: Option<Datapackage> = read_json(contents, DATAPACKAGE, deviations);
    let package = package.filter(|package| is_known_form(package, deviations));
    let digest: Option<DatapackageDigest> = read_json(contents, DATAPACKAGE_DIGEST, deviations);
    check_own_digest(contents, package.as_ref(), digest.as_ref(), deviations);

    let mut resources: BTreeMap<&str, &Resource> = BTreeMap::new();
    for resource in package.iter().flat_map(|package| &package.resources) {
        if resources.insert(&resource.path, resource).is_some() {
            let detail = format!("it names `{}` twice", resource.path);
            deviations.push(Deviation::of(DATAPACKAGE, DeviationKind::List, detail));
        }
    }
    let mut paths: BTreeSet<&str> = contents.files.keys().map(String::as_str).collect();
    paths.extend(sha256.keys().map(String::as_str));
    paths.extend(sm3.keys().map(String::as_str));
    paths.extend(resources.keys());
    paths.extend([DATAPACKAGE, DATAPACKAGE_DIGEST]);
    for path in paths {
        let listed =
            Listed { sha256: sha256.get(path), sm3: sm3.get(path), resource: resources.get(path).copied() };
        let is_odd = |known: &Deviation| {
            known.path == path && matches!(known.kind, DeviationKind::NotAFile | DeviationKind::Container)
        };
        let found = contents.files.get(path);
        // What the container already names and does not hand out is not missing as well.
        if found.is_none() && deviations.iter().any(is_odd) {
            continue;
        }
        let compared = compare(path, found, &listed, package.is_some());
        deviations.extend(compared);
    }
    for (path, found) in &contents.files {
        // What the lists already say of a file needs no second sentence.
        let is_named = deviations.iter().any(|known| known.path == *path);
        if let Some((said, actual)) = found.crc32.filter(|(said, actual)| said != actual && !is_named) {
            let detail = format!(
                "CRC-32 is {actual:08x}, its head says {said:08x}: changed after it was put into the file"
            );
            deviations.push(Deviation::of(path, DeviationKind::Content, detail));
        }
    }
    Lists { package, digest }
}

/// Compares one file with the lists. When only one list disagrees, that list is named and not the file.
fn compare(path: &str, found: Option<&Found>, listed: &Listed<'_>, has_package: bool) -> Vec<Deviation> {
    if matches!(path, DATAPACKAGE | DATAPACKAGE_DIGEST) {
        return match found {
            Some(_) => Vec::new(),
            None => {
                vec![Deviation::of(path, DeviationKind::Missing, "every package has it, but it is not there")]
            }
        };
    }
    let in_some_list = listed.sha256.is_some() || listed.sm3.is_some() || listed.resource.is_some();
    let Some(found) = found else {
        return vec![Deviation::of(path, DeviationKind::Missing, "the lists name it, but it is not there")];
    };
    if !in_some_list && (has_package || !matches!(path, SHA256SUMS | SUMS_SIGNATURE)) {
        let detail = format!("{} bytes that no list names", found.size_bytes);
        return vec![Deviation::of(path, DeviationKind::Added, detail)];
    }
    // Each list names the files that were there before it: SM3SUMS the documents, SHA256SUMS also SM3SUMS,
    // datapackage.json also SHA256SUMS and its signature.
    let by_sha256 = !matches!(path, SHA256SUMS | SUMS_SIGNATURE);
    let by_sm3 = by_sha256 && path != SM3SUMS;
    let sha256_fits = listed.sha256.is_some_and(|digest| *digest == found.digests.sha256);
    let sm3_fits = listed.sm3.is_some_and(|digest| *digest == found.digests.sm3);
    let resource_fits = listed.resource.is_some_and(|resource| {
        resource.sha256() == found.digests.sha256
            && resource.sm3 == found.digests.sm3
            && resource.bytes == found.size_bytes
    });
    let votes = [
        (by_sha256, sha256_fits, SHA256SUMS),
        (by_sm3, sm3_fits, SM3SUMS),
        (has_package, resource_fits, DATAPACKAGE),
    ];
    let asked = || votes.iter().filter(|(asked, ..)| *asked);
    let fitting: Vec<&str> = asked().filter(|(_, fits, _)| *fits).map(|(.., list)| *list).collect();
    // Where most lists disagree with the file, the file was changed, if need be together with a list.
    if fitting.len() * 2 < asked().count() || (fitting.is_empty() && asked().count() > 0) {
        return vec![changed(path, found, listed, &fitting)];
    }
    asked()
        .filter(|(_, fits, _)| !fits)
        .map(|(.., list)| {
            let detail = format!("what it says of `{path}` fits neither the file nor the other lists");
            Deviation::of(list, DeviationKind::List, detail)
        })
        .collect()
}

fn changed(path: &str, found: &Found, listed: &Listed<'_>, fitting: &[&str]) -> Deviation {
    let size = listed.resource.map(|resource| resource.bytes).filter(|size| *size != found.size_bytes);
    let (kind, mut detail) = match size {
        Some(expected) => (DeviationKind::Size, format!("{} bytes instead of {expected}", found.size_bytes)),
        None => {
            let sealed = listed.resource.map(Resource::sha256).or(listed.sha256.map(String::as_str));
            let sealed = sealed.unwrap_or("(not listed)");
            (DeviationKind::Content, format!("SHA-256 is {}, sealed was {sealed}", found.digests.sha256))
        }
    };
    if !fitting.is_empty() {
        detail.push_str(&format!("; {} was changed to fit it", fitting.join(" and ")));
    }
    Deviation::of(path, kind, detail)
}

/// Whether `datapackage-digest.json` fits `datapackage.json`, byte for byte.
fn check_own_digest(
    contents: &Contents,
    package: Option<&Datapackage>,
    digest: Option<&DatapackageDigest>,
    deviations: &mut Vec<Deviation>,
) {
    let (Some(found), Some(digest)) = (contents.files.get(DATAPACKAGE), digest) else { return };
    let actual = format!("sha256:{}", found.digests.sha256);
    // Both say it: where only one agrees with the file, the other was changed.
    match (digest.hash == actual, digest.signed_data.hash == actual) {
        (true, true) => {}
        (false, false) => {
            let detail =
                format!("its SHA-256 is {}, signed was {}", found.digests.sha256, digest.signed_data.hash);
            deviations.push(Deviation::of(DATAPACKAGE, DeviationKind::Content, detail));
        }
        _ => {
            let detail = format!("its two digests of {DATAPACKAGE} differ");
            deviations.push(Deviation::of(DATAPACKAGE_DIGEST, DeviationKind::Content, detail));
        }
    }
    let mut spelled = serde_json::to_vec_pretty(digest).unwrap_or_default();
    spelled.push(b'\n');
    let repeats = package.is_none_or(|package| {
        package.created == digest.signed_data.created && package.software == digest.signed_data.software
    });
    if contents.bytes(DATAPACKAGE_DIGEST) != Some(&spelled) || digest.path != DATAPACKAGE || !repeats {
        let detail = "it is not written as adwatch writes it, or names another time, software or file";
        deviations.push(Deviation::of(DATAPACKAGE_DIGEST, DeviationKind::Content, detail));
    }
}

fn is_known_form(package: &Datapackage, deviations: &mut Vec<Deviation>) -> bool {
    let form = &package.evidence.schema;
    let known = form == datapackage::SCHEMA;
    if !known {
        let detail = format!("its form is `{form}`, this version reads `{}`", datapackage::SCHEMA);
        deviations.push(Deviation::of(DATAPACKAGE, DeviationKind::List, detail));
    }
    known
}

fn read_sums(contents: &Contents, list: &str, deviations: &mut Vec<Deviation>) -> BTreeMap<String, String> {
    let Some(text) = contents.text(list) else {
        if !deviations.iter().any(|known| known.path == list || known.path == CONTAINER) {
            deviations.push(Deviation::of(
                list,
                DeviationKind::Missing,
                "every package has it, but it is not there",
            ));
        }
        return BTreeMap::new();
    };
    let (listed, bad) = sums::parse_sums(&text);
    deviations.extend(bad.into_iter().map(|detail| Deviation::of(list, DeviationKind::List, detail)));
    listed
}

fn read_json<T: serde::de::DeserializeOwned>(
    contents: &Contents,
    path: &str,
    deviations: &mut Vec<Deviation>,
) -> Option<T> {
    match serde_json::from_slice(contents.bytes(path)?) {
        Ok(read) => Some(read),
        Err(error) => {
            deviations.push(Deviation::of(path, DeviationKind::List, format!("it cannot be read: {error}")));
            None
        }
    }
}
