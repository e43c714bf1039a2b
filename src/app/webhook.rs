//! Webhooks: what happens to leads and cases is told to programs of the office, signed, through the outbox.

use serde_json::json;

use super::App;
use super::config::WebhookSettings;
use crate::domain::lead::Lead;
use crate::domain::notice::{Notice, NoticeId, NoticeKind};
use crate::domain::recheck::Recheck;
use crate::fetch::FetchRequest;
use crate::kit::clock::UnixMs;
use crate::kit::webhook;

/// What every delivery says of what it speaks of.
const SUSPECTED: &str = "涉嫌，尚未经主管部门认定 (suspected, not established)";

impl App {
    /// The deliveries that this event causes, to be written in the same transaction as their cause. `lead` is as it is
    /// after the event. Names and words of people stay here: a program that wants them asks the API.
    pub(super) fn hooks(&self, event: &str, lead: &Lead, what: serde_json::Value, at: UnixMs) -> Vec<Notice> {
        let wanted = self.config.webhook.iter().filter(|hook| hook.wants(event));
        let body = |id: &NoticeId| {
            json!({
                "id": id,
                "event": event,
                "at": at.rfc3339(),
                "notice": SUSPECTED,
                "lead": lead.id,
                "case": lead.case.as_ref().map(|case| &case.id),
                "finding": lead.finding_id,
                "state": lead.case.as_ref().map_or(lead.state.as_str(), |case| case.state.as_str()),
                "version": lead.steps.len(),
                "what": what,
            })
            .to_string()
        };
        wanted
            .filter_map(|hook| {
                let id = format!("hook-{}-{}-{}-{}", hook.name, event, lead.id, at.0);
                let id = NoticeId::parse(&id).ok()?;
                let (subject, body) = (hook.name.clone(), body(&id));
                Some(Notice { id, kind: NoticeKind::Webhook, subject, body, created_at: at })
            })
            .collect()
    }

    /// What a look at pages tells.
    pub(super) fn recheck_hooks(&self, lead: &Lead, looks: &[Recheck], at: UnixMs) -> Vec<Notice> {
        let pages: Vec<_> =
            looks.iter().map(|look| json!({ "url": look.url, "result": look.result.as_str() })).collect();
        self.hooks("recheck", lead, json!({ "pages": pages }), at)
    }

    /// Delivers a notice; the answer must be 2xx without a redirect. Gives what the outbox records as its message.
    ///
    /// # Errors
    /// Why it was not delivered, for the log and the outbox.
    pub(super) async fn deliver(&self, notice: &Notice) -> Result<String, String> {
        let Some(hook) = self.config.webhook.iter().find(|hook| hook.name == notice.subject) else {
            return Ok(format!("dropped: the settings name no webhook `{}` any more", notice.subject));
        };
        let secret = self.config.credential(&hook.secret_env).and_then(|text| webhook::secret(&text));
        let secret = secret.ok_or_else(|| {
            format!("{} must hold a secret of at least {} bytes", hook.secret_env, webhook::MIN_SECRET_BYTES)
        })?;
        let origin = url::Url::parse(&hook.url).map_err(|error| format!("{}: {error}", hook.url))?.origin();
        let at_s = self.clock.now().0.div_euclid(1_000);
        let header = |name: &str, value: String| (name.to_owned(), value);
        let request = FetchRequest {
            // The office itself names the address, which may stand in its own network.
            allowed_origins: vec![origin.ascii_serialization()],
            ignore_robots: true,
            max_redirects: Some(0),
            body: Some(notice.body.clone().into_bytes().into()),
            headers: vec![
                header("content-type", "application/json".to_owned()),
                header("webhook-id", notice.id.to_string()),
                header("webhook-timestamp", at_s.to_string()),
                header(
                    "webhook-signature",
                    webhook::signature(&secret, notice.id.as_str(), at_s, &notice.body),
                ),
            ],
            ..FetchRequest::new(&hook.url)
        };
        let fetched = self.fetcher.get(request).await.map_err(|error| error.to_string())?;
        match fetched.exchange.status {
            status @ 200..=299 => Ok(format!("{} answered {status}", hook.name)),
            status => Err(format!("{} answered with status {status}", hook.url)),
        }
    }
}

