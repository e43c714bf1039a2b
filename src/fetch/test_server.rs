//! A server on loopback that answers with hand-written bytes, so that broken answers can be given too.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What the server does with a request.
pub(crate) enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Sends the first, then the second again and again until the client goes away.
    Endless(Vec<u8>, Vec<u8>),
    /// Sends these bytes and then nothing, without closing.
    Stall(Vec<u8>),
}

/// A complete answer.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let head =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    Reply::Bytes([head.as_bytes(), body].concat())
}

/// A redirect.
pub(crate) fn redirect(location: &str) -> Reply {
    answer("302 Found", &format!("Location: {location}\r\n"), "")
}

/// A running server; it ends with the test's runtime.
pub(crate) struct TestServer {
    /// For example `http://127.0.0.1:40123`.
    pub(crate) origin: String,
    /// Its port.
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl TestServer {
    /// Answers each request by its path; robots.txt only when `answer_to` knows it.
    pub(crate) async fn start(answer_to: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_with(move |path, _| answer_to(path)).await
    }

    /// Answers each request by its path and its head.
    pub(crate) async fn start_with(answer_to: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, answer_to) = (requests.clone(), Arc::new(answer_to));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (log, answer_to) = (log.clone(), answer_to.clone());
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match stream.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    let head = String::from_utf8(head).unwrap();
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    log.lock().unwrap().push(head.clone());
                    match answer_to(&path, &head) {
                        Reply::Bytes(bytes) => {
                            let _ = stream.write_all(&bytes).await;
                        }
                        Reply::Endless(first, again) => {
                            let mut result = stream.write_all(&first).await;
                            while result.is_ok() {
                                result = stream.write_all(&again).await;
                            }
                        }
                        Reply::Stall(bytes) => {
                            let _ = stream.write_all(&bytes).await;
                            let _ = stream.read_u8().await;
                        }
                    }
                });
            }
        });
        Self { origin: format!("http://127.0.0.1:{port}"), port, requests }
    }

    /// Heads of the requests received, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Paths of the requests received, in order.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.requests().iter().map(|head| head.split(' ').nth(1).unwrap_or_default().to_owned()).collect()
    }
}
