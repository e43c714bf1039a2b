//! Signatures: Ed25519 (RFC 8032) by default; RSA (PKCS#1 v1.5) and ECDSA on P-256, both with SHA-256, for keys that an
//! office has a certificate over. `openssl pkeyutl -verify -rawin` checks all of them in the same words.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};

use super::certificate::Certificate;
use super::der::{self, tag};
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

/// What stands before the 32 bytes of a private key in PKCS#8 (RFC 8410), in the form without the public key that
/// every OpenSSL reads.
const PRIVATE_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// What stands before the bytes of a public key: Ed25519 (RFC 8410), and P-256 (RFC 5480) with an uncompressed point.
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// rsaEncryption with its NULL (RFC 3279).
const RSA_ALGORITHM: [u8; 13] =
    [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// The office's key for sealing, and the certificate over it if there is one.
pub struct SigningKey {
    pair: Pair,
    certificate: Option<(String, Certificate)>,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is no private key of the kind that is used here.
    #[error("{} is not an unencrypted private key of a kind that is used here (PEM, PKCS#8: Ed25519, P-256 or RSA from 2048 bits); `openssl pkey -in KEY -out NEW` writes that form", .0.display())]
    NotAKey(PathBuf),
    /// The certificate does not belong to the key.
    #[error("the certificate {} {problem}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Others than its owner can read the key.
    #[error("the key {} can be read by others (mode {mode:o}); run `chmod 600` on it", .path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It could not sign.
    #[error("the key cannot sign: the system gives no random numbers")]
    CannotSign,
    /// The system gives no random numbers.
    #[error("no key can be made: the system gives no random numbers: {0}")]
    Random(String),
    /// The disk refused.
    #[error("the key {} cannot be read or written: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl SigningKey {
    /// The key in `path`, made there on first use, readable by its owner only.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open_or_make(path: &Path) -> Result<Self, KeyError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::read(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(path),
            Err(source) => Err(KeyError::Io { path: path.to_owned(), source }),
        }
    }

    /// The key in `path`, which the office made.
    ///
    /// # Errors
    /// [`KeyError`]; a missing file is an error.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let text =
            fs::read_to_string(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        Self::read(path, &text)
    }

    /// The key whose 32 secret bytes are `seed`.
    pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        Some(Self { pair: Pair::Ed25519(pair), certificate: None })
    }

    /// With the certificate (PEM, its issuers may follow) in `path`, to be used at `now`.
    ///
    /// # Errors
    /// [`KeyError::Certificate`] when it is not over this key, or not valid now.
    pub fn with_certificate(mut self, path: &Path, now: UnixMs) -> Result<Self, KeyError> {
        let wrong = |problem: String| KeyError::Certificate { path: path.to_owned(), problem };
        let text =
            fs::read_to_string(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        let certificate =
            Certificate::parse(&text).ok_or_else(|| wrong("is not a PEM certificate".to_owned()))?;
        if certificate.public_key != self.public_key().spki() {
            return Err(wrong("is over another key than the signing key".to_owned()));
        }
        if !certificate.is_valid_at(now) {
            return Err(wrong(format!(
                "is valid from {} to {}, not now",
                certificate.not_before.rfc3339(),
                certificate.not_after.rfc3339()
            )));
        }
        self.certificate = Some((text, certificate));
        Ok(self)
    }

    /// Its public half.
    pub fn public_key(&self) -> PublicKey {
        let (kind, spki) = match &self.pair {
            Pair::Ed25519(pair) => {
                (Kind::Ed25519, [&ED25519_PREFIX[..], pair.public_key().as_ref()].concat())
            }
            Pair::P256(pair) => (Kind::P256, [&P256_PREFIX[..], pair.public_key().as_ref()].concat()),
            Pair::Rsa(pair) => {
                let bits = [&[0], pair.public_key().as_ref()].concat();
                let fields =
                    [der::value(tag::SEQUENCE, &RSA_ALGORITHM), der::value(tag::BIT_STRING, &bits)].concat();
                (Kind::Rsa, der::value(tag::SEQUENCE, &fields))
            }
        };
        PublicKey { kind, spki }
    }

    /// The certificate, PEM.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate.as_ref().map(|(pem, _)| pem.as_str())
    }

    /// Whose certificate it is, as it names itself.
    pub fn signer(&self) -> Option<String> {
        self.certificate.as_ref().map(|(_, certificate)| certificate.subject.clone())
    }

    /// A signature; the same each time for the same message, but for ECDSA.
    ///
    /// # Errors
    /// [`KeyError::CannotSign`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Pair::P256(pair) => {
                let signature = pair.sign(&random, message).map_err(|_| KeyError::CannotSign)?;
                Ok(signature.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(|_| KeyError::CannotSign)?;
                Ok(signature)
            }
        }
    }

    fn read(path: &Path, text: &str) -> Result<Self, KeyError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let metadata =
                fs::metadata(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(KeyError::TooOpen { path: path.to_owned(), mode });
            }
        }
        der::from_pem(text, "PRIVATE KEY")
            .and_then(|bytes| pair_of(&bytes))
            .map(|pair| Self { pair, certificate: None })
            .ok_or_else(|| KeyError::NotAKey(path.to_owned()))
    }

    fn make(path: &Path) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| KeyError::Random(error.to_string()))?;
        let pem = der::to_pem(&[&PRIVATE_PREFIX[..], &seed].concat(), "PRIVATE KEY");
        let at = |source| KeyError::Io { path: path.to_owned(), source };
        let partial = path.with_extension(format!("{}.partial", std::process::id()));
        let written = write_secret(&partial, pem.as_bytes())
            // Not a rename: of two processes that make the first key at once, the second must not replace it.
            .and_then(|()| fs::hard_link(&partial, path));
        let _ = fs::remove_file(&partial);
        match written {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(at(error)),
            _ => {
                if let Some(folder) = path.parent() {
                    fs::File::open(folder).and_then(|open| open.sync_all()).map_err(at)?;
                }
                let text = fs::read_to_string(path).map_err(at)?;
                Self::read(path, &text)
            }
        }
    }
}

fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// The key of a PKCS#8 document.
fn pair_of(bytes: &[u8]) -> Option<Pair> {
    if let Some(seed) = bytes.strip_prefix(&PRIVATE_PREFIX) {
        return Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Pair::Ed25519);
    }
    let random = SystemRandom::new();
    let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, bytes, &random);
    let p256 = p256.ok().map(|pair| Pair::P256(Box::new(pair)));
    p256.or_else(|| RsaKeyPair::from_pkcs8(bytes).ok().map(|pair| Pair::Rsa(Box::new(pair))))
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    /// SubjectPublicKeyInfo (DER).
    spki: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ed25519,
    P256,
    Rsa,
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    pub fn from_pem(text: &str) -> Option<Self> {
        Self::from_spki(&der::from_pem(text, "PUBLIC KEY")?)
    }

    /// Reads a SubjectPublicKeyInfo (DER).
    pub fn from_spki(bytes: &[u8]) -> Option<Self> {
        let kind = if bytes.len() == ED25519_PREFIX.len() + 32 && bytes.starts_with(&ED25519_PREFIX) {
            Kind::Ed25519
        } else if bytes.len() == P256_PREFIX.len() + 65 && bytes.starts_with(&P256_PREFIX) {
            Kind::P256
        } else {
            rsa_key(bytes)?;
            Kind::Rsa
        };
        Some(Self { kind, spki: bytes.to_vec() })
    }

    /// As PEM.
    pub fn pem(&self) -> String {
        der::to_pem(&self.spki, "PUBLIC KEY")
    }

    /// As SubjectPublicKeyInfo (DER).
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of the SubjectPublicKeyInfo, 64 hexadecimal characters: the name under which people compare keys.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.spki)
    }

    /// Whether `signature` was made over `message` with the private half.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self.kind {
            Kind::Ed25519 => UnparsedPublicKey::new(&ED25519, &self.spki[ED25519_PREFIX.len()..])
                .verify(message, signature),
            Kind::P256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.spki[P256_PREFIX.len()..])
                .verify(message, signature),
            Kind::Rsa => match rsa_key(&self.spki) {
                Some(key) => {
                    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message, signature)
                }
                None => return false,
            },
        };
        verified.is_ok()
    }
}

