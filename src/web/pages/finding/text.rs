//! The words of an ad as the page shows them: hits marked, parts read in pictures told apart, contact points masked.

use std::borrow::Cow;

use super::Stretch;
use crate::app::ListedContact;
use crate::domain::ad::AdDraft;
use crate::domain::highlight::pieces;
use crate::domain::hit::Hit;
use crate::domain::party::masked_words;
use crate::kit::redact;
use crate::web::lang::Lang;
use crate::web::page::visible_lines;

/// The stretches of the text, in order.
pub fn stretches(lang: Lang, draft: &AdDraft, text: &str, hits: &[Hit]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut starts: Vec<(usize, &'static str)> =
        draft.derived.iter().map(|part| (part.span().start, lang.of(part.role.label()))).collect();
    starts.reverse();
    for piece in pieces(text, hits) {
        let strongest = piece.hits.iter().copied().max_by_key(|index| {
            let hit = &hits[*index];
            // Where hits overlap, the strongest asserted one decides the colour and the card.
            (hit.status.is_asserted(), hit.severity, std::cmp::Reverse(*index))
        });
        let card = strongest.map_or(0, |index| index + 1);
        let mut rest = (piece.start, piece.text);
        while let Some((start, label)) = starts.last().copied() {
            if start >= rest.0 + rest.1.len() {
                break;
            }
            starts.pop();
            let (before, behind) =
                rest.1.split_at_checked(start.saturating_sub(rest.0)).unwrap_or(("", rest.1));
            push(&mut stretches, before, card, strongest, text, hits);
            stretches.push(Stretch {
                text: format!("〔{label}〕"),
                card: 0,
                class: "derived".to_owned(),
                read_as: String::new(),
            });
            rest = (start, behind);
        }
        push(&mut stretches, rest.1, card, strongest, text, hits);
    }
    stretches
}

fn push(
    stretches: &mut Vec<Stretch>,
    words: &str,
    card: usize,
    strongest: Option<usize>,
    text: &str,
    hits: &[Hit],
) {
    if words.is_empty() {
        return;
    }
    match stretches.last_mut() {
        Some(last) if last.card == card && last.class != "derived" => {
            last.text.push_str(&visible_lines(words))
        }
        _ => stretches.push(Stretch {
            text: visible_lines(words),
            card,
            class: strongest.map_or_else(String::new, |index| super::class(&hits[index])),
            read_as: strongest.map_or_else(String::new, |index| super::read_as(text, &hits[index])),
        }),
    }
}

/// The text with the contact points of people hidden in part; spans keep their meaning.
pub fn masked<'a>(text: &'a str, contacts: &[ListedContact]) -> Cow<'a, str> {
    masked_words(text, contacts.iter().map(|listed| &listed.contact))
}

/// Hits whose reading shows no contact point of a person in full.
pub fn masked_hits(hits: &[Hit]) -> Vec<Hit> {
    let masked = |hit: &Hit| Hit { normalized: redact::text(&hit.normalized), ..hit.clone() };
    hits.iter().map(masked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ad::AdKind;
    use crate::domain::hit::Span;
    use crate::domain::party::{Certainty, Contact, ContactKind, ContactPlace};
    use crate::domain::picture::{Area, Derived, DerivedPiece, ReadAs};

    fn contact(kind: ContactKind, text: &str, words: &str) -> ListedContact {
        let start = text.find(words).unwrap();
        let place = ContactPlace::Words(Span { start, end: start + words.len() });
        let contact =
            Contact { kind, value: String::new(), place, certainty: Certainty::Likely, found_by: Vec::new() };
        ListedContact { contact, n_ads: 1 }
    }

    #[test]
    fn contact_points_are_masked_byte_by_byte() {
        let text = "电话138-0013-8000，微信ａｂ１２３４，江州公司";
        let contacts = [
            contact(ContactKind::Mobile, text, "138-0013-8000"),
            contact(ContactKind::Wechat, text, "ａｂ１２３４"),
            contact(ContactKind::Company, text, "江州公司"),
        ];
        let hidden = masked(text, &contacts);
        assert_eq!(hidden, "电话13*-****-**00，微信ａｂ＊＊３４，江州公司");
        assert_eq!(hidden.len(), text.len());
        assert!(matches!(masked(text, &contacts[2..]), Cow::Borrowed(_)));
    }

    #[test]
    fn what_was_read_in_a_picture_is_told_apart() {
        let mut draft = AdDraft::of_text(AdKind::Display, "公开文字\n图里的字");
        let span = Span { start: "公开文字\n".len(), end: draft.text.len() };
        draft.derived.push(Derived {
            picture: String::new(),
            width: 1,
            height: 1,
            role: ReadAs::Words,
            by: String::new(),
            pieces: vec![DerivedPiece { span, area: Area { x: 0, y: 0, width: 1, height: 1 } }],
        });
        let shown = stretches(Lang::Zh, &draft, &draft.text, &[]);
        let words: Vec<&str> = shown.iter().map(|stretch| stretch.text.as_str()).collect();
        assert_eq!(words, ["公开文字\n", "〔图中文字〕", "图里的字"]);
    }
}
