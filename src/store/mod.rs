//! Floor 2: everything that is remembered. All SQL of adwatch is in this folder, and it runs as it stands on SQLite
//! and on PostgreSQL; what differs is in `dialect.rs`.
//!
//! What must stay true:
//! - A row is written only after its bytes are safe in the vault, and it is safe itself when a call returns:
//!   SQLite runs in WAL mode with `synchronous=FULL`. `NORMAL` could lose the last transactions in a power cut, among
//!   them a decision that a person was already told about; the cost is one fsync for each transaction, and a
//!   transaction is a whole page, not a row.
//! - Decisions, audit entries and custody events are appended. No function here updates or deletes one.
//! - Identifiers are made by the caller, so every call may be repeated after a crash.
//! - Several processes may use one database, on one machine (SQLite) or on many (PostgreSQL).

mod address;
mod batch;
mod chain;
mod dialect;
mod error;
mod filter;
mod pool;
mod row;
mod tally;
mod word;

pub mod ad;
pub mod assignment;
pub mod audit;
pub mod capture;
pub mod capture_log;
pub mod contact;
pub mod evidence;
pub mod finding;
pub mod frontier;
pub mod group;
pub mod host;
pub mod import;
pub mod job;
pub mod keeping;
pub mod lead;
pub mod manners;
pub mod office;
pub mod outbox;
pub mod page;
pub mod party;
pub mod picture;
pub mod recheck;
pub mod rendering;
pub mod report;
pub mod review;
pub mod run;
pub mod sample;
pub mod schedule;
pub mod source;
pub mod stamp;
pub mod statistics;
pub mod token;
pub mod user;
pub mod view;

#[cfg(test)]
mod suite;

pub use chain::ChainCheck;
pub use error::StoreError;
pub use pool::Db;

/// Result of a store call.
pub type Result<T> = std::result::Result<T, StoreError>;
