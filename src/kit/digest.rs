//! SHA-256 and SM3 (GB/T 32905-2016) side by side: one for the world's tools, one for Chinese practice.

use sha2::Digest as _;

/// Both digests of the same bytes, lower-case hexadecimal, 64 characters each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Digests {
    /// SHA-256 (FIPS 180-4).
    pub sha256: String,
    /// SM3 (GB/T 32905-2016).
    pub sm3: String,
}

impl Digests {
    /// Digests of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(bytes);
        hasher.finish()
    }
}

/// Computes both digests over bytes that arrive in pieces.
#[derive(Default)]
pub struct Hasher {
    sha256: sha2::Sha256,
    sm3: sm3::Sm3,
}

impl Hasher {
    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        self.sm3.update(bytes);
    }

    /// The digests of everything added.
    pub fn finish(self) -> Digests {
        Digests { sha256: hex::encode(self.sha256.finalize()), sm3: hex::encode(self.sm3.finalize()) }
    }
}

/// SHA-256 of `bytes`, lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(sha2::Sha256::digest(bytes))
}

/// SM3 of `bytes`, lower-case hexadecimal.
pub fn sm3_hex(bytes: &[u8]) -> String {
    hex::encode(sm3::Sm3::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_abc_equal_the_standards_vectors() {
        let digests = Digests::of(b"abc");
        assert_eq!(digests.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digests.sm3, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    }
}
