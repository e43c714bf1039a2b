//! A captured page opened for reading.

use url::Url;

use super::{CapturedPage, Reading};
use crate::domain::capture::Exchange;
use crate::domain::run::RunOutcome;
use crate::extract::filters::Filters;
use crate::extract::{charset, content};
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

/// With a larger share of lost characters the text is not worth reading.
const MAX_LOST_SHARE: f64 = 0.2;

/// A page whose status is fine and whose text could be decoded.
#[derive(Debug)]
pub struct Page<'a> {
    /// The address that answered.
    pub url: Url,
    /// Its text.
    pub text: String,
    /// Its `Content-Type`.
    pub content_type: Option<&'a str>,
    /// When it was captured.
    pub captured_at: UnixMs,
    /// What tells where ads are.
    pub filters: &'a Filters,
}

impl<'a> Page<'a> {
    /// Opens `captured`, or says why there is nothing to read.
    pub(super) fn open(captured: &CapturedPage<'a>) -> Result<(Self, Vec<Problem>), Box<Reading>> {
        if let Some(outcome) = refusal(captured.exchange) {
            return Err(Box::new(Reading::nothing(outcome)));
        }
        let (page, problems) = Self::decode(captured, None)?;
        if let Some(outcome) = refusal_in_words(&page.text) {
            return Err(Box::new(Reading { problems, ..Reading::nothing(outcome) }));
        }
        Ok((page, problems))
    }

    /// The text of `captured` whatever its status, read in `charset` if one is given.
    pub(super) fn decode(
        captured: &CapturedPage<'a>,
        charset: Option<&str>,
    ) -> Result<(Self, Vec<Problem>), Box<Reading>> {
        let exchange = captured.exchange;
        let Ok(url) = Url::parse(&exchange.final_url) else {
            let why = format!("the capture's address `{}` is no URL", exchange.final_url);
            return Err(Box::new(Reading::nothing(RunOutcome::Network { why })));
        };
        let (mut body, mut problems) =
            content::decode(captured.body, exchange.response_header("content-encoding"));
        // Sitemaps and exports are often files that were packed before they were served.
        if body.starts_with(&[0x1f, 0x8b]) {
            let (unpacked, more) = content::decode(&body, Some("gzip"));
            body = unpacked.into_owned().into();
            problems.extend(more);
        }
        if problems.iter().any(|problem| problem.code == content::TOO_LARGE) {
            let outcome = RunOutcome::TooLarge { limit_bytes: content::MAX_DECODED_BYTES };
            return Err(Box::new(Reading { problems, ..Reading::nothing(outcome) }));
        }
        let content_type = exchange.response_header("content-type");
        let declared = charset.map(|charset| format!("text/plain; charset={charset}"));
        let (decoded, charset_problems) = charset::decode(&body, declared.as_deref().or(content_type));
        problems.extend(charset_problems);
        if charset::lost_share(&decoded.text) > MAX_LOST_SHARE {
            return Err(Box::new(Reading { problems, ..Reading::nothing(RunOutcome::Charset) }));
        }
        let captured_at = exchange.finished_at;
        let page = Self { url, text: decoded.text, content_type, captured_at, filters: captured.filters };
        Ok((page, problems))
    }
}

/// What the status, or where the redirects ended, already says.
pub(super) fn refusal(exchange: &Exchange) -> Option<RunOutcome> {
    let status = exchange.status;
    match status {
        // A file that people brought: no host answered.
        0 if exchange.imported.is_some() => return None,
        404 | 410 => return Some(RunOutcome::Gone),
        401 => return Some(RunOutcome::LoginWall),
        429 | 503 => return Some(RunOutcome::RateLimited),
        // 418 and 432 are how some Chinese platforms turn crawlers away; 451 is a legal bar.
        403 | 407 | 418 | 432 | 451 => {
            return Some(RunOutcome::Blocked { why: format!("the host answered HTTP {status}") });
        }
        200..=299 => {}
        _ => return Some(RunOutcome::Network { why: format!("the host answered HTTP {status}") }),
    }
    let is_redirected = !exchange.redirects.is_empty();
    (is_redirected && is_login_page(&exchange.final_url)).then_some(RunOutcome::LoginWall)
}

fn is_login_page(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let in_host = host.split('.').any(|label| matches!(label, "passport" | "login" | "sso" | "visitor"));
    in_host
        || url.path_segments().is_some_and(|mut parts| {
            parts.any(|part| {
                matches!(part.to_ascii_lowercase().as_str(), "login" | "signin" | "sign_in" | "passport")
            })
        })
}

/// Refusal pages that come with status 200 (WeChat and others): short pages with one telling sentence.
pub(super) fn refusal_in_words(text: &str) -> Option<RunOutcome> {
    const SENTENCES: &[(&str, bool)] = &[
        ("该内容已被发布者删除", true),
        ("此内容因违规无法查看", true),
        ("该公众号已迁移", true),
        ("此帐号已被屏蔽", true),
        ("当前环境异常，完成验证后即可继续访问", false),
        ("请输入验证码以继续访问", false),
        ("访问过于频繁", false),
    ];
    // Long pages quote such sentences; a refusal has hardly any other words.
    let (sentence, is_gone) = SENTENCES.iter().find(|(sentence, _)| text.contains(sentence))?;
    if crate::extract::html::page_text(text).chars().count() > 400 {
        return None;
    }
    Some(if *is_gone {
        RunOutcome::Gone
    } else {
        RunOutcome::Blocked { why: format!("the page says {sentence}") }
    })
}

/// The number at the end of a role such as `timeline-2`; 1 when there is none.
pub(super) fn number_in_role(target: &super::Target) -> usize {
    target.role.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(1)
}
