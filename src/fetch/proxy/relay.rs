//! One connection of the browser: understood, checked, passed on.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::head::Head;
use super::log::{ProxiedRequest, ProxyOutcome};
use super::{Cause, Shared};
use crate::fetch::guard::parse_url;

/// Largest body of a request, in bytes: pages ask, they have nothing to send that we need.
const MAX_REQUEST_BODY_BYTES: u64 = 1 << 20;

/// Serves the one request of a connection.
pub(super) async fn serve(shared: &Shared, mut client: TcpStream) {
    let head = tokio::time::timeout(idle(shared), Head::read(&mut client, Vec::new())).await;
    let Ok(Some(head)) = head else { return };
    let mut words = head.start.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return };
    let (method, target) = (method.to_owned(), target.to_owned());
    let connected = match shared.count_request() {
        Err(why) => Err(Cause::Refused(why)),
        Ok(()) if method == "CONNECT" => tunnel(shared, &target).await,
        Ok(()) => request(shared, &head, &method, &target).await,
    };
    let outcome = match &connected {
        Ok(ready) => ProxyOutcome::Sent(ready.address),
        Err(Cause::Refused(why)) => ProxyOutcome::Refused(why.clone()),
        Err(Cause::Failed(why)) => ProxyOutcome::Failed(why.clone()),
    };
    shared.log.add(ProxiedRequest {
        asked_at: shared.clock.now(),
        method: method.clone(),
        target: target.chars().take(2_000).collect(),
        outcome,
    });
    match connected {
        Err(cause) => {
            let (status, why) = match cause {
                Cause::Refused(why) => ("403 Forbidden", why),
                Cause::Failed(why) => ("502 Bad Gateway", why),
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{why}",
                why.len()
            );
            let _ = client.write_all(answer.as_bytes()).await;
            let _ = client.shutdown().await;
        }
        Ok(ready) if method == "CONNECT" => {
            if client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_ok() {
                both_ways(shared, client, ready.server, head.rest).await;
            }
        }
        Ok(ready) => pass_request(shared, client, ready.server, head, &method, &target).await,
    }
}

/// A connection that may be used.
struct Ready {
    server: TcpStream,
    address: std::net::SocketAddr,
}

/// `CONNECT host:port`: https, and WebSocket with or without TLS.
async fn tunnel(shared: &Shared, authority: &str) -> Result<Ready, Cause> {
    if authority.contains(['/', '?', '#']) {
        return Err(Cause::Refused("it is not `host:port`".to_owned()));
    }
    // A source allows an origin by its scheme, which a tunnel does not tell; both are the same host and port.
    let url = parse_url(&format!("https://{authority}/"))?;
    let plain = parse_url(&format!("http://{authority}/"))?;
    let url = if shared.allowed.contain(&plain) { plain } else { url };
    let (server, address) = shared.connect(&url).await?;
    Ok(Ready { server, address })
}

/// A request for an `http` address.
async fn request(shared: &Shared, head: &Head, method: &str, target: &str) -> Result<Ready, Cause> {
    let url = parse_url(target)?;
    if url.scheme() != "http" {
        return Err(Cause::Refused(format!(
            "{method} of {} goes through CONNECT or not at all",
            url.scheme()
        )));
    }
    if head.count("transfer-encoding") > 0 || head.count("content-length") > 1 {
        return Err(Cause::Refused("its body has no plain length".to_owned()));
    }
    if body_length(head).is_none_or(|length| length > MAX_REQUEST_BODY_BYTES) {
        return Err(Cause::Refused(format!("its body is longer than {MAX_REQUEST_BODY_BYTES} bytes")));
    }
    let (server, address) = shared.connect(&url).await?;
    Ok(Ready { server, address })
}

/// The length of a request's body; `None` when it cannot be read.
fn body_length(head: &Head) -> Option<u64> {
    head.header("content-length").map_or(Some(0), |text| text.parse().ok())
}

/// Sends the request in origin form and the answer back, and then ends: a connection carries one request, because
/// what follows may be meant for another host.
async fn pass_request(
    shared: &Shared,
    mut client: TcpStream,
    mut server: TcpStream,
    head: Head,
    method: &str,
    target: &str,
) {
    let Ok(url) = parse_url(target) else { return };
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let sent = head.for_one_message(&format!("{method} {path} HTTP/1.1"));
    if server.write_all(&sent).await.is_err() || !pass_body(shared, &mut client, &mut server, &head).await {
        return;
    }
    let mut rest = Vec::new();
    loop {
        let answer = tokio::time::timeout(idle(shared), Head::read(&mut server, rest)).await;
        let Ok(Some(answer)) = answer else { return };
        if client.write_all(&answer.for_one_message(&answer.start)).await.is_err() {
            return;
        }
        let status = answer.start.split(' ').nth(1).unwrap_or_default();
        if status.starts_with('1') {
            rest = answer.rest;
            continue;
        }
        if shared.count_bytes(answer.rest.len()).is_ok() && client.write_all(&answer.rest).await.is_ok() {
            one_way(shared, &mut server, &mut client, true).await;
        }
        let _ = client.shutdown().await;
        return;
    }
}

/// Passes on exactly the body that the request announced.
async fn pass_body(shared: &Shared, client: &mut TcpStream, server: &mut TcpStream, head: &Head) -> bool {
    let length = usize::try_from(body_length(head).unwrap_or(0)).unwrap_or(0);
    let mut body = head.rest.clone();
    body.truncate(length);
    while body.len() < length {
        let mut chunk = [0_u8; 8192];
        let room = (length - body.len()).min(chunk.len());
        match tokio::time::timeout(idle(shared), client.read(&mut chunk[..room])).await {
            Ok(Ok(n)) if n > 0 => body.extend_from_slice(&chunk[..n]),
            _ => return false,
        }
    }
    server.write_all(&body).await.is_ok()
}

/// A tunnel: bytes in both directions until one side ends or a limit is reached.
async fn both_ways(shared: &Shared, client: TcpStream, server: TcpStream, first: Vec<u8>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    if to_server.write_all(&first).await.is_err() {
        return;
    }
    let up = async {
        one_way(shared, &mut from_client, &mut to_server, false).await;
        let _ = to_server.shutdown().await;
    };
    let down = one_way(shared, &mut from_server, &mut to_client, true);
    // When the server has said everything there is nothing left to wait for; the other way round there is.
    tokio::pin!(up, down);
    tokio::select! {
        () = &mut down => {}
        () = &mut up => down.await,
    }
}

async fn one_way(
    shared: &Shared,
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    counts: bool,
) {
    let mut chunk = vec![0_u8; 16 << 10];
    loop {
        let limit = if counts { idle(shared) } else { idle(shared) * 4 };
        let Ok(Ok(n)) = tokio::time::timeout(limit, from.read(&mut chunk)).await else { return };
        if n == 0 || (counts && shared.count_bytes(n).is_err()) || to.write_all(&chunk[..n]).await.is_err() {
            return;
        }
    }
}

fn idle(shared: &Shared) -> Duration {
    Duration::from_millis(shared.limits.idle_timeout_ms)
}
