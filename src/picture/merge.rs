//! Lines of several attempts as one reading: of lines in the same place the better one.

use crate::domain::picture::{Area, ReadLine};

/// Lines of which the program is less sure on the whole are noise.
const MIN_LINE_PERCENT: u64 = 35;

/// A line that lies to this part, of a hundred, on better lines is another reading of them.
const COVERED_PERCENT: u64 = 40;

/// The lines of all attempts, each place once, from top to bottom.
pub fn merge(attempts: Vec<Vec<ReadLine>>) -> Vec<ReadLine> {
    let mut ranked: Vec<(u64, Area, ReadLine)> = attempts
        .into_iter()
        .flatten()
        .filter(|line| n_letters(line) > 0 && line_percent(line) >= MIN_LINE_PERCENT)
        .filter_map(|line| Some((worth(&line), area(&line)?, line)))
        .collect();
    ranked.sort_by_key(|(worth, _, _)| std::cmp::Reverse(*worth));
    let mut kept: Vec<(Area, ReadLine)> = Vec::new();
    for (_, place, line) in ranked {
        let covered: u64 = kept.iter().map(|(known, _)| known.shared(place)).sum();
        // A line that lies around small ones is another reading of them as well.
        let covers = kept
            .iter()
            .any(|(known, _)| known.shared(place) * 100 > known.n_pixels() * (100 - COVERED_PERCENT));
        if covered * 100 <= place.n_pixels() * COVERED_PERCENT && !covers {
            kept.push((place, line));
        }
    }
    kept.sort_by_key(|(place, _)| (place.y + place.height / 2, place.x));
    kept.into_iter().map(|(_, line)| line).collect()
}

/// How well an attempt went: letters, each counted by how sure it is, and the mean sureness in percent.
pub fn sureness(lines: &[ReadLine]) -> (u64, u64) {
    let n: u64 = lines.iter().map(n_letters).sum();
    let sum: u64 = lines.iter().map(|line| line_percent(line) * n_letters(line)).sum();
    (lines.iter().map(worth).sum::<u64>() / 10_000, sum.checked_div(n).unwrap_or(0))
}

/// Letters weighed by the square of how sure they are: a long guess is worth less than half of it read well.
fn worth(line: &ReadLine) -> u64 {
    let of = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count() as u64;
    line.words.iter().map(|word| of(&word.text) * u64::from(word.sure_percent).pow(2)).sum()
}

fn line_percent(line: &ReadLine) -> u64 {
    let (sum, n) = line.words.iter().fold((0, 0), |(sum, n), word| {
        let chars = word.text.chars().count() as u64;
        (sum + chars * u64::from(word.sure_percent), n + chars)
    });
    sum.checked_div(n).unwrap_or(0)
}

fn n_letters(line: &ReadLine) -> u64 {
    line.words.iter().flat_map(|word| word.text.chars()).filter(|c| c.is_alphanumeric()).count() as u64
}

fn area(line: &ReadLine) -> Option<Area> {
    line.words.iter().map(|word| word.area).reduce(Area::around)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::picture::ReadWord;

    fn line(text: &str, y: u32, sure_percent: u8) -> ReadLine {
        let area = Area { x: 10, y, width: 20 * text.chars().count() as u32, height: 20 };
        ReadLine { words: vec![ReadWord { text: text.to_owned(), area, sure_percent }] }
    }

    fn words(lines: &[ReadLine]) -> Vec<&str> {
        lines.iter().map(|line| line.words[0].text.as_str()).collect()
    }

    #[test]
    fn of_two_readings_of_a_line_the_better_stays_and_lines_of_one_attempt_are_added() {
        let merged = merge(vec![
            vec![line("保本保息", 0, 90), line("年化收若率", 40, 60)],
            vec![line("年化收益率", 42, 95), line("电话", 80, 70)],
            vec![line("。，、", 120, 90), line("噪", 160, 20)],
        ]);
        assert_eq!(words(&merged), ["保本保息", "年化收益率", "电话"]);
        assert_eq!(merge(Vec::new()), []);
    }

    #[test]
    fn many_sure_letters_are_worth_more_than_a_long_guess() {
        let (good, percent) = sureness(&[line("保本保息", 0, 90)]);
        let (guess, _) = sureness(&[line("俣木俣自乂丷", 0, 40)]);
        assert!(good > guess && percent == 90);
        assert_eq!(sureness(&[]), (0, 0));
    }
}
