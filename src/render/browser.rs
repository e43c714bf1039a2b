//! One browser: started with a profile of its own, locked to its proxies, watched.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Child;
use tokio::sync::Mutex;

use super::error::RenderError;
use super::pipe::{CallError, Pipe};
use super::program::Program;

/// Longest wait for a browser to come up.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Longest wait for what a browser does at once if it is well.
pub(super) const SHORT: Duration = Duration::from_secs(10);

/// Features that would talk past the proxy, cost memory, or show the operator's things.
///
/// Frames of other sites share the page's process: all of a page is equally foreign, pages do not share processes
/// because each has a context of its own, and a page with ten ad frames costs one process.
const FEATURES_OFF: &str = "IsolateOrigins,site-per-process,Translate,OptimizationHints,MediaRouter,\
    DialMediaRouteProvider,InterestFeedContentSuggestions,CertificateTransparencyComponentUpdater,AutofillServerCommunication,\
    PrivateNetworkAccessSendPreflights,AcceptCHFrame,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,GlobalMediaControls,\
    CalculateNativeWinOcclusion,DestroyProfileOnBrowserClose,LensOverlay,WebRtcHideLocalIpsWithMdns";

/// A running browser.
pub(super) struct Browser {
    pub(super) pipe: Pipe,
    /// `Chrome/156.0.8078.114`.
    pub(super) version: String,
    /// What it calls itself to sites, without the word that says nobody looks at it.
    pub(super) user_agent: String,
    n_pages: AtomicU32,
    child: Mutex<Child>,
    _home: Folder,
}

impl Browser {
    /// Starts one.
    pub(super) async fn start(program: &Program) -> Result<Self, RenderError> {
        let failed = |why: String| RenderError::Start { program: program.path().to_owned(), why };
        let home = Folder::new().map_err(|error| failed(error.to_string()))?;
        let mut arguments = Program::arguments(&home.0.join("profile"));
        arguments.extend(
            [
                "--hide-scrollbars",
                "--mute-audio",
                "--disable-site-isolation-trials",
                // Contexts have proxies of their own; whatever has no context goes where nobody listens.
                "--proxy-server=http://127.0.0.1:9",
                "--proxy-bypass-list=<-loopback>",
                // Names are the proxy's to resolve.
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                "--dns-prefetch-disable",
                "--disable-quic",
                "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
                "--webrtc-ip-handling-policy=disable_non_proxied_udp",
                "--disable-client-side-phishing-detection",
                "--disable-default-apps",
                "--disable-hang-monitor",
                "--disable-popup-blocking",
                "--disable-prompt-on-repost",
                "--disable-back-forward-cache",
                "--disable-renderer-backgrounding",
                "--disable-background-timer-throttling",
                "--disable-backgrounding-occluded-windows",
                "--disable-ipc-flooding-protection",
                "--disable-notifications",
                "--disable-speech-api",
                "--disable-file-system",
                "--no-pings",
                "--no-startup-window",
                "--no-service-autorun",
                "--disk-cache-size=33554432",
                "--js-flags=--max-old-space-size=512",
                "--lang=zh-CN",
                "--accept-lang=zh-CN,zh",
                "--force-color-profile=srgb",
                "--font-render-hinting=none",
            ]
            .map(str::to_owned),
        );
        arguments.push(format!("--disable-features={FEATURES_OFF}"));
        let (pipe, child) =
            Pipe::start(program, &arguments, &home.0).map_err(|error| failed(error.to_string()))?;
        let answer = pipe.call("", "Browser.getVersion", json!({}), START_LIMIT).await;
        let answer = answer.map_err(|error| match error {
            CallError::Gone => failed("it ended at once".to_owned()),
            CallError::Late => failed(format!("it did not answer within {} s", START_LIMIT.as_secs())),
            CallError::Refused(says) => failed(says),
        })?;
        let auto = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
        pipe.call("", "Target.setAutoAttach", auto, SHORT)
            .await
            .map_err(|error| failed(format!("it cannot be attached to: {error:?}")))?;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            pipe,
            version: text("product"),
            user_agent: text("userAgent").replace("HeadlessChrome", "Chrome"),
            n_pages: AtomicU32::new(0),
            child: Mutex::new(child),
            _home: home,
        })
    }

    /// A context: cookies, cache and process of its own, and `proxy` as its only way out.
    pub(super) async fn open_context(&self, proxy: SocketAddr) -> Result<String, CallError> {
        self.n_pages.fetch_add(1, Ordering::Relaxed);
        let params = json!({
            "disposeOnDetach": true,
            "proxyServer": format!("http://{proxy}"),
            "proxyBypassList": "<-loopback>",
        });
        let made = self.pipe.call("", "Target.createBrowserContext", params, SHORT).await?;
        let id = made["browserContextId"].as_str().unwrap_or_default().to_owned();
        let deny = json!({ "behavior": "deny", "browserContextId": id });
        self.pipe.call("", "Browser.setDownloadBehavior", deny, SHORT).await?;
        Ok(id)
    }

    /// Ends a context with all its pages. `false` when the browser does not manage to.
    pub(super) async fn close_context(&self, id: &str) -> bool {
        self.pipe.forget(id);
        let closed = self
            .pipe
            .call("", "Target.disposeBrowserContext", json!({ "browserContextId": id }), SHORT)
            .await;
        closed.is_ok()
    }

    /// Whether it still answers.
    pub(super) async fn is_well(&self) -> bool {
        !self.pipe.is_closed() && self.pipe.call("", "Browser.getVersion", json!({}), SHORT).await.is_ok()
    }

    /// How many pages it has shown.
    pub(super) fn n_pages(&self) -> u32 {
        self.n_pages.load(Ordering::Relaxed)
    }

    /// The process, while it runs.
    pub(super) async fn process(&self) -> Option<u32> {
        self.child.lock().await.id()
    }

    /// Ends it at once.
    pub(super) async fn kill(&self) {
        let mut child = self.child.lock().await;
        // It may have ended already, which is what is wanted.
        let _ = child.start_kill();
        let _ = tokio::time::timeout(SHORT, child.wait()).await;
    }
}

