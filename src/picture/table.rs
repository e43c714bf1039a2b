//! The table that tesseract writes (`tessedit_create_tsv`), as lines of the picture.

use super::Prepared;
use crate::domain::picture::{Area, ReadLine, ReadWord};

/// The level of a row that is a word.
const WORD_LEVEL: &str = "5";

/// Words of which the program is less sure are noise: edges, patterns, logos.
const MIN_SURE_PERCENT: f32 = 25.0;

/// Reads a table. Rows that are no words are passed over, and so is what does not parse.
///
/// The columns are: level, page, block, paragraph, line, word, left, top, width, height, sureness, text.
pub fn lines_of_table(table: &str, prepared: &Prepared) -> Vec<ReadLine> {
    let mut lines: Vec<ReadLine> = Vec::new();
    let mut last = None;
    for row in table.lines() {
        let cells: Vec<&str> = row.splitn(12, '\t').collect();
        let [WORD_LEVEL, page, block, paragraph, line, _, rest @ ..] = cells.as_slice() else { continue };
        let Some(word) = word(rest, prepared) else { continue };
        let place = (*page, *block, *paragraph, *line);
        match lines.last_mut().filter(|_| last == Some(place)) {
            Some(line) => line.words.push(word),
            None => lines.push(ReadLine { words: vec![word] }),
        }
        last = Some(place);
    }
    lines
}

fn word(cells: &[&str], prepared: &Prepared) -> Option<ReadWord> {
    let [left, top, width, height, sure, text] = cells else { return None };
    let number = |cell: &str| cell.parse::<u32>().ok();
    let sure: f32 = sure.parse().ok()?;
    let text = text.trim();
    if text.is_empty() || sure < MIN_SURE_PERCENT {
        return None;
    }
    let area = Area { x: number(left)?, y: number(top)?, width: number(width)?, height: number(height)? };
    Some(ReadWord {
        text: text.to_owned(),
        area: prepared.original(area),
        sure_percent: sure.clamp(0.0, 100.0) as u8,
    })
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::*;
    use crate::picture::{Picture, Variant, prepare};

    #[test]
    fn words_come_by_line_with_their_place_in_the_picture() {
        let picture = Picture::of_pixels(RgbImage::from_pixel(100, 50, image::Rgb([255; 3])));
        let prepared = prepare(&picture, Variant::Split).remove(0);
        let table = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
            4\t1\t1\t1\t1\t0\t20\t10\t60\t20\t-1\t\n\
            5\t1\t1\t1\t1\t1\t20\t10\t20\t20\t96.1\t保本\n\
            5\t1\t1\t1\t1\t2\t40\t10\t20\t20\t88\t保息\n\
            5\t1\t1\t1\t1\t3\t60\t10\t20\t20\t3\t噪\n\
            5\t1\t1\t1\t2\t1\t20\t40\t20\t20\t70\t18\t%\n\
            5\t1\t1\t1\t2\t2\tx\ty\tz\n\
            nonsense";
        let lines = lines_of_table(table, &prepared);
        let words: Vec<Vec<&str>> =
            lines.iter().map(|line| line.words.iter().map(|word| word.text.as_str()).collect()).collect();
        assert_eq!(words, [vec!["保本", "保息"], vec!["18\t%"]]);
        assert_eq!(lines[0].words[0].area, Area { x: 10, y: 5, width: 10, height: 10 });
        assert_eq!(lines[0].words[1].sure_percent, 88);
    }
}
