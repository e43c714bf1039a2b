//! Who may reach the pages: address, host name, origin.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use url::Url;

/// The rules of the door.
#[derive(Clone)]
pub struct Access {
    hosts: Vec<String>,
    behind_tls_proxy: bool,
}

/// Why the pages are not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// Everyone in the network could read passwords and sessions.
    #[error(
        "will not serve the review pages on {0}: others could read passwords on the way. Listen on 127.0.0.1, \
         or put a TLS proxy in front and set `behind_tls_proxy = true` and `hosts = [\"the.name\"]` under [web]"
    )]
    OpenWithoutProxy(SocketAddr),
    /// Behind a proxy the host names must be known.
    #[error(
        "`behind_tls_proxy` is set but `hosts` is empty; name the host under which staff reach the pages"
    )]
    NoHosts,
}

impl Access {
    /// The door of pages that listen on `address`.
    ///
    /// Without a proxy only loopback addresses and names are accepted. With one, `hosts` are the names it serves.
    ///
    /// # Errors
    /// [`AccessError`] says what to change.
    pub fn new(address: SocketAddr, behind_tls_proxy: bool, hosts: &[String]) -> Result<Self, AccessError> {
        if !behind_tls_proxy && !address.ip().is_loopback() {
            return Err(AccessError::OpenWithoutProxy(address));
        }
        if behind_tls_proxy && hosts.is_empty() {
            return Err(AccessError::NoHosts);
        }
        let hosts = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
        Ok(Self { hosts, behind_tls_proxy })
    }

    /// From where a request comes: the peer, or what the proxy in front saw. Only the last address that
    /// `X-Forwarded-For` names is the proxy's own word; those before it are whatever the visitor wrote.
    pub(super) fn address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded =
            || headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next();
        match self.behind_tls_proxy {
            true => forwarded().and_then(|last| last.trim().parse().ok()).unwrap_or(peer),
            false => peer,
        }
    }

    /// Whether a `Host` header names this application. Other names are a rebinding attack or a mistake.
    pub(super) fn is_own_host(&self, host: &str) -> bool {
        let Ok(url) = Url::parse(&format!("http://{host}/")) else { return false };
        if url.path() != "/" || !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        let Some(name) = url.host_str() else { return false };
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        let loopback =
            name == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        loopback || self.hosts.iter().any(|known| known == name || known == host)
    }

    /// Whether a request that changes something comes from a page of this application.
    ///
    /// `Origin` decides; a browser that sends none must say `Sec-Fetch-Site: same-origin`.
    pub(super) fn is_own_origin(host: &str, origin: Option<&str>, fetch_site: Option<&str>) -> bool {
        match origin {
            Some(origin) => {
                let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
                authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
            }
            None => fetch_site == Some("same-origin"),
        }
    }

    /// Name of the session cookie, and the attributes it needs here.
    pub(super) fn cookie(&self) -> (&'static str, &'static str) {
        if self.behind_tls_proxy {
            ("__Host-adwatch", "; Path=/; HttpOnly; SameSite=Strict; Secure")
        } else {
            ("adwatch", "; Path=/; HttpOnly; SameSite=Strict")
        }
    }
}

/// A path of this application to go to after login, or the queue when it leads elsewhere.
pub(super) fn safe_next(next: Option<&str>) -> &str {
    const START: &str = "/queue";
    let Some(next) = next else { return START };
    let plain = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() <= 500
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let stays = || {
        let base = Url::parse("http://own.invalid/").ok()?;
        base.join(next).ok().filter(|url| url.host_str() == Some("own.invalid"))
    };
    if plain && stays().is_some() { next } else { START }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> Access {
        Access::new("127.0.0.1:8420".parse().unwrap(), false, &[]).unwrap()
    }

    #[test]
    fn an_open_address_needs_a_stated_proxy_and_its_names() {
        let open = "0.0.0.0:8420".parse().unwrap();
        assert_eq!(Access::new(open, false, &[]).err(), Some(AccessError::OpenWithoutProxy(open)));
        assert_eq!(Access::new(open, true, &[]).err(), Some(AccessError::NoHosts));
        assert!(Access::new(open, true, &["ads.example".to_owned()]).is_ok());
        assert!(Access::new("[::1]:8420".parse().unwrap(), false, &[]).is_ok());
    }

    #[test]
    fn only_the_word_of_a_stated_proxy_about_the_address_counts() {
        let peer = IpAddr::from([10, 0, 0, 9]);
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "192.0.2.66, 198.51.100.7".parse().unwrap());
        assert_eq!(local().address(peer, &headers), peer);
        let hosts = ["ads.example".to_owned()];
        let behind = Access::new("0.0.0.0:1".parse().unwrap(), true, &hosts).unwrap();
        assert_eq!(behind.address(peer, &headers), IpAddr::from([198, 51, 100, 7]));
        headers.append("x-forwarded-for", "nonsense".parse().unwrap());
        assert_eq!(behind.address(peer, &headers), peer);
    }

    #[test]
    fn only_own_names_are_accepted_as_host() {
        let access = local();
        for own in ["127.0.0.1:8420", "localhost", "localhost:8420", "[::1]:8420", "127.0.0.1"] {
            assert!(access.is_own_host(own), "{own}");
        }
        for foreign in [
            "evil.example",
            "evil.example:8420",
            "127.0.0.1.evil.example",
            "localhost@evil.example",
            "a b",
            "",
        ] {
            assert!(!access.is_own_host(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_change_must_come_from_an_own_page() {
        let host = "127.0.0.1:8420";
        for (origin, site, own) in [
            (Some("http://127.0.0.1:8420"), None, true),
            (Some("https://127.0.0.1:8420"), None, true),
            (Some("http://127.0.0.1:9999"), None, false),
            (Some("http://evil.example"), Some("same-origin"), false),
            (Some("null"), Some("same-origin"), false),
            (None, Some("same-origin"), true),
            (None, Some("cross-site"), false),
            (None, None, false),
        ] {
            assert_eq!(Access::is_own_origin(host, origin, site), own, "{origin:?} {site:?}");
        }
    }

    #[test]
    fn login_leads_only_to_own_pages() {
        for fine in ["/queue", "/findings/f-1?lang=en", "/queue?q=%E4%BF%9D%E6%9C%AC"] {
            assert_eq!(safe_next(Some(fine)), fine);
        }
        for foreign in [
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\r\nSet-Cookie: a=b",
            "evil",
            "",
        ] {
            assert_eq!(safe_next(Some(foreign)), "/queue", "{foreign:?}");
        }
    }
}
