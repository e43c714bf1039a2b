//! Hash-chained records: each entry's hash covers the one before it, so a removed or edited entry shows.

use super::digest::sha256_hex;

/// The hash before the first entry.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Hash of an entry whose predecessor has hash `previous` and whose content is `payload`.
pub fn link(previous: &str, payload: &str) -> String {
    sha256_hex(format!("{previous}\n{payload}").as_bytes())
}

/// Checks `(hash, payload)` entries in order; `Err` gives the index of the first that does not fit.
pub fn verify<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), usize> {
    let mut previous = GENESIS.to_owned();
    for (index, (hash, payload)) in entries.into_iter().enumerate() {
        if link(&previous, payload) != hash {
            return Err(index);
        }
        previous = hash.to_owned();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_removed_or_swapped_entry_is_named() {
        let payloads = ["first", "second", "third"];
        let mut entries = Vec::new();
        let mut previous = GENESIS.to_owned();
        for payload in payloads {
            previous = link(&previous, payload);
            entries.push((previous.clone(), payload));
        }
        let view = |entries: &[(String, &'static str)]| verify(entries.iter().map(|(h, p)| (h.as_str(), *p)));
        assert_eq!(view(&entries), Ok(()));
        let mut edited = entries.clone();
        edited[1].1 = "2nd";
        assert_eq!(view(&edited), Err(1));
        let mut removed = entries.clone();
        removed.remove(0);
        assert_eq!(view(&removed), Err(0));
        let mut swapped = entries;
        swapped.swap(1, 2);
        assert_eq!(view(&swapped), Err(1));
    }
}
