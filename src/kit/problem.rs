//! Problems as values: bad input never stops the rest.

/// Something about one input that a person may want to know.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Problem {
    /// Stable kebab-case word, for example `invalid-utf8`.
    pub code: String,
    /// One sentence with the object and the numbers.
    pub message: String,
}

impl Problem {
    /// A problem with a stable `code` and a sentence.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
