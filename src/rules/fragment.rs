//! Pieces of patterns: `<name>` stands for the pattern of a `[[fragment]]`.

use std::collections::BTreeMap;

use crate::kit::diagnostic::Located;

/// Deepest nesting of fragments in fragments.
const MAX_DEPTH: usize = 4;

/// The pattern with every `<name>` replaced by its fragment, as a group of its own.
///
/// `(?<name>…)` and `(?P<name>…)` of the regex syntax and `\<` are left alone.
///
/// # Errors
/// The name that no fragment has, or that nests too deeply.
pub fn expand(fragments: &BTreeMap<String, Located<String>>, pattern: &str) -> Result<String, String> {
    expand_to(fragments, pattern, MAX_DEPTH)
}

fn expand_to(
    fragments: &BTreeMap<String, Located<String>>,
    pattern: &str,
    depth: usize,
) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(at) = rest.find('<') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let name = tail[1..].split('>').next().unwrap_or_default();
        let is_name = !name.is_empty()
            && tail[1 + name.len()..].starts_with('>')
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !["(?", "(?P", "\\"].iter().any(|syntax| head.ends_with(syntax));
        if is_name {
            let fragment = fragments.get(name).filter(|_| depth > 0).ok_or_else(|| name.to_owned())?;
            out.push_str("(?:");
            out.push_str(&expand_to(fragments, &fragment.value, depth - 1)?);
            out.push(')');
            rest = &tail[name.len() + 2..];
        } else {
            out.push('<');
            rest = &tail[1..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Place;

    #[test]
    fn fragments_are_replaced_and_regex_groups_are_not() {
        let located = |value: &str| Located { value: value.to_owned(), place: Place::default() };
        let fragments = BTreeMap::from([
            ("n".to_owned(), located("[0-9]+")),
            ("money".to_owned(), located("<n>元")),
            ("loop".to_owned(), located("<loop>")),
        ]);
        for (pattern, expected) in [
            ("投<n>万", Ok("投(?:[0-9]+)万")),
            ("(大)?<n>起", Ok("(大)?(?:[0-9]+)起")),
            ("<money>起", Ok("(?:(?:[0-9]+)元)起")),
            ("(?<n>a)(?P<n2>b)\\<n>", Ok("(?<n>a)(?P<n2>b)\\<n>")),
            ("a<b", Ok("a<b")),
            ("<x>", Err("x")),
            ("<loop>", Err("loop")),
        ] {
            assert_eq!(expand(&fragments, pattern).as_deref().map_err(String::as_str), expected, "{pattern}");
        }
    }
}
