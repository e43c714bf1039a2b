//! The labelled set of `fixtures/contact/`: how much is found, and how much of it is right.

use std::collections::BTreeSet;
use std::fmt;

use super::Finder;
use crate::text::{Normalizer, Tables};

const FILES: [(&str, &str); 5] = [
    ("phones", include_str!("../../../fixtures/contact/phones.toml")),
    ("names", include_str!("../../../fixtures/contact/names.toml")),
    ("registers", include_str!("../../../fixtures/contact/registers.toml")),
    ("web", include_str!("../../../fixtures/contact/web.toml")),
    ("look-alikes", include_str!("../../../fixtures/contact/look-alikes.toml")),
];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    snippet: Vec<Snippet>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Snippet {
    /// `dev` or `check`.
    split: String,
    text: String,
    /// `kind:value`, each contact once.
    expect: BTreeSet<String>,
}

#[derive(Default)]
struct Tally {
    n_snippets: u32,
    n_right: u32,
    n_wrong: u32,
    n_missed: u32,
}

impl Tally {
    fn precision(&self) -> f64 {
        f64::from(self.n_right) / f64::from((self.n_right + self.n_wrong).max(1))
    }

    fn recall(&self) -> f64 {
        f64::from(self.n_right) / f64::from((self.n_right + self.n_missed).max(1))
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} snippets, {} right, {} wrong, {} missed: precision {:.4}, recall {:.4}",
            self.n_snippets,
            self.n_right,
            self.n_wrong,
            self.n_missed,
            self.precision(),
            self.recall()
        )
    }
}

/// Reads the snippets of one split; `show` prints what went wrong.
fn measure(finder: &Finder, split: &str, show: bool) -> Tally {
    let mut tally = Tally::default();
    for (name, text) in FILES {
        let file: File =
            toml::from_str(text).unwrap_or_else(|error| panic!("fixtures/contact/{name}.toml: {error}"));
        for snippet in file.snippet.iter().filter(|snippet| snippet.split == split) {
            let found: BTreeSet<String> = finder
                .find_in_text(&snippet.text)
                .into_iter()
                .map(|contact| format!("{}:{}", contact.kind.as_str(), contact.value))
                .collect();
            let (wrong, missed): (Vec<_>, Vec<_>) =
                (found.difference(&snippet.expect).collect(), snippet.expect.difference(&found).collect());
            tally.n_snippets += 1;
            tally.n_right += u32::try_from(found.intersection(&snippet.expect).count()).unwrap();
            tally.n_wrong += u32::try_from(wrong.len()).unwrap();
            tally.n_missed += u32::try_from(missed.len()).unwrap();
            if show && !(wrong.is_empty() && missed.is_empty()) {
                println!("{name}: {:?}\n    wrong {wrong:?}\n    missed {missed:?}", snippet.text);
            }
        }
    }
    tally
}

#[test]
fn contacts_of_the_labelled_set_are_found_and_nothing_else_is() {
    let finder = Finder::new(Normalizer::new(&Tables::embedded())).unwrap();
    let (dev, check) = (measure(&finder, "dev", true), measure(&finder, "check", false));
    println!("dev:   {dev}\ncheck: {check}");
    assert!(dev.n_snippets + check.n_snippets >= 500, "the set has shrunk");
    for (split, tally) in [("dev", dev), ("check", check)] {
        assert!(tally.precision() >= 0.98 && tally.recall() >= 0.95, "{split} fell below its floor: {tally}");
    }
}
