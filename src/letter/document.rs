//! What a letter is made of, whatever it is printed with.

use std::collections::BTreeMap;

use super::{Facts, label};

/// A letter or form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// On its first line.
    pub title: String,
    /// In order.
    pub blocks: Vec<Block>,
}

/// One part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// 文号, centered beneath the title.
    Number(Words),
    /// 主送机关, at the margin.
    To(Words),
    /// A paragraph, indented by two characters.
    Paragraph(Words),
    /// A heading within the text.
    Heading(String),
    /// 落款, to the right.
    Signature(Words),
    /// Title of an annex or a receipt; it begins a page.
    Annex {
        /// 附件 number or what it belongs to, at the margin.
        mark: String,
        /// Its title.
        title: String,
    },
    /// A table with lines.
    Table {
        /// Widths of its columns in parts of the whole, which is 100.
        widths: Vec<u16>,
        /// Its rows: as many cells as columns, or fewer of which the last spans the rest.
        rows: Vec<Vec<Cell>>,
    },
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its paragraphs.
    pub lines: Vec<Words>,
    /// Whether it names what stands beside it.
    pub is_name: bool,
    /// Room for handwriting, in lines.
    pub n_free_lines: u16,
}

/// Words with blanks in them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words(pub Vec<Piece>);

/// A piece of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// As it is printed.
    Text(String),
    /// What nobody filled in.
    Blank(Blank),
}

/// A value that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Blank {
    /// Its key.
    pub key: &'static str,
    /// What it is called on a form.
    pub label: &'static str,
}

impl Document {
    /// What is missing, each once, in the order of the text.
    pub fn blanks(&self) -> Vec<Blank> {
        let mut seen = BTreeMap::new();
        let mut found = Vec::new();
        for words in self.words() {
            for piece in &words.0 {
                if let Piece::Blank(blank) = piece
                    && seen.insert(blank.key, ()).is_none()
                {
                    found.push(*blank);
                }
            }
        }
        found
    }

    fn words(&self) -> Vec<&Words> {
        fn of(block: &Block) -> Vec<&Words> {
            match block {
                Block::Number(words)
                | Block::To(words)
                | Block::Paragraph(words)
                | Block::Signature(words) => vec![words],
                Block::Heading(_) | Block::Annex { .. } => Vec::new(),
                Block::Table { rows, .. } => rows.iter().flatten().flat_map(|cell| &cell.lines).collect(),
            }
        }
        self.blocks.iter().flat_map(of).collect()
    }
}

/// `text` with each `{key}` replaced by what is known, or left blank.
pub(super) fn words(facts: &Facts, text: &str) -> Words {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((key, after)) = after.split_once('}') else { break };
        push(&mut pieces, before);
        match facts.get(key) {
            Some(value) => push(&mut pieces, value),
            None => {
                let known = super::KEYS.iter().find(|(known, _)| *known == key);
                let key = known.map_or("", |(key, _)| *key);
                pieces.push(Piece::Blank(Blank { key, label: label(key) }));
            }
        }
        rest = after;
    }
    push(&mut pieces, rest);
    Words(pieces)
}

/// Words as they are: braces in what somebody published are no keys.
pub(super) fn plain(text: &str) -> Words {
    Words(vec![Piece::Text(text.to_owned())])
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

impl Cell {
    /// The name of what stands beside it.
    pub(super) fn name(text: &str) -> Self {
        Self { lines: vec![plain(text)], is_name: true, n_free_lines: 0 }
    }

    /// A value, with keys.
    pub(super) fn of(facts: &Facts, text: &str) -> Self {
        Self { lines: vec![words(facts, text)], is_name: false, n_free_lines: 0 }
    }

    /// Lines as they are.
    pub(super) fn lines(lines: impl IntoIterator<Item = String>) -> Self {
        Self { lines: lines.into_iter().map(|line| plain(&line)).collect(), is_name: false, n_free_lines: 0 }
    }

    /// The same with room for handwriting.
    pub(super) fn with_room(self, n_free_lines: u16) -> Self {
        Self { n_free_lines, ..self }
    }
}
