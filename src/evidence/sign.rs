//! Signatures (Ed25519, RFC 8032) and the certificates that say whose key it is.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::der::{self, tag};
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

/// What stands before the 32 bytes of a private key in PKCS#8 (RFC 8410), in the form without the public key that
/// every OpenSSL reads.
const PRIVATE_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// What stands before the 32 bytes of a public key (RFC 8410).
const PUBLIC_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The office's key for sealing, and the certificate over it if there is one.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    certificate_pem: Option<String>,
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is no private key of the kind that is used here.
    #[error("{} is not an unencrypted Ed25519 private key (PEM, PKCS#8); make one with `openssl genpkey -algorithm ed25519`, or remove the setting and adwatch makes its own", .0.display())]
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

    /// The key whose 32 secret bytes are `seed`.
    pub fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        Some(Self { pair, certificate_pem: None })
    }

    /// With the certificate (PEM, its issuers may follow) in `path`.
    ///
    /// # Errors
    /// [`KeyError::Certificate`] when it is not over this key.
    pub fn with_certificate(mut self, path: &Path) -> Result<Self, KeyError> {
        let wrong =
            |problem: &str| KeyError::Certificate { path: path.to_owned(), problem: problem.to_owned() };
        let text =
            fs::read_to_string(path).map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        let certificate = Certificate::parse(&text).ok_or_else(|| wrong("is not a PEM certificate"))?;
        if certificate.public_key != self.public_key().spki() {
            return Err(wrong("is over another key than the signing key"));
        }
        self.certificate_pem = Some(text);
        Ok(self)
    }

    /// Its public half.
    pub fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    /// The certificate, PEM.
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate_pem.as_deref()
    }

    /// 64 bytes; the same for the same message.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
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
            .and_then(|bytes| bytes.strip_prefix(&PRIVATE_PREFIX)?.try_into().ok())
            .and_then(|seed: [u8; 32]| Self::from_seed(&seed))
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

/// A public key (Ed25519).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    pub fn from_pem(text: &str) -> Option<Self> {
        Self::from_spki(&der::from_pem(text, "PUBLIC KEY")?)
    }

    /// Reads a SubjectPublicKeyInfo (DER).
    pub fn from_spki(bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.strip_prefix(&PUBLIC_PREFIX)?.try_into().ok()?))
    }

    /// As PEM.
    pub fn pem(&self) -> String {
        der::to_pem(&self.spki(), "PUBLIC KEY")
    }

    /// As SubjectPublicKeyInfo (DER).
    pub fn spki(&self) -> Vec<u8> {
        [&PUBLIC_PREFIX[..], &self.0].concat()
    }

    /// SHA-256 of the SubjectPublicKeyInfo, 64 hexadecimal characters: the name under which people compare keys.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.spki())
    }

    /// Whether `signature` was made over `message` with the private half.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

/// What is needed of an X.509 certificate (RFC 5280). Its issuer's signature is not checked here; `openssl verify`
/// does it, against roots that the reader trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// SubjectPublicKeyInfo (DER).
    pub public_key: Vec<u8>,
    /// Valid from.
    pub not_before: UnixMs,
    /// Valid to.
    pub not_after: UnixMs,
}

impl Certificate {
    /// Reads the first certificate of a PEM text.
    pub fn parse(pem: &str) -> Option<Self> {
        let bytes = der::from_pem(pem, "CERTIFICATE")?;
        let parts = der::all(der::only(&bytes, tag::SEQUENCE)?)?;
        let fields = der::all(parts.first()?.content)?;
        // version is optional; then serial, signature algorithm, issuer, validity, subject, key.
        let first = usize::from(fields.first()?.tag == tag::CONTEXT_0);
        let validity = der::all(fields.get(first + 3)?.content)?;
        Some(Self {
            public_key: fields.get(first + 5)?.whole.to_vec(),
            not_before: UnixMs(der::time_ms(*validity.first()?)?),
            not_after: UnixMs(der::time_ms(*validity.get(1)?)?),
        })
    }
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
        assert!(first.public_key().verifies(b"words", &again.sign(b"words")));
        assert!(!first.public_key().verifies(b"other words", &again.sign(b"words")));
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
        assert_eq!(PublicKey::from_pem(&key.pem()), Some(key));
        assert_eq!(key.fingerprint().len(), 64);
        assert_eq!(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"), None);
    }
}
