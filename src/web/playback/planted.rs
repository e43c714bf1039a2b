//! What is planted in the sites: the demo and the tests compare it with what was found.

use serde::Deserialize;

/// One ad or post of `fixtures/demo/expected.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Planted {
    /// Its name.
    pub id: String,
    /// `violation`, `benign` or `ordinary`.
    pub label: String,
    /// How its words are hidden, by names of the normalizer's transforms; empty when they are not.
    #[serde(default)]
    pub forms: Vec<String>,
    /// A stretch of its published words that nothing else has.
    pub words: String,
    /// Why today's rules are known to get it wrong.
    #[serde(default)]
    pub known_miss: Option<String>,
}

#[derive(Deserialize)]
struct Expected {
    item: Vec<Planted>,
}

/// Every planted item, in the order of the file.
///
/// # Errors
/// `InvalidData` when the file does not parse.
pub fn planted() -> std::io::Result<Vec<Planted>> {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/demo/expected.toml"));
    let expected: Expected =
        toml::from_str(text).map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error))?;
    Ok(expected.item)
}
