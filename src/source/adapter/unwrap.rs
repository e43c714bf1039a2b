//! From an answer to the document inside it: what is taken off before reading.

use regex::Regex;
use serde_json::{Map, Value};

use super::path::{Found, JsonPath, shown};
use super::transform::call;

/// One entry of the list of unwrappings.
#[derive(Debug, Clone, Copy)]
pub struct UnwrapKind {
    /// Its name in `unwrap = ["…"]`.
    pub name: &'static str,
    /// What stands in brackets behind the name; empty when nothing does.
    pub argument: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
}

/// Every unwrapping.
pub const UNWRAPS: &[UnwrapKind] = &[
    UnwrapKind { name: "jsonp", argument: "", about: "`callback(…)` to what stands in the brackets." },
    UnwrapKind {
        name: "prefix",
        argument: "TEXT",
        about: "TEXT goes from the beginning, as `)]}'` of Google.",
    },
    UnwrapKind {
        name: "next-data",
        argument: "",
        about: "The JSON of the script `__NEXT_DATA__` in the page.",
    },
    UnwrapKind {
        name: "script-json",
        argument: "PATTERN",
        about: "The JSON value that begins where the first match of PATTERN ends.",
    },
    UnwrapKind {
        name: "script-json-all",
        argument: "PATTERN",
        about: "The JSON values behind all matches: an array, or an object by the group `key`.",
    },
    UnwrapKind {
        name: "comments",
        argument: "",
        about: "Markup inside HTML comments becomes part of the page.",
    },
    UnwrapKind {
        name: "field",
        argument: "POINTER",
        about: "The text at POINTER of a JSON answer, which is a page or JSON itself.",
    },
];

/// An unwrapping with its argument.
#[derive(Debug, Clone)]
pub(super) enum Unwrap {
    Jsonp,
    Prefix(String),
    ScriptJson(Regex),
    ScriptJsonAll(Regex),
    Comments,
    Field(JsonPath),
}

impl Unwrap {
    /// Reads `name` or `name(argument)`.
    ///
    /// # Errors
    /// What is wrong, and the known names when the name is unknown.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, argument) = call(text);
        let pattern = |argument: &str| Regex::new(argument).map_err(|error| error.to_string());
        match (name, argument) {
            ("jsonp", None) => Ok(Self::Jsonp),
            ("prefix", Some(prefix)) => Ok(Self::Prefix(prefix.to_owned())),
            ("next-data", None) => pattern(r#"<script[^>]*id="__NEXT_DATA__"[^>]*>"#).map(Self::ScriptJson),
            ("script-json", Some(argument)) => pattern(argument).map(Self::ScriptJson),
            ("script-json-all", Some(argument)) => pattern(argument).map(Self::ScriptJsonAll),
            ("comments", None) => Ok(Self::Comments),
            ("field", Some(argument)) => JsonPath::parse(argument).map(Self::Field),
            _ => Err(match UNWRAPS.iter().find(|kind| kind.name == name) {
                Some(UnwrapKind { argument: "", .. }) => format!("`{name}` takes nothing in brackets"),
                Some(kind) => format!("write {name}({})", kind.argument),
                None => {
                    let known: Vec<&str> = UNWRAPS.iter().map(|kind| kind.name).collect();
                    format!("unknown unwrapping `{name}`; known: {}", known.join(", "))
                }
            }),
        }
    }

