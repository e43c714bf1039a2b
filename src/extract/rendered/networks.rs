//! Which requests are those of ad systems, by a filter list of our own.

use std::sync::LazyLock;

use adblock::Engine;
use adblock::lists::{FilterSet, ParseOptions};
use adblock::request::Request;

static LIST: LazyLock<Engine> = LazyLock::new(|| {
    let mut rules = FilterSet::new(true);
    rules.add_filter_list(include_str!("networks.txt").to_owned(), ParseOptions::default());
    Engine::new_with_filter_set(rules)
});

/// The rule that says that `url`, asked for by `page` as a `kind` (`image`, `subdocument`, …), is one of an ad system.
pub fn is_known_request(url: &str, page: &str, kind: &str) -> Option<String> {
    let request = Request::new(url, page, kind, "GET").ok()?;
    let found = LIST.check_network_request(&request);
    found.should_block().then(|| {
        let rule = found.filter.and_then(|rule| rule.raw_line);
        rule.unwrap_or_else(|| "a filter list".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_read_and_hosts_are_told_apart() {
        let page = "https://news.example.com/a.html";
        let cases = [
            ("https://pos.baidu.com/x?di=1", "subdocument", true),
            ("https://www.baidu.com/s?wd=a", "subdocument", false),
            ("https://tpc.googlesyndication.com/simgad/1", "image", true),
            ("https://notdoubleclick.net/", "image", false),
            ("https://news.example.com/doubleclick.net/", "image", false),
        ];
        for (url, kind, expected) in cases {
            assert_eq!(is_known_request(url, page, kind).is_some(), expected, "{url}");
        }
        assert_eq!(is_known_request("https://pos.baidu.com/x", page, "image").unwrap(), "||pos.baidu.com^");
    }
}
