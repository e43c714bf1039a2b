//! Styles, their addresses led into the package.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::Place;

/// `url(…)` with or without quotes, and `@import "…"`.
static ADDRESSES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?i)url\(\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^"')\s]+))\s*\)|@import\s+(?:"([^"\n]*)"|'([^'\n]*)')"#,
    )
    .ok()
});

/// The style with every address replaced by the one under which the package answers it, or by none. What this reading
/// misses, the policy of the answer refuses.
pub(super) fn rewritten(style: &str, place: &Place<'_>) -> String {
    let Some(addresses) = &*ADDRESSES else { return String::new() };
    let replace = |found: &Captures<'_>| {
        let address = (1..=5).find_map(|group| found.get(group)).map_or("", |found| found.as_str());
        let local = place.local(address).unwrap_or_else(|| "about:invalid".to_owned());
        // Addresses of ours are escaped; a picture within the style may hold quotes of its own.
        let quoted = local.replace('\\', "%5C").replace('"', "%22");
        match found.get(4).or(found.get(5)) {
            Some(_) => format!("@import \"{quoted}\""),
            None => format!("url(\"{quoted}\")"),
        }
    };
    addresses.replace_all(style, replace).into_owned()
}
