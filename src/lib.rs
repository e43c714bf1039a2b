//! adwatch finds advertisements suspected of illegal fundraising (涉嫌非法集资广告), explains why, and seals the evidence.
//!
//! A module uses only floors below it (`tests/tidy.rs` keeps this):
//!
//! ```text
//! 6  main.rs
//! 5  cli/            web/              worker/        three shells; no SQL, no rules, no decisions
//! 4  app/                                             use cases: the only place that combines the rest
//! 3  source/   evidence/                              connectors; packages
//! 2  fetch/ store/ vault/ notify/ render/ ocr/        adapters to the outside; they do not know each other
//! 1  text/ rules/ matcher/ judge/ extract/ group/ letter/ picture/ pure engines: no I/O, no clock, no async
//! 0  domain/   kit/                                   nouns with invariants; tiny helpers
//! ```

pub mod domain;
pub mod kit;

pub mod extract;
pub mod group;
pub mod judge;
pub mod letter;
pub mod matcher;
pub mod picture;
pub mod rules;
pub mod text;

pub mod fetch;
pub mod notify;
pub mod ocr;
pub mod render;
pub mod store;
pub mod vault;

pub mod evidence;
pub mod source;

pub mod app;

pub mod cli;
pub mod web;
pub mod worker;
