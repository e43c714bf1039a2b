//! Heads of HTTP/1.1 messages, read and written by hand: only what a proxy must understand.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest head of a request or an answer, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Headers that concern one connection only (RFC 9110, 7.6.1) and so end at the proxy.
const OF_ONE_CONNECTION: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer", "upgrade"];

/// The first line and the headers of a message, and what was read behind them.
pub(super) struct Head {
    /// The first line.
    pub(super) start: String,
    /// Header lines in their order, as they came.
    lines: Vec<Vec<u8>>,
    /// Bytes of the body that came with the head.
    pub(super) rest: Vec<u8>,
}

impl Head {
    /// Reads a head; `None` when the stream ends before one, or it is too long or no HTTP/1.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin), rest: Vec<u8>) -> Option<Self> {
        let mut bytes = rest;
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if bytes.len() > MAX_HEAD_BYTES {
                return None;
            }
            let mut chunk = [0_u8; 4096];
            match stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(n) => bytes.extend_from_slice(&chunk[..n]),
            }
        };
        let rest = bytes.split_off(end + 4);
        bytes.truncate(end);
        let mut lines =
            bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let start = String::from_utf8_lossy(lines.next()?).into_owned();
        Some(Self { start, lines: lines.map(<[u8]>::to_vec).collect(), rest })
    }

    /// The value of the first header of this name.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let line = self.lines.iter().find(|line| is_named(line, name))?;
        let at = line.iter().position(|byte| *byte == b':')?;
        Some(String::from_utf8_lossy(&line[at + 1..]).trim().to_owned())
    }

    /// How many headers have this name.
    pub(super) fn count(&self, name: &str) -> usize {
        self.lines.iter().filter(|line| is_named(line, name)).count()
    }

    /// The message's head with `start` as its first line, for a connection that carries this one message.
    pub(super) fn for_one_message(&self, start: &str) -> Vec<u8> {
        let mut bytes = start.as_bytes().to_vec();
        for line in
            self.lines.iter().filter(|line| !OF_ONE_CONNECTION.iter().any(|name| is_named(line, name)))
        {
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(line);
        }
        bytes.extend_from_slice(b"\r\nConnection: close\r\n\r\n");
        bytes
    }
}

fn is_named(line: &[u8], name: &str) -> bool {
    line.iter()
        .position(|byte| *byte == b':')
        .is_some_and(|at| line[..at].eq_ignore_ascii_case(name.as_bytes()))
}
