//! One-time codes from a shared secret and the time (TOTP, RFC 6238, with HMAC-SHA-1, 30 seconds and six digits,
//! which every authenticator computes), and the base32 of RFC 4648 in which people type the secret.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::clock::UnixMs;

const STEP_MS: i64 = 30_000;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The time step of an instant.
pub fn step(at: UnixMs) -> i64 {
    at.0.div_euclid(STEP_MS)
}

/// The six-digit code of a secret at a time step.
pub fn code(secret: &[u8], step: i64) -> String {
    format!("{:06}", truncated(secret, step) % 1_000_000)
}

/// The time step whose code this is: the present one, or one before or after for clocks that differ.
pub fn step_of(secret: &[u8], given: &str, now: UnixMs) -> Option<i64> {
    let given: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    let present = step(now);
    [present, present - 1, present + 1].into_iter().find(|step| same(&code(secret, *step), &given))
}

/// Base32 without padding.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut buffer, mut n_bits) = (0_u32, 0);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        n_bits += 8;
        while n_bits >= 5 {
            n_bits -= 5;
            text.push(char::from(ALPHABET[(buffer >> n_bits) as usize & 31]));
        }
        buffer &= (1 << n_bits) - 1;
    }
    if n_bits > 0 {
        text.push(char::from(ALPHABET[(buffer << (5 - n_bits)) as usize & 31]));
    }
    text
}

/// The bytes of a base32 text; `None` when it is not one.
pub fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut buffer, mut n_bits) = (0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        buffer = (buffer << 5) | u32::try_from(value).ok()?;
        n_bits += 5;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push(u8::try_from(buffer >> n_bits & 0xff).ok()?);
        }
        buffer &= (1 << n_bits) - 1;
    }
    Some(bytes)
}

/// Compares without telling by its duration where the difference is.
pub fn same(one: &str, two: &str) -> bool {
    one.len() == two.len()
        && one.bytes().zip(two.bytes()).fold(0, |different, (a, b)| different | (a ^ b)) == 0
}

/// Dynamic truncation of RFC 4226, section 5.3.
fn truncated(secret: &[u8], step: i64) -> u32 {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return 0 };
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest.last().copied().unwrap_or_default() & 0xf);
    let word = digest.iter().skip(at).take(4).fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
    word & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1; the last six of the eight digits there.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(secret, step(UnixMs(seconds * 1000))), expected, "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_differ_by_one_step_and_no_more() {
        let (secret, now) = (b"12345678901234567890", UnixMs(1_111_111_109_000));
        for (away, taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let given = code(secret, step(now) + away);
            assert_eq!(step_of(secret, &given, now).is_some(), taken, "{away}");
        }
        assert_eq!(step_of(secret, "081 804", now), Some(step(now)));
        for wrong in ["", "0", "08180", "0818040", "abcdef", "０８１８０４"] {
            assert_eq!(step_of(secret, wrong, now), None, "{wrong}");
        }
    }

    /// RFC 4648, section 10, without padding.
    #[test]
    fn base32_is_that_of_the_standard() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
            assert_eq!(from_base32(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(from_base32("M1"), None);
    }
}
