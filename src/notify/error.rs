//! Why a letter was not sent.

use std::path::PathBuf;

/// Why a letter was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The settings cannot work; sending again will not help until they are changed.
    #[error("mail setting `{setting}`: {why}")]
    Settings {
        /// Name of the setting in `[mail]`.
        setting: &'static str,
        /// What is wrong and what would be right.
        why: String,
    },
    /// The server could not be reached, or the connection ended or was not safe. Nothing was handed over.
    #[error("mail server {server} cannot be used: {why}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What happened.
        why: String,
    },
    /// The server answered and did not take the letter.
    #[error("mail server {server} refused the letter: {why}")]
    Refused {
        /// Host and port.
        server: String,
        /// Its answer.
        why: String,
    },
    /// The file could not be written.
    #[error("letter {} cannot be written: {cause}", .path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
}
