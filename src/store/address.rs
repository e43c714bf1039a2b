//! Which engine a database address means.

use std::path::{Path, PathBuf};

use super::StoreError;
use super::dialect::Dialect;

/// A database address that was understood. `Debug` and errors show it without its password.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A SQLite file.
    File(PathBuf),
    /// A SQLite database that ends with the process.
    Memory,
    /// A PostgreSQL server.
    Server {
        /// The address as given, with its password.
        url: String,
        /// The address for logs and errors.
        shown: String,
    },
}

impl Address {
    /// Accepts `sqlite:PATH`, `sqlite://PATH`, `sqlite::memory:`, a plain path and `postgres://…`.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            let shown = redact(text);
            return match url::Url::parse(text) {
                Ok(_) => Ok(Self::Server { url: text.to_owned(), shown }),
                Err(error) => Err(StoreError::Address {
                    shown,
                    why: format!("{error}; write postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
                }),
            };
        }
        let path = match text.strip_prefix("sqlite:") {
            Some(":memory:") => return Ok(Self::Memory),
            Some(rest) => rest.strip_prefix("//").unwrap_or(rest),
            None => text,
        };
        let why = if path.is_empty() {
            "it names no file; write sqlite:PATH, for example sqlite:adwatch-data/adwatch.db"
        } else if path.contains('?') {
            "options after `?` are not read; write the path alone"
        } else if path.contains("://") {
            "the engine is not known; use sqlite:PATH or postgres://…"
        } else {
            return Ok(Self::File(PathBuf::from(path)));
        };
        Err(StoreError::Address { shown: redact(text), why: why.to_owned() })
    }

    /// Which SQL the engine speaks.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::File(_) | Self::Memory => Dialect::Sqlite,
            Self::Server { .. } => Dialect::Postgres,
        }
    }

    /// The form that the database library reads.
    pub(super) fn library_url(&self) -> std::io::Result<String> {
        Ok(match self {
            Self::File(path) => format!("sqlite://{}?mode=rwc", escape_path(&std::path::absolute(path)?)),
            Self::Memory => "sqlite::memory:".to_owned(),
            Self::Server { url, .. } => url.clone(),
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "sqlite:{}", path.display()),
            Self::Memory => f.write_str("sqlite::memory:"),
            Self::Server { shown, .. } => f.write_str(shown),
        }
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// Replaces everything that may be a password: before the `@`, and in a `password=` option.
fn redact(text: &str) -> String {
    let (head, query) = text.split_once('?').map_or((text, None), |(head, query)| (head, Some(query)));
    let mut shown = match (head.split_once("://"), head.rfind('@')) {
        (Some((scheme, _)), Some(at)) => {
            let start = scheme.len() + 3;
            let user = head.get(start..at).unwrap_or_default().split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:…{}", &head[at..])
        }
        _ => head.to_owned(),
    };
    for (index, option) in query.iter().flat_map(|query| query.split('&')).enumerate() {
        shown.push(if index == 0 { '?' } else { '&' });
        let name = option.split('=').next().unwrap_or_default();
        shown.push_str(if name.eq_ignore_ascii_case("password") { "password=…" } else { option });
    }
    shown
}

/// Percent-encodes what an address would read as something else; any other byte of a path stays.
fn escape_path(path: &Path) -> String {
    let mut escaped = String::new();
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-') {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_address_is_understood() {
        for (text, expected) in [
            ("sqlite:a/b.db", Address::File("a/b.db".into())),
            ("sqlite:///var/lib/x.db", Address::File("/var/lib/x.db".into())),
            ("/tmp/x y.db", Address::File("/tmp/x y.db".into())),
            ("sqlite::memory:", Address::Memory),
        ] {
            assert_eq!(Address::parse(text).unwrap(), expected, "{text}");
        }
        assert_eq!(Address::parse("postgres://u@h/d").unwrap().dialect(), Dialect::Postgres);
    }

    #[test]
    fn a_wrong_address_is_refused_with_a_right_one() {
        for (text, word) in [
            ("", "sqlite:PATH"),
            ("sqlite:", "sqlite:PATH"),
            ("mysql://h/d", "postgres://"),
            ("sqlite:x?mode=ro", "path alone"),
        ] {
            assert!(Address::parse(text).unwrap_err().to_string().contains(word), "{text}");
        }
    }

    #[test]
    fn passwords_are_never_shown() {
        for text in [
            "postgres://office:hunter2@db.example:5432/adwatch",
            "postgres://office:hunt@er2@db.example/adwatch",
            "postgres://db.example/adwatch?user=office&password=hunter2",
            "postgresql://office:hunter2@[bad/adwatch",
        ] {
            let shown = match Address::parse(text) {
                Ok(address) => format!("{address} {address:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!shown.contains("hunt") && !shown.contains("er2"), "{shown}");
            assert!(shown.contains("adwatch"), "{shown}");
        }
    }

    #[test]
    fn a_path_with_special_characters_stays_one_path() {
        let url = Address::File("/tmp/数据 100%#1.db".into()).library_url().unwrap();
        assert_eq!(url, "sqlite:///tmp/%E6%95%B0%E6%8D%AE%20100%25%231.db?mode=rwc");
    }
}
