//! A letter as DOCX: paper, margins, fonts and page numbers as 党政机关公文格式 (GB/T 9704—2012) has them.

use docx_rs::{
    AlignmentType, Docx, Footer, Header, HeightRule, LineSpacing, LineSpacingType, PageMargin, PageNum,
    Paragraph, Run, RunFonts, SpecialIndentType, Table, TableCell, TableCellMargins, TableLayoutType,
    TableRow, VAlignType, WidthType,
};

use super::document::{Block, Cell, Document, Piece, Words};

/// A4, in twentieths of a point.
const PAPER: (u32, u32) = (11_906, 16_838);
/// 天头 37 mm, 订口 28 mm; the type area is 156 mm × 225 mm.
const TOP: i32 = 2_098;
const BOTTOM: i32 = 1_985;
const LEFT: i32 = 1_588;
const RIGHT: i32 = 1_474;
const TEXT_WIDTH: usize = 8_844;

/// Sizes in half points: 二号, 三号, 四号, 小四.
const TITLE: usize = 44;
const BODY: usize = 32;
const PAGE_NUMBER: usize = 28;
const TABLE: usize = 24;

const TITLE_FONT: &str = "方正小标宋简体";
const BODY_FONT: &str = "仿宋_GB2312";
const HEADING_FONT: &str = "黑体";
const NUMBER_FONT: &str = "宋体";

