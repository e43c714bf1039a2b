//! A letter as HTML: a page of its own for printing, and its body alone for a page around it.

use std::fmt::Write as _;

use super::document::{Block, Cell, Document, Piece, Words};

/// How the page of its own looks: GB/T 9704—2012 in millimetres and points.
const STYLE: &str = "\
@page { size: A4; margin: 37mm 26mm 35mm 28mm; @bottom-center { content: '— ' counter(page) ' —'; font: 14pt SimSun, 'Songti SC', 'Noto Serif CJK SC', serif; } }
html { font: 16pt/28.95pt FangSong, FangSong_GB2312, STFangsong, 'Noto Serif CJK SC', serif; color: #000; background: #fff; }
body { margin: 0; }
.paper h1 { font: 22pt/33pt 'FZXiaoBiaoSong-B05S', SimSun, 'Noto Serif CJK SC', serif; font-weight: bold; text-align: center; margin: 0 0 14pt; }
.paper h1.annex { break-before: page; }
.paper .mark { break-before: page; font-family: SimHei, 'Noto Sans CJK SC', sans-serif; margin: 0; }
.paper .mark + h1.annex { break-before: auto; }
.paper h2 { font: 16pt/28.95pt SimHei, 'Noto Sans CJK SC', sans-serif; text-indent: 2em; margin: 0; break-after: avoid; }
.paper p { margin: 0; text-indent: 2em; text-align: justify; overflow-wrap: anywhere; }
.paper p.to, .paper p.docno { text-indent: 0; }
.paper p.docno { text-align: center; margin-bottom: 14pt; }
.paper p.signature { text-indent: 0; text-align: right; padding-right: 4em; break-inside: avoid; }
.paper table { width: 100%; border-collapse: collapse; table-layout: fixed; margin-bottom: 12pt; font-size: 12pt; line-height: 18pt; }
.paper td, .paper th { border: 0.75pt solid #000; padding: 3pt 5pt; vertical-align: middle; font-weight: normal; text-align: left; overflow-wrap: anywhere; }
.paper th { font-family: SimHei, 'Noto Sans CJK SC', sans-serif; text-align: center; }
.paper tr { break-inside: avoid; }
.paper mark { background: #ffef9a; color: #b00000; }
.draft { position: fixed; top: -28mm; left: 0; right: 0; text-align: center; color: #c00000; font: 16pt SimHei, 'Noto Sans CJK SC', sans-serif; }
.water { position: fixed; inset: 0; display: flex; align-items: center; justify-content: center; font: 120pt SimHei, 'Noto Sans CJK SC', sans-serif; color: rgba(192, 0, 0, 0.12); transform: rotate(-35deg); }
";

/// The letter as a page of its own, to be printed. With blanks every page says that it is a draft.
pub fn page(document: &Document) -> String {
    let n_blanks = document.blanks().len();
    let mut text = format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>{}</title><style>{STYLE}</style></head><body>",
        escaped(&document.title)
    );
    if n_blanks > 0 {
        let _ = write!(
            text,
            "<div class=\"draft\">草稿　{n_blanks} 处未填　不得外发</div><div class=\"water\">草稿</div>"
        );
    }
    text.push_str(&body(document));
    text.push_str("</body></html>\n");
    text
}

/// The letter alone, for a page around it.
pub fn body(document: &Document) -> String {
    let mut text = format!("<div class=\"paper\" lang=\"zh-CN\"><h1>{}</h1>", escaped(&document.title));
    for block in &document.blocks {
        match block {
            Block::Number(words) => line(&mut text, "docno", words),
            Block::To(words) => line(&mut text, "to", words),
            Block::Paragraph(words) => line(&mut text, "text", words),
            Block::Signature(words) => line(&mut text, "signature", words),
            Block::Heading(heading) => {
                let _ = write!(text, "<h2>{}</h2>", escaped(heading));
            }
            Block::Annex { mark, title } => {
                if !mark.is_empty() {
                    let _ = write!(text, "<p class=\"mark\">{}</p>", escaped(mark));
                }
                let _ = write!(text, "<h1 class=\"annex\">{}</h1>", escaped(title));
            }
            Block::Table { widths, rows } => table(&mut text, widths, rows),
        }
    }
    text.push_str("</div>");
    text
}

fn line(text: &mut String, class: &str, words: &Words) {
    let _ = write!(text, "<p class=\"{class}\">");
    pieces(text, words);
    text.push_str("</p>");
}

fn table(text: &mut String, widths: &[u16], rows: &[Vec<Cell>]) {
    text.push_str("<table><colgroup>");
    for width in widths {
        let _ = write!(text, "<col width=\"{width}%\">");
    }
    text.push_str("</colgroup>");
    for cells in rows {
        text.push_str("<tr>");
        let last = cells.len().saturating_sub(1);
        for (at, cell) in cells.iter().enumerate() {
            let tag = if cell.is_name { "th" } else { "td" };
            let span = if at == last { widths.len() - at } else { 1 };
            let _ = write!(text, "<{tag} colspan=\"{span}\">");
            for (at, words) in cell.lines.iter().enumerate() {
                if at > 0 {
                    text.push_str("<br>");
                }
                pieces(text, words);
            }
            for _ in 0..cell.n_free_lines {
                text.push_str("<br>");
            }
            let _ = write!(text, "</{tag}>");
        }
        text.push_str("</tr>");
    }
    text.push_str("</table>");
}

fn pieces(text: &mut String, words: &Words) {
    for piece in &words.0 {
        match piece {
            Piece::Text(words) => text.push_str(&escaped(words).replace('\n', "<br>")),
            Piece::Blank(blank) => {
                let _ = write!(text, "<mark>【待填：{}】</mark>", blank.label);
            }
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            // Direction overrides and hidden characters could make a line read as another.
            '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {
                out.push('\u{fffd}');
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
