//! Writing: members one after the other, then the directory.

use std::io::{self, Write};

use super::crc32;
use super::{
    ATTRIBUTES, CENTRAL, CENTRAL_BYTES, DOS_DATE, END, END_BYTES, LOCAL, LOCAL_BYTES, MADE_BY, NEEDED,
};

/// Writes members (path, content) in this order and gives the size of the file in bytes.
///
/// # Errors
/// What the sink says; `InvalidInput` when a package would need more than the 4 GiB or 65,535 members that the plain
/// format holds.
pub fn write<'a>(
    mut to: impl Write,
    members: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> io::Result<u64> {
    let mut directory = Vec::new();
    let mut n_members: u16 = 0;
    let mut offset: u32 = 0;
    for (path, content) in members {
        let fields = Fields::of(path, content)?;
        let mut head = Vec::with_capacity(LOCAL_BYTES + path.len());
        head.extend(LOCAL.to_le_bytes());
        fields.put(&mut head);
        head.extend(path.as_bytes());
        to.write_all(&head)?;
        to.write_all(content)?;
        directory.extend(CENTRAL.to_le_bytes());
        directory.extend(MADE_BY.to_le_bytes());
        fields.put(&mut directory);
        // No comment, first disk, binary.
        directory.extend([0_u8; 6]);
        directory.extend(ATTRIBUTES.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(path.as_bytes());
        offset = u32::try_from(head.len())
            .ok()
            .and_then(|head| offset.checked_add(head)?.checked_add(fields.size))
            .ok_or_else(too_large)?;
        n_members = n_members.checked_add(1).ok_or_else(too_large)?;
    }
    debug_assert!(directory.is_empty() || directory.len() > CENTRAL_BYTES);
    let directory_size = u32::try_from(directory.len()).map_err(|_| too_large())?;
    to.write_all(&directory)?;
    let mut end = Vec::with_capacity(END_BYTES);
    end.extend(END.to_le_bytes());
    end.extend([0_u8; 4]);
    end.extend(n_members.to_le_bytes());
    end.extend(n_members.to_le_bytes());
    end.extend(directory_size.to_le_bytes());
    end.extend(offset.to_le_bytes());
    end.extend([0_u8; 2]);
    to.write_all(&end)?;
    Ok(u64::from(offset) + u64::from(directory_size) + END_BYTES as u64)
}

/// What both descriptions of a member say.
struct Fields {
    crc: u32,
    size: u32,
    name_size: u16,
}

impl Fields {
    fn of(path: &str, content: &[u8]) -> io::Result<Self> {
        Ok(Self {
            crc: crc32(content),
            size: u32::try_from(content.len()).map_err(|_| too_large())?,
            name_size: u16::try_from(path.len()).map_err(|_| too_large())?,
        })
    }

    fn put(&self, to: &mut Vec<u8>) {
        to.extend(NEEDED.to_le_bytes());
        // No flags, stored, midnight.
        to.extend([0_u8; 6]);
        to.extend(DOS_DATE.to_le_bytes());
        to.extend(self.crc.to_le_bytes());
        to.extend(self.size.to_le_bytes());
        to.extend(self.size.to_le_bytes());
        to.extend(self.name_size.to_le_bytes());
        to.extend([0_u8; 2]);
    }
}

fn too_large() -> io::Error {
    let why = "a package holds at most 4 GiB and 65,535 files; seal fewer captures at once";
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
