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
