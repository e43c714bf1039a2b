//! A workbook (XLSX) of plain tables. Words are written as inline strings and numbers as numbers, so no cell can be a
//! formula whatever it says.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;

use crate::domain::statistics::{Cell, Table};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// One sheet for each table.
pub(super) fn workbook(tables: &[Table]) -> ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut part = |name: &str, text: &str| -> ZipResult<()> {
        archive.start_file(name, SimpleFileOptions::default())?;
        Ok(archive.write_all(format!("{HEAD}{text}").as_bytes())?)
    };
    let (mut types, mut sheets, mut relations) = (String::new(), String::new(), String::new());
    for (number, (name, ..)) in (1..).zip(tables) {
        types += &format!(
            "<Override PartName=\"/xl/worksheets/sheet{number}.xml\" ContentType=\"{TYPE}.worksheet+xml\"/>"
        );
        sheets += &format!("<sheet name=\"{}\" sheetId=\"{number}\" r:id=\"r{number}\"/>", escaped(name));
        relations += &format!(
            "<Relationship Id=\"r{number}\" Type=\"{OFFICE}/worksheet\" Target=\"worksheets/sheet{number}.xml\"/>"
        );
    }
    part(
        "[Content_Types].xml",
        &format!(
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
             <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
             <Override PartName=\"/xl/workbook.xml\" ContentType=\"{TYPE}.sheet.main+xml\"/>{types}</Types>"
        ),
    )?;
    part(
        "_rels/.rels",
        &format!(
            "<Relationships xmlns=\"{RELATIONS}\"><Relationship Id=\"r1\" Type=\"{OFFICE}/officeDocument\" \
             Target=\"xl/workbook.xml\"/></Relationships>"
        ),
    )?;
    part(
        "xl/workbook.xml",
        &format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{sheets}</sheets></workbook>"),
    )?;
    part(
        "xl/_rels/workbook.xml.rels",
        &format!("<Relationships xmlns=\"{RELATIONS}\">{relations}</Relationships>"),
    )?;
    for (number, (_, headings, rows)) in (1..).zip(tables) {
        let headings: Vec<Cell> = headings.iter().map(Cell::from).collect();
        let rows: String = [&headings].into_iter().chain(rows).map(|cells| row(cells)).collect();
        let sheet = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
        part(&format!("xl/worksheets/sheet{number}.xml"), &sheet)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn row(cells: &[Cell]) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Number(n) => format!("<c><v>{n}</v></c>"),
        Cell::Text(words) => {
            format!("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>", escaped(words))
        }
    };
    format!("<row>{}</row>", cells.iter().map(cell).collect::<String>())
}

/// Words as XML text; characters that XML cannot hold become visible.
fn escaped(words: &str) -> String {
    words
        .chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\t' | '\n' | '\r' => c.to_string(),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}'.to_string(),
            c => c.to_string(),
        })
        .collect()
}
