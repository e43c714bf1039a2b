//! HAR 1.2: the exchanges that a browser recorded. A file that is cut off is read up to the cut.

use base64::Engine as _;
use serde::Deserialize;

use super::{
    BadRecord, Content, Head, Input, Keeps, MAX_RECORD_BYTES, Opened, Options, Reader, Record, Saved, json,
    whole, without_columns,
};
use crate::extract::moment;
use crate::kit::problem::Problem;

pub(super) const READER: Reader = Reader {
    name: "har",
    zh: "浏览器会话记录 HAR",
    en: "recorded browser sessions (HAR)",
    extensions: &["har"],
    told_by: "a JSON object with `log` and in it `creator`, `version` or `entries`",
    example: "session.har",
    keeps: Keeps::File,
    recognizes: |head: &Head| {
        let start = head.text.trim_start_matches(|c: char| c == '{' || c.is_whitespace());
        let inside = ["\"entries\"", "\"creator\"", "\"version\""];
        head.text.starts_with('{')
            && start.starts_with("\"log\"")
            && inside.iter().any(|word| head.text.contains(word))
    },
    open,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    started_date_time: Option<String>,
    request: Request,
    response: Response,
    #[serde(rename = "serverIPAddress")]
    server_ip_address: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: u16,
    #[serde(default)]
    http_version: String,
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    content: Body,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Body {
    mime_type: Option<String>,
    text: Option<String>,
    encoding: Option<String>,
}

fn open(input: Input, _: &Options) -> Result<Opened, Problem> {
    let bytes = whole(input)?;
    let at = json::value_of(&bytes, "entries").filter(|at| bytes.get(*at) == Some(&b'['));
    let at = at.ok_or_else(|| Problem::new("no-entries", "the file has no list `entries`"))?;
    let ranges: Vec<_> = json::elements(&bytes[at..]).collect();
    let items = ranges.into_iter().enumerate().filter_map(move |(index, range)| {
        let place = format!("entry {}", index + 1);
        let entry = range.and_then(|range| {
            serde_json::from_slice::<Entry>(&bytes[at..][range]).map_err(|error| json::message(&error))
        });
        match entry.map(saved) {
            Ok(Ok(Some(saved))) => Some(Ok(Record { place, content: Content::Saved(Box::new(saved)) })),
            Ok(Ok(None)) => None,
            Ok(Err(problem)) => Some(Err(BadRecord { place, problem })),
            Err(message) => Some(Err(BadRecord::new(place, "invalid-json", message))),
        }
    });
    Ok(without_columns(items))
}

/// The answer of an entry; `None` when the browser kept no body, as for images that came from its cache.
fn saved(entry: Entry) -> Result<Option<Saved>, Problem> {
    let Entry { started_date_time, request, response, server_ip_address } = entry;
    if !(request.url.starts_with("http://") || request.url.starts_with("https://")) {
        return Ok(None);
    }
    let Some(text) = response.content.text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.len() as u64 > MAX_RECORD_BYTES / 3 * 4 {
        return Err(Problem::new("too-large", format!("the body has more than {MAX_RECORD_BYTES} bytes")));
    }
    let is_text = response.content.encoding.as_deref() != Some("base64");
    let body = if is_text {
        text.into_bytes()
    } else {
        let decoded = base64::engine::general_purpose::STANDARD.decode(text.as_bytes());
        decoded.map_err(|error| Problem::new("base64", format!("the body does not decode: {error}")))?
    };
    let mime_type = response.content.mime_type.unwrap_or_default();
    // The browser unpacked and decoded the body, so these two no longer say what the bytes are.
    let mut headers: Vec<(String, String)> = response
        .headers
        .into_iter()
        .map(|Header { name, value }| match name.to_ascii_lowercase().as_str() {
            "content-encoding" | "transfer-encoding" => {
                (format!("x-orig-{}", name.to_ascii_lowercase()), value)
            }
            "content-type" if is_text => ("x-orig-content-type".to_owned(), value),
            _ => (name, value),
        })
        .collect();
    let is_told = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !is_text && !is_told && !mime_type.is_empty() {
        headers.push(("content-type".to_owned(), mime_type));
    } else if is_text {
        let media_type = mime_type.split(';').next().unwrap_or_default().trim();
        headers.push(("content-type".to_owned(), format!("{media_type}; charset=utf-8")));
    }
    Ok(Some(Saved {
        url: Some(request.url),
        saved_at: started_date_time.as_deref().and_then(moment::parse),
        status: response.status,
        http_version: response.http_version,
        headers,
        remote_addr: server_ip_address.unwrap_or_default(),
        body,
    }))
}
