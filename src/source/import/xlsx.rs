//! XLSX: the sheets of a workbook as tables. Formulas are not run; the value that was saved with them is read.

use std::io::{Read, Seek};

use calamine::{Data, DataRef, Reader as _, Xlsx};

use super::table::{self, Row};
use super::{BadRecord, Head, Input, Items, Keeps, Opened, Options, Reader, guarded};
use crate::kit::problem::Problem;

/// Largest workbook after unpacking, in bytes.
const MAX_UNPACKED_BYTES: u64 = 256 << 20;
/// Highest ratio of unpacked to packed bytes of one part; ordinary sheets have 5 to 50.
const MAX_RATIO: u64 = 500;
/// Most parts in a workbook.
const MAX_PARTS: usize = 10_000;
/// Most columns of a sheet that are read.
const MAX_COLUMNS: u32 = 1_000;

pub(super) const READER: Reader = Reader {
    name: "xlsx",
    zh: "Excel 工作簿（XLSX）",
    en: "Excel workbooks (XLSX)",
    extensions: &["xlsx", "xlsm"],
    told_by: "a ZIP archive with `xl/workbook.xml`",
    example: "ads.xlsx",
    keeps: Keeps::File,
    recognizes: |head: &Head| head.names.iter().any(|name| name == "xl/workbook.xml"),
    open,
};

fn open(input: Input, options: &Options) -> Result<Opened, Problem> {
    let sheets = guarded("workbook", move || read(input))?;
    let mut columns = Vec::new();
    let mut items: Items = Box::new(std::iter::empty());
    let mut first_failure = None;
    let mut bad = Vec::new();
    for (name, rows) in sheets {
        match table::open(rows.into_iter(), &options.columns) {
            Ok(opened) => {
                columns = if columns.is_empty() { opened.columns } else { columns };
                items = Box::new(items.chain(opened.items));
            }
            Err(problem) if problem.code == "no-columns" => {}
            Err(problem) => {
                bad.push(Err(BadRecord { place: format!("sheet {name}"), problem: problem.clone() }));
                first_failure.get_or_insert(problem);
            }
        }
    }
    match first_failure {
        Some(problem) if columns.is_empty() => Err(problem),
        None if columns.is_empty() => Err(Problem::new("no-columns", "the workbook is empty")),
        _ => Ok(Opened { columns, items: Box::new(bad.into_iter().chain(items)) }),
    }
}

type Sheet = (String, Vec<Result<Row, BadRecord>>);

fn read(mut input: Input) -> Result<Vec<Sheet>, Problem> {
    check_size(&mut input)?;
    let damaged =
        |error: calamine::XlsxError| Problem::new("damaged", format!("the workbook cannot be read: {error}"));
    let mut workbook: Xlsx<_> = Xlsx::new(input).map_err(damaged)?;
    let names = workbook.sheet_names();
    let mut left_bytes = MAX_UNPACKED_BYTES;
    Ok(names
        .into_iter()
        .map(|name| {
            let rows = rows(&mut workbook, &name, &mut left_bytes);
            (name, rows)
        })
        .collect())
}

/// Unpacks every part once into nothing, so that a small file cannot become a large one later.
fn check_size(input: &mut Input) -> Result<(), Problem> {
    let damaged = |error: &dyn std::fmt::Display| {
        Problem::new("damaged", format!("the workbook cannot be unpacked: {error}"))
    };
    let mut archive = zip::ZipArchive::new(&mut *input).map_err(|error| damaged(&error))?;
    if archive.len() > MAX_PARTS {
        return Err(Problem::new(
            "too-large",
            format!("the workbook has {} parts; at most {MAX_PARTS} are read", archive.len()),
        ));
    }
    let mut left = MAX_UNPACKED_BYTES;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| damaged(&error))?;
        let limit = left.min(part.compressed_size().saturating_mul(MAX_RATIO).saturating_add(1 << 20));
        let n = std::io::copy(&mut part.take(limit + 1), &mut std::io::sink())
            .map_err(|error| damaged(&error))?;
        if n > limit {
            let message = format!("part {} of the workbook unpacks to more than {limit} bytes", index + 1);
            return Err(Problem::new("too-large", message));
        }
        left -= n;
    }
    input.rewind().map_err(|error| damaged(&error))
}

fn rows(workbook: &mut Xlsx<Input>, sheet: &str, left_bytes: &mut u64) -> Vec<Result<Row, BadRecord>> {
    let mut rows: Vec<Result<Row, BadRecord>> = Vec::new();
    let fail = |rows: &mut Vec<_>, message: String| {
        rows.push(Err(BadRecord::new(format!("sheet {sheet}"), "damaged", message)));
    };
    let mut cells = match workbook.worksheet_cells_reader(sheet) {
        Ok(cells) => cells,
        Err(error) => {
            fail(&mut rows, error.to_string());
            return rows;
        }
    };
    let mut at = None;
    let mut width = 0;
    loop {
        match cells.next_cell() {
            Ok(None) => break,
            Ok(Some(cell)) => {
                let (row, column) = cell.get_position();
                let text = text_of(cell.get_value());
                if column >= MAX_COLUMNS || text.is_empty() {
                    continue;
                }
                let Some(left) = left_bytes.checked_sub(text.len() as u64 + 64) else {
                    fail(
                        &mut rows,
                        format!("over {MAX_UNPACKED_BYTES} bytes of text; the rest was not read"),
                    );
                    break;
                };
                *left_bytes = left;
                if at != Some(row) {
                    at = Some(row);
                    rows.push(Ok(Row {
                        place: format!("{sheet} row {}", u64::from(row) + 1),
                        cells: Vec::new(),
                    }));
                }
                if let Some(Ok(row)) = rows.last_mut() {
                    let column = column as usize;
                    row.cells.resize(row.cells.len().max(column + 1), String::new());
                    row.cells[column] = text;
                    width = width.max(row.cells.len());
                }
            }
            Err(error) => {
                fail(&mut rows, format!("{error}; the rest of the sheet was not read"));
                break;
            }
        }
    }
    // A workbook leaves out empty cells at the end of a row; that is not a row with too few.
    for row in rows.iter_mut().flatten() {
        row.cells.resize(width, String::new());
    }
    rows
}

fn text_of(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::DateTime(at) if at.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        Data::Empty | Data::Error(_) => String::new(),
        other => other.to_string(),
    }
}
