//! Where a value stands: CSS selectors with an attribute in pages, pointers with wildcards in everything else.
//!
//! | in JSON, feeds, sitemaps, tables, transcripts | meaning |
//! |---|---|
//! | `/data/0/name` | keys and positions, as in RFC 6901; `-1` is the last |
//! | `*` | each element of an array, each value of an object |
//! | `+` | each element of an array, or the value itself when it is none |
//! | `%json` | the text here is JSON; go on inside it |
//! | `.` | the item itself |
//!
//! | in pages | meaning |
//! |---|---|
//! | `a.title` | visible text of each element that matches |
//! | `a.title@href` | its attribute; `@html` its markup, `@text` its characters, scripts included |
//! | `@data-id`, `.` | of the item itself |
//!
//! A path after `^` starts at the page and not at the item.

use std::borrow::Cow;

use scraper::{ElementRef, Selector};
use serde_json::Value;

use crate::extract::html;

/// A path in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath {
    /// As written.
    pub text: String,
    from_root: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Each,
    EachOrOne,
    Embedded,
}

/// A value and its pointer from the root of the document.
#[derive(Debug, Clone)]
pub(super) struct Found<'v> {
    pub pointer: String,
    pub value: Cow<'v, Value>,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (from_root, rest) = strip_root(text);
        if rest == "." {
            return Ok(Self { text: text.to_owned(), from_root, steps: Vec::new() });
        }
        let Some(rest) = rest.strip_prefix('/') else {
            return Err("a path begins with `/`, for example `/data/*/title`".to_owned());
        };
        let steps = rest.split('/').map(|step| match step {
            "*" => Ok(Step::Each),
            "+" => Ok(Step::EachOrOne),
            "%json" => Ok(Step::Embedded),
            "" => Err("two `/` follow each other, or one ends the path".to_owned()),
            key => Ok(Step::Key(key.replace("~1", "/").replace("~0", "~"))),
        });
        Ok(Self { text: text.to_owned(), from_root, steps: steps.collect::<Result<_, _>>()? })
    }

    /// All values at this path, in the order of the document.
    pub fn find<'v>(&self, root: &'v Value, item: &Found<'v>) -> Vec<Found<'v>> {
        let start = if self.from_root {
            Found { pointer: String::new(), value: Cow::Borrowed(root) }
        } else {
            item.clone()
        };
        walk(start, &self.steps)
    }

    /// The value that holds what the first wildcard walks: whether a list is there, be it empty.
    pub fn has_container(&self, root: &Value) -> bool {
        let fixed: Vec<Step> = self
            .steps
            .iter()
            .take_while(|step| !matches!(step, Step::Each | Step::EachOrOne))
            .cloned()
            .collect();
        let start = Found { pointer: String::new(), value: Cow::Borrowed(root) };
        walk(start, &fixed).first().is_some_and(|found| found.value.is_array() || found.value.is_object())
    }
}

fn walk<'v>(start: Found<'v>, steps: &[Step]) -> Vec<Found<'v>> {
    let mut found = vec![start];
    for step in steps {
        found = found.into_iter().flat_map(|at| next(at, step)).collect();
    }
    found
}

fn next<'v>(at: Found<'v>, step: &Step) -> Vec<Found<'v>> {
    let Found { pointer, value } = at;
    match (step, value) {
        (Step::Embedded, value) => {
            let inner = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            inner.map(|inner| Found { pointer, value: Cow::Owned(inner) }).into_iter().collect()
        }
        (Step::EachOrOne, value) if !value.is_array() => vec![Found { pointer, value }],
        (Step::Key(key), Cow::Borrowed(value)) => {
            let child = child(value, key);
            child.map(|(name, value)| below(&pointer, &name, Cow::Borrowed(value))).into_iter().collect()
        }
        (Step::Key(key), Cow::Owned(value)) => child(&value, key)
            .map(|(name, value)| below(&pointer, &name, Cow::Owned(value.clone())))
            .into_iter()
            .collect(),
        (Step::Each | Step::EachOrOne, Cow::Borrowed(value)) => {
            children(value).map(|(name, value)| below(&pointer, &name, Cow::Borrowed(value))).collect()
        }
        (Step::Each | Step::EachOrOne, Cow::Owned(value)) => {
            children(&value).map(|(name, value)| below(&pointer, &name, Cow::Owned(value.clone()))).collect()
        }
    }
}

fn below<'v>(pointer: &str, name: &str, value: Cow<'v, Value>) -> Found<'v> {
    Found { pointer: format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), value }
}

fn child<'v>(value: &'v Value, key: &str) -> Option<(String, &'v Value)> {
    match value {
        Value::Object(object) => object.get(key).map(|value| (key.to_owned(), value)),
        Value::Array(array) => {
            let nth: i64 = key.parse().ok()?;
            let nth =
                if nth < 0 { array.len().checked_sub(nth.unsigned_abs() as usize)? } else { nth as usize };
            array.get(nth).map(|value| (nth.to_string(), value))
        }
        _ => None,
    }
}

