//! A document as paper has it: headings, paragraphs, tables, figures. What is written is decided once, in
//! [`super::content`]; how it looks is decided by [`super::html`] (printed to PDF) and [`super::docx`].

/// A whole document.
#[derive(Debug, Clone)]
pub(super) struct Paper {
    /// What stands at the top of the first page, above the title: the office.
    pub office: String,
    pub title: String,
    /// Stands at the top of each page.
    pub running: String,
    /// Stands at the foot of each page, beside the page's number.
    pub seal_line: String,
    pub blocks: Vec<Block>,
}

/// One piece of it.
#[derive(Debug, Clone)]
pub(super) enum Block {
    /// A title that begins a new page.
    Part(String),
    Heading(String),
    Paragraph(Vec<Run>),
    Table(Table),
    Figure(Figure),
}

/// Words in one manner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub text: String,
    pub style: Style,
}

/// Manners of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Strong,
    /// Addresses, digests.
    Code,
    /// Words of an ad that are held against it.
    Asserted,
    /// Words of an ad that context cleared.
    Cleared,
}

/// A table; `widths` are shares of the page's width in percent and add up to 100.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub widths: Vec<u32>,
    pub rows: Vec<Row>,
}

/// One row; cells cover all columns.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub cells: Vec<Cell>,
    /// Room to write by hand.
    pub is_tall: bool,
}

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub lines: Vec<Vec<Run>>,
    pub is_heading: bool,
    /// How many columns it covers.
    pub span: usize,
}

/// A picture with the strip below it: address, time, digest.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub bytes: Vec<u8>,
    /// `image/png` or `image/jpeg`.
    pub mime: &'static str,
    pub width_px: u32,
    pub height_px: u32,
    pub strip: Vec<String>,
}

impl Run {
    pub(super) fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

pub(super) fn plain(text: impl Into<String>) -> Vec<Run> {
    vec![Run::new(text, Style::Plain)]
}

pub(super) fn code(text: impl Into<String>) -> Vec<Run> {
    vec![Run::new(text, Style::Code)]
}

impl Cell {
    pub(super) fn heading(text: impl Into<String>) -> Self {
        Self { lines: vec![plain(text)], is_heading: true, span: 1 }
    }

    pub(super) fn of(lines: Vec<Vec<Run>>) -> Self {
        Self { lines, is_heading: false, span: 1 }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::of(vec![plain(text)])
    }

    pub(super) fn blank() -> Self {
        Self::text("")
    }

    pub(super) fn spanning(mut self, span: usize) -> Self {
        self.span = span;
        self
    }
}

impl Row {
    pub(super) fn of(cells: Vec<Cell>) -> Self {
        Self { cells, is_tall: false }
    }

    pub(super) fn tall(cells: Vec<Cell>) -> Self {
        Self { cells, is_tall: true }
    }
}

/// A table of names and values.
pub(super) fn facts(rows: Vec<(&str, Vec<Vec<Run>>)>) -> Block {
    let rows =
        rows.into_iter().map(|(name, lines)| Row::of(vec![Cell::heading(name), Cell::of(lines)])).collect();
    Block::Table(Table { widths: vec![22, 78], rows })
}
