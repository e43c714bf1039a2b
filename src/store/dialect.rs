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

    /// Makes the search index when it is not there.
    pub(super) fn make_word_index(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => {
                &["create virtual table if not exists finding_word using fts5(grams, content = '', \
                 contentless_delete = 1, detail = 'none', tokenize = 'ascii')"]
            }
            Self::Postgres => &[
                // Two processes that open a new database at once would both make the table.
                "select pg_advisory_xact_lock(2016190100)",
                "create table if not exists finding_word (rowid bigint primary key, grams text[] not null)",
                "create index if not exists finding_word_grams on finding_word using gin (grams)",
            ],
        }
    }

    /// Puts the tokens `$2`, separated by spaces, at the place `$1` of the search index.
    pub(super) fn insert_words(self) -> &'static str {
        match self {
            Self::Sqlite => "insert or replace into finding_word (rowid, grams) values ($1, $2)",
            Self::Postgres => {
                "insert into finding_word (rowid, grams) values ($1, string_to_array($2, ' ')) \
                 on conflict (rowid) do update set grams = excluded.grams"
            }
        }
    }

    /// That a row of the search index has every token of `$a`.
    pub(super) fn has_words(self) -> &'static str {
        match self {
            Self::Sqlite => "finding_word match $a",
            Self::Postgres => "finding_word.grams @> string_to_array($a, ' ')",
        }
    }

    /// Between tokens that must all be there.
    pub(super) fn and_words(self) -> &'static str {
        match self {
            Self::Sqlite => " AND ",
            Self::Postgres => " ",
        }
    }

    /// So many findings are read and sorted rather than walked past: about as many as an engine reads in 50 ms.
    pub(super) fn few(self) -> usize {
        match self {
            Self::Sqlite => 2_000,
            Self::Postgres => 5_000,
        }
    }
}
