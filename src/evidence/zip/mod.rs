//! The container of a package: a ZIP file whose members are stored, not compressed.
//!
//! Writing is deterministic: no times, no system's marks. Reading is strict, because a package may come from someone
//! who wants it to say one thing to one tool and another to the next: every byte of the file must belong to exactly
//! one member, the directory or its end, and both descriptions of a member must agree. As nothing is compressed, no
//! package can unpack to more than its own size.

mod read;
mod write;

pub use read::{Archive, Member};
pub use write::write;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const LOCAL_BYTES: usize = 30;
const CENTRAL_BYTES: usize = 46;
const END_BYTES: usize = 22;
/// 1980-01-01, the first day that the format can name.
const DOS_DATE: u16 = 0x21;
/// A plain file that everybody may read and nobody change, made on Unix.
const ATTRIBUTES: u32 = 0o100_444 << 16;
const MADE_BY: u16 = 3 << 8 | 20;
const NEEDED: u16 = 20;

/// CRC-32 as ZIP has it.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests;