/// What a page's own session is told before anything of it runs. Each command stands for itself: an unknown one is
/// passed over, so that older and newer browsers do.
pub(super) fn commands_before_start(user_agent: &str, device: &Value) -> Vec<(&'static str, Value)> {
    vec![
        ("Page.enable", json!({})),
        ("Network.enable", json!({ "maxTotalBufferSize": 64 << 20, "maxResourceBufferSize": 16 << 20 })),
        ("Runtime.enable", json!({})),
        ("Log.enable", json!({})),
        ("Inspector.enable", json!({})),
        (
            "Target.setAutoAttach",
            json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true }),
        ),
        // What is kept as evidence is then readable as it is.
        ("Network.setExtraHTTPHeaders", json!({ "headers": { "Accept-Encoding": "identity" } })),
        ("Network.setBypassServiceWorker", json!({ "bypass": true })),
        (
            "Network.setBlockedURLs",
            json!({ "urls": ["file:*", "ftp:*", "chrome:*", "chrome-extension:*", "devtools:*", "view-source:*"] }),
        ),
        ("Network.setUserAgentOverride", user_agent_override(user_agent, device)),
        ("Emulation.setDeviceMetricsOverride", device["metrics"].clone()),
        ("Emulation.setTouchEmulationEnabled", json!({ "enabled": device["metrics"]["mobile"] })),
        ("Emulation.setTimezoneOverride", json!({ "timezoneId": "Asia/Shanghai" })),
        // Bytes as received: later the browser gives decoded text only.
        ("Fetch.enable", json!({ "patterns": [{ "resourceType": "Document", "requestStage": "Response" }] })),
        (
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": "for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'WebTransport']) { delete window[name]; }" }),
        ),
    ]
}

fn user_agent_override(user_agent: &str, device: &Value) -> Value {
    let mut agent = user_agent.to_owned();
    if device["metrics"]["mobile"] == true
        && let (Some(from), Some(to)) = (agent.find('('), agent.find(')'))
    {
        agent.replace_range(from..=to, "(Linux; Android 14; Pixel 8)");
        agent = agent.replace(" Safari/", " Mobile Safari/");
    }
    json!({ "userAgent": agent, "acceptLanguage": "zh-CN,zh;q=0.9" })
}

/// A private folder that goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("adwatch-browser-{}", uuid::Uuid::now_v7().simple()));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Best effort: it holds what a browser keeps of foreign pages, nothing of ours.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
