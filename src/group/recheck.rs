//! 复查的比对: an ad as it was found against the page as it is now.

use super::fingerprint::fingerprint;
use crate::domain::ad::AdDraft;
use crate::domain::recheck::RecheckResult;

/// Sentences shorter than this stand on many pages and prove nothing, in characters.
const MIN_CHARS: usize = 6;
/// From this share of its sentences on the ad counts as changed, not as removed.
const LEAST_SHARE: f64 = 0.2;

/// Compares. `quotes` are the words that were found suspect; `page` is the text of the page, `drafts` what was read in it.
/// Spaces do not count: the same words are set anew on every page.
pub fn compare(ad: &AdDraft, quotes: &[&str], page: &str, drafts: &[AdDraft]) -> (RecheckResult, String) {
    let own = fingerprint(ad);
    if drafts.iter().any(|draft| fingerprint(draft) == own) {
        return (RecheckResult::StillThere, "同一广告仍在页面上".to_owned());
    }
    let mut now = squeezed(page);
    for draft in drafts {
        now.push('\n');
        now.push_str(&squeezed(&draft.text));
    }
    let sentences: Vec<String> = sentences(&ad.text);
    let n_left = sentences.iter().filter(|sentence| now.contains(sentence.as_str())).count();
    let quotes: Vec<String> =
        quotes.iter().map(|quote| squeezed(quote)).filter(|quote| !quote.is_empty()).collect();
    let n_quotes_left = quotes.iter().filter(|quote| now.contains(quote.as_str())).count();
    let counted = format!(
        "原广告 {} 句中尚有 {n_left} 句，涉嫌违法用语 {} 处中尚有 {n_quotes_left} 处",
        sentences.len(),
        quotes.len()
    );
    let share = n_left as f64 / sentences.len().max(1) as f64;
    let result = match () {
        () if !sentences.is_empty() && n_left == sentences.len() && n_quotes_left == quotes.len() => {
            RecheckResult::StillThere
        }
        () if sentences.is_empty() && !quotes.is_empty() && n_quotes_left == quotes.len() => {
            RecheckResult::StillThere
        }
        () if share >= LEAST_SHARE || n_quotes_left > 0 => RecheckResult::Changed,
        () => RecheckResult::Removed,
    };
    (result, counted)
}

fn sentences(text: &str) -> Vec<String> {
    let parts = text.split(['\n', '。', '！', '？', '；', '!', '?', ';']).map(squeezed);
    parts.filter(|part| part.chars().count() >= MIN_CHARS).collect()
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ad::AdKind;

    const AD: &str = "颐养天年养老公寓\n投资十万元，每月返三千元。到期退还全部本金！\n地址：江州市人民路1号";
    const QUOTES: [&str; 2] = ["每月返三千元", "退还全部本金"];

    fn compared(page: &str, drafts: &[&str]) -> RecheckResult {
        let ad = AdDraft::of_text(AdKind::Display, AD);
        let drafts: Vec<AdDraft> =
            drafts.iter().map(|text| AdDraft::of_text(AdKind::Display, *text)).collect();
        compare(&ad, &QUOTES, page, &drafts).0
    }

    #[test]
    fn the_four_answers_are_told_apart() {
        use RecheckResult::{Changed, Removed, StillThere};
        assert_eq!(compared("", &[AD]), StillThere, "the same ad in another frame");
        assert_eq!(compared(&format!("首页 新闻\n{}\n版权所有", AD.replace('，', "， ")), &[]), StillThere);
        assert_eq!(
            compared("颐养天年养老公寓\n地址：江州市人民路1号", &[]),
            Changed,
            "its promises are gone"
        );
        assert_eq!(compared("投资有礼：每月返三千元", &[]), Changed, "one promise is left");
        assert_eq!(compared("今天停水。", &["另一则广告，欢迎选购新鲜蔬菜"]), Removed);
        assert_eq!(compared("", &[]), Removed);
    }

    #[test]
    fn the_sentence_counts_what_is_left() {
        let ad = AdDraft::of_text(AdKind::Display, AD);
        let (_, detail) = compare(&ad, &QUOTES, "颐养天年养老公寓", &[]);
        assert_eq!(detail, "原广告 4 句中尚有 1 句，涉嫌违法用语 2 处中尚有 0 处");
    }
}
