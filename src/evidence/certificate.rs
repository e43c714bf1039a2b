//! X.509 certificates (RFC 5280): whose key it is, and when it may be used.

use super::der::{self, tag};
use crate::kit::clock::UnixMs;

/// id-at-commonName and id-at-organizationName, with how they are written.
const NAMES: [(&[u8], &str); 2] = [(&[0x55, 0x04, 0x0a], "O"), (&[0x55, 0x04, 0x03], "CN")];

/// What is needed of a certificate. Its issuer's signature is not checked here; `openssl verify`
/// does it, against roots that the reader trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SubjectPublicKeyInfo (DER).
    pub public_key: Vec<u8>,
    /// Valid from.
    pub not_before: UnixMs,
    /// Valid to.
    pub not_after: UnixMs,
    /// Organization and name of the subject, for example `O=江州市市场监督管理局, CN=证据专用章`.
    pub subject: String,
}

impl Certificate {
    /// Reads the first certificate of a PEM text.
    pub fn parse(pem: &str) -> Option<Self> {
        Self::parse_der(&der::from_pem(pem, "CERTIFICATE")?)
    }

    fn parse_der(bytes: &[u8]) -> Option<Self> {
        let parts = der::all(der::only(bytes, tag::SEQUENCE)?)?;
        let fields = der::all(parts.first()?.content)?;
        // version is optional; then serial, signature algorithm, issuer, validity, subject, key.
        let first = usize::from(fields.first()?.tag == tag::CONTEXT_0);
        let validity = der::all(fields.get(first + 3)?.content)?;
        Some(Self {
            public_key: fields.get(first + 5)?.whole.to_vec(),
            not_before: UnixMs(der::time_ms(*validity.first()?)?),
            not_after: UnixMs(der::time_ms(*validity.get(1)?)?),
            subject: name(fields.get(first + 4)?.content).unwrap_or_default(),
        })
    }

    /// Whether it may be used at this instant.
    pub fn is_valid_at(&self, at: UnixMs) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }
}

/// The known parts of a distinguished name.
fn name(content: &[u8]) -> Option<String> {
    let mut parts = Vec::new();
    for set in der::all(content)? {
        for attribute in der::all(set.content)? {
            let pair = der::all(attribute.content)?;
            let (oid, value) = (pair.first()?, pair.get(1)?);
            if let Some((_, short)) = NAMES.iter().find(|(known, _)| *known == oid.content) {
                parts.push(format!("{short}={}", String::from_utf8_lossy(value.content)));
            }
        }
    }
    Some(parts.join(", "))
}
