//! Tables: which column holds what, and from a row to the words in it.

use super::{BadRecord, Content, Opened, Record, Report, Words};
use crate::domain::ad::{AdDraft, AdKind};
use crate::extract::moment;
use crate::kit::clock::UnixMs;
use crate::kit::problem::Problem;

mod headings;
pub use headings::Field;

/// How many rows may stand above the headings: titles, dates of export.
const MAX_ROWS_ABOVE: usize = 10;

/// Which column holds what, as a person said it: `text=内容,url=链接` or the same as TOML.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnMap(Vec<(Field, String)>);

impl ColumnMap {
    /// Reads `field=heading` pairs, each possibly several with commas between them.
    ///
    /// # Errors
    /// One sentence with the pair that is wrong and the fields there are.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut map = Self::default();
        for pair in pairs.into_iter().flat_map(|pairs| pairs.split([',', '，'])) {
            let Some((field, heading)) = pair.split_once('=') else {
                return Err(format!("`{pair}` has no `=`; write FIELD=HEADING, for example text=内容"));
            };
            map.add(field.trim(), heading)?;
        }
        Ok(map)
    }

    /// Reads a TOML file of `field = "heading"` lines.
    ///
    /// # Errors
    /// As [`ColumnMap::from_pairs`], or what is wrong with the TOML, with its line.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let mut map = Self::default();
        for (field, value) in &table {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for value in values {
                let heading = value.as_str().ok_or_else(|| {
                    format!("`{field}` is a {}; write the heading as a text", value.type_str())
                })?;
                map.add(field, heading)?;
            }
        }
        Ok(map)
    }

    fn add(&mut self, field: &str, heading: &str) -> Result<(), String> {
        let known = || Field::ALL.map(Field::as_str).join(", ");
        let field = Field::parse(field).ok_or_else(|| format!("`{field}` is no field; use {}", known()))?;
        self.0.push((field, heading.trim().to_owned()));
        Ok(())
    }

    fn says(&self, field: Field) -> bool {
        self.0.iter().any(|(said, _)| *said == field)
    }
}

/// One row as a reader of tables gives it.
pub(super) struct Row {
    /// Where it stands.
    pub place: String,
    /// Its cells.
    pub cells: Vec<String>,
}

/// Reads rows whose headings stand in one of the first.
pub(super) fn open(
    mut rows: impl Iterator<Item = Result<Row, BadRecord>> + Send + 'static,
    map: &ColumnMap,
) -> Result<Opened, Problem> {
    let mut bad = Vec::new();
    let mut first_failure = None;
    let mut layout = None;
    for row in rows.by_ref().take(MAX_ROWS_ABOVE) {
        match row {
            Err(record) => bad.push(Err(record)),
            Ok(row) => match Layout::of(row.cells, map) {
                Ok(found) => {
                    layout = Some(found);
                    break;
                }
                Err(problem) => {
                    first_failure.get_or_insert(problem);
                }
            },
        }
    }
    let Some(layout) = layout else {
        let told = bad.into_iter().find_map(Result::<(), BadRecord>::err).map(|bad| bad.problem);
        let empty = || Problem::new("no-columns", "the table is empty");
        return Err(first_failure.or(told).unwrap_or_else(empty));
    };
    let columns = layout.columns();
    let records = rows.filter_map(move |row| match row {
        Ok(row) if row.cells.iter().all(|cell| cell.trim().is_empty()) => None,
        Ok(row) => Some(layout.record(row)),
        Err(bad) => Some(Err(bad)),
    });
    let bad = bad.into_iter().map(|bad| bad.and_then(|()| Err(BadRecord::new("", "", ""))));
    Ok(Opened { columns, items: Box::new(bad.chain(records)) })
}

/// Headings, and what each column is taken for.
pub(super) struct Layout {
    headings: Vec<String>,
    fields: Vec<Option<Field>>,
}

impl Layout {
    /// What the columns with these headings hold, as `map` says and else as they are usually called.
    pub fn of(headings: Vec<String>, map: &ColumnMap) -> Result<Self, Problem> {
        let mut fields: Vec<Option<Field>> = vec![None; headings.len()];
        for (field, wanted) in map.0.iter().filter(|(_, wanted)| !wanted.is_empty()) {
            let same = |heading: &String| headings::folded(heading) == headings::folded(wanted);
            match headings.iter().position(same) {
                Some(at) => fields[at] = Some(*field),
                None => return Err(no_column(&format!("named `{wanted}`"), &headings)),
            }
        }
        for field in Field::ALL.into_iter().filter(|field| !map.says(*field)) {
            let mut ranked: Vec<(usize, usize)> = (0..headings.len())
                .filter(|at| fields[*at].is_none())
                .filter_map(|at| Some((field.rank(&headings[at])?, at)))
                .collect();
            ranked.sort_unstable();
            // A reporter is told by several columns; everything else stands in one.
            let n_columns = if field == Field::Reporter { ranked.len() } else { 1 };
            for (_, at) in ranked.into_iter().take(n_columns) {
                fields[at] = Some(field);
            }
        }
        if !fields.contains(&Some(Field::Text)) {
            return Err(no_column("that is known to hold the words", &headings));
        }
        Ok(Self { headings, fields })
    }

