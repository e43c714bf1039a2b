//! Signatures, certificate, and what lies beside the file.

use std::fs;
use std::path::Path;

use super::contents::Contents;
use super::lists::Lists;
use super::{Deviation, DeviationKind};
use crate::evidence::certificate::Certificate;
use crate::evidence::datapackage::DATAPACKAGE_DIGEST;
use crate::evidence::documents::instant;
use crate::evidence::package::{CERTIFICATE, PUBLIC_KEY, SUMS_SIGNATURE};
use crate::evidence::seal::Beside;
use crate::evidence::sign::PublicKey;
use crate::evidence::sums::SHA256SUMS;

/// Checks everything that is signed; gives the key when it signed all of it.
pub(super) fn check(
    contents: &Contents,
    lists: &Lists,
    path: &Path,
    deviations: &mut Vec<Deviation>,
    unchecked: &mut Vec<String>,
) -> Option<PublicKey> {
    let key = contents.text(PUBLIC_KEY).and_then(|pem| PublicKey::from_pem(&pem));
    let Some(key) = key else {
        deviations.push(Deviation::of(
            PUBLIC_KEY,
            DeviationKind::Signature,
            "it is no public key of a kind that is used here",
        ));
        return None;
    };
    let n_before = deviations.len();
    check_sums(contents, &key, deviations);
    check_datapackage(lists, &key, deviations);
    check_certificate(contents, lists, &key, deviations, unchecked);
    if contents.seal_sha256.is_some() {
        check_beside(contents, path, &key, deviations, unchecked);
    }
    let signed_all = deviations[n_before..].iter().all(|known| known.kind != DeviationKind::Signature);
    signed_all.then_some(key)
}

fn check_sums(contents: &Contents, key: &PublicKey, deviations: &mut Vec<Deviation>) {
    let (Some(sums), Some(signature)) = (contents.bytes(SHA256SUMS), contents.bytes(SUMS_SIGNATURE)) else {
        return;
    };
    if !key.verifies(sums, signature) {
        let detail =
            format!("it is no signature over {SHA256SUMS} by the key with fingerprint {}", key.fingerprint());
        deviations.push(Deviation::of(SUMS_SIGNATURE, DeviationKind::Signature, detail));
    }
}

fn check_datapackage(lists: &Lists, key: &PublicKey, deviations: &mut Vec<Deviation>) {
    if let Some(signed) = lists.digest.as_ref().map(|digest| &digest.signed_data) {
        if signed.public_key_bytes() != key.spki() {
            let detail = format!("its public key is not that of {PUBLIC_KEY}");
            deviations.push(Deviation::of(DATAPACKAGE_DIGEST, DeviationKind::Signature, detail));
        } else if !key.verifies(signed.hash.as_bytes(), &signed.signature_bytes()) {
            let detail = "its signature does not fit its hash and key";
            deviations.push(Deviation::of(DATAPACKAGE_DIGEST, DeviationKind::Signature, detail));
        }
    }
    let named = lists.package.as_ref().map(|package| package.evidence.key_fingerprint.as_str());
    if let Some(named) = named.filter(|named| *named != key.fingerprint()) {
        let detail = format!("its fingerprint is {}, the manifest names {named}", key.fingerprint());
        deviations.push(Deviation::of(PUBLIC_KEY, DeviationKind::Signature, detail));
    }
}

fn check_certificate(
    contents: &Contents,
    lists: &Lists,
    key: &PublicKey,
    deviations: &mut Vec<Deviation>,
    unchecked: &mut Vec<String>,
) {
    let Some(pem) = contents.text(CERTIFICATE) else { return };
    let mut wrong =
        |detail: String| deviations.push(Deviation::of(CERTIFICATE, DeviationKind::Certificate, detail));
    let Some(certificate) = Certificate::parse(&pem) else { return wrong("it is no certificate".to_owned()) };
    if certificate.public_key != key.spki() {
        wrong(format!("it is over another key than {PUBLIC_KEY}"));
    }
    let sealed_at = lists.package.as_ref().and_then(|package| instant(&package.evidence.sealed_at));
    if let Some(sealed_at) = sealed_at
        && !certificate.is_valid_at(sealed_at)
    {
        wrong(format!(
            "it was valid from {} to {}, the package was sealed at {}",
            certificate.not_before.rfc3339(),
            certificate.not_after.rfc3339(),
            sealed_at.rfc3339()
        ));
    }
    unchecked.push(format!("who issued {CERTIFICATE}: `openssl verify -CAfile ROOTS.pem` says it"));
}

fn check_beside(
    contents: &Contents,
    path: &Path,
    key: &PublicKey,
    deviations: &mut Vec<Deviation>,
    unchecked: &mut Vec<String>,
) {
    let beside = Beside::of(path);
    let mut wrong = |extension: &str, detail: String| {
        let shown = format!("{}{extension}", super::CONTAINER);
        deviations.push(Deviation::of(&shown, DeviationKind::Beside, detail));
    };
    let line = fs::read(&beside.digest).ok();
    match &line {
        None => unchecked.push(format!("{}: it is not there", beside.digest.display())),
        Some(line) => {
            let seal = contents.seal_sha256.as_deref().unwrap_or_default();
            let said = String::from_utf8_lossy(line);
            let said = said.split_once("  ").map(|(digest, _)| digest).unwrap_or_default();
            if said != seal {
                wrong(".sha256", format!("it says {said:?}, the file has SHA-256 {seal}"));
            }
        }
    }
    if let (Some(line), Ok(signature)) = (&line, fs::read(&beside.signature))
        && !key.verifies(line, &signature)
    {
        wrong(".sig", "it is no signature over the .sha256 file by the key in the package".to_owned());
    }
    if let Ok(pem) = fs::read_to_string(&beside.key)
        && PublicKey::from_pem(&pem).as_ref() != Some(key)
    {
        wrong(".pem", "it is another key than the one in the package".to_owned());
    }
}
