//! Floor 2: sending mail, to an SMTP server or, when none is configured, into a folder.
//!
//! Notices do not come here directly: they wait in the outbox, which is written together with their cause. Sending is
//! repeated until it succeeds, so a server that accepts a message while we are killed gets it twice; both copies then
//! have the same `Message-ID`, which is made from the notice.

mod error;
mod letter;
mod smtp;
pub mod template;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub use error::MailError;
pub use letter::Letter;
pub use smtp::{Security, SmtpSettings};

/// Where letters go.
#[derive(Clone)]
pub enum Mailer {
    /// To an SMTP server.
    Smtp(Box<smtp::Smtp>),
    /// Into a folder, one `.eml` file for each letter, which mail programs open.
    Folder(PathBuf),
    /// Kept in memory, for tests.
    Memory(Arc<Mutex<Vec<Letter>>>),
}

impl Mailer {
    /// A mailer that hands over to an SMTP server. Connects only when a letter is sent.
    ///
    /// # Errors
    /// [`MailError::Settings`] when the certificate file cannot be used, or a password or text would cross a network
    /// without encryption.
    pub fn smtp(settings: &SmtpSettings) -> Result<Self, MailError> {
        smtp::Smtp::new(settings).map(|smtp| Self::Smtp(Box::new(smtp)))
    }

    /// A mailer that writes into `folder`, which is made when the first letter is written.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self::Folder(folder.into())
    }

    /// A mailer that keeps letters, and what it keeps them in.
    pub fn memory() -> (Self, Arc<Mutex<Vec<Letter>>>) {
        let letters = Arc::default();
        (Self::Memory(Arc::clone(&letters)), letters)
    }

    /// Sends a letter: when this returns, the server or the disk has it.
    ///
    /// # Errors
    /// See [`MailError`]; all but [`MailError::Settings`] may pass when the letter is sent again later.
    pub async fn send(&self, letter: &Letter) -> Result<(), MailError> {
        match self {
            Self::Smtp(smtp) => smtp.send(letter).await,
            Self::Folder(folder) => write(folder.clone(), letter).await,
            Self::Memory(letters) => {
                letter.message()?;
                letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter.clone());
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Smtp(smtp) => write!(f, "Mailer::Smtp({smtp})"),
            Self::Folder(folder) => write!(f, "Mailer::Folder({})", folder.display()),
            Self::Memory(_) => f.write_str("Mailer::Memory"),
        }
    }
}

/// Writes the letter under the name of its message, so that writing it again replaces it.
async fn write(folder: PathBuf, letter: &Letter) -> Result<(), MailError> {
    let bytes = letter.message()?.formatted();
    let path = folder.join(format!("{}.eml", letter.name));
    let partial = folder.join(format!(".{}.partial", letter.name));
    let failed = |cause: std::io::Error| MailError::Folder { path: path.clone(), cause };
    tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
    tokio::fs::write(&partial, bytes).await.map_err(failed)?;
    tokio::fs::rename(&partial, &path).await.map_err(failed)
}
