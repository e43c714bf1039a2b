//! Time stamps of an authority (RFC 3161): asking for one, and reading what came back.
//!
//! The authority's signature is checked by `openssl ts -verify` against roots that the reader trusts; here it is checked
//! that a token is about these bytes and this request, and when it was made.

use super::der::{self, tag};
use crate::kit::clock::UnixMs;

/// id-sha256.
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// id-signedData.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// id-ct-TSTInfo.
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];

/// What an authority certifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// SHA-256 of the bytes that existed, 64 hexadecimal characters.
    pub imprint_sha256: String,
    /// When, as the authority says.
    pub at: UnixMs,
    /// The number that the request carried, if it carried one.
    pub nonce: Option<u64>,
    /// Serial number of the token, hexadecimal.
    pub serial: String,
}

/// Why an answer is no time stamp for a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// It is no answer of RFC 3161.
    #[error("the answer is no RFC 3161 response: {0}")]
    NotAResponse(&'static str),
    /// The authority refused.
    #[error("the authority refused with status {status}{}", .why.as_deref().map(|why| format!(": {why}")).unwrap_or_default())]
    Refused {
        /// Its status: 2 rejection, 3 waiting, 4 and 5 revocation.
        status: u64,
        /// What it says.
        why: Option<String>,
    },
    /// It is about other bytes.
    #[error("the token is about SHA-256 {actual}, asked was {expected}")]
    WrongImprint {
        /// What was asked.
        expected: String,
        /// What it is about.
        actual: String,
    },
    /// It answers another request.
    #[error("the token does not carry the number of the request")]
    WrongNonce,
}

/// A request for a time stamp over bytes with this SHA-256 (32 bytes), with the authority's certificate asked for.
pub fn request(sha256: &[u8; 32], nonce: u64) -> Vec<u8> {
    let algorithm =
        der::value(tag::SEQUENCE, &[der::value(tag::OID, SHA256), der::value(tag::NULL, &[])].concat());
    let imprint = der::value(tag::SEQUENCE, &[algorithm, der::value(tag::OCTET_STRING, sha256)].concat());
    let version = der::value(tag::INTEGER, &[1]);
    let nonce = der::value(tag::INTEGER, &unsigned(nonce));
    let wants_certificate = der::value(tag::BOOLEAN, &[0xff]);
    der::value(tag::SEQUENCE, &[version, imprint, nonce, wants_certificate].concat())
}

/// Reads an answer and checks that it is about these bytes and this request.
///
/// # Errors
/// [`StampError`].
pub fn accept(response: &[u8], sha256: &str, nonce: u64) -> Result<Stamp, StampError> {
    let stamp = read(response)?;
    if stamp.imprint_sha256 != sha256 {
        let (expected, actual) = (sha256.to_owned(), stamp.imprint_sha256);
        return Err(StampError::WrongImprint { expected, actual });
    }
    if stamp.nonce != Some(nonce) {
        return Err(StampError::WrongNonce);
    }
    Ok(stamp)
}

/// Reads a response that was kept (a `.tsr` file).
///
/// # Errors
/// [`StampError::NotAResponse`] or [`StampError::Refused`].
pub fn read(response: &[u8]) -> Result<Stamp, StampError> {
    let parts = der::only(response, tag::SEQUENCE).and_then(der::all).filter(|parts| !parts.is_empty());
    let parts = parts.ok_or(StampError::NotAResponse("it is not DER"))?;
    let info = der::all(parts[0].content).filter(|info| parts[0].tag == tag::SEQUENCE && !info.is_empty());
    let info = info.ok_or(StampError::NotAResponse("it has no status"))?;
    let status = number(info[0]).ok_or(StampError::NotAResponse("its status is no number"))?;
    // 0 granted, 1 granted with modifications.
    if status > 1 {
        return Err(StampError::Refused { status, why: words(&info) });
    }
    let token = parts.get(1).ok_or(StampError::NotAResponse("it grants, but has no token"))?;
    token_info(*token).ok_or(StampError::NotAResponse("its token cannot be read"))
}

fn token_info(token: der::Value<'_>) -> Option<Stamp> {
    // ContentInfo { signedData, [0] SignedData { version, digests, EncapsulatedContentInfo { tSTInfo, [0] OCTET STRING } } }
    let content = der::all(token.content)?;
    let kind = content.first().filter(|kind| kind.tag == tag::OID && kind.content == SIGNED_DATA);
    kind?;
    let signed = der::all(der::only(content.get(1)?.content, tag::SEQUENCE)?)?;
    let encapsulated = der::all(signed.get(2)?.content)?;
    let kind = encapsulated.first().filter(|kind| kind.tag == tag::OID && kind.content == TST_INFO);
    kind?;
    let info = der::only(der::only(encapsulated.get(1)?.content, tag::OCTET_STRING)?, tag::SEQUENCE)?;
    let fields = der::all(info)?;
    // version, policy, imprint, serial, time; then optional accuracy, ordering, nonce, names.
    let imprint = der::all(fields.get(2)?.content)?;
    let algorithm = der::all(imprint.first()?.content)?;
    let digest =
        imprint.get(1).filter(|digest| digest.tag == tag::OCTET_STRING && digest.content.len() == 32)?;
    if algorithm.first()?.content != SHA256 {
        return None;
    }
    let nonce =
        fields.iter().skip(5).find(|field| field.tag == tag::INTEGER).and_then(|field| number(*field));
    Some(Stamp {
        imprint_sha256: hex::encode(digest.content),
        at: UnixMs(der::time_ms(*fields.get(4)?)?),
        nonce,
        serial: hex::encode(fields.get(3)?.content),
    })
}

