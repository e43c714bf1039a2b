//! Where something leads, read from markup and never by clicking.

use std::sync::LazyLock;

use regex::Regex;
use url::Url;

use super::tree::{Place, Tree};
use crate::extract::html;

/// Attributes in which scripts of ads find their destination.
const ATTRIBUTES: &[&str] = &[
    "data-href",
    "data-url",
    "data-link",
    "data-landing",
    "data-landing-url",
    "data-target-url",
    "data-click-url",
    "data-clickurl",
    "data-click",
    "data-jump",
    "data-dest",
    "data-redirect",
    "landingurl",
    "clickurl",
];

/// Parameters of a frame's address that hold where a click on it leads.
const FRAME_PARAMETERS: &[&str] = &[
    "clickurl",
    "click_url",
    "click",
    "landing",
    "landing_url",
    "landingurl",
    "lp",
    "dest",
    "desturl",
    "adurl",
    "target_url",
];

static IN_SCRIPT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:open|location(?:\.href)?|assign|replace|jump|goto|go)\s*(?:\(|=)\s*['"]((?:https?:)?//[^'"\s]+)['"]"#).ok()
});

/// A destination and the element that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    pub(super) place: Place,
    /// As in the markup, resolved.
    pub(super) link: String,
    /// Behind the redirects that its parameters name.
    pub(super) landing: String,
}

/// What `place` itself leads to, not what is in it.
pub(super) fn own(tree: &Tree<'_>, place: Place) -> Option<Destination> {
    let node = tree.node(place);
    let base = tree.base(place)?;
    let resolve = |text: &str| html::resolve(base, text);
    let by_link = matches!(node.name(), "a" | "area").then(|| node.attr("href")).flatten().and_then(resolve);
    let by_attribute = || {
        ATTRIBUTES.iter().find_map(|name| {
            let value = node.attr(name)?;
            // Only what is an address by its form: such attributes carry names as well.
            (value.contains("//") || value.starts_with('/')).then(|| resolve(value)).flatten()
        })
    };
    let by_script = || {
        let script = node.attr("onclick").or_else(|| {
            node.attr("href").filter(|href| href.trim_start().to_ascii_lowercase().starts_with("javascript:"))
        })?;
        resolve(IN_SCRIPT.as_ref()?.captures(script)?.get(1)?.as_str())
    };
    let by_frame = || {
        let address = (node.name() == "iframe").then(|| node.attr("src")).flatten().and_then(resolve)?;
        let parsed = Url::parse(&address).ok()?;
        parsed.query_pairs().find_map(|(key, value)| {
            let key = key.to_ascii_lowercase();
            let is_address = value.starts_with("http://") || value.starts_with("https://");
            (FRAME_PARAMETERS.contains(&key.as_str()) && is_address).then(|| value.into_owned())
        })
    };
    let link = by_link.or_else(by_attribute).or_else(by_script).or_else(by_frame)?;
    let landing = html::unwrap_redirect(&link);
    Some(Destination { place, link, landing })
}

/// Where what is shown in `place` and its frames leads, in the order of the page.
pub(super) fn all(tree: &Tree<'_>, place: Place) -> Vec<Destination> {
    let found: Vec<Destination> = tree
        .below(place)
        .into_iter()
        .filter(|at| !tree.node(*at).name().is_empty() && tree.extent(*at).size() > 0)
        .filter_map(|at| own(tree, at))
        .collect();
    // A frame's parameter is a guess that a link within it makes needless.
    let is_needless = |one: &Destination| {
        tree.node(one.place).name() == "iframe"
            && found.iter().any(|other| other.place != one.place && tree.is_within(other.place, one.place))
    };
    found.iter().filter(|one| !is_needless(one)).cloned().collect()
}

/// Whether two addresses belong to one site: the same host, or hosts with the same two last labels.
pub(super) fn is_same_site(one: &Url, other: &Url) -> bool {
    let (Some(one_host), Some(other_host)) = (one.host_str(), other.host_str()) else { return false };
    if one_host == other_host {
        return one.domain().is_some() || one.port_or_known_default() == other.port_or_known_default();
    }
    if one.domain().is_none() || other.domain().is_none() {
        return false;
    }
    site_of(one_host) == site_of(other_host)
}

/// `a.b.example.com.cn` → `example.com.cn`: three labels where the last two are short, two otherwise.
fn site_of(host: &str) -> &str {
    let labels: Vec<&str> = host.rsplit('.').collect();
    let is_double = labels.len() > 2
        && labels[0].len() == 2
        && matches!(labels[1], "com" | "net" | "org" | "gov" | "edu" | "ac" | "co");
    let n_labels = if is_double { 3 } else { 2 };
    let cut = labels.iter().take(n_labels).map(|label| label.len() + 1).sum::<usize>().saturating_sub(1);
    &host[host.len() - cut.min(host.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_told_by_their_registered_name() {
        let cases = [
            ("http://a.example.com/", "http://b.example.com/", true),
            ("http://a.example.com.cn/", "http://b.example.com.cn/", true),
            ("http://a.com.cn/", "http://b.com.cn/", false),
            ("http://a.com/", "http://b.com/", false),
            ("http://127.0.0.1:1/", "http://127.0.0.1:2/", false),
            ("http://a.example.com:1/", "http://a.example.com:2/", true),
        ];
        for (one, other, expected) in cases {
            assert_eq!(
                is_same_site(&Url::parse(one).unwrap(), &Url::parse(other).unwrap()),
                expected,
                "{one} {other}"
            );
        }
    }
}
