//! JSON Lines, and a JSON array of objects: one record for each object, fields as in a table.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use serde_json::{Map, Value};

use super::table::{ColumnMap, Field, Layout, Row};
use super::{BadRecord, Head, Input, Keeps, Opened, Options, Reader, Record, json, whole};
use crate::kit::problem::Problem;

/// Longest line, in bytes.
const MAX_LINE_BYTES: u64 = 8 << 20;
/// How deep objects are looked into for named fields (`user.nickname`).
const MAX_DEPTH: usize = 3;

pub(super) const READER: Reader = Reader {
    name: "jsonl",
    zh: "JSON Lines、JSON 数组",
    en: "JSON Lines, a JSON array of objects",
    extensions: &["jsonl", "ndjson", "json"],
    told_by: "objects, one on each line or in one array",
    example: "posts.jsonl",
    keeps: Keeps::File,
    recognizes,
    open,
};

fn recognizes(head: &Head) -> bool {
    let array = head.text.strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{'));
    array || head.text.starts_with("{\"") || head.text.starts_with("{ \"")
}

fn open(mut input: Input, options: &Options) -> Result<Opened, Problem> {
    let mut start = [0; 64];
    let unreadable = |error: std::io::Error| Problem::new("unreadable", format!("reading stopped: {error}"));
    let n = input.read(&mut start).map_err(unreadable)?;
    input.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let is_array = start.get(json::skip(&start[..n], 0, b"")) == Some(&b'[');
    let map = options.columns.clone();
    let values: Box<dyn Iterator<Item = (String, Result<Value, String>)> + Send> = match is_array {
        true => Box::new(array(whole(input)?)),
        false => Box::new(lines(input)),
    };
    let mut values = values.peekable();
    let columns = match values.peek() {
        Some((_, Ok(Value::Object(object)))) => columns(object, &map)?,
        _ => Vec::new(),
    };
    let items = values.map(move |(place, value)| match value {
        Ok(Value::Object(object)) => record(place, &object, &map),
        Ok(other) => {
            let message = format!("a JSON object is wanted, this is {}", kind_of(&other));
            Err(BadRecord::new(place, "no-object", message))
        }
        Err(message) => Err(BadRecord::new(place, "invalid-json", message)),
    });
    Ok(Opened { columns, items: Box::new(items) })
}

fn columns(object: &Map<String, Value>, map: &ColumnMap) -> Result<Vec<(Field, String)>, Problem> {
    let headings = flat(object).into_iter().map(|(name, _)| name).collect();
    Layout::of(headings, map).map(|layout| layout.columns())
}

fn record(place: String, object: &Map<String, Value>, map: &ColumnMap) -> Result<Record, BadRecord> {
    let (headings, cells) = flat(object).into_iter().unzip();
    let layout = Layout::of(headings, map).map_err(|problem| BadRecord { place: place.clone(), problem })?;
    layout.record(Row { place, cells })
}

fn lines(input: Input) -> impl Iterator<Item = (String, Result<Value, String>)> + Send {
    let mut reader = BufReader::with_capacity(64 << 10, input);
    let mut number = 0_u64;
    let mut is_over = false;
    std::iter::from_fn(move || {
        while !is_over {
            number += 1;
            let place = format!("line {number}");
            let mut line = Vec::new();
            match reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
                Ok(0) => is_over = true,
                Ok(_) if line.len() as u64 == MAX_LINE_BYTES && line.last() != Some(&b'\n') => {
                    is_over = reader.skip_until(b'\n').is_err();
                    return Some((
                        place,
                        Err(format!("the line has more than {} MiB", MAX_LINE_BYTES >> 20)),
                    ));
                }
                Ok(_) => {
                    let text = &line[json::skip(&line, 0, b"")..];
                    if !text.is_empty() {
                        return Some((place, parsed(text)));
                    }
                }
                Err(error) => {
                    is_over = true;
                    return Some((place, Err(format!("reading stopped: {error}"))));
                }
            }
        }
        None
    })
}

fn array(bytes: Vec<u8>) -> impl Iterator<Item = (String, Result<Value, String>)> + Send {
    let ranges: Vec<_> = json::elements(&bytes).collect();
    ranges.into_iter().enumerate().map(move |(index, range)| {
        (format!("object {}", index + 1), range.and_then(|range| parsed(&bytes[range])))
    })
}

fn parsed(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_str(String::from_utf8_lossy(bytes).trim_end()).map_err(|error| json::message(&error))
}

/// Names and texts of the fields, those of inner objects as `outer.inner`.
fn flat(object: &Map<String, Value>) -> Vec<(String, String)> {
    fn add(prefix: &str, object: &Map<String, Value>, depth: usize, found: &mut Vec<(String, String)>) {
        for (name, value) in object {
            let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                Value::Object(inner) if depth < MAX_DEPTH => add(&name, inner, depth + 1, found),
                other => found.push((name, text_of(other))),
            }
        }
    }
    let mut found = Vec::new();
    add("", object, 1, &mut found);
    found
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            items.iter().map(text_of).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
