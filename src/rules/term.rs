//! The words of a condition: literals, `@list`, `/pattern/` and `#claim` tests.

use crate::domain::claim::ClaimKind;

/// One thing that may stand in a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// Words; compared after normalization of both sides.
    Literal(String),
    /// Any term of a named list.
    List(String),
    /// A regular expression over normalized text.
    Pattern(String),
    /// A number promised.
    Claim(ClaimTest),
}

/// A comparison of a parsed claim.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClaimTest {
    /// Which kind of claim.
    pub kind: ClaimKind,
    /// The comparison; `None` accepts every claim of the kind.
    pub bound: Option<(Comparison, f64)>,
}

impl ClaimTest {
    /// Whether a claim of this test's kind with `value` passes.
    pub fn accepts(&self, value: f64) -> bool {
        self.bound.is_none_or(|(comparison, bound)| match comparison {
            Comparison::AtLeast => value >= bound,
            Comparison::Above => value > bound,
            Comparison::AtMost => value <= bound,
            Comparison::Below => value < bound,
            Comparison::Equal => (value - bound).abs() < 1e-9,
        })
    }
}

/// How a claim is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    AtLeast,
    /// `>`
    Above,
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `=`
    Equal,
}

impl Comparison {
    const ALL: [(&str, Self); 5] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        (">", Self::Above),
        ("<", Self::Below),
        ("=", Self::Equal),
    ];

    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, comparison)| *comparison == self).map_or("", |(text, _)| *text)
    }
}

impl std::fmt::Display for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Literal(words) => f.write_str(words),
            Self::List(name) => write!(f, "@{name}"),
            Self::Pattern(pattern) => write!(f, "/{pattern}/"),
            Self::Claim(ClaimTest { kind, bound: None }) => write!(f, "#{}", kind.as_str()),
            Self::Claim(ClaimTest { kind, bound: Some((comparison, bound)) }) => {
                write!(f, "#{}{}{bound}", kind.as_str(), comparison.as_str())
            }
        }
    }
}

/// Why a term cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TermError {
    pub code: &'static str,
    pub message: String,
    pub label: String,
    pub help: String,
}

/// Reads `a|@b|/c|d/|#yield>=8`: terms separated by `|`; a pattern runs to the `/` that ends it.
pub(super) fn parse_alternatives(text: &str) -> Result<Vec<Term>, TermError> {
    let mut terms = Vec::new();
    let mut rest = text;
    loop {
        let end =
            if rest.starts_with('/') { pattern_end(rest)? } else { rest.find('|').unwrap_or(rest.len()) };
        terms.push(parse_term(&rest[..end])?);
        match rest[end..].strip_prefix('|') {
            Some(next) => rest = next,
            None => return Ok(terms),
        }
    }
}

/// Index after the closing `/`: the last one that ends the text or stands before `|` and a new term.
fn pattern_end(text: &str) -> Result<usize, TermError> {
    let bytes = text.as_bytes();
    (1..bytes.len())
        .find(|&at| {
            bytes[at] == b'/' && bytes[at - 1] != b'\\' && matches!(bytes.get(at + 1), None | Some(b'|'))
        })
        .map(|at| at + 1)
        .ok_or_else(|| TermError {
            code: "R014",
            message: "pattern has no closing `/`".to_owned(),
            label: "starts with `/`".to_owned(),
            help: "write a pattern as \"/认购.{0,4}份/\"; a `/` inside is written `\\/`".to_owned(),
        })
}

fn parse_term(text: &str) -> Result<Term, TermError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TermError {
            code: "R015",
            message: "empty term".to_owned(),
            label: "nothing to look for".to_owned(),
            help: "a term is words, `@list`, `/pattern/` or `#claim`".to_owned(),
        });
    }
    if let Some(name) = text.strip_prefix('@') {
        return Ok(Term::List(name.to_owned()));
    }
    if let Some(pattern) = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        return Ok(Term::Pattern(pattern.replace("\\/", "/")));
    }
    if let Some(test) = text.strip_prefix('#') {
        return parse_claim(test).map(Term::Claim);
    }
    Ok(Term::Literal(text.to_owned()))
}

fn parse_claim(text: &str) -> Result<ClaimTest, TermError> {
    let at = text.find(['<', '>', '=']).unwrap_or(text.len());
    let (name, test) = text.split_at(at);
    let kind = ClaimKind::parse(name.trim()).ok_or_else(|| {
        let known: Vec<&str> = ClaimKind::ALL.iter().map(|kind| kind.as_str()).collect();
        claim_error(format!("unknown claim kind `{}`", name.trim()), format!("known: {}", known.join(", ")))
    })?;
    if test.is_empty() {
        return Ok(ClaimTest { kind, bound: None });
    }
    let (comparison, number) = Comparison::ALL
        .iter()
        .find_map(|(operator, comparison)| Some((*comparison, test.strip_prefix(operator)?)))
        .ok_or_else(|| claim_error(format!("unknown comparison in `#{text}`"), CLAIM_FORM.to_owned()))?;
    match number.trim().parse::<f64>() {
        Ok(bound) if bound.is_finite() => Ok(ClaimTest { kind, bound: Some((comparison, bound)) }),
        _ => Err(claim_error(format!("`{}` is not a number", number.trim()), CLAIM_FORM.to_owned())),
    }
}

const CLAIM_FORM: &str = "write `#kind`, or `#kind>=8` with one of >= > <= < =";

fn claim_error(message: String, help: String) -> TermError {
    TermError { code: "R016", message, label: "in this claim test".to_owned(), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_print_as_they_are_written() {
        for text in
            ["保本", "保本|@guarantee|#yield>=8", "/a|b/|@c", "/x\\/|y/|z", "#payout", "#yield<3.5", "@a|/b/"]
        {
            let terms = parse_alternatives(text).unwrap();
            let again: Vec<String> = terms.iter().map(ToString::to_string).collect();
            assert_eq!(again.join("|"), text.replace("\\/", "/"));
        }
        assert_eq!(parse_alternatives("/a|b/|@c").unwrap().len(), 2);
    }

    #[test]
    fn wrong_terms_are_named() {
        for (text, code) in [
            ("", "R015"),
            ("a||b", "R015"),
            ("/a", "R014"),
            ("#gain", "R016"),
            ("#yield~8", "R016"),
            ("#yield>=x", "R016"),
        ] {
            assert_eq!(parse_alternatives(text).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn claim_tests_compare() {
        let test = |text: &str| match parse_alternatives(text).unwrap().remove(0) {
            Term::Claim(test) => test,
            other => panic!("{other}"),
        };
        assert!(test("#yield>=8").accepts(8.0));
        assert!(!test("#yield>8").accepts(8.0));
        assert!(test("#yield<8").accepts(7.9));
        assert!(!test("#yield<=8").accepts(8.1));
        assert!(test("#yield=8").accepts(8.0));
        assert!(test("#yield").accepts(0.0));
    }
}