    /// The columns that are used, in the order of the table.
    pub fn columns(&self) -> Vec<(Field, String)> {
        let pairs = self.fields.iter().zip(&self.headings);
        pairs.filter_map(|(field, heading)| Some(((*field)?, heading.trim().to_owned()))).collect()
    }

    /// The record of a row.
    pub fn record(&self, row: Row) -> Result<Record, BadRecord> {
        let Row { place, mut cells } = row;
        let n_cells = cells.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
        if cells.len() < self.headings.len() || n_cells > self.headings.len() {
            // Shifted cells would take a reporter's name for the words of an ad.
            let message =
                format!("{} cells under {} headings; the row is skipped", cells.len(), self.headings.len());
            return Err(BadRecord::new(place, "cells", message));
        }
        let reporter: Vec<(String, String)> = self
            .cells_of(Field::Reporter, &cells)
            .map(|(heading, value)| (heading.to_owned(), value.to_owned()))
            .collect();
        for (cell, field) in cells.iter_mut().zip(&self.fields) {
            if *field != Some(Field::Reporter) {
                hide(cell, &reporter);
            }
        }
        let words = self.words(&place, &cells)?;
        let content = if self.fields.contains(&Some(Field::Reporter)) {
            let row = self.row_without_reporter(&cells);
            Content::Report(Box::new(Report { words, row, reporter }))
        } else {
            Content::Words(Box::new(words))
        };
        Ok(Record { place, content })
    }

    fn words(&self, place: &str, cells: &[String]) -> Result<Words, BadRecord> {
        let cell = |field| self.cells_of(field, cells).next().map(|(_, value)| value.to_owned());
        let address = |field| cell(field).filter(|text| is_address(text));
        let title = cell(Field::Title);
        let text = match (&title, cell(Field::Text)) {
            (Some(title), Some(text)) if !text.starts_with(title.as_str()) => format!("{title}\n{text}"),
            (_, Some(text)) => text,
            (Some(title), None) => title.clone(),
            (None, None) => return Err(BadRecord::new(place, "no-words", "the row has no words to judge")),
        };
        let page_url = address(Field::Url);
        let kind = if page_url.is_some() { AdKind::Post } else { AdKind::Text };
        let draft = AdDraft {
            title,
            locator: place.to_owned(),
            landing_url: address(Field::Landing),
            advertiser: cell(Field::Advertiser),
            publisher: cell(Field::Publisher),
            label: cell(Field::Label),
            published_at: cell(Field::Published).and_then(|text| moment_of(&text)),
            platform_ids: cell(Field::Id).into_iter().map(|id| ("id".to_owned(), id)).collect(),
            ..AdDraft::of_text(kind, text)
        };
        Ok(Words { draft, page_url })
    }

    /// Heading and value of each column of this field that is not empty.
    fn cells_of<'a>(
        &'a self,
        field: Field,
        cells: &'a [String],
    ) -> impl Iterator<Item = (&'a str, &'a str)> + 'a {
        let columns = self.fields.iter().zip(&self.headings).zip(cells);
        columns.filter(move |((found, _), _)| **found == Some(field)).filter_map(|((_, heading), cell)| {
            let value = cell.trim();
            (!value.is_empty()).then_some((heading.trim(), value))
        })
    }

    /// Headings and row as CSV, without the columns that tell the reporter.
    fn row_without_reporter(&self, cells: &[String]) -> Vec<u8> {
        let line = |cells: &[String]| {
            let kept = cells.iter().zip(&self.fields).filter(|(_, field)| **field != Some(Field::Reporter));
            let quoted = kept.map(|(cell, _)| format!("\"{}\"", cell.replace('"', "\"\"")));
            quoted.collect::<Vec<_>>().join(",") + "\r\n"
        };
        (line(&self.headings) + &line(cells)).into_bytes()
    }
}

fn no_column(which: &str, headings: &[String]) -> Problem {
    let shown: Vec<&str> =
        headings.iter().map(|heading| heading.trim()).filter(|heading| !heading.is_empty()).collect();
    // Without headings the first row may already tell a reporter.
    let masked = |c: char| if c.is_ascii_digit() { '*' } else { c };
    let shown: String = shown.join(", ").chars().map(masked).take(300).collect();
    Problem::new(
        "no-column",
        format!("there is no column {which}; there are: {shown}. Say which with --map text=HEADING"),
    )
}

