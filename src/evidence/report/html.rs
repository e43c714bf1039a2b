//! The document as a page that prints: A4, Chinese type, running head, seal and page number on every sheet.

use base64::Engine as _;

use super::paper::{Block, Cell, Figure, Paper, Row, Run, Style, Table};

const STYLE: &str = include_str!("../templates/report.css");

/// One self-contained page without scripts.
pub(super) fn render(paper: &Paper) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n",
    );
    html.push_str(&format!("<title>{}</title>\n<style>\n{STYLE}\n", escape(&paper.running)));
    html.push_str(&format!(
        "@page {{ @top-left {{ content: {}; }} @bottom-left {{ content: {}; }} }}\n</style></head><body>\n",
        css_string(&paper.running),
        css_string(&paper.seal_line)
    ));
    html.push_str(&format!(
        "<p class=\"office\">{}</p>\n<h1>{}</h1>\n",
        escape(&paper.office),
        escape(&paper.title)
    ));
    for block in &paper.blocks {
        push_block(&mut html, block);
    }
    html.push_str("</body></html>\n");
    html
}

fn push_block(html: &mut String, block: &Block) {
    match block {
        Block::Part(text) => html.push_str(&format!("<h1 class=\"part\">{}</h1>\n", escape(text))),
        Block::Heading(text) => html.push_str(&format!("<h2>{}</h2>\n", escape(text))),
        Block::Paragraph(runs) => html.push_str(&format!("<p>{}</p>\n", runs_html(runs))),
        Block::Table(table) => push_table(html, table),
        Block::Figure(figure) => push_figure(html, figure),
    }
}

fn push_table(html: &mut String, table: &Table) {
    html.push_str("<table><colgroup>");
    for width in &table.widths {
        html.push_str(&format!("<col style=\"width:{width}%\">"));
    }
    html.push_str("</colgroup>\n");
    for row in &table.rows {
        push_row(html, row);
    }
    html.push_str("</table>\n");
}

fn push_row(html: &mut String, row: &Row) {
    html.push_str(if row.is_tall { "<tr class=\"tall\">" } else { "<tr>" });
    for Cell { lines, is_heading, span } in &row.cells {
        let tag = if *is_heading { "th" } else { "td" };
        let span = if *span > 1 { format!(" colspan=\"{span}\"") } else { String::new() };
        let lines: Vec<String> = lines.iter().map(|line| runs_html(line)).collect();
        html.push_str(&format!("<{tag}{span}>{}</{tag}>", lines.join("<br>")));
    }
    html.push_str("</tr>\n");
}

fn push_figure(html: &mut String, figure: &Figure) {
    let bytes = base64::engine::general_purpose::STANDARD.encode(&figure.bytes);
    html.push_str(&format!("<figure><img alt=\"\" src=\"data:{};base64,{bytes}\"><figcaption>", figure.mime));
    let strip: Vec<String> = figure.strip.iter().map(|line| escape(line)).collect();
    html.push_str(&strip.join("<br>"));
    html.push_str("</figcaption></figure>\n");
}

fn runs_html(runs: &[Run]) -> String {
    runs.iter()
        .map(|run| {
            let text = escape(&run.text).replace('\n', "<br>");
            match run.style {
                Style::Plain => text,
                Style::Strong => format!("<b>{text}</b>"),
                Style::Code => format!("<code>{text}</code>"),
                Style::Asserted => format!("<mark>{text}</mark>"),
                Style::Cleared => format!("<u>{text}</u>"),
            }
        })
        .collect()
}

/// Captured words stay words, and stay in their line.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A string of CSS; only characters that cannot end it stay as they are.
fn css_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if c.is_alphanumeric() || " -_.:：，。（）第页共".contains(c) {
            quoted.push(c);
        } else {
            quoted.push_str(&format!("\\{:x} ", c as u32));
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_end_a_string_of_the_style_sheet() {
        let quoted = css_string("a\";}</style><script>\n\\");
        assert!(!quoted[1..quoted.len() - 1].contains(['"', '<', '\n', ';', '}']), "{quoted}");
    }
}
