//! Signatures of webhooks as the Standard Webhooks specification has them: HMAC-SHA-256 over name, time and body, so that
//! neither a body nor an old delivery can be passed off as a new one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// How a secret that is written in base64 begins.
const PREFIX: &str = "whsec_";
/// Shortest secret, in bytes.
pub const MIN_SECRET_BYTES: usize = 24;

/// The bytes of a secret: base64 after `whsec_`, or else the text itself. `None` when it is shorter than 24 bytes or its
/// base64 is wrong.
pub fn secret(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let bytes = match text.strip_prefix(PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).ok()?,
        None => text.as_bytes().to_vec(),
    };
    (bytes.len() >= MIN_SECRET_BYTES).then_some(bytes)
}

/// The value of `webhook-signature` for a delivery of `id` at `at_s` (Unix seconds).
pub fn signature(secret: &[u8], id: &str, at_s: i64, body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else {
        unreachable!("HMAC takes keys of every length")
    };
    mac.update(format!("{id}.{at_s}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        assert_eq!(
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_ne!(
            signature(&secret, "other", 1_614_265_330, body),
            signature(&secret, "other", 1_614_265_331, body)
        );
    }

    #[test]
    fn short_and_broken_secrets_are_refused() {
        for wrong in ["", "whsec_", "whsec_MfKQ9r8GKYqr", "whsec_!!!", "too short"] {
            assert_eq!(secret(wrong), None, "{wrong}");
        }
        assert_eq!(secret("a plain secret of enough bytes").unwrap().len(), 30);
    }
}
