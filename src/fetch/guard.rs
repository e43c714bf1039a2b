//! What may be fetched: one parsed URL from input to socket, public addresses only, checked after resolution.
//!
//! A request passes three gates: [`parse_url`] for its text, [`Gate::of`] for scheme, name and literal address, and
//! [`CheckedNames`] for every address that its name resolves to. The connection goes to an address that the last
//! gate returned, so a name that answers differently a moment later changes nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::ranges::why_not_public;

/// Longest accepted address, in bytes.
const MAX_URL_BYTES: usize = 8 << 10;

/// Names that mean this machine or this network wherever they are resolved (RFC 6761, RFC 6762, RFC 9476 and use).
const LOCAL_SUFFIXES: &[&str] = &["localhost", "local", "internal", "home.arpa", "lan", "onion", "alt"];

/// Ports of services that are not the web and can be made to misread HTTP (WHATWG Fetch, "port blocking").
const BLOCKED_PORTS: &[u16] = &[
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103,
    104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514,
    515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723,
    2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    11211,
];

/// Why an address is not fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` is not fetched: {why}")]
pub struct Refusal {
    /// The address, shortened.
    pub url: String,
    /// The reason, with the rule it comes from.
    pub why: String,
}

impl Refusal {
    pub(super) fn new(url: &str, why: impl Into<String>) -> Self {
        Self { url: url.chars().take(200).collect(), why: why.into() }
    }
}

/// Parses `text` as the one meaning that every later step uses.
///
/// # Errors
/// The address is not http or https, carries a user name, a backslash or a control character, or is too long.
pub fn parse_url(text: &str) -> Result<Url, Refusal> {
    let refuse = |why: &str| Err(Refusal::new(text, why));
    let text = text.trim_matches(' ');
    if text.len() > MAX_URL_BYTES {
        return refuse("it is longer than 8 KiB");
    }
    if text.chars().any(|c| c.is_control() || c == '\\') {
        return refuse(
            "it contains a backslash or a control character, which programs read in different ways",
        );
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return Err(Refusal::new(text, format!("it is not a URL: {error}"))),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("only http and https are fetched");
    }
    let authority = text.split_once("//").map_or("", |(_, rest)| rest);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or("");
    if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
        return refuse("it contains a user name, which hides the host");
    }
    let mut url = url;
    url.set_fragment(None);
    Ok(url)
}

/// Origins (scheme, host and port) that a request may reach although their address is not public.
#[derive(Debug, Clone, Default)]
pub struct AllowedOrigins(Vec<url::Origin>);

impl AllowedOrigins {
    /// Reads origins such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// An entry is not an origin: it has no http(s) scheme, or carries a path, a query or a user name.
    pub fn parse(texts: &[String]) -> Result<Self, Refusal> {
        let origins = texts.iter().map(|text| {
            let url = parse_url(text)?;
            if url.path() != "/" || url.query().is_some() {
                return Err(Refusal::new(text, "an allowed origin is scheme, host and port only"));
            }
            Ok(url.origin())
        });
        origins.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn contain(&self, url: &Url) -> bool {
        self.0.contains(&url.origin())
    }
}

/// Through which of the two clients a URL goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// The client whose names are resolved by [`CheckedNames`].
    PublicOnly,
    /// The client for origins that the request allows explicitly.
    Allowed,
}

impl Gate {
    /// Checks the host of `url`, and its address when it is written as a literal: those skip name resolution.
    pub(super) fn of(url: &Url, allowed: &AllowedOrigins) -> Result<Self, Refusal> {
        if allowed.contain(url) {
            return Ok(Self::Allowed);
        }
        let refuse = |why: String| Err(Refusal::new(url.as_str(), why));
        let port = url.port_or_known_default().unwrap_or(0);
        if BLOCKED_PORTS.contains(&port) {
            return refuse(format!("port {port} belongs to another service than the web"));
        }
        match url.host() {
            None => refuse("it has no host".to_owned()),
            Some(Host::Domain(name)) => match why_local_name(name) {
                Some(why) => refuse(why),
                None => Ok(Self::PublicOnly),
            },
            Some(Host::Ipv4(ip)) => public(url, IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => public(url, IpAddr::V6(ip)),
        }
    }
}

fn public(url: &Url, ip: IpAddr) -> Result<Gate, Refusal> {
    match check_address(url.as_str(), ip) {
        None => Ok(Gate::PublicOnly),
        Some(refusal) => Err(refusal),
    }
}

/// The refusal when `ip` is not public.
pub(super) fn check_address(url_or_name: &str, ip: IpAddr) -> Option<Refusal> {
    let what = why_not_public(ip)?;
    Some(Refusal::new(url_or_name, format!("address {ip} is not public ({what})")))
}

fn why_local_name(name: &str) -> Option<String> {
    let bare = name.strip_suffix('.').unwrap_or(name);
    if !bare.contains('.') {
        return Some(format!("`{bare}` is a name of the local network"));
    }
    let suffix = LOCAL_SUFFIXES
        .iter()
        .find(|suffix| bare.strip_suffix(**suffix).is_some_and(|head| head.ends_with('.')))?;
    Some(format!("names under `.{suffix}` belong to the local network"))
}

/// Turns names into addresses; tests give their own.
pub trait Resolver: Send + Sync {
    /// All addresses of `name`; the port in them is ignored.
    fn resolve(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The resolver of the operating system.
#[derive(Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
        })
    }
}

