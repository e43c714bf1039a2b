//! Comparing the computer's clock with a time server (SNTP, RFC 4330). The office itself names the server.

use std::time::Duration;

use tokio::net::UdpSocket;

use crate::kit::clock::{Clock, UnixMs};

/// Seconds from 1900, where NTP begins, to 1970.
const NTP_EPOCH_S: i64 = 2_208_988_800;
/// Seconds after which the NTP count begins anew (2036).
const ERA_S: i64 = 1 << 32;
const PACKET_BYTES: usize = 48;

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockOffset {
    /// Milliseconds to add to this computer's time to get the server's.
    pub offset_ms: i64,
    /// It is right within so many milliseconds: half of the round trip.
    pub error_ms: i64,
}

/// Why a clock could not be compared.
#[derive(Debug, thiserror::Error)]
#[error("time server {server}: {why}")]
pub struct SntpError {
    server: String,
    why: String,
}

/// Asks `server` (`host` or `host:port`, usually port 123) once.
///
/// # Errors
/// [`SntpError`] when it does not answer within `limit`, or what it answers is no time for this question.
pub async fn compare(server: &str, clock: &dyn Clock, limit: Duration) -> Result<ClockOffset, SntpError> {
    let failed = |why: String| SntpError { server: server.to_owned(), why };
    let asked = tokio::time::timeout(limit, ask(server, clock)).await;
    let (answer, cookie, sent_at, received_at) = asked
        .map_err(|_| failed(format!("no answer within {} ms", limit.as_millis())))?
        .map_err(|error| failed(error.to_string()))?;
    offset(&answer, cookie, sent_at, received_at).map_err(|why| failed(why.to_owned()))
}

type Answer = (Vec<u8>, [u8; 8], UnixMs, UnixMs);

async fn ask(server: &str, clock: &dyn Clock) -> std::io::Result<Answer> {
    let with_port = if server.contains(':') { server.to_owned() } else { format!("{server}:123") };
    let address = tokio::net::lookup_host(&with_port)
        .await?
        .next()
        .ok_or_else(|| std::io::Error::other("the name has no address"))?;
    let own = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(address).await?;
    // In place of our time: only who saw the question can answer it, and it tells nothing about this computer.
    let mut cookie = [0; 8];
    getrandom::fill(&mut cookie).map_err(|error| std::io::Error::other(error.to_string()))?;
    let mut question = [0; PACKET_BYTES];
    question[0] = 0x23; // version 4, client
    question[40..].copy_from_slice(&cookie);
    let sent_at = clock.now();
    socket.send(&question).await?;
    let mut answer = vec![0; 512];
    let n_bytes = socket.recv(&mut answer).await?;
    let received_at = clock.now();
    answer.truncate(n_bytes);
    Ok((answer, cookie, sent_at, received_at))
}

fn offset(
    answer: &[u8],
    cookie: [u8; 8],
    sent_at: UnixMs,
    received_at: UnixMs,
) -> Result<ClockOffset, &'static str> {
    let answer = answer.get(..PACKET_BYTES).ok_or("the answer is too short")?;
    if answer[0] & 0x07 != 4 {
        return Err("the answer is none of a server");
    }
    if answer[24..32] != cookie {
        return Err("the answer is to another question");
    }
    let (leap, stratum) = (answer[0] >> 6, answer[1]);
    if leap == 3 || !(1..16).contains(&stratum) {
        return Err("the server itself does not know the time");
    }
    let arrived = ntp_ms(&answer[32..40]).ok_or("the answer has no time")?;
    let left = ntp_ms(&answer[40..48]).ok_or("the answer has no time")?;
    let round_trip_ms = (received_at.0 - sent_at.0) - (left - arrived);
    Ok(ClockOffset {
        offset_ms: ((arrived - sent_at.0) + (left - received_at.0)) / 2,
        // A millisecond for the rounding of each of our readings.
        error_ms: round_trip_ms.max(0) / 2 + 1,
    })
}

/// Unix milliseconds of an NTP time; `None` when it is not set.
fn ntp_ms(field: &[u8]) -> Option<i64> {
    let seconds = i64::from(u32::from_be_bytes(field[..4].try_into().ok()?));
    let fraction = i64::from(u32::from_be_bytes(field[4..8].try_into().ok()?));
    if seconds == 0 {
        return None;
    }
    // Before 1968 is after 2036.
    let seconds = if seconds < ERA_S / 2 { seconds + ERA_S } else { seconds };
    Some((seconds - NTP_EPOCH_S) * 1000 + ((fraction * 1000) >> 32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::clock::FixedClock;

    fn time(at: UnixMs) -> [u8; 8] {
        let seconds = u32::try_from((at.0.div_euclid(1000) + NTP_EPOCH_S) % ERA_S).unwrap();
        let fraction = u32::try_from((at.0.rem_euclid(1000) << 32) / 1000 + 1).unwrap();
        let mut field = [0; 8];
        field[..4].copy_from_slice(&seconds.to_be_bytes());
        field[4..].copy_from_slice(&fraction.to_be_bytes());
        field
    }

    fn answer(cookie: &[u8], arrived: UnixMs, left: UnixMs) -> Vec<u8> {
        let mut answer = vec![0; PACKET_BYTES];
        answer[0] = 0x24;
        answer[1] = 2;
        answer[24..32].copy_from_slice(cookie);
        answer[32..40].copy_from_slice(&time(arrived));
        answer[40..48].copy_from_slice(&time(left));
        answer
    }

    const NOW: UnixMs = UnixMs(1_795_395_900_000);

    #[test]
    fn the_offset_is_that_of_the_middle_of_the_round_trip() {
        let late = answer(&[7; 8], NOW.plus_ms(2_050), NOW.plus_ms(2_060));
        let found = offset(&late, [7; 8], NOW, NOW.plus_ms(110)).unwrap();
        assert_eq!(found, ClockOffset { offset_ms: 2_000, error_ms: 51 });
        let after_2036 = UnixMs(2_200_000_000_000);
        let answered = answer(&[7; 8], after_2036, after_2036);
        assert_eq!(offset(&answered, [7; 8], after_2036, after_2036).unwrap().offset_ms, 0);
    }

    #[test]
    fn wrong_answers_give_no_offset() {
        let good = answer(&[7; 8], NOW, NOW);
        let with = |place: usize, byte: u8| {
            let mut changed = good.clone();
            changed[place] = byte;
            changed
        };
        let mut unset = good.clone();
        unset[40..].fill(0);
        for (bytes, why) in [
            (good[..40].to_vec(), "too short"),
            (with(0, 0x23), "none of a server"),
            (with(24, 8), "another question"),
            (with(0, 0xe4), "does not know"),
            (with(1, 0), "does not know"),
            (unset, "no time"),
        ] {
            let error = offset(&bytes, [7; 8], NOW, NOW).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[tokio::test]
    async fn a_server_is_asked_and_a_silent_one_is_named() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap().to_string();
        let clock = FixedClock::at(NOW);
        let silent = compare(&address, &clock, Duration::from_millis(50)).await.unwrap_err().to_string();
        assert!(silent.contains(&address) && silent.contains("50 ms"), "{silent}");
        tokio::spawn(async move {
            let mut question = [0; 64];
            loop {
                let (_, from) = server.recv_from(&mut question).await.unwrap();
                let reply = answer(&question[40..48], NOW.plus_ms(-500), NOW.plus_ms(-500));
                server.send_to(&reply, from).await.unwrap();
            }
        });
        let found = compare(&address, &clock, Duration::from_secs(5)).await.unwrap();
        assert_eq!(found.offset_ms, -500);
    }
}
