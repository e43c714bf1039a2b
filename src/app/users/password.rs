//! Passwords: what one may be, and argon2id (RFC 9106) with 19 MiB, two passes and one lane.

use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};

use super::super::error::{Error, Result};
use super::random_bytes;

const MIN_CHARS: usize = 10;
/// Longer ones would only keep the machine busy.
const MAX_BYTES: usize = 256;

/// What an unknown account is compared with: the hash of a password that nobody has.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Refuses a new password that is short, long, the old one, or the name.
pub(super) fn check(new: &str, old: &str, name: &str) -> Result<()> {
    let wrong = |message: &str| Err(Error::invalid("new", message));
    if new.chars().count() < MIN_CHARS {
        return wrong("新口令至少 10 个字符 (a password has at least 10 characters)");
    }
    if new.len() > MAX_BYTES {
        return wrong("新口令过长 (at most 256 bytes)");
    }
    if new == old {
        return wrong("新口令不能与现在的相同 (choose another one than the present)");
    }
    if new.to_lowercase().contains(&name.to_lowercase()) && name.chars().count() > 2 {
        return wrong("新口令不能包含用户名 (a password must not contain the name)");
    }
    if new.chars().all(|c| new.starts_with(c)) {
        return wrong("新口令不能由同一字符组成 (a password must not be one character repeated)");
    }
    Ok(())
}

/// The hash of a password, with parameters and salt.
pub(super) async fn hash(password: String) -> Result<String> {
    let salt = random_bytes::<16>()?;
    aside(move || Ok(Argon2::default().hash_password_with_salt(password.as_bytes(), &salt)?.to_string()))
        .await
}

/// Whether this is the password of that hash; takes as long when there is none.
pub(super) async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    if password.len() > MAX_BYTES {
        return Ok(false);
    }
    aside(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        Ok(Argon2::default().verify_password(password.as_bytes(), &*hash).is_ok() && known)
    })
    .await
}

/// Runs slow work where it does not hold up other requests.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, argon2::password_hash::Error> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.into()))?;
    done.map_err(|error| Error::Internal(anyhow::anyhow!("a password could not be hashed: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hashed = hash("correct horse".to_owned()).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert_ne!(hashed, hash("correct horse".to_owned()).await.unwrap(), "each has its salt");
        assert!(verify("correct horse".to_owned(), Some(hashed.clone())).await.unwrap());
        assert!(!verify("correct hors".to_owned(), Some(hashed.clone())).await.unwrap());
        assert!(!verify("x".repeat(1 << 20), Some(hashed)).await.unwrap());
        assert!(!verify(String::new(), None).await.unwrap());
        assert!(!verify("x".to_owned(), Some("not a hash".to_owned())).await.unwrap());
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in [
            "",
            "short",
            "一二三四五六七八九",
            "aaaaaaaaaaaa",
            "old-password-1",
            "zhang.san-2026",
            &"x1".repeat(200),
        ] {
            assert!(check(weak, "old-password-1", "Zhang.San").is_err(), "{weak}");
        }
        assert!(check("一句只有自己记得的话", "old-password-1", "Zhang.San").is_ok());
    }
}
