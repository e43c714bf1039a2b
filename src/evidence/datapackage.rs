//! The manifest of a package as WACZ 1.1.1 has it: `datapackage.json`, and `datapackage-digest.json` which signs it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::input::PackageInput;
use super::package::File;
use super::sign::SigningKey;
use crate::domain::evidence::PackageId;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

/// The manifest.
pub const DATAPACKAGE: &str = "datapackage.json";
/// Its digest and a signature over that.
pub const DATAPACKAGE_DIGEST: &str = "datapackage-digest.json";
/// Version of the form of [`Datapackage`] and of the files that it names.
pub const SCHEMA: &str = "adwatch-evidence/2";

/// The content of `datapackage.json`. The fields up to `resources` are those of WACZ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datapackage {
    pub profile: String,
    pub wacz_version: String,
    pub title: String,
    /// RFC 3339 in whole seconds, UTC.
    pub created: String,
    pub software: String,
    #[serde(rename = "mainPageUrl", skip_serializing_if = "Option::is_none")]
    pub main_page_url: Option<String>,
    #[serde(rename = "mainPageDate", skip_serializing_if = "Option::is_none")]
    pub main_page_date: Option<String>,
    /// Every file but this one and its digest.
    pub resources: Vec<Resource>,
    pub evidence: Evidence,
}

/// What adwatch adds to the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    pub schema: String,
    pub package_id: String,
    pub finding_id: String,
    pub ad_id: String,
    /// RFC 3339 with milliseconds, UTC.
    pub sealed_at: String,
    pub sealed_by: String,
    pub rule_pack: String,
    /// SHA-256 of the public key (SubjectPublicKeyInfo).
    pub key_fingerprint: String,
    /// Of a copy in which data of bystanders is hidden: what it is a copy of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked_from: Option<MaskedFromJson>,
}

/// The original of a masked copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedFromJson {
    pub package_id: String,
    pub seal_sha256: String,
    pub n_masked: usize,
    pub n_left_out: usize,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    pub name: String,
    pub path: String,
    /// `sha256:` and 64 hexadecimal characters.
    pub hash: String,
    pub bytes: u64,
    pub sm3: String,
    /// 制作方法.
    pub made_by: String,
}

impl Resource {
    /// The SHA-256 alone.
    pub fn sha256(&self) -> &str {
        self.hash.strip_prefix("sha256:").unwrap_or_default()
    }
}

/// The content of `datapackage-digest.json`, in the form of WACZ signing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatapackageDigest {
    pub path: String,
    pub hash: String,
    #[serde(rename = "signedData")]
    pub signed_data: SignedData,
}

/// A signature over the characters of `hash`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedData {
    pub hash: String,
    pub created: String,
    pub software: String,
    /// Base64.
    pub signature: String,
    /// Base64 of the SubjectPublicKeyInfo.
    #[serde(rename = "publicKey")]
    pub public_key: String,
}

impl SignedData {
    /// The signature's bytes; empty when they cannot be read.
    pub fn signature_bytes(&self) -> Vec<u8> {
        BASE64.decode(&self.signature).unwrap_or_default()
    }

    /// The key's bytes; empty when they cannot be read.
    pub fn public_key_bytes(&self) -> Vec<u8> {
        BASE64.decode(&self.public_key).unwrap_or_default()
    }
}

/// Both files over `files`.
///
/// # Errors
/// When one cannot be written as JSON.
pub(super) fn manifest(
    input: &PackageInput,
    id: &PackageId,
    files: &[File],
    key: &SigningKey,
) -> anyhow::Result<[File; 2]> {
    let first = input.captures.first().map(|captured| &captured.capture.exchange);
    let created = seconds(input.sealed_at);
    let software = format!("adwatch {}", input.software.version);
    let package = Datapackage {
        profile: "data-package".to_owned(),
        wacz_version: "1.1.1".to_owned(),
        title: input.ad.draft.title.clone().unwrap_or_else(|| id.to_string()),
        created: created.clone(),
        software: software.clone(),
        main_page_url: first.map(|exchange| exchange.final_url.clone()),
        main_page_date: first.map(|exchange| exchange.started_at.rfc3339()),
        resources: files.iter().map(resource).collect(),
        evidence: Evidence {
            schema: SCHEMA.to_owned(),
            package_id: id.to_string(),
            finding_id: input.finding.id.to_string(),
            ad_id: input.ad.id.to_string(),
            sealed_at: input.sealed_at.rfc3339(),
            sealed_by: input.sealed_by.clone(),
            rule_pack: input.finding.assessment.pack_revision.clone(),
            key_fingerprint: key.public_key().fingerprint(),
            masked_from: input.masked_from.as_ref().map(|from| MaskedFromJson {
                package_id: from.package_id.to_string(),
                seal_sha256: from.seal_sha256.clone(),
                n_masked: from.n_masked,
                n_left_out: from.n_left_out,
            }),
        },
    };
    let package = File::json(DATAPACKAGE, "list of the files", &package)?;
    let hash = format!("sha256:{}", sha256_hex(&package.bytes));
    let digest = DatapackageDigest {
        path: DATAPACKAGE.to_owned(),
        signed_data: SignedData {
            signature: BASE64.encode(key.sign(hash.as_bytes())?),
            public_key: BASE64.encode(key.public_key().spki()),
            hash: hash.clone(),
            created,
            software,
        },
        hash,
    };
    let digest = File::json(DATAPACKAGE_DIGEST, "digest of the list, signed", &digest)?;
    Ok([package, digest])
}

fn resource(file: &File) -> Resource {
    Resource {
        // The form wants lower-case names that differ.
        name: file.path.to_lowercase().replace('/', "-"),
        path: file.path.clone(),
        hash: format!("sha256:{}", file.digests.sha256),
        bytes: file.bytes.len() as u64,
        sm3: file.digests.sm3.clone(),
        made_by: file.made_by.to_owned(),
    }
}

fn seconds(at: UnixMs) -> String {
    let full = at.rfc3339();
    full.split_once('.').map_or_else(|| full.clone(), |(whole, _)| format!("{whole}Z"))
}