/// The letter as a file. With blanks it says on every page that it is a draft.
///
/// # Errors
/// The packer's, which writes into memory.
pub fn docx(document: &Document) -> Result<Vec<u8>, std::io::Error> {
    let n_blanks = document.blanks().len();
    let margin =
        PageMargin::new().top(TOP).bottom(BOTTOM).left(LEFT).right(RIGHT).header(1_000).footer(1_400);
    let number = Paragraph::new()
        .align(AlignmentType::Center)
        .add_run(run("— ", NUMBER_FONT, PAGE_NUMBER))
        .add_page_num(PageNum::new())
        .add_run(run(" —", NUMBER_FONT, PAGE_NUMBER))
        .size(PAGE_NUMBER)
        .fonts(fonts(NUMBER_FONT));
    let mut docx = Docx::new()
        .page_size(PAPER.0, PAPER.1)
        .page_margin(margin)
        .default_fonts(fonts(BODY_FONT))
        .default_size(BODY)
        .footer(Footer::new().add_paragraph(number));
    if n_blanks > 0 {
        let words = format!("草稿　{n_blanks} 处未填　不得外发");
        let mark = Paragraph::new()
            .align(AlignmentType::Center)
            .add_run(run(&words, HEADING_FONT, BODY).color("C00000"));
        docx = docx.header(Header::new().add_paragraph(mark));
    }
    docx = docx.add_paragraph(title(&document.title));
    for block in &document.blocks {
        docx = add(docx, block);
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    docx.build().pack(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.into_inner())
}

fn add(docx: Docx, block: &Block) -> Docx {
    match block {
        Block::Number(words) => {
            let line = paragraph(words, BODY).align(AlignmentType::Center).line_spacing(lines().after(280));
            docx.add_paragraph(line)
        }
        Block::To(words) => docx.add_paragraph(paragraph(words, BODY)),
        Block::Paragraph(words) => {
            let indent = Some(SpecialIndentType::FirstLine(640));
            docx.add_paragraph(paragraph(words, BODY).indent(None, indent, None, None))
        }
        Block::Heading(text) => {
            let indent = Some(SpecialIndentType::FirstLine(640));
            let line =
                Paragraph::new().line_spacing(lines()).indent(None, indent, None, None).keep_next(true);
            docx.add_paragraph(line.add_run(run(text, HEADING_FONT, BODY)))
        }
        Block::Signature(words) => {
            let line =
                paragraph(words, BODY).align(AlignmentType::Right).indent(None, None, Some(1_280), None);
            docx.add_paragraph(line.keep_lines(true))
        }
        Block::Annex { mark, title: text } => {
            let docx = match mark.as_str() {
                "" => docx,
                mark => docx.add_paragraph(
                    Paragraph::new().page_break_before(true).line_spacing(lines()).add_run(run(
                        mark,
                        HEADING_FONT,
                        BODY,
                    )),
                ),
            };
            docx.add_paragraph(title(text).page_break_before(mark.is_empty()))
        }
        Block::Table { widths, rows } => docx.add_table(table(widths, rows)),
    }
}

fn table(widths: &[u16], rows: &[Vec<Cell>]) -> Table {
    let grid: Vec<usize> = widths.iter().map(|width| usize::from(*width) * TEXT_WIDTH / 100).collect();
    let row = |cells: &Vec<Cell>| {
        let last = cells.len().saturating_sub(1);
        let cell = |(at, cell): (usize, &Cell)| {
            let span = if at == last { grid.len() - at } else { 1 };
            let width: usize = grid.iter().skip(at).take(span).sum();
            self::cell(cell).width(width, WidthType::Dxa).grid_span(span)
        };
        let cells: Vec<TableCell> = cells.iter().enumerate().map(cell).collect();
        TableRow::new(cells).row_height(28.0).height_rule(HeightRule::AtLeast)
    };
    Table::new(rows.iter().map(row).collect())
        .set_grid(grid.clone())
        .width(TEXT_WIDTH, WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .margins(TableCellMargins::new().margin(60, 100, 60, 100))
}

fn cell(cell: &Cell) -> TableCell {
    let mut made = TableCell::new().vertical_align(VAlignType::Center);
    for words in &cell.lines {
        // A name may be broken where it is wide.
        for words in split_lines(words) {
            let line =
                Paragraph::new().line_spacing(LineSpacing::new().line(360).line_rule(LineSpacingType::Exact));
            let font = if cell.is_name { HEADING_FONT } else { BODY_FONT };
            let line = pieces(line, &words, font, TABLE);
            let align = if cell.is_name { AlignmentType::Center } else { AlignmentType::Left };
            made = made.add_paragraph(line.align(align));
        }
    }
    for _ in 0..cell.n_free_lines.max(u16::from(cell.lines.is_empty())) {
        made = made.add_paragraph(Paragraph::new());
    }
    made
}

fn split_lines(words: &Words) -> Vec<Words> {
    let mut all = vec![Words::default()];
    for piece in &words.0 {
        let parts: Vec<Piece> = match piece {
            Piece::Text(text) => text.split('\n').map(|part| Piece::Text(part.to_owned())).collect(),
            Piece::Blank(blank) => vec![Piece::Blank(*blank)],
        };
        for (at, part) in parts.into_iter().enumerate() {
            if at > 0 {
                all.push(Words::default());
            }
            if let Some(last) = all.last_mut() {
                last.0.push(part);
            }
        }
    }
    all
}

fn title(text: &str) -> Paragraph {
    Paragraph::new()
        .align(AlignmentType::Center)
        .line_spacing(LineSpacing::new().line(660).line_rule(LineSpacingType::Exact).after(280))
        .keep_next(true)
        .add_run(run(text, TITLE_FONT, TITLE))
}

fn paragraph(words: &Words, size: usize) -> Paragraph {
    pieces(Paragraph::new().line_spacing(lines()), words, BODY_FONT, size)
}

fn pieces(line: Paragraph, words: &Words, font: &str, size: usize) -> Paragraph {
    words.0.iter().fold(line, |line, piece| match piece {
        Piece::Text(text) => line.add_run(run(text, font, size)),
        Piece::Blank(blank) => line.add_run(
            run(&format!("【待填：{}】", blank.label), font, size).color("C00000").highlight("yellow"),
        ),
    })
}

/// 22 lines on a page of 225 mm: 28.95 points each.
fn lines() -> LineSpacing {
    LineSpacing::new().line(579).line_rule(LineSpacingType::Exact)
}

fn run(text: &str, font: &str, size: usize) -> Run {
    Run::new().add_text(clean(text)).size(size).fonts(fonts(font))
}

/// XML has no place for other control characters, and captured words may hold them.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn fonts(name: &str) -> RunFonts {
    RunFonts::new().ascii("Times New Roman").hi_ansi("Times New Roman").east_asia(name).hint("eastAsia")
}
