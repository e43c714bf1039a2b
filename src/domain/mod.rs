//! Floor 0: the nouns of the work, with the invariants that make wrong values impossible to build.
//!
//! One word per thing, the same in law, type, table, command and page; the table is in `docs/architecture.md`.

pub mod ad;
pub mod blob;
pub mod calendar;
pub mod campaign;
pub mod capture;
pub mod capture_log;
pub mod case;
mod case_label;
pub mod category;
pub mod claim;
pub mod duty;
pub mod evidence;
pub mod finding;
pub mod highlight;
pub mod hit;
pub mod job;
pub mod label;
pub mod lead;
pub mod manners;
pub mod notice;
pub mod office;
pub mod party;
pub mod picture;
mod procedure;
pub mod provision;
pub mod recheck;
pub mod referral;
pub mod rendering;
pub mod retention;
pub mod review;
pub mod run;
pub mod sample;
pub mod schedule;
pub mod source;
pub mod statistics;
pub mod step;
pub mod token;
pub mod user;
pub mod visit;
