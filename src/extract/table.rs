//! Tables with a header line: comma-, semicolon- or tab-separated values (RFC 4180, read tolerantly).

use serde_json::{Map, Value, json};

use super::{MissingField, Shape};

/// `{rows: [{COLUMN: value}]}`: every value a text, empty ones left out, columns by the names in the first line.
///
/// # Errors
/// Names what is missing when there is no header line.
pub fn document(text: &str) -> Shape<Value> {
    let first_line = text.lines().next().unwrap_or_default();
    let separator =
        [',', '\t', ';'].into_iter().max_by_key(|c| first_line.matches(*c).count()).unwrap_or(',');
    let mut records = records(text, separator).into_iter();
    let header: Vec<String> =
        records.next().unwrap_or_default().iter().map(|name| name.trim().to_owned()).collect();
    if header.iter().all(String::is_empty) || first_line.trim_start().starts_with(['<', '{', '[']) {
        return Err(MissingField::new("header line"));
    }
    let rows: Vec<Value> = records
        .filter(|record| record.iter().any(|value| !value.trim().is_empty()))
        .map(|record| {
            let cells = header
                .iter()
                .zip(record)
                .filter(|(name, value)| !name.is_empty() && !value.trim().is_empty());
            Value::Object(
                cells.map(|(name, value)| (name.clone(), Value::String(value))).collect::<Map<_, _>>(),
            )
        })
        .collect();
    Ok(json!({ "rows": rows }))
}

fn records(text: &str, separator: char) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = Vec::new();
    let mut cell = String::new();
    let mut is_quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                is_quoted = true;
            }
            '\r' if !is_quoted && chars.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            c if c == separator && !is_quoted => record.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !record.is_empty() {
        record.push(cell);
        records.push(record);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_may_be_quoted_and_hold_anything() {
        for (text, expected) in [
            (
                "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n,\r\n3,4",
                json!([{"a": "1", "b": "x, \"y\"\nz"}, {"a": "3", "b": "4"}]),
            ),
            ("号码\t内容\n1069\t日返,千三\n", json!([{"号码": "1069", "内容": "日返,千三"}])),
            ("a;b\n1;2;3\n4", json!([{"a": "1", "b": "2"}, {"a": "4"}])),
            ("a\n", json!([])),
        ] {
            assert_eq!(document(text).unwrap()["rows"], expected, "{text}");
        }
        for text in ["", "\n1,2", "<html>", "{}"] {
            assert!(document(text).is_err(), "{text}");
        }
    }
}
