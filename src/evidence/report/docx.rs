//! The document as a file that an office's word processor opens and edits (Office Open XML).

use std::io::Cursor;

use docx_rs::{
    AlignmentType, Docx, Footer, Header, HeightRule, LineSpacing, LineSpacingType, NumPages, PageMargin,
    PageNum, Paragraph, Pic, RunFonts, Shading, SpecialIndentType, TableCell, TableLayoutType, TableRow,
    VAlignType, WidthType,
};

use super::paper::{Block, Cell, Figure, Paper, Row, Run, Style, Table};

/// Width of the text on A4 between margins of 26 and 22 mm, in twentieths of a point.
const TEXT_WIDTH: u32 = 9_185;
/// The same, and the greatest height of a figure, in English metric units.
const FIGURE_WIDTH_EMU: u64 = 5_832_000;
const FIGURE_HEIGHT_EMU: u64 = 6_660_000;

/// The bytes of the `.docx` file.
///
/// # Errors
/// When the container cannot be written.
pub(super) fn render(paper: &Paper) -> anyhow::Result<Vec<u8>> {
    let mut docx = Docx::new()
        .page_size(11_906, 16_838)
        .page_margin(
            PageMargin::new()
                .top(1_474)
                .bottom(1_361)
                .left(1_474)
                .right(1_247)
                .header(850)
                .footer(794)
                .gutter(0),
        )
        .default_fonts(fonts("仿宋", "Times New Roman"))
        .default_size(24)
        .header(Header::new().add_paragraph(Paragraph::new().add_run(text(
            &paper.running,
            17,
            fonts("仿宋", "Times New Roman"),
        ))))
        .footer(
            Footer::new()
                .add_paragraph(Paragraph::new().add_run(text(
                    &paper.seal_line,
                    13,
                    fonts("仿宋", "Consolas"),
                )))
                .add_paragraph(
                    Paragraph::new()
                        .align(AlignmentType::Center)
                        .size(17)
                        .add_run(text("第 ", 17, fonts("仿宋", "Times New Roman")))
                        .add_page_num(PageNum::new())
                        .add_run(text(" 页 共 ", 17, fonts("仿宋", "Times New Roman")))
                        .add_num_pages(NumPages::new())
                        .add_run(text(" 页", 17, fonts("仿宋", "Times New Roman"))),
                ),
        )
        .add_paragraph(
            Paragraph::new()
                .align(AlignmentType::Center)
                .add_run(text(&paper.office, 32, fonts("宋体", "Times New Roman")).bold().color("B01F1F")),
        )
        .add_paragraph(title(&paper.title));
    for block in &paper.blocks {
        docx = add(docx, block);
    }
    let mut bytes = Cursor::new(Vec::new());
    docx.build()
        .pack(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the report cannot be written: {error}"))?;
    Ok(bytes.into_inner())
}

fn add(docx: Docx, block: &Block) -> Docx {
    match block {
        Block::Part(words) => docx.add_paragraph(title(words).page_break_before(true)),
        Block::Heading(words) => docx.add_paragraph(
            Paragraph::new()
                .keep_next(true)
                .line_spacing(LineSpacing::new().before(200).after(60))
                .add_run(text(words, 26, fonts("黑体", "Times New Roman"))),
        ),
        Block::Paragraph(runs) => {
            let paragraph = Paragraph::new()
                .align(AlignmentType::Both)
                .indent(None, Some(SpecialIndentType::FirstLine(480)), None, None)
                .line_spacing(LineSpacing::new().line_rule(LineSpacingType::Auto).line(380));
            docx.add_paragraph(with_runs(paragraph, runs, 24))
        }
        Block::Table(table) => docx.add_table(table_of(table)).add_paragraph(
            Paragraph::new().line_spacing(LineSpacing::new().line_rule(LineSpacingType::Exact).line(160)),
        ),
        Block::Figure(figure) => figure_of(docx, figure),
    }
}

fn title(words: &str) -> Paragraph {
    Paragraph::new()
        .align(AlignmentType::Center)
        .line_spacing(LineSpacing::new().before(240).after(240))
        .add_run(text(words, 40, fonts("宋体", "Times New Roman")).bold())
}

fn table_of(table: &Table) -> docx_rs::Table {
    let grid: Vec<usize> = table.widths.iter().map(|percent| width(*percent)).collect();
    let rows = table.rows.iter().map(|row| row_of(row, &grid)).collect();
    docx_rs::Table::new(rows)
        .set_grid(grid.clone())
        .width(grid.iter().sum(), WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
}

fn row_of(row: &Row, grid: &[usize]) -> TableRow {
    let mut column = 0;
    let cells = row.cells.iter().map(|cell| {
        let covered = grid.iter().skip(column).take(cell.span).sum();
        column += cell.span;
        cell_of(cell, covered)
    });
    let made = TableRow::new(cells.collect()).cant_split();
    // 13 mm: room for a signature.
    if row.is_tall { made.row_height(737.0).height_rule(HeightRule::AtLeast) } else { made }
}

fn cell_of(cell: &Cell, width: usize) -> TableCell {
    let mut made = TableCell::new().width(width, WidthType::Dxa).vertical_align(VAlignType::Center);
    if cell.span > 1 {
        made = made.grid_span(cell.span);
    }
    for line in &cell.lines {
        let paragraph = Paragraph::new().line_spacing(LineSpacing::new().before(30).after(30));
        made = made.add_paragraph(if cell.is_heading {
            let words: String = line.iter().map(|run| run.text.as_str()).collect();
            paragraph.align(AlignmentType::Center).add_run(text(&words, 20, fonts("黑体", "Times New Roman")))
        } else {
            with_runs(paragraph, line, 21)
        });
    }
    made
}

fn figure_of(docx: Docx, figure: &Figure) -> Docx {
    let (width, height) = (u64::from(figure.width_px.max(1)), u64::from(figure.height_px.max(1)));
    // 9,525 units are one pixel at 96 to the inch; never larger than that, never over the page.
    let wide = (width * 9_525).min(FIGURE_WIDTH_EMU).min(FIGURE_HEIGHT_EMU * width / height).max(1);
    let high = (wide * height / width).max(1);
    let emu = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let pic = Pic::new_with_dimensions(figure.bytes.clone(), figure.width_px, figure.height_px)
        .size(emu(wide), emu(high));
    let mut docx =
        docx.add_paragraph(Paragraph::new().keep_next(true).add_run(docx_rs::Run::new().add_image(pic)));
    for line in &figure.strip {
        docx = docx.add_paragraph(Paragraph::new().add_run(text(line, 16, fonts("仿宋", "Consolas"))));
    }
    docx
}

fn with_runs(mut paragraph: Paragraph, runs: &[Run], size: usize) -> Paragraph {
    for run in runs {
        for (index, line) in run.text.split('\n').enumerate() {
            let made = match run.style {
                Style::Plain => text(line, size, fonts("仿宋", "Times New Roman")),
                Style::Strong => text(line, size, fonts("仿宋", "Times New Roman")).bold(),
                Style::Code => text(line, size.saturating_sub(4), fonts("仿宋", "Consolas")),
                Style::Asserted => text(line, size, fonts("仿宋", "Times New Roman"))
                    .bold()
                    .underline("single")
                    .shading(Shading::new().fill("FBE3E3")),
                Style::Cleared => text(line, size, fonts("仿宋", "Times New Roman")).underline("dotted"),
            };
            let made = if index > 0 {
                docx_rs::Run::new()
                    .add_break(docx_rs::BreakType::TextWrapping)
                    .add_text("")
                    .fonts(fonts("仿宋", "Times New Roman"))
            } else {
                made.clone()
            };
            paragraph = paragraph.add_run(made);
            if index > 0 {
                paragraph = paragraph.add_run(text(line, size, fonts("仿宋", "Times New Roman")));
            }
        }
    }
    paragraph
}

/// Words without the characters that XML 1.0 does not have.
fn text(words: &str, half_points: usize, fonts: RunFonts) -> docx_rs::Run {
    let allowed = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let words: String = words.chars().map(|c| if allowed(c) { c } else { ' ' }).collect();
    docx_rs::Run::new().add_text(words).size(half_points).fonts(fonts)
}

fn fonts(chinese: &str, latin: &str) -> RunFonts {
    RunFonts::new().east_asia(chinese).ascii(latin).hi_ansi(latin)
}

fn width(percent: u32) -> usize {
    usize::try_from(TEXT_WIDTH * percent / 100).unwrap_or(0)
}
