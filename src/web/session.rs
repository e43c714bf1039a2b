//! Messages for the next page of somebody who is logged in, and random tokens. Sessions themselves are kept by the
//! use cases, in the database.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::domain::finding::FindingId;
use crate::domain::user::SessionId;

/// Sessions whose message was never shown are forgotten beyond this many.
const MAX_WAITING: usize = 1_000;

/// A message for the next page of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// Whether something went well.
    pub good: bool,
    /// The sentence.
    pub text: String,
    /// The finding that was just decided, whose decision can be taken back from any page.
    pub undo: Option<FindingId>,
}

/// Messages that wait for the next page.
#[derive(Default)]
pub struct Flashes(Mutex<HashMap<SessionId, Flash>>);

impl Flashes {
    /// Leaves a message for the next page.
    pub fn tell(&self, session: &SessionId, flash: Flash) {
        let mut waiting = lock(&self.0);
        if waiting.len() >= MAX_WAITING {
            waiting.clear();
        }
        waiting.insert(session.clone(), flash);
    }

    /// Takes the message left for this page.
    pub fn take(&self, session: &SessionId) -> Option<Flash> {
        lock(&self.0).remove(session)
    }
}

impl Flash {
    /// Something went well.
    pub fn good(text: impl Into<String>) -> Self {
        Self { good: true, text: text.into(), undo: None }
    }
}

/// 256 random bits, hexadecimal.
pub fn random_hex() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(hex::encode(bytes))
}

/// A poisoned lock means another request panicked; the map itself is never left half written.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_shown_once() {
        let (flashes, session) = (Flashes::default(), SessionId::parse("s-1").unwrap());
        flashes.tell(&session, Flash::good("done"));
        assert_eq!(flashes.take(&SessionId::parse("s-2").unwrap()), None, "not to somebody else");
        assert_eq!(flashes.take(&session), Some(Flash::good("done")));
        assert_eq!(flashes.take(&session), None);
    }
}
