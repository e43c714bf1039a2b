//! What every page shares: the visitor, the frame around the content, text made safe to look at.

use std::convert::Infallible;

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Site;
use super::error::Failure;
use super::lang::{Lang, Words};
use super::session::Flash;
use crate::app::users::Session;
use crate::domain::user::Permission;
use crate::kit::clock::UnixMs;

/// Who asks, in which language, for what; put into each request by the middleware.
#[derive(Clone)]
pub struct Visit {
    /// Language of the answer.
    pub lang: Lang,
    /// Number of the request, for the log and error pages.
    pub request_id: String,
    /// Who is logged in.
    pub session: Option<Session>,
    /// From where.
    pub address: String,
    /// Path and query without `lang`, for the language switch and for login.
    pub here: String,
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(|| Self {
            lang: Lang::default(),
            request_id: String::new(),
            session: None,
            address: String::new(),
            here: "/".to_owned(),
        }))
    }
}

/// The frame around the content of a page.
pub struct Frame {
    pub lang: Lang,
    pub w: &'static Words,
    pub title: String,
    /// Name of the reviewer; empty before login.
    pub actor: String,
    /// Their role, in words.
    pub role: &'static str,
    /// What they may do: the pages offer nothing else. Whether they may is decided by the use cases.
    pub can: Can,
    /// Token for forms; empty before login.
    pub csrf: String,
    /// Which part of the navigation is current.
    pub part: &'static str,
    pub switch_href: String,
    pub flash: Option<Flash>,
}

/// What the visitor may do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Can {
    pub see: bool,
    pub decide: bool,
    pub overrule: bool,
    pub seal: bool,
    pub audit: bool,
    pub manage_users: bool,
    pub reveal: bool,
}

impl Visit {
    /// The session; the table of addresses says that there is one.
    ///
    /// # Errors
    /// [`Failure::Login`] when the address is missing from the table.
    pub fn logged_in(&self) -> Result<&Session, Failure> {
        self.session.as_ref().ok_or(Failure::Login)
    }
}

impl Frame {
    /// The frame of a page for this visitor.
    pub fn new(visit: &Visit, part: &'static str, title: impl Into<String>) -> Self {
        let joiner = if visit.here.contains('?') { '&' } else { '?' };
        Self {
            lang: visit.lang,
            w: visit.lang.words(),
            title: title.into(),
            actor: visit.session.as_ref().map(|session| session.actor.name().to_owned()).unwrap_or_default(),
            role: visit.session.as_ref().map_or("", |session| visit.lang.of(session.account.role.label())),
            can: visit.session.as_ref().map(can).unwrap_or_default(),
            csrf: visit.session.as_ref().map(|session| session.csrf.clone()).unwrap_or_default(),
            part,
            switch_href: format!("{}{joiner}lang={}", visit.here, visit.lang.other().code()),
            flash: None,
        }
    }

    /// The same frame with the message that was left for this page.
    #[must_use]
    pub fn with_flash(self, site: &Site, visit: &Visit) -> Self {
        let flash = visit.session.as_ref().and_then(|session| site.flashes.take(&session.id));
        Self { flash, ..self }
    }
}

fn can(session: &Session) -> Can {
    // Until the password is changed, nothing is offered.
    let may = |permission| !session.account.must_change && session.actor.may(permission);
    Can {
        see: may(Permission::See),
        decide: may(Permission::Decide),
        overrule: may(Permission::Overrule),
        seal: may(Permission::Seal),
        audit: may(Permission::Audit),
        manage_users: may(Permission::ManageUsers),
        reveal: may(Permission::Reveal),
    }
}

/// An instant as pages show it.
pub struct When {
    /// `2026-11-23 09:05`.
    pub short: String,
    /// With seconds and zone.
    pub full: String,
    /// RFC 3339.
    pub iso: String,
}

impl From<UnixMs> for When {
    fn from(at: UnixMs) -> Self {
        let full = at.beijing();
        Self { short: full.get(..16).unwrap_or(&full).to_owned(), iso: at.rfc3339(), full }
    }
}

/// A page as a response.
pub fn html(status: StatusCode, page: &impl Template) -> Result<Response, askama::Error> {
    let body = page.render()?;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    Ok((status, [(header::CONTENT_TYPE, kind)], body).into_response())
}

/// A captured address as text that no program takes for a link, without characters that reorder or hide.
pub fn defang(url: &str) -> String {
    let visible = visible(url);
    let (scheme, rest) = visible.split_once("://").unwrap_or(("", &visible));
    let (host, path) = match rest.find(['/', '?', '#']) {
        Some(at) if !scheme.is_empty() => rest.split_at(at),
        _ if !scheme.is_empty() => (rest, ""),
        _ => ("", rest),
    };
    let scheme = match scheme {
        "" => String::new(),
        "http" => "hxxp://".to_owned(),
        "https" => "hxxps://".to_owned(),
        other => format!("{}[:]//", other),
    };
    let path = if scheme.is_empty() { path.replacen(':', "[:]", 1) } else { path.to_owned() };
    format!("{scheme}{}{path}", host.replace('.', "[.]"))
}

/// Captured words on one line, without control characters and direction overrides, which could make a line read
/// as another. Characters that hide show as `\u{fffd}`, because hiding is itself a fact.
pub fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { shown(c) }).collect()
}

/// As [`visible`], with the line feeds and tabs kept.
pub fn visible_lines(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => ' ',
            c => shown(c),
        })
        .collect()
}

fn shown(c: char) -> char {
    match c {
        // Zero-width space, direction marks, overrides and isolates, invisible operators, byte order mark; not the
        // joiners, which emoji need.
        '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    }
}

/// At most `max_chars` characters, with an ellipsis when something was cut.
pub fn shorten(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_addresses_are_no_links_any_more() {
        for (url, shown) in [
            ("http://a.example.cn/x.html?y=1.2", "hxxp://a[.]example[.]cn/x.html?y=1.2"),
            ("https://a.example", "hxxps://a[.]example"),
            ("ftp://a.example/", "ftp[:]//a[.]example/"),
            ("javascript:alert(1)", "javascript[:]alert(1)"),
            ("data:text/html,x", "data[:]text/html,x"),
            ("/relative", "/relative"),
            ("http://a\u{202e}b/", "hxxp://a\u{fffd}b/"),
        ] {
            assert_eq!(defang(url), shown);
        }
    }

    #[test]
    fn words_are_cut_between_characters() {
        assert_eq!(shorten("保本保息", 2), "保本…");
        assert_eq!(shorten("保本", 2), "保本");
    }
}
