//! Mistakes in files that people write (rules, adapters), shown at the place where they stand.

use std::fmt::Write as _;
use std::ops::Range;

/// A file by its path and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Path for messages, relative to the folder that was read, with `/`.
    pub path: String,
    /// Content.
    pub text: String,
}

/// Whether a mistake makes the item that carries it unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The item is left out; the check fails.
    Error,
    /// The item works; the check shows it and succeeds.
    Warning,
}

impl Level {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Where a value stands: number of a file among those that were read, and bytes of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Index into the files that were read.
    pub file: usize,
    /// Bytes of that file.
    pub span: Range<usize>,
}

/// A value with the place it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// One mistake in a file: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code, for example `R012`; each kind of file lists its own.
    pub code: &'static str,
    /// Whether it makes the item unusable.
    pub severity: Level,
    /// Path of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the file.
    pub span: Range<usize>,
    /// What is wrong, one line.
    pub message: String,
    /// What stands at the marked place.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The first marked line, for display without the file at hand.
    source_line: String,
}

impl Diagnostic {
    /// A mistake at `place` of `files`.
    pub fn new(
        code: &'static str,
        severity: Level,
        files: &[TextFile],
        place: &Place,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        let (file, text) =
            files.get(place.file).map_or(("", ""), |file| (file.path.as_str(), file.text.as_str()));
        let start = floor_boundary(text, place.span.start);
        let end = floor_boundary(text, place.span.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        Self {
            code,
            severity,
            file: file.to_owned(),
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            span: start..end,
            message: message.into(),
            label: label.into(),
            help: None,
            source_line: text[line_start..line_end].trim_end().to_owned(),
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it makes an item unusable.
    pub fn is_error(&self) -> bool {
        self.severity == Level::Error
    }

    /// Several lines in the manner of rustc, with the source line marked; ends with a line feed.
    pub fn render(&self) -> String {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let before: String = self.source_line.chars().take(self.column - 1).collect();
        let rest = &self.source_line[before.len()..];
        let marked = &rest[..floor_boundary(rest, self.span.len())];
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}[{}]: {}", self.severity.as_str(), self.code, self.message);
        let _ = writeln!(out, "{gutter}--> {}:{}:{}", self.file, self.line, self.column);
        let _ = writeln!(out, "{gutter} |");
        let _ = writeln!(out, "{number} | {}", self.source_line.replace('\t', " "));
        let _ = writeln!(
            out,
            "{gutter} | {}{} {}",
            " ".repeat(width(&before)),
            "^".repeat(width(marked).max(1)),
            self.label
        );
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{gutter} |");
            let _ = writeln!(out, "{gutter} = help: {help}");
        }
        out
    }
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.render().trim_end())
    }
}

/// The largest character boundary of `text` not after `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Terminal columns: Han and full-width characters take two.
fn width(text: &str) -> usize {
    text.chars()
        .map(|c| match u32::from(c) {
            0x1100..=0x115F
            | 0x2E80..=0xA4CF
            | 0xAC00..=0xD7A3
            | 0xF900..=0xFAFF
            | 0xFE30..=0xFE6F
            | 0xFF00..=0xFF60
            | 0xFFE0..=0xFFE6
            | 0x1F300..=0x1FAFF
            | 0x20000..=0x3FFFD => 2,
            _ => 1,
        })
        .sum()
}