fn children(value: &Value) -> Box<dyn Iterator<Item = (String, &Value)> + '_> {
    match value {
        Value::Array(array) => {
            Box::new(array.iter().enumerate().map(|(nth, value)| (nth.to_string(), value)))
        }
        Value::Object(object) => Box::new(object.iter().map(|(key, value)| (key.clone(), value))),
        _ => Box::new(std::iter::empty()),
    }
}

/// What a value says as text; `None` for null and empty texts.
pub(super) fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        other => Some(other.to_string()),
    }
}

/// A path in a page.
#[derive(Debug, Clone)]
pub(super) struct CssPath {
    /// As written.
    pub text: String,
    from_root: bool,
    selector: Option<Selector>,
    part: Part,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Visible,
    Markup,
    Characters,
    Attribute(String),
}

impl CssPath {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (from_root, rest) = strip_root(text);
        let is_name = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':'))
        };
        let (css, part) = match rest.rsplit_once('@').filter(|(_, name)| is_name(name)) {
            Some((css, "html")) => (css, Part::Markup),
            Some((css, "text")) => (css, Part::Characters),
            Some((css, name)) => (css, Part::Attribute(name.to_ascii_lowercase())),
            None => (rest, Part::Visible),
        };
        let css = css.trim();
        let selector = match css {
            "" | "." => None,
            css => Some(Selector::parse(css).map_err(|error| format!("no CSS selector: {error}"))?),
        };
        if rest.is_empty() {
            return Err("the path is empty; `.` is the item itself".to_owned());
        }
        Ok(Self { text: text.to_owned(), from_root, selector, part })
    }

    /// Elements that match below `item`, or below `root`.
    pub fn elements<'e>(&self, root: ElementRef<'e>, item: ElementRef<'e>) -> Vec<ElementRef<'e>> {
        let scope = if self.from_root { root } else { item };
        match &self.selector {
            None => vec![scope],
            Some(selector) => scope.select(selector).collect(),
        }
    }

    /// What the elements say; empty texts are left out.
    pub fn values(&self, root: ElementRef<'_>, item: ElementRef<'_>) -> Vec<String> {
        let value = |element: ElementRef<'_>| match &self.part {
            Part::Visible => Some(html::text_of(element)),
            Part::Markup => Some(element.inner_html()),
            Part::Characters => Some(element.text().collect()),
            Part::Attribute(name) => element.attr(name).map(str::to_owned),
        };
        let elements = self.elements(root, item).into_iter();
        elements.filter_map(value).filter(|text| !text.trim().is_empty()).collect()
    }
}

fn strip_root(text: &str) -> (bool, &str) {
    match text.trim().strip_prefix('^') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_walk_arrays_objects_and_embedded_json() {
        let root = json!({"a": [{"b": 1}, {"b": "x"}, {"b": null}], "one": {"b": 2}, "o": {"k": {"b": 3}},
            "s": "{\"deep\":[7,8]}", "k/e~y": 5, "last": [1, [{"146": "z"}]]});
        let cases: &[(&str, &[&str])] = &[
            ("/a/*/b", &["1", "x"]),
            ("/a/0/b", &["1"]),
            ("/a/-2/b", &["x"]),
            ("/a/-9/b", &[]),
            ("/o/*/b", &["3"]),
            ("/one/+/b", &["2"]),
            ("/a/+/b", &["1", "x"]),
            ("/one/*/b", &[]),
            ("/s/%json/deep/*", &["7", "8"]),
            ("/a/%json", &[]),
            ("/k~1e~0y", &["5"]),
            ("/last/-1/0/146", &["z"]),
            ("/none/x", &[]),
            ("^/one/b", &["2"]),
        ];
        let item = Found { pointer: String::new(), value: Cow::Borrowed(&root) };
        for (path, expected) in cases {
            let path = JsonPath::parse(path).unwrap();
            let found = path.find(&root, &item);
            let texts: Vec<String> = found.iter().filter_map(|found| shown(&found.value)).collect();
            assert_eq!(texts, *expected, "{}", path.text);
        }
        let inner = JsonPath::parse("/a/*").unwrap().find(&root, &item).remove(1);
        assert_eq!(inner.pointer, "/a/1");
        assert_eq!(JsonPath::parse("^/one/b").unwrap().find(&root, &inner)[0].pointer, "/one/b");
        for wrong in ["a", "", "/a//b", "/a/"] {
            assert!(JsonPath::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn selectors_give_text_markup_or_attributes() {
        let page = html::parse(
            "<div id=i data-n=7><a class=t href=/1>甲<b>乙</b></a><script>var x = 1</script></div><p>外</p>",
        );
        let root = page.root_element();
        let item = CssPath::parse("#i").unwrap().elements(root, root)[0];
        let cases = [
            ("a.t", "甲乙"),
            ("a.t@href", "/1"),
            ("a@html", "甲<b>乙</b>"),
            ("@data-n", "7"),
            (".", "甲乙"),
            ("script@text", "var x = 1"),
            ("^p", "外"),
            ("^ p", "外"),
        ];
        for (path, expected) in cases {
            assert_eq!(CssPath::parse(path).unwrap().values(root, item), [expected], "{path}");
        }
        assert!(CssPath::parse("p").unwrap().values(root, item).is_empty());
        for wrong in ["", "a[", "^"] {
            assert!(CssPath::parse(wrong).is_err(), "{wrong}");
        }
    }
}