fn is_address(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// A time as tables write it: what pages write, or seconds or milliseconds since 1970.
fn moment_of(text: &str) -> Option<UnixMs> {
    match (text.len(), text.parse::<i64>()) {
        (10, Ok(seconds)) => Some(UnixMs(seconds * 1000)),
        (13, Ok(ms)) => Some(UnixMs(ms)),
        _ => moment::parse(text),
    }
}

/// Overwrites in `text` what tells the reporter: people write their own name and number into what they report.
fn hide(text: &mut String, reporter: &[(String, String)]) {
    for (_, value) in reporter {
        let pieces =
            value.split(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | ';' | '；' | '、' | '/'));
        for piece in pieces {
            let n_digits = piece.chars().filter(char::is_ascii_digit).count();
            let n_chars = piece.chars().count();
            let is_name = n_digits == 0 && (2..=20).contains(&n_chars);
            if (n_digits >= 7 || is_name) && text.contains(piece) {
                *text = text.replace(piece, &"＊".repeat(n_chars));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(headings: &[&str], map: &str) -> Result<Layout, Problem> {
        let map = ColumnMap::from_pairs((!map.is_empty()).then_some(map)).unwrap();
        Layout::of(headings.iter().map(|heading| (*heading).to_owned()).collect(), &map)
    }

    fn row(cells: &[&str]) -> Row {
        Row { place: "row 2".to_owned(), cells: cells.iter().map(|cell| (*cell).to_owned()).collect() }
    }

    /// Headings, the column map given, and which column each role gets.
    type Case<'a> = (&'a [&'a str], &'a str, &'a [(&'a str, &'a str)]);

    #[test]
    fn columns_are_guessed_from_usual_headings_and_a_map_has_the_last_word() {
        let cases: &[Case<'_>] = &[
            (&["标题", "内容", "链接"], "", &[("title", "标题"), ("text", "内容"), ("url", "链接")]),
            (
                &["aweme_id", "title", "desc", "nickname", "aweme_url", "create_time"],
                "",
                &[
                    ("id", "aweme_id"),
                    ("title", "title"),
                    ("text", "desc"),
                    ("publisher", "nickname"),
                    ("url", "aweme_url"),
                    ("published", "create_time"),
                ],
            ),
            (
                &["用户昵称", "微博正文", "发布时间"],
                "",
                &[("publisher", "用户昵称"), ("text", "微博正文"), ("published", "发布时间")],
            ),
            (&["甲", "乙"], "text=乙", &[("text", "乙")]),
            (&["内容", "备注"], "text=备注", &[("text", "备注")]),
            (&["内容", "链接"], "url=", &[("text", "内容")]),
            (
                &["举报人（必填）", "联系电话", "短信内容", "发送号码"],
                "",
                &[
                    ("reporter", "举报人（必填）"),
                    ("reporter", "联系电话"),
                    ("text", "短信内容"),
                    ("publisher", "发送号码"),
                ],
            ),
        ];
        for (headings, map, expected) in cases {
            let columns = layout(headings, map).unwrap().columns();
            let found: Vec<(&str, &str)> =
                columns.iter().map(|(field, heading)| (field.as_str(), heading.as_str())).collect();
            assert_eq!(&found, expected, "{headings:?} {map}");
        }
        for (headings, map) in [(&["甲", "乙"][..], ""), (&["内容"][..], "title=题")] {
            let problem = layout(headings, map).err().expect("no such column");
            assert!(problem.message.contains(headings[0]), "{problem}");
        }
        for wrong in ["text", "texts=内容"] {
            assert!(ColumnMap::from_pairs([wrong]).is_err(), "{wrong}");
        }
        let toml = ColumnMap::from_toml("text = \"内容\"\nreporter = [\"甲\", \"乙\"]").unwrap();
        assert_eq!(toml, ColumnMap::from_pairs(["reporter=甲,reporter=乙", "text=内容"]).unwrap());
        assert!(ColumnMap::from_toml("text = 1").is_err() && ColumnMap::from_toml("text").is_err());
    }

    #[test]
    fn who_reported_stands_nowhere_but_apart() {
        let layout = layout(&["举报人", "举报人电话", "短信内容", "发送号码"], "").unwrap();
        let row = row(&["钱一二", "13000000001", "我是钱一二，电话13000000001，收到：保本保息", "1069000"]);
        let Content::Report(report) = layout.record(row).unwrap().content else { panic!("a report") };
        let seen = format!("{:?} {}", report.words, String::from_utf8(report.row).unwrap());
        assert!(seen.contains("保本保息") && seen.contains("1069000"), "{seen}");
        assert!(
            !seen.contains("钱一二") && !seen.contains("13000000001") && !seen.contains("举报人"),
            "{seen}"
        );
        assert_eq!(report.reporter.len(), 2);
        assert_eq!(report.reporter[1], ("举报人电话".to_owned(), "13000000001".to_owned()));
    }

    #[test]
    fn rows_that_do_not_fit_the_headings_are_skipped() {
        let layout = layout(&["标题", "内容"], "").unwrap();
        for (cells, code) in
            [(&["一"][..], "cells"), (&["一", "二", "三"][..], "cells"), (&["", " "][..], "no-words")]
        {
            assert_eq!(layout.record(row(cells)).unwrap_err().problem.code, code, "{cells:?}");
        }
        for cells in [&["一", "二", "", " "][..], &["一", ""][..], &["", "二"][..]] {
            assert!(layout.record(row(cells)).is_ok(), "{cells:?}");
        }
    }
}
