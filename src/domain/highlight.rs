//! Cuts a judged text at the ends of its hits, so that every screen, page and terminal marks the same words.

use super::hit::Hit;

/// A stretch of the text over which the same hits lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<'a> {
    /// The published words.
    pub text: &'a str,
    /// Where they begin, in bytes of the text.
    pub start: usize,
    /// Indexes of the hits that cover them, ascending; empty for plain words.
    pub hits: Vec<usize>,
}

/// The whole of `text` in order, cut wherever a hit begins or ends.
///
/// Joined, the pieces are `text` again. A hit whose span is empty or does not fit `text` marks nothing.
pub fn pieces<'a>(text: &'a str, hits: &[Hit]) -> Vec<Piece<'a>> {
    let fitting: Vec<(usize, &Hit)> =
        hits.iter().enumerate().filter(|(_, hit)| !hit.span.of(text).is_empty()).collect();
    let mut cuts: Vec<usize> = fitting.iter().flat_map(|(_, hit)| [hit.span.start, hit.span.end]).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    cuts.windows(2)
        .map(|ends| Piece {
            text: text.get(ends[0]..ends[1]).unwrap_or_default(),
            start: ends[0],
            hits: fitting
                .iter()
                .filter(|(_, hit)| hit.span.start <= ends[0] && ends[1] <= hit.span.end)
                .map(|(index, _)| *index)
                .collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hit::{HitStatus, RuleId, Severity, Span};

    fn hit(start: usize, end: usize) -> Hit {
        Hit {
            rule: RuleId::parse("pg.example.1").unwrap(),
            category: "PG".to_owned(),
            severity: Severity::new(4).unwrap(),
            span: Span { start, end },
            normalized: String::new(),
            transforms: Vec::new(),
            provisions: Vec::new(),
            tracks: Vec::new(),
            status: HitStatus::Asserted,
            cue: None,
            because: None,
        }
    }

    /// A text, the spans of its hits, the pieces wanted.
    type Case = (&'static str, &'static [(usize, usize)], &'static [(&'static str, &'static [usize])]);

    #[test]
    fn pieces_join_to_the_text_and_name_their_hits() {
        // 保本 = 0..6, 本保 = 3..9 (overlapping), one hit outside, one inside a character, one empty.
        let cases: &[Case] = &[
            ("", &[], &[]),
            ("保本保息", &[], &[("保本保息", &[])]),
            ("保本保息", &[(0, 6), (3, 9)], &[("保", &[0]), ("本", &[0, 1]), ("保", &[1]), ("息", &[])]),
            ("保本保息", &[(0, 12)], &[("保本保息", &[0])]),
            ("保本", &[(0, 600), (1, 3), (3, 3), (6, 3)], &[("保本", &[])]),
        ];
        for (text, spans, expected) in cases {
            let hits: Vec<Hit> = spans.iter().map(|(start, end)| hit(*start, *end)).collect();
            let found = pieces(text, &hits);
            assert_eq!(found.iter().map(|piece| piece.text).collect::<String>(), *text);
            let seen: Vec<(&str, &[usize])> =
                found.iter().map(|piece| (piece.text, piece.hits.as_slice())).collect();
            assert_eq!(seen, *expected, "{text} {spans:?}");
        }
    }
}
