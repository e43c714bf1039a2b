//! Pages saved in one HTML file, by SingleFile or by hand. The comment that the saving tool leaves tells address and
//! time.

use std::sync::LazyLock;

use regex::Regex;

use super::{Content, Head, Input, Keeps, Opened, Options, Reader, Record, Saved, whole, without_columns};
use crate::extract::{charset, moment};
use crate::kit::problem::Problem;

/// How far into a page the comment of the saving tool is looked for, in bytes.
const COMMENT_WITHIN_BYTES: usize = 16 << 10;

pub(super) const READER: Reader = Reader {
    name: "html",
    zh: "保存的网页（SingleFile、HTML）",
    en: "saved pages (SingleFile, HTML)",
    extensions: &["html", "htm", "xhtml"],
    told_by: "`<!doctype html`, `<html`, `<head` or `<body` at the beginning",
    example: "singlefile.html",
    keeps: Keeps::File,
    recognizes: |head: &Head| {
        let starts = [
            "<!doctype html",
            "<html",
            "<head",
            "<body",
            "<title",
            "<meta",
            "<!-- saved from",
            "<!--\n page saved",
        ];
        let behind_xml = head.text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
        let text = behind_xml.map_or(head.text.as_str(), |(_, rest)| rest.trim_start());
        starts.iter().any(|start| text.starts_with(start))
    },
    open,
};

static SINGLE_FILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"Page saved with SingleFile\s+url:\s*(\S+)\s+saved date:\s*([^\r\n]+)").ok()
});
static SAVED_FROM: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<!--\s*saved from url=\(\d+\)(\S+)\s*-->").ok());

fn open(input: Input, _: &Options) -> Result<Opened, Problem> {
    let body = whole(input)?;
    let (head, _) = charset::decode(&body[..body.len().min(COMMENT_WITHIN_BYTES)], None);
    let comment = |pattern: &'static LazyLock<Option<Regex>>| (**pattern).as_ref()?.captures(&head.text);
    let (url, saved_at) = match (comment(&SINGLE_FILE), comment(&SAVED_FROM)) {
        (Some(found), _) => (Some(found[1].to_owned()), moment_of(&found[2])),
        (None, Some(found)) => (Some(found[1].to_owned()), None),
        (None, None) => (None, None),
    };
    let saved = Saved { url, saved_at, ..Saved::of_file(body, "text/html") };
    let record = Record { place: "page".to_owned(), content: Content::Saved(Box::new(saved)) };
    Ok(without_columns(std::iter::once(Ok(record))))
}

/// A time as a browser's `Date` prints it: `Tue Nov 17 2026 08:30:00 GMT+0800 (中国标准时间)`.
fn moment_of(text: &str) -> Option<crate::kit::clock::UnixMs> {
    let plain = text.split('(').next().unwrap_or_default().trim();
    let zoned = jiff::Zoned::strptime("%a %b %d %Y %H:%M:%S GMT%z", plain).ok();
    let at = zoned.map(|zoned| crate::kit::clock::UnixMs(zoned.timestamp().as_millisecond()));
    at.or_else(|| moment::parse(plain))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_time_of_saving_is_read_as_browsers_print_it() {
        let at = super::moment_of("Tue Nov 17 2026 08:30:00 GMT+0800 (中国标准时间)").unwrap();
        assert_eq!(at.beijing(), "2026-11-17 08:30:00 +08:00");
    }
}
