//! A list of addresses: one on each line; empty lines and lines that begin with `#` are passed over.

use std::io::{BufRead, BufReader, Read};

use url::Url;

use super::{BadRecord, Content, Head, Input, Keeps, Opened, Options, Reader, Record, without_columns};
use crate::kit::problem::Problem;

/// Longest line that can be an address, in bytes.
const MAX_LINE_BYTES: u64 = 16 << 10;

pub(super) const READER: Reader = Reader {
    name: "urls",
    zh: "网址清单",
    en: "list of addresses",
    extensions: &["urls"],
    told_by: "every line is an http or https address",
    example: "urls.txt",
    keeps: Keeps::File,
    recognizes,
    open,
};

fn recognizes(head: &Head) -> bool {
    let mut lines = head.lines().filter(|line| !line.starts_with('#')).peekable();
    lines.peek().is_some() && lines.all(|line| is_address(line) && !line.contains([',', '\t', ' ']))
}

fn is_address(line: &str) -> bool {
    line.starts_with("http://") || line.starts_with("https://")
}

fn open(input: Input, _: &Options) -> Result<Opened, Problem> {
    let mut reader = BufReader::new(input);
    let mut number = 0_u64;
    let mut is_over = false;
    let items = std::iter::from_fn(move || {
        while !is_over {
            let mut line = Vec::new();
            number += 1;
            let place = format!("line {number}");
            match reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
                Ok(0) => is_over = true,
                Ok(_) if line.last() != Some(&b'\n') && line.len() as u64 == MAX_LINE_BYTES => {
                    is_over = reader.skip_until(b'\n').is_err();
                    return Some(Err(BadRecord::new(place, "too-long", "no address is this long")));
                }
                Ok(_) => match read_line(&line, place) {
                    None => {}
                    found => return found,
                },
                Err(error) => {
                    is_over = true;
                    return Some(Err(BadRecord::new(
                        place,
                        "unreadable",
                        format!("reading stopped: {error}"),
                    )));
                }
            }
        }
        None
    });
    Ok(without_columns(items))
}

fn read_line(line: &[u8], place: String) -> Option<Result<Record, BadRecord>> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() || text.starts_with('#') {
        return None;
    }
    Some(match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
            Ok(Record { place, content: Content::Address(url.into()) })
        }
        _ => {
            let shown: String = text.chars().take(80).collect();
            Err(BadRecord::new(place, "no-address", format!("`{shown}` is no http or https address")))
        }
    })
}