    /// What is inside `text`.
    ///
    /// # Errors
    /// What is missing, for `ShapeChanged`.
    pub fn apply(&self, text: &str) -> Result<String, String> {
        match self {
            Self::Jsonp => {
                let inner = text.split_once('(').zip(text.rfind(')'));
                let inner = inner.and_then(|((head, _), end)| text.get(head.len() + 1..end));
                inner.map(str::to_owned).ok_or_else(|| "the brackets of JSONP".to_owned())
            }
            Self::Prefix(prefix) => {
                let rest = text.trim_start().strip_prefix(prefix.as_str());
                rest.map(str::to_owned).ok_or_else(|| format!("the prefix {prefix:?}"))
            }
            Self::ScriptJson(pattern) => {
                let values = pattern.find_iter(text).filter_map(|found| value_at(&text[found.end()..]));
                let value = values.map(|value| value.to_string()).next();
                value.ok_or_else(|| format!("JSON behind `{pattern}`"))
            }
            Self::ScriptJsonAll(pattern) => {
                let mut by_key = Map::new();
                let mut in_order = Vec::new();
                for found in pattern.captures_iter(text) {
                    let Some(value) = found.get(0).and_then(|whole| value_at(&text[whole.end()..])) else {
                        continue;
                    };
                    match found.name("key") {
                        Some(key) => drop(by_key.insert(key.as_str().to_owned(), value)),
                        None => in_order.push(value),
                    }
                }
                match (by_key.is_empty(), in_order.is_empty()) {
                    (true, true) => Err(format!("JSON behind `{pattern}`")),
                    (false, _) => Ok(Value::Object(by_key).to_string()),
                    (true, false) => Ok(Value::Array(in_order).to_string()),
                }
            }
            Self::Comments => Ok(text.replace("<!--", "").replace("-->", "")),
            Self::Field(path) => {
                let root: Value = serde_json::from_str(text).map_err(|error| format!("JSON ({error})"))?;
                let item = Found { pointer: String::new(), value: std::borrow::Cow::Borrowed(&root) };
                let found = path.find(&root, &item).into_iter().find_map(|found| shown(&found.value));
                found.ok_or_else(|| path.text.clone())
            }
        }
    }
}

/// The JSON value with which `text` begins, whatever follows it.
fn value_at(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrapping_comes_off() {
        let page = r#"<script>AF_init({key: 'ds:1', data:[1,2], side: {}});</script><script>AF_init({key: 'ds:2', data:{"a":"保本"}, side: {}});</script>
            <script id="__NEXT_DATA__" type="application/json">{"props":1}</script>"#;
        let cases = [
            ("jsonp", "data_callback([1,2]);", "[1,2]"),
            ("jsonp", "/**/cb({\"a\":\"(x)\"})", "{\"a\":\"(x)\"}"),
            ("prefix()]}')", ")]}'\n\n[1]", "\n\n[1]"),
            ("next-data", page, "{\"props\":1}"),
            (r"script-json(data:)", page, "[1,2]"),
            (r"script-json-all(key: '(?<key>ds:\d)', data:)", page, r#"{"ds:1":[1,2],"ds:2":{"a":"保本"}}"#),
            (r"script-json-all(data:)", page, r#"[[1,2],{"a":"保本"}]"#),
            ("comments", "<code><!-- <p>保本</p> --></code>", "<code> <p>保本</p> </code>"),
            ("field(/content)", r#"{"content":"<p>保本</p>"}"#, "<p>保本</p>"),
        ];
        for (call, text, expected) in cases {
            assert_eq!(Unwrap::parse(call).unwrap().apply(text).as_deref(), Ok(expected), "{call}");
        }
    }

    #[test]
    fn what_is_not_wrapped_is_named() {
        for (call, missing) in [
            ("jsonp", "the brackets of JSONP"),
            ("prefix(x)", "the prefix \"x\""),
            ("script-json(zz=)", "JSON behind `zz=`"),
            ("script-json-all(zz=)", "JSON behind `zz=`"),
            ("field(/a)", "JSON ("),
        ] {
            for text in ["", "<html>", ")(", "("] {
                let error = Unwrap::parse(call).unwrap().apply(text).unwrap_err();
                assert!(error.starts_with(missing), "{call} {text}: {error}");
            }
        }
        for kind in UNWRAPS {
            let call =
                if kind.argument.is_empty() { format!("{}(x)", kind.name) } else { kind.name.to_owned() };
            assert!(Unwrap::parse(&call).is_err(), "{call}");
        }
        assert!(Unwrap::parse("unzip").unwrap_err().contains("jsonp"));
    }
}
