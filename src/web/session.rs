//! Sessions in memory: they end with the process, so a stolen data folder opens no door.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

use crate::domain::user::Actor;
use crate::kit::clock::UnixMs;
use crate::kit::digest::sha256_hex;

const LIFETIME_MS: i64 = 12 * 3_600_000;
/// So many wrong passwords from one address within the window close the door for that address …
const MAX_FAILURES_PER_ADDRESS: usize = 5;
/// … and so many from all addresses together close it for everyone.
const MAX_FAILURES: usize = 50;
const FAILURE_WINDOW_MS: i64 = 60_000;

/// Who is logged in.
#[derive(Clone)]
pub struct Session {
    /// The reviewer.
    pub actor: Actor,
    /// Must come back with every form.
    pub csrf: String,
    key: String,
    expires_at: UnixMs,
}

/// A message for the next page of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// Whether something went well.
    pub good: bool,
    /// The sentence.
    pub text: String,
}

/// Every session of this process.
#[derive(Default)]
pub struct Sessions {
    open: Mutex<HashMap<String, (Session, Option<Flash>)>>,
    failures: Mutex<Vec<(UnixMs, IpAddr)>>,
}

impl Sessions {
    /// Opens a session; the token goes into the cookie and is not kept here, only its digest is.
    pub fn open(&self, actor: Actor, now: UnixMs) -> anyhow::Result<String> {
        let token = random_hex()?;
        let key = sha256_hex(token.as_bytes());
        let session =
            Session { actor, csrf: random_hex()?, key: key.clone(), expires_at: now.plus_ms(LIFETIME_MS) };
        let mut open = lock(&self.open);
        open.retain(|_, (session, _)| session.expires_at > now);
        open.insert(key, (session, None));
        Ok(token)
    }

    /// The session of a token.
    pub fn find(&self, token: &str, now: UnixMs) -> Option<Session> {
        let open = lock(&self.open);
        open.get(&sha256_hex(token.as_bytes()))
            .filter(|(session, _)| session.expires_at > now)
            .map(|(session, _)| session.clone())
    }

    /// Ends a session.
    pub fn close(&self, session: &Session) {
        lock(&self.open).remove(&session.key);
    }

    /// Leaves a message for the next page.
    pub fn tell(&self, session: &Session, good: bool, text: String) {
        if let Some((_, flash)) = lock(&self.open).get_mut(&session.key) {
            *flash = Some(Flash { good, text });
        }
    }

    /// Takes the message left for this page.
    pub fn take_flash(&self, session: &Session) -> Option<Flash> {
        lock(&self.open).get_mut(&session.key).and_then(|(_, flash)| flash.take())
    }

    /// Whether this address may try a password now.
    pub fn may_try(&self, address: IpAddr, now: UnixMs) -> bool {
        let mut failures = lock(&self.failures);
        failures.retain(|(at, _)| at.plus_ms(FAILURE_WINDOW_MS) > now);
        let from_here = failures.iter().filter(|(_, from)| *from == address).count();
        from_here < MAX_FAILURES_PER_ADDRESS && failures.len() < MAX_FAILURES
    }

    /// Notes a wrong password.
    pub fn failed(&self, address: IpAddr, now: UnixMs) {
        lock(&self.failures).push((now, address));
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

    const NOW: UnixMs = UnixMs(1_795_395_900_000);

    #[test]
    fn a_session_ends_with_its_time_or_its_logout() {
        let sessions = Sessions::default();
        let token = sessions.open(Actor::person("李青").unwrap(), NOW).unwrap();
        assert_eq!(token.len(), 64);
        let session = sessions.find(&token, NOW).unwrap();
        assert!(sessions.find("0", NOW).is_none());
        assert!(sessions.find(&token, NOW.plus_ms(LIFETIME_MS)).is_none());
        sessions.close(&session);
        assert!(sessions.find(&token, NOW).is_none());
    }

    #[test]
    fn a_message_is_shown_once() {
        let sessions = Sessions::default();
        let token = sessions.open(Actor::person("李青").unwrap(), NOW).unwrap();
        let session = sessions.find(&token, NOW).unwrap();
        sessions.tell(&session, true, "done".to_owned());
        assert_eq!(sessions.take_flash(&session), Some(Flash { good: true, text: "done".to_owned() }));
        assert_eq!(sessions.take_flash(&session), None);
    }

    #[test]
    fn guessing_is_stopped_per_address_and_over_all() {
        let sessions = Sessions::default();
        let one = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..MAX_FAILURES_PER_ADDRESS {
            assert!(sessions.may_try(one, NOW));
            sessions.failed(one, NOW);
        }
        assert!(!sessions.may_try(one, NOW));
        assert!(sessions.may_try(IpAddr::from([192, 0, 2, 2]), NOW), "another address is not punished");
        assert!(sessions.may_try(one, NOW.plus_ms(FAILURE_WINDOW_MS)), "a minute later it may try again");
        for n in 0..MAX_FAILURES {
            sessions.failed(IpAddr::from([198, 51, 100, n as u8]), NOW);
        }
        assert!(
            !sessions.may_try(IpAddr::from([192, 0, 2, 3]), NOW),
            "many addresses together are stopped too"
        );
    }
}