/// Resolves a name once and hands on its addresses only when all of them are public.
pub(super) struct CheckedNames(pub(super) Arc<dyn Resolver>);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (name, answer) = ask(&self.0, &name);
        Box::pin(async move {
            let addresses = answer.await?;
            // One bad address refuses the name: a host that answers both ways is playing with us.
            match addresses.iter().find_map(|ip| check_address(&name, *ip)) {
                None => Ok(sockets(addresses)),
                Some(refusal) => Err(refusal.into()),
            }
        })
    }
}

/// Resolves names of allowed origins, wherever they lead.
pub(super) struct AnyNames(pub(super) Arc<dyn Resolver>);

impl Resolve for AnyNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (_, answer) = ask(&self.0, &name);
        Box::pin(async move { Ok(sockets(answer.await?)) })
    }
}

type Answer = BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;

fn ask(resolver: &Arc<dyn Resolver>, name: &Name) -> (String, Answer) {
    let name = name.as_str().to_owned();
    (name.clone(), resolver.resolve(name))
}

fn sockets(addresses: Vec<IpAddr>) -> Addrs {
    Box::new(addresses.into_iter().map(|ip| SocketAddr::new(ip, 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str, allowed: &[&str]) -> Result<Gate, Refusal> {
        let allowed: Vec<String> = allowed.iter().map(|text| (*text).to_owned()).collect();
        Gate::of(&parse_url(text)?, &AllowedOrigins::parse(&allowed)?)
    }

    #[test]
    fn addresses_in_disguise_are_refused() {
        let cases = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://0/",
            "http://１２７.０.０.１/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
            "http://%31%32%37.0.0.1/",
            "http://[::]/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:7f00:1::]/",
            "http://[fd00:ec2::254]/latest/meta-data",
            "http://169.254.169.254/latest/meta-data",
            "http://2852039166/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://ｌｏｃａｌｈｏｓｔ/",
            "http://a.localhost/",
            "http://printer.local/",
            "http://metadata.google.internal/",
            "http://metadata/",
            "http://router.lan./",
        ];
        for text in cases {
            assert!(verdict(text, &[]).is_err(), "{text} got through");
        }
    }

    #[test]
    fn ordinary_addresses_pass() {
        let cases = [
            "http://news.example.com/a?b=c#d",
            "https://新闻.中国/",
            "HTTPS://WWW.EXAMPLE.COM:8443/",
            "http://1.1.1.1/",
            "http://[2400:3200::1]/",
            "  http://example.com/a b ",
            "http://example.com/?to=user@host",
            "http://mylocalhost.com/",
        ];
        for text in cases {
            assert_eq!(verdict(text, &[]), Ok(Gate::PublicOnly), "{text}");
        }
    }

    #[test]
    fn texts_that_programs_read_differently_are_refused() {
        let cases = [
            r"http://169.254.169.254:8888\@example.com/",
            r"http://example.com\@169.254.169.254/",
            r"http:\\127.0.0.1\",
            "http://user@example.com/",
            "http://user:secret@example.com/",
            "http://@example.com/",
            "http://example.com:80@169.254.169.254/",
            "http://exam\nple.com/",
            "http://example.com/\r\nHost: 127.0.0.1",
            "http://example.com/\0",
            "\u{9}http://example.com/",
            "http://",
            "",
            "example.com",
            "//example.com/",
            "http://example.com:99999/",
            "http://a b.com/",
        ];
        for text in cases {
            assert!(parse_url(text).is_err(), "{text:?} got through as {:?}", parse_url(text));
        }
        assert!(parse_url(&format!("http://example.com/{}", "a".repeat(9_000))).is_err());
    }

    #[test]
    fn only_the_web_schemes_are_fetched() {
        let cases = [
            "file:///etc/passwd",
            "FILE:///etc/passwd",
            "%66ile:///etc/passwd",
            "file:/etc/passwd",
            "source:file:///etc/passwd",
            "view-source:http://example.com/",
            "jar:http://example.com!/",
            "gopher://example.com/",
            "ftp://example.com/",
            "dict://example.com:11211/",
            "data:text/html,x",
            "javascript:alert(1)",
            "ws://example.com/",
            "blob:http://example.com/x",
            r"\\server\share",
            "/etc/passwd",
        ];
        for text in cases {
            assert!(parse_url(text).is_err(), "{text} got through");
        }
    }

    #[test]
    fn an_allowed_origin_means_its_scheme_host_and_port_exactly() {
        let allowed = ["http://127.0.0.1:8080"];
        assert_eq!(verdict("http://127.0.0.1:8080/page?x", &allowed), Ok(Gate::Allowed));
        assert_eq!(
            verdict("http://2130706433:8080/", &allowed),
            Ok(Gate::Allowed),
            "the same origin, parsed"
        );
        for text in [
            "http://127.0.0.1:8081/",
            "https://127.0.0.1:8080/",
            "http://127.0.0.2:8080/",
            "http://localhost:8080/",
        ] {
            assert!(verdict(text, &allowed).is_err(), "{text}");
        }
        for text in ["127.0.0.1:8080", "http://127.0.0.1:8080/path", "file:///", "http://a@127.0.0.1/"] {
            assert!(AllowedOrigins::parse(&[text.to_owned()]).is_err(), "{text}");
        }
    }

    #[test]
    fn ports_of_other_services_are_refused() {
        for port in [0, 22, 25, 6379, 11211] {
            assert!(verdict(&format!("http://example.com:{port}/"), &[]).is_err(), "{port}");
        }
        assert!(verdict("http://example.com:8080/", &[]).is_ok());
    }

    #[test]
    fn a_refusal_says_what_was_refused_and_why() {
        let refusal = verdict("http://2852039166/latest", &[]).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "`http://169.254.169.254/latest` is not fetched: address 169.254.169.254 is not public \
             (link local and cloud metadata, RFC 3927)"
        );
    }
}
