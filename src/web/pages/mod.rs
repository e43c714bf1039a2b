//! One file for each page: what it asks the desk, and the shape its template shows.

pub mod account;
mod asked;
pub mod asset;
pub mod audit;
pub mod bulk;
pub mod campaign;
pub mod capture;
mod card;
pub mod case;
pub mod decide;
pub mod failure;
pub mod finding;
pub mod lead;
mod lead_form;
pub mod letter;
pub mod login;
pub mod office;
pub mod package;
pub mod queue;
pub mod sample;
pub mod source;
pub mod statistics;
pub mod users;
mod words;
