//! 图中文字: what was read in a picture, and where in it. Whatever a machine reads in pixels is derived: it is kept apart
//! from the words that were published as text, and every piece of it names the pixels it was read from.

use super::hit::Span;
use crate::kit::problem::Problem;

/// A rectangle of a picture, in pixels of the picture as published, from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Area {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Area {
    /// The smallest rectangle that covers both.
    pub fn around(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = self.right().max(other.right());
        let bottom = self.bottom().max(other.bottom());
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// How many pixels both cover.
    pub fn shared(self, other: Self) -> u64 {
        let across = self.right().min(other.right()).saturating_sub(self.x.max(other.x));
        let down = self.bottom().min(other.bottom()).saturating_sub(self.y.max(other.y));
        u64::from(across) * u64::from(down)
    }

    /// How many pixels it covers.
    pub fn n_pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    fn right(self) -> u32 {
        self.x.saturating_add(self.width)
    }

    fn bottom(self) -> u32 {
        self.y.saturating_add(self.height)
    }
}

/// How something was read in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadAs {
    /// Letters, by character recognition.
    Words,
    /// A QR code.
    QrCode,
    /// Another code: the bars of goods and parcels.
    BarCode,
}

impl ReadAs {
    /// Stable name in JSON and command output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::QrCode => "qr-code",
            Self::BarCode => "bar-code",
        }
    }

    /// Its name in both languages.
    pub fn label(self) -> super::label::Label {
        match self {
            Self::Words => super::label::Label { zh: "图中文字", en: "words in the picture" },
            Self::QrCode => super::label::Label { zh: "二维码", en: "QR code" },
            Self::BarCode => super::label::Label { zh: "条形码", en: "bar code" },
        }
    }
}

/// A word, as the recognition program cuts words: for Chinese one to a few characters.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReadWord {
    /// The characters.
    pub text: String,
    /// Where.
    pub area: Area,
    /// How sure the program is, 0 to 100.
    pub sure_percent: u8,
}

/// Words beside each other.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReadLine {
    /// In reading order.
    pub words: Vec<ReadWord>,
}

/// The content of a code.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReadCode {
    /// What sort.
    pub kind: ReadAs,
    /// What it says: an address, a number, words.
    pub content: String,
    /// Where.
    pub area: Area,
}

/// Everything that was read in one picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PictureReading {
    /// Width in pixels; 0 when it could not be decoded.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What it looks like, 16 hexadecimal digits (`group::image`); `None` when it is blank or broken.
    pub look: Option<String>,
    /// The words, from top to bottom.
    pub lines: Vec<ReadLine>,
    /// Codes.
    pub codes: Vec<ReadCode>,
    /// Program and version that read the words; `None`: they were not looked for yet.
    pub words_by: Option<String>,
    /// What was wrong.
    pub problems: Vec<Problem>,
}

impl PictureReading {
    /// Whether the picture waits for a program that reads words.
    pub fn is_waiting(&self) -> bool {
        self.words_by.is_none() && self.width > 0
    }
}

/// A part of an ad's text that was read in a picture.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Derived {
    /// SHA-256 of the bytes of the picture.
    pub picture: String,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// How it was read.
    pub role: ReadAs,
    /// By what, with its version.
    pub by: String,
    /// What was read where, in the order of the text; never empty.
    pub pieces: Vec<DerivedPiece>,
}

/// Some characters of the text and the pixels they were read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DerivedPiece {
    /// Bytes of the ad's text.
    pub span: Span,
    /// Pixels of the picture.
    pub area: Area,
}

impl Derived {
    /// Bytes of the ad's text that it covers.
    pub fn span(&self) -> Span {
        let ends = (self.pieces.first(), self.pieces.last());
        let (Some(first), Some(last)) = ends else { return Span { start: 0, end: 0 } };
        Span { start: first.span.start, end: last.span.end }
    }

    /// The pixels of these bytes, one rectangle for each line; empty when they lie outside.
    pub fn areas(&self, span: Span) -> Vec<Area> {
        let mut areas: Vec<Area> = Vec::new();
        for piece in
            self.pieces.iter().filter(|piece| piece.span.start < span.end && span.start < piece.span.end)
        {
            // Pieces of one line lie beside each other: more than half of the lower one's height is shared.
            let beside = |known: &&mut Area| {
                let top = known.y.max(piece.area.y);
                let bottom = known.bottom().min(piece.area.bottom());
                bottom.saturating_sub(top) * 2 > known.height.min(piece.area.height)
            };
            match areas.last_mut().filter(|known| beside(known)) {
                Some(known) => *known = known.around(piece.area),
                None => areas.push(piece.area),
            }
        }
        areas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(x: u32, y: u32) -> Area {
        Area { x, y, width: 20, height: 20 }
    }

    #[test]
    fn words_of_one_line_are_one_rectangle_and_a_new_line_is_another() {
        let pieces = [(0, 3, area(0, 0)), (3, 6, area(20, 2)), (7, 10, area(0, 40))]
            .map(|(start, end, area)| DerivedPiece { span: Span { start, end }, area });
        let derived = Derived {
            picture: "00".to_owned(),
            width: 100,
            height: 100,
            role: ReadAs::Words,
            by: "reader 1".to_owned(),
            pieces: pieces.to_vec(),
        };
        assert_eq!(derived.span(), Span { start: 0, end: 10 });
        assert_eq!(derived.areas(Span { start: 3, end: 6 }), [area(20, 2)]);
        let line = Area { x: 0, y: 0, width: 40, height: 22 };
        assert_eq!(derived.areas(Span { start: 0, end: 10 }), [line, area(0, 40)]);
        assert!(derived.areas(Span { start: 10, end: 12 }).is_empty());
        assert_eq!(area(0, 0).shared(area(10, 10)), 100);
        assert_eq!(area(0, 0).shared(area(30, 0)), 0);
    }
}
