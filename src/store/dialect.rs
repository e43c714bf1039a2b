//! The few fragments in which the two engines differ.

/// Which SQL an engine speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// One file, one writer at a time.
    Sqlite,
    /// A server, many writers.
    Postgres,
}

impl Dialect {
    /// Begins a transaction that will write. SQLite must take the write lock at once: a transaction that began by
    /// reading cannot wait for it and fails.
    pub(super) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "begin immediate",
            Self::Postgres => "begin",
        }
    }

    /// What a connection is told when it opens.
    pub(super) fn on_connect(self) -> &'static str {
        match self {
            // `busy_timeout` first, so that the others wait for a lock instead of failing.
            Self::Sqlite => {
                "pragma busy_timeout = 30000; pragma foreign_keys = on; pragma synchronous = full; \
                 pragma cache_size = -16000; pragma temp_store = memory"
            }
            Self::Postgres => "set lock_timeout = '30s'",
        }
    }

    /// Ends a subselect of rows to be taken: rows that another worker is taking are passed over, not waited for.
    /// SQLite has one writer, so there is nobody to pass over.
    pub(super) fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "for update skip locked",
        }
    }
}