impl WebhookSettings {
    fn wants(&self, event: &str) -> bool {
        let part = event.split('.').next().unwrap_or_default();
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event || wanted == part)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::app::Config;
    use crate::domain::finding::FindingId;
    use crate::fetch::test_server::{TestServer, answer, redirect};
    use crate::kit::clock::FixedClock;

    /// Monday 2026-11-23 08:00:00 +08:00.
    const EIGHT: UnixMs = UnixMs(1_795_392_000_000);
    /// A variable that every environment has and that is long enough.
    const SECRET_ENV: &str = "PATH";

    async fn app(folder: &tempfile::TempDir, origin: &str, events: &[&str]) -> App {
        let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
        config.fetch.host_interval_ms = 0;
        config.webhook = vec![WebhookSettings {
            name: "platform".to_owned(),
            url: format!("{origin}/hook"),
            secret_env: SECRET_ENV.to_owned(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
        }];
        App::open_with_clock(config, Arc::new(FixedClock::at(EIGHT))).await.unwrap()
    }

    fn lead() -> Lead {
        Lead::open(FindingId::parse("f-0a1b").unwrap(), EIGHT)
    }

    #[tokio::test]
    async fn a_delivery_is_signed_and_tried_until_it_is_taken() {
        let n_asked = Arc::new(AtomicUsize::new(0));
        let counted = n_asked.clone();
        let server = TestServer::start(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 => answer("500 Internal Server Error", "", "busy"),
            1 => redirect("http://127.0.0.1:1/elsewhere"),
            _ => answer("204 No Content", "", ""),
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let app = app(&folder, &server.origin, &["case"]).await;
        assert_eq!(app.hooks("lead.step", &lead(), json!({}), EIGHT), [], "only what was asked for");
        let notices = app.hooks("case.step", &lead(), json!({ "step": "file" }), EIGHT);
        let [notice] = notices.as_slice() else { panic!("one webhook, one delivery") };
        assert!(!notice.body.contains("王芳") && notice.body.contains("涉嫌"));
        assert!(app.store.add_notice(notice).await.unwrap());
        let mut now = EIGHT;
        for (n_sent, n_failed) in [(0, 1), (0, 1), (1, 0), (0, 0)] {
            let sent = app.notify().send_waiting(now).await.unwrap();
            assert_eq!((sent.n_sent, sent.n_failed), (n_sent, n_failed), "{:?}", sent.last_error);
            now = now.plus_ms(4_000_000);
        }
        assert_eq!(n_asked.load(Ordering::SeqCst), 3, "a redirect is not followed");
        let secret = webhook::secret(&app.config.credential(SECRET_ENV).unwrap()).unwrap();
        let signature = webhook::signature(&secret, notice.id.as_str(), EIGHT.0 / 1_000, &notice.body);
        let head = server.requests().pop().unwrap().to_ascii_lowercase();
        assert!(head.starts_with("post /hook "), "{head}");
        assert!(head.contains(&format!("webhook-signature: {}", signature.to_ascii_lowercase())), "{head}");
        assert!(head.contains(&format!("webhook-id: {}", notice.id)), "{head}");
    }

    #[tokio::test]
    async fn a_webhook_that_the_settings_forgot_holds_nothing_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut app = app(&folder, "http://127.0.0.1:1", &[]).await;
        let notices = app.hooks("lead.opened", &lead(), serde_json::Value::Null, EIGHT);
        app.config.webhook.clear();
        assert!(app.store.add_notice(&notices[0]).await.unwrap());
        assert_eq!(app.notify().send_waiting(EIGHT).await.unwrap().n_sent, 1, "dropped, and said so");
    }
}
