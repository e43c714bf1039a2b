//! Pages that attack whoever looks at them: each ends in a reported outcome, and what must stay silent stays silent.

use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adwatch::domain::rendering::{RenderProfile, RenderState};
use adwatch::fetch::ProxyOutcome;
use adwatch::render::{RenderError, Rendered};

use super::site::Site;
use super::{Bench, short};

/// Listens on addresses that no page may reach, and counts who comes.
struct Canaries {
    n_calls: Arc<AtomicUsize>,
    words: Vec<(&'static str, String)>,
}

impl Canaries {
    fn start() -> Self {
        let n_calls = Arc::new(AtomicUsize::new(0));
        let mut words = Vec::new();
        for (word, address) in [("v4", "127.0.0.1:0"), ("v6", "[::1]:0")] {
            // Machines without IPv6 have nothing to guard there.
            let Ok(listener) = TcpListener::bind(address) else {
                words.push((word, "http://[::1]:1".to_owned()));
                continue;
            };
            let port = listener.local_addr().unwrap().port();
            let host = address.rsplit_once(':').unwrap().0;
            words.push((word, format!("http://{host}:{port}")));
            if word == "v4" {
                words.push(("v4port", port.to_string()));
            }
            let counted = n_calls.clone();
            std::thread::spawn(move || {
                while listener.accept().is_ok() {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        words.push(("udp", format!("127.0.0.1:{}", socket.local_addr().unwrap().port())));
        let counted = n_calls.clone();
        std::thread::spawn(move || {
            let mut packet = [0_u8; 2048];
            while socket.recv(&mut packet).is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { n_calls, words }
    }

    fn n_calls(&self) -> usize {
        self.n_calls.load(Ordering::SeqCst)
    }
}

fn lines(rendered: &Rendered, level: &str) -> Vec<String> {
    let console = rendered.rendering.console.iter();
    console.filter(|line| line.level == level).map(|line| line.text.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_page_reaches_an_address_that_is_not_public() {
    let Some(bench) = Bench::new(short()) else { return };
    let canaries = Canaries::start();
    let site = Site::start(&canaries.words);
    let proxy = bench.proxy(&site.origins()).await;
    let url = format!("{}/attack.html", site.site);
    let rendered = bench.look(&url, RenderProfile::Desktop, &proxy).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(canaries.n_calls(), 0, "a canary sang");
    // It tried: each way is on record as refused.
    let refused: Vec<String> = proxy
        .requests()
        .into_iter()
        .filter(|request| matches!(request.outcome, ProxyOutcome::Refused(_)))
        .map(|request| request.target)
        .collect();
    for way in
        ["image", "frame", "fetch", "xhr", "beacon", "worker", "script", "popup", "redirected", "inner"]
    {
        assert!(refused.iter().any(|target| target.contains(way)), "{way}: {refused:#?}");
    }
    let ports = &canaries.words.iter().find(|(word, _)| *word == "v4port").unwrap().1;
    let tunnel = format!("127.0.0.1:{ports}");
    assert!(refused.contains(&tunnel), "the WebSocket: {refused:#?}");
    assert!(!rendered.rendering.frames.iter().any(|frame| frame.url.starts_with("file:")));
    // Positive control: the page's own origin was reached by the same means.
    assert!(site.asked().iter().any(|path| path == "/img/40x40.png"), "{:?}", site.asked());

    for page in ["to-private", "leaves.html", "refresh.html"] {
        let url = format!("{}/{page}", site.site);
        let proxy = bench.proxy(&site.origins()).await;
        // Where the page ends is the refused address or the page itself: never the canary's answer.
        if let Ok(rendered) = bench.look(&url, RenderProfile::Desktop, &proxy).await {
            let shown = rendered.dom.unwrap_or_default();
            assert!(!shown.contains("secret of the canary"), "{page}");
        }
        let n_refused =
            proxy.requests().iter().filter(|one| matches!(one.outcome, ProxyOutcome::Refused(_))).count();
        assert!(n_refused > 0, "{page}");
    }
    assert_eq!(canaries.n_calls(), 0, "a canary sang");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_hang_pop_and_ask_are_seen_as_far_as_they_go() {
    let Some(bench) = Bench::new(short()) else { return };
    let site = Site::start(&[]);
    let look = async |page: &str| {
        let proxy = bench.proxy(&site.origins()).await;
        bench.look(&format!("{}/{page}", site.site), RenderProfile::Desktop, &proxy).await
    };

    let busy = look("busy.html").await.unwrap();
    assert!(matches!(&busy.rendering.state, RenderState::Cut { .. }), "{:?}", busy.rendering.state);
    assert!(String::from_utf8_lossy(&busy.body).contains("保本"), "what came is kept");

    let asks = look("dialogs.html").await.unwrap();
    assert_eq!(asks.rendering.state, RenderState::Complete);
    let said = lines(&asks, "dialog");
    assert!(said.iter().any(|line| line.contains("恭喜您中奖")) && said.len() >= 3, "{said:?}");
    assert!(asks.dom.unwrap().contains("after the dialogs"));

    let pops = look("pops.html").await.unwrap();
    assert!(pops.rendering.n_popups >= 3, "{}", pops.rendering.n_popups);
    assert!(!pops.popups.is_empty() && pops.popups.len() <= 3, "{}", pops.popups.len());
    let popup = &pops.popups[0];
    assert!(popup.exchange.final_url.contains("/popped.html"), "{}", popup.exchange.final_url);
    let state = &popup.rendering.state;
    assert_eq!(*state, RenderState::Complete, "{:?}", popup.rendering.steps);
    assert!(popup.screenshot.is_some() && popup.dom.as_ref().unwrap().contains("弹出的广告"));
    assert!(popup.rendering.requests.iter().all(|request| !request.url.contains("/pops.html")));

    let grows = look("feed.html").await.unwrap();
    assert_eq!(
        grows.rendering.state,
        RenderState::Complete,
        "an endless feed is scrolled so far and no further"
    );

    let reloads = look("reloads.html").await;
    assert!(matches!(reloads, Ok(_) | Err(RenderError::Hung { .. })), "{reloads:?}");

    let file = look("download").await.unwrap_err();
    assert!(matches!(file, RenderError::NoAnswer { .. }), "{file}");

    for page in ["never", "endless"] {
        // A document that never ends: an error or what came of it, within the limit.
        match look(page).await {
            Ok(part) => {
                assert!(matches!(part.rendering.state, RenderState::Cut { .. } | RenderState::Complete))
            }
            Err(error) => {
                assert!(matches!(error, RenderError::Hung { .. } | RenderError::NoAnswer { .. }), "{error}")
            }
        }
    }
    let after = look("consent.html").await.unwrap();
    assert_eq!(after.rendering.state, RenderState::Complete, "the browser is as good as before");
    assert!(
        after.rendering.steps.iter().any(|step| step.contains("全部接受")),
        "{:?}",
        after.rendering.steps
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crashed_tab_is_tried_again_and_reported_and_a_dead_browser_is_replaced() {
    let Some(bench) = Bench::new(short()) else { return };
    let site = Site::start(&[]);
    let look = async |page: &str| {
        let proxy = bench.proxy(&site.origins()).await;
        bench.look(&format!("{}/{page}", site.site), RenderProfile::Desktop, &proxy).await
    };
    let crashed = look("crash.html").await;
    match &crashed {
        Ok(part) => {
            let RenderState::Cut { why } = &part.rendering.state else { panic!("it is not complete") };
            assert!(why.contains("crash"), "{why}");
            assert!(String::from_utf8_lossy(&part.body).contains("稳赚"), "what came is kept");
        }
        Err(error) => assert!(matches!(error, RenderError::Crashed { .. }), "{error}"),
    }
    let n_asked = site.asked().iter().filter(|path| *path == "/crash.html").count();
    assert_eq!(n_asked, 2, "it is tried once more");

    let first = bench.process().await.unwrap();
    let slow = look("slow.html");
    let kill = async {
        tokio::time::sleep(Duration::from_millis(800)).await;
        let killed = std::process::Command::new("kill").args(["-9", &first.to_string()]).status();
        assert!(killed.unwrap().success());
    };
    let (seen, ()) = tokio::join!(slow, kill);
    assert_eq!(seen.unwrap().rendering.state, RenderState::Complete, "in the next browser");
    assert_ne!(bench.process().await.unwrap(), first);
}