/// The free text of a status, if it has any.
fn words(info: &[der::Value<'_>]) -> Option<String> {
    let texts = der::all(info.get(1).filter(|texts| texts.tag == tag::SEQUENCE)?.content)?;
    let joined: Vec<String> =
        texts.iter().map(|text| String::from_utf8_lossy(text.content).chars().take(200).collect()).collect();
    Some(joined.join("; "))
}

fn number(value: der::Value<'_>) -> Option<u64> {
    let digits = value.content.strip_prefix(&[0]).unwrap_or(value.content);
    let small = value.tag == tag::INTEGER && !value.content.is_empty() && digits.len() <= 8;
    small.then(|| digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// The shortest form of a number that is not negative.
fn unsigned(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    let sign = (bytes[first] & 0x80 != 0).then_some(0);
    sign.into_iter().chain(bytes[first..].iter().copied()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::kit::digest::sha256_hex;

    const DATA: &[u8] = b"the bytes of a package";
    const NONCE: u64 = 0xfedc_ba98_7654_3210;

    /// An authority of our own, made with openssl.
    pub(in crate::evidence) fn authority(folder: &Path) {
        let config = "[req]\ndistinguished_name=dn\n[dn]\n[ts]\nextendedKeyUsage=critical,timeStamping\n\
            [tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_digest=sha256\ndefault_policy=1.2.3.4.1\ndigests=sha256\n\
            accuracy=secs:1\nordering=yes\n";
        fs::write(folder.join("tsa.cnf"), config).unwrap();
        fs::write(folder.join("serial"), "01").unwrap();
        openssl(
            folder,
            &[
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-keyout",
                "tsa.key",
                "-out",
                "tsa.pem",
                "-days",
                "30",
                "-subj",
                "/CN=Test Authority",
                "-config",
                "tsa.cnf",
                "-extensions",
                "ts",
            ],
        );
    }

    fn openssl(folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(output.status.success(), "openssl {arguments:?}: {said}");
        said
    }

    fn digest() -> [u8; 32] {
        hex::decode(sha256_hex(DATA)).unwrap().try_into().unwrap()
    }

    pub(in crate::evidence) fn stamped(folder: &Path, request: &[u8]) -> Vec<u8> {
        fs::write(folder.join("q.tsq"), request).unwrap();
        openssl(
            folder,
            &[
                "ts",
                "-reply",
                "-queryfile",
                "q.tsq",
                "-signer",
                "tsa.pem",
                "-inkey",
                "tsa.key",
                "-config",
                "tsa.cnf",
                "-section",
                "t",
                "-out",
                "r.tsr",
            ],
        );
        fs::read(folder.join("r.tsr")).unwrap()
    }

    #[test]
    fn a_stamp_of_an_authority_is_asked_for_read_and_accepted_by_openssl() {
        let folder = tempfile::tempdir().unwrap();
        authority(folder.path());
        let request = request(&digest(), NONCE);
        let response = stamped(folder.path(), &request);
        let stamp = accept(&response, &sha256_hex(DATA), NONCE).unwrap();
        assert_eq!(stamp, read(&response).unwrap());
        assert!(stamp.at > UnixMs(1_700_000_000_000), "{stamp:?}");
        fs::write(folder.path().join("data"), DATA).unwrap();
        let said =
            openssl(folder.path(), &["ts", "-verify", "-data", "data", "-in", "r.tsr", "-CAfile", "tsa.pem"]);
        assert!(said.contains("Verification: OK"), "{said}");
        let other = "0".repeat(64);
        assert!(matches!(accept(&response, &other, NONCE), Err(StampError::WrongImprint { .. })));
        assert_eq!(accept(&response, &sha256_hex(DATA), NONCE + 1), Err(StampError::WrongNonce));
    }

    #[test]
    fn a_refusal_says_why() {
        let folder = tempfile::tempdir().unwrap();
        authority(folder.path());
        // SHA-1, which the authority does not take.
        openssl(folder.path(), &["ts", "-query", "-digest", &"0".repeat(40), "-sha1", "-out", "q.tsq"]);
        let query = fs::read(folder.path().join("q.tsq")).unwrap();
        let refused = accept(&stamped(folder.path(), &query), &sha256_hex(DATA), NONCE).unwrap_err();
        assert!(matches!(refused, StampError::Refused { status: 2, .. }), "{refused}");
    }

    #[test]
    fn requests_are_those_of_openssl() {
        let folder = tempfile::tempdir().unwrap();
        for nonce in [0, 1, 0x7f, 0x80, NONCE, u64::MAX] {
            fs::write(folder.path().join("q.tsq"), request(&digest(), nonce)).unwrap();
            let said = openssl(folder.path(), &["ts", "-query", "-in", "q.tsq", "-text"]);
            let spelled = if nonce == 0 { "Nonce: 0x0".to_owned() } else { format!("Nonce: 0x{nonce:02X}") };
            assert!(said.contains("Hash Algorithm: sha256") && said.contains(&spelled), "{nonce}: {said}");
            assert!(said.contains("Certificate required: yes"), "{said}");
        }
    }

    #[test]
    fn wrong_answers_are_no_stamps() {
        let folder = tempfile::tempdir().unwrap();
        authority(folder.path());
        let response = stamped(folder.path(), &request(&digest(), NONCE));
        for wrong in [&b""[..], b"<html>502 Bad Gateway</html>", &[0x30, 0x03, 0x02, 0x01, 0x00]] {
            assert!(matches!(read(wrong), Err(StampError::NotAResponse(_))), "{wrong:?}");
        }
        for end in 0..response.len() {
            assert!(read(&response[..end]).is_err(), "cut at {end}");
        }
        // Nothing that a byte can be changed to makes the reader fall over.
        for at in 0..response.len().min(400) {
            let mut changed = response.clone();
            changed[at] ^= 0xff;
            let _ = read(&changed);
        }
    }
}
