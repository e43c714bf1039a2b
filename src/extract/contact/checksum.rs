//! Check digits and checksums of numbers and addresses.

use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

/// Luhn's check (ISO/IEC 7812-1, annex B) over ASCII digits.
pub fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            match at % 2 {
                0 => digit,
                _ => digit * 2 / 10 + digit * 2 % 10,
            }
        })
        .sum();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) && sum.is_multiple_of(10)
}

/// 统一社会信用代码: 18 characters, upper case, with the check character of GB 32100-2015.
pub fn credit_code(code: &str) -> bool {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let values: Option<Vec<usize>> =
        code.bytes().map(|byte| ALPHABET.iter().position(|known| *known == byte)).collect();
    let Some(values) = values.filter(|values| values.len() == 18) else { return false };
    // The weights are the powers of 3 modulo 31.
    let mut weight = 1;
    let mut sum = 0;
    for value in &values[..17] {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31 == values[17]
}

/// 公民身份号码: 18 characters with a date in it and the check character of GB 11643-1999 (ISO 7064, MOD 11-2).
pub fn identity_card(number: &str) -> bool {
    let bytes = number.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let part = |from: usize, to: usize| number[from..to].parse::<u32>().unwrap_or_default();
    let is_date = (1900..2100).contains(&part(6, 10))
        && (1..=12).contains(&part(10, 12))
        && (1..=31).contains(&part(12, 14));
    // Digits weighted by 2^(17 - position), and the check digit, sum up to 1 modulo 11.
    let sum: u32 = bytes[..17]
        .iter()
        .enumerate()
        .map(|(at, byte)| u32::from(byte - b'0') * (1 << (17 - at)) % 11)
        .sum::<u32>();
    let check = (12 - sum % 11) % 11;
    let last =
        if bytes[17].eq_ignore_ascii_case(&b'x') { 10 } else { u32::from(bytes[17].wrapping_sub(b'0')) };
    is_date && check == last
}

/// The payload of a Base58Check text (version byte first): Bitcoin and TRON addresses.
pub fn base58check(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    // Base 256 digits, least significant first.
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for byte in text.bytes() {
        let mut carry = ALPHABET.iter().position(|known| *known == byte)?;
        for digit in &mut bytes {
            carry += usize::from(*digit) * 58;
            *digit = (carry & 0xff) as u8;
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push((carry & 0xff) as u8);
            carry >>= 8;
        }
    }
    bytes.extend(text.bytes().take_while(|byte| *byte == b'1').map(|_| 0));
    bytes.reverse();
    let payload_len = bytes.len().checked_sub(4).filter(|len| *len > 0)?;
    let (payload, check) = bytes.split_at(payload_len);
    let digest = Sha256::digest(Sha256::digest(payload));
    (digest[..4] == *check).then(|| payload.to_vec())
}

/// A Bitcoin address of the `bc1` form, lower case: Bech32 for version 0 (BIP 173), Bech32m above (BIP 350).
pub fn bech32(address: &str) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let Some(data) = address.strip_prefix("bc1") else { return false };
    let values: Option<Vec<u32>> = data
        .bytes()
        .map(|byte| ALPHABET.iter().position(|known| *known == byte).and_then(|at| u32::try_from(at).ok()))
        .collect();
    let Some(values) = values.filter(|values| values.len() > 6 && address.len() <= 90) else { return false };
    let prefix = b"bc";
    let expanded = prefix
        .iter()
        .map(|byte| u32::from(byte >> 5))
        .chain([0])
        .chain(prefix.iter().map(|byte| u32::from(byte & 31)))
        .chain(values.iter().copied());
    let mut sum: u32 = 1;
    for value in expanded {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ value;
        for (bit, generator) in
            [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3].into_iter().enumerate()
        {
            if top >> bit & 1 == 1 {
                sum ^= generator;
            }
        }
    }
    sum == if values[0] == 0 { 1 } else { 0x2bc8_30a3 }
}

/// What the letters of an Ethereum address say about it (ERC-55).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erc55 {
    /// Mixed case, and the checksum holds.
    Holds,
    /// One case only: it has no checksum.
    Absent,
    /// Mixed case, and the checksum does not hold.
    Broken,
}

/// Checks `0x` and 40 hexadecimal digits; `None` for another shape.
pub fn erc55(address: &str) -> Option<Erc55> {
    let digits = address.strip_prefix("0x").or_else(|| address.strip_prefix("0X"))?;
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let has = |test: fn(&u8) -> bool| digits.as_bytes().iter().any(test);
    if !has(u8::is_ascii_uppercase) || !has(u8::is_ascii_lowercase) {
        return Some(Erc55::Absent);
    }
    let hash = Keccak256::digest(digits.to_ascii_lowercase());
    let holds = digits.bytes().enumerate().all(|(at, byte)| {
        let nibble = hash[at / 2] >> (if at % 2 == 0 { 4 } else { 0 }) & 0xf;
        byte.is_ascii_digit() || byte.is_ascii_uppercase() == (nibble >= 8)
    });
    Some(if holds { Erc55::Holds } else { Erc55::Broken })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes the character at `at` to another of the same class.
    fn damaged(text: &str, at: usize) -> String {
        let other = |c: char| match c {
            '9' => '2',
            '0'..='8' => char::from_u32(u32::from(c) + 1).unwrap(),
            'Z' | 'z' => 'Y',
            'H' | 'N' => 'Q',
            _ => char::from_u32(u32::from(c) + 1).unwrap(),
        };
        text.char_indices().map(|(index, c)| if index == at { other(c) } else { c }).collect()
    }

    #[test]
    fn published_examples_hold_and_one_changed_character_breaks_them() {
        type Check = fn(&str) -> bool;
        let cases: [(&str, Check); 7] = [
            ("6222021234567890128", luhn),
            ("91350100M000100Y43", credit_code),
            ("11010519491231002X", identity_card),
            ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", |text| base58check(text).is_some()),
            ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", |text| base58check(text).is_some()),
            ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", bech32),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", |text| erc55(text) == Some(Erc55::Holds)),
        ];
        for (good, check) in cases {
            assert!(check(good), "{good}");
            for at in [3, good.len() / 2, good.len() - 2] {
                let bad = damaged(good, at);
                assert!(!check(&bad), "{good} → {bad}");
            }
        }
    }

    #[test]
    fn what_has_no_checksum_is_told_from_what_breaks_it() {
        assert_eq!(erc55("0xde709f2102306220921060314715629080e2fb77"), Some(Erc55::Absent));
        assert_eq!(erc55("0xDe709f2102306220921060314715629080e2fb77"), Some(Erc55::Broken));
        assert_eq!(erc55("0x1234"), None);
        assert!(bech32("bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"));
    }
}