/// The RSAPublicKey inside a SubjectPublicKeyInfo.
fn rsa_key(spki: &[u8]) -> Option<&[u8]> {
    let fields = der::all(der::only(spki, tag::SEQUENCE)?)?;
    let (algorithm, bits) = (fields.first()?, fields.get(1)?);
    let is_rsa = fields.len() == 2
        && algorithm.tag == tag::SEQUENCE
        && algorithm.content == RSA_ALGORITHM
        && bits.tag == tag::BIT_STRING;
    bits.content.strip_prefix(&[0]).filter(|_| is_rsa)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_only_and_read_again() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/evidence.pem");
        let first = SigningKey::open_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing else is left");
        let again = SigningKey::open_or_make(&path).unwrap();
        assert_eq!(first.public_key(), again.public_key());
        assert!(first.public_key().verifies(b"words", &again.sign(b"words").unwrap()));
        assert!(!first.public_key().verifies(b"other words", &again.sign(b"words").unwrap()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(SigningKey::open_or_make(&path), Err(KeyError::TooOpen { mode: 0o640, .. })));
    }

    #[test]
    fn a_file_that_is_no_key_is_never_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("evidence.pem");
        for content in ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            fs::write(&path, content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(SigningKey::open_or_make(&path), Err(KeyError::NotAKey(_))), "{content}");
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[test]
    fn public_keys_go_through_pem() {
        let key = SigningKey::from_seed(&[7; 32]).unwrap().public_key();
        assert_eq!(PublicKey::from_pem(&key.pem()), Some(key.clone()));
        assert_eq!(key.fingerprint().len(), 64);
        assert_eq!(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"), None);
    }

    #[test]
    fn keys_of_an_office_sign_and_openssl_agrees() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let run = |command: &str| {
            let done =
                std::process::Command::new("sh").args(["-c", command]).current_dir(folder.path()).output();
            let done = done.unwrap();
            (
                done.status.success(),
                String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned(),
            )
        };
        for kind in ["ed25519", "ec -pkeyopt ec_paramgen_curve:P-256", "rsa -pkeyopt rsa_keygen_bits:2048"] {
            let made =
                "openssl req -x509 -key key.pem -out cert.pem -days 30 -utf8 -subj '/O=江州市局/CN=证据'";
            let (done, said) = run(&format!("openssl genpkey -algorithm {kind} -out key.pem && {made}"));
            assert!(done, "{kind}: {said}");
            let path = folder.path().join("key.pem");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let certificate = folder.path().join("cert.pem");
            let expires = Certificate::parse(&fs::read_to_string(&certificate).unwrap()).unwrap().not_after;
            let key = SigningKey::open(&path).unwrap().with_certificate(&certificate, expires).unwrap();
            assert_eq!(key.signer().as_deref(), Some("O=江州市局, CN=证据"));
            let late = SigningKey::open(&path).unwrap().with_certificate(&certificate, expires.plus_ms(1));
            assert!(matches!(late, Err(KeyError::Certificate { .. })), "expired");
            let public = PublicKey::from_pem(&key.public_key().pem()).unwrap();
            assert_eq!(public, key.public_key());
            let signature = key.sign(b"words").unwrap();
            assert!(
                public.verifies(b"words", &signature) && !public.verifies(b"other", &signature),
                "{kind}"
            );
            fs::write(folder.path().join("data"), "words").unwrap();
            fs::write(folder.path().join("sig"), &signature).unwrap();
            fs::write(folder.path().join("pub.pem"), public.pem()).unwrap();
            let verify = "openssl pkeyutl -verify -rawin -in data -sigfile sig -pubin -inkey pub.pem";
            let (done, said) = run(verify);
            assert!(done, "{kind}: {said}");
            let other = SigningKey::from_seed(&[9; 32]).unwrap().with_certificate(&certificate, expires);
            assert!(matches!(other, Err(KeyError::Certificate { .. })), "a certificate over another key");
        }
    }
}
