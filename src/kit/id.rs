//! Typed identifiers: a [`crate::domain::ad::AdId`] can never be passed where a capture id is wanted.

/// Longest accepted identifier, in bytes.
pub const MAX_LEN: usize = 80;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}: use 1 to {MAX_LEN} of a-z A-Z 0-9 . _ -, starting with a letter or digit")]
pub struct ParseIdError {
    /// Name of the wanted type, for example `SourceId`.
    pub kind: &'static str,
    /// What was given, shortened for display.
    pub text: String,
}

/// Whether `text` may name a thing in a path, a URL and a shell line without quoting.
pub fn is_valid(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= MAX_LEN
        && bytes.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !text.contains("..")
}

/// Declares an identifier type over text that passed [`is_valid`].
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Accepts `text` if it is safe in a path, a URL and a shell line.
            ///
            /// # Errors
            /// [`crate::kit::id::ParseIdError`] names the text and the accepted characters.
            pub fn parse(text: &str) -> Result<Self, $crate::kit::id::ParseIdError> {
                if $crate::kit::id::is_valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::kit::id::ParseIdError {
                        kind: stringify!($name),
                        text: text.chars().take(100).collect(),
                    })
                }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::kit::id::ParseIdError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::kit::id::ParseIdError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}
pub(crate) use typed_id;

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn paths_and_shell_words_are_refused() {
        for bad in
            ["", "..", "a..b", "../etc", "a/b", "a b", "-rf", ".hidden", "a\0", "广告", &"x".repeat(81)]
        {
            assert!(!is_valid(bad), "{bad:?} must be refused");
        }
        for good in ["a", "portal-1", "com.example.app", "0198c0de"] {
            assert!(is_valid(good), "{good:?} must be accepted");
        }
    }
}
