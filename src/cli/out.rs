//! What the terminal shows: language, colour, highlighted words.

use std::io::IsTerminal as _;

use crate::domain::hit::{Hit, Span};
use crate::domain::run::RunOutcome;

/// Language of everything that is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    /// 简体中文.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The text in this language.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// Only on a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to write: language and colour.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Language.
    pub lang: Lang,
    color: bool,
}

impl Style {
    /// A style for standard output.
    pub fn new(lang: Lang, color: Color) -> Self {
        let color = match color {
            Color::Auto => std::io::stdout().is_terminal(),
            Color::Always => true,
            Color::Never => false,
        };
        Self { lang, color }
    }

    /// How a look ended, with what its name does not say.
    pub fn outcome(self, outcome: &RunOutcome) -> String {
        let label = outcome.label();
        let name = self.lang.pick(label.zh, label.en);
        outcome.detail().map_or(name.to_owned(), |detail| format!("{name} ({})", inert(&detail)))
    }

    /// Bold.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Grey, for what is secondary.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Green, for what is in order.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// By severity: 4 red, 3 orange, 2 yellow, 1 blue.
    pub fn severity(self, level: u8, text: &str) -> String {
        let code = match level {
            4 => "1;31",
            3 => "1;33",
            2 => "33",
            _ => "34",
        };
        self.paint(code, text)
    }

    /// Published words that were hit.
    pub fn mark(self, text: &str) -> String {
        if self.color { format!("\x1b[1;30;43m{text}\x1b[0m") } else { format!("【{text}】") }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Captured text made harmless for a terminal: no control or formatting characters, so that an ad cannot
/// move the cursor, recolour or reverse what staff read.
pub fn inert(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => '·',
            c => c,
        })
        .collect()
}

/// The stretch of `text` around the asserted hits, each marked, at most about `width` characters around.
pub fn excerpt(style: Style, text: &str, hits: &[Hit], width: usize) -> String {
    let mut spans: Vec<Span> =
        hits.iter().filter(|hit| hit.status.is_asserted()).map(|hit| hit.span).collect();
    if spans.is_empty() {
        spans = hits.iter().map(|hit| hit.span).collect();
    }
    spans.sort();
    let spans = merged(&spans);
    let mut shown = String::new();
    let mut at = 0;
    for (index, span) in spans.iter().take(6).enumerate() {
        let gap = text.get(at..span.start).unwrap_or_default();
        if index == 0 {
            shown.push_str(&tail(gap, width));
        } else if gap.chars().count() > width * 2 {
            shown.push_str(&head(gap, width));
            shown.push_str(&tail(gap, width));
        } else {
            shown.push_str(&inert(gap));
        }
        shown.push_str(&style.mark(&inert(span.of(text))));
        at = span.end;
    }
    shown.push_str(&head(text.get(at..).unwrap_or_default(), width));
    shown
}

fn merged(spans: &[Span]) -> Vec<Span> {
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => out.push(*span),
        }
    }
    out
}

fn head(text: &str, width: usize) -> String {
    let mut chars = text.chars();
    let kept: String = chars.by_ref().take(width).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("{}{more}", inert(&kept))
}

fn tail(text: &str, width: usize) -> String {
    let n_chars = text.chars().count();
    let kept: String = text.chars().skip(n_chars.saturating_sub(width)).collect();
    let more = if n_chars > width { "…" } else { "" };
    format!("{more}{}", inert(&kept))
}

/// Columns that a terminal gives to `text`: two for wide characters.
pub fn width_of(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// `text` with spaces up to `columns`.
pub fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width_of(text))))
}

/// `text` with spaces before it up to `columns`.
pub fn pad_left(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(width_of(text))))
}

fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
        | 0xfe30..=0xfe4f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ad_cannot_steer_the_terminal() {
        let shown = inert("a\x1b[2J\u{202e}b\u{200b}\r\nc");
        assert!(!shown.contains(['\x1b', '\u{202e}', '\u{200b}', '\r', '\n']), "{shown:?}");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width_of("广告ad"), 6);
        assert_eq!(pad("广告", 6), "广告  ");
    }
}
