//! The words of notices. Facts come in as values; nothing here decides.
//!
//! A machine only suspects: every text says 涉嫌 and that a person decides.

use std::fmt::Write as _;

use crate::kit::clock::UnixMs;

/// Subject and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Subject line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

/// Words of an ad that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotedWords {
    /// The published words.
    pub words: String,
    /// Title of the rule, for example 承诺保本保收益.
    pub rule_title: String,
    /// Its id.
    pub rule: String,
    /// Provisions, as cited: `《中华人民共和国广告法》第二十五条第一项`.
    pub citations: Vec<String>,
}

/// What an alert about a finding says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFacts {
    /// Id of the finding.
    pub finding: String,
    /// What people call the source, with its id.
    pub source: String,
    /// Title or headline of the ad, if it has one.
    pub title: Option<String>,
    /// When it was seen.
    pub seen_at: UnixMs,
    /// 1 to 4.
    pub severity: u8,
    /// The words found, strongest first.
    pub quotes: Vec<QuotedWords>,
    /// Address of the review page.
    pub review_url: String,
}

/// A source that needs someone to look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceTrouble {
    /// What people call the source, with its id.
    pub source: String,
    /// When it was last looked at; `None` if never.
    pub last_run_at: Option<UnixMs>,
    /// What is wrong, for people.
    pub what: String,
}

/// What the daily digest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestFacts {
    /// Begin of the span.
    pub from: UnixMs,
    /// End of the span.
    pub until: UnixMs,
    /// New findings for each category, most first: code and number.
    pub by_category: Vec<(String, u64)>,
    /// New findings for each severity, strongest first.
    pub by_severity: Vec<(u8, u64)>,
    /// How many wait for a person.
    pub n_pending: u64,
    /// Which waits longest: id and since when.
    pub oldest_pending: Option<(String, UnixMs)>,
    /// Sources that failed or stayed silent.
    pub troubles: Vec<SourceTrouble>,
    /// Leads whose last day is near or past, the most urgent first.
    pub leads_due: Vec<LeadDue>,
    /// Address of the queue.
    pub queue_url: String,
}

/// 一条临近或超过期限的线索.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadDue {
    /// Its name.
    pub lead: String,
    /// Its state in words.
    pub state: &'static str,
    /// What it is about.
    pub title: String,
    /// The last day, as a date in China.
    pub last_day: String,
    /// Working days left; negative when it is overdue.
    pub days_left: i64,
}

/// So many quotes stand in an alert; the review page shows all.
const MAX_QUOTES: usize = 5;
/// So many characters of each quote.
const MAX_QUOTE_CHARS: usize = 60;

/// 告警: one finding of the highest severity.
pub fn alert(facts: &AlertFacts) -> Words {
    let subject = format!("【adwatch】涉嫌非法集资广告待审（严重程度 {}）：{}", facts.severity, facts.source);
    let mut body = String::from("监测到一条涉嫌违法的广告，请审核。\n\n");
    line(&mut body, "编号", &facts.finding);
    line(&mut body, "监测源", &facts.source);
    if let Some(title) = &facts.title {
        line(&mut body, "标题", &shown(title, MAX_QUOTE_CHARS));
    }
    line(&mut body, "发现时间", &facts.seen_at.beijing());
    line(&mut body, "严重程度", &format!("{}（最高 4）", facts.severity));
    body.push_str("\n涉嫌违法用语：\n");
    for (index, quote) in facts.quotes.iter().take(MAX_QUOTES).enumerate() {
        let _ = writeln!(body, "{}. “{}”", index + 1, shown(&quote.words, MAX_QUOTE_CHARS));
        let _ = writeln!(body, "   规则：{}（{}）", quote.rule_title, quote.rule);
        if !quote.citations.is_empty() {
            let _ = writeln!(body, "   拟适用：{}", quote.citations.join("；"));
        }
    }
    if facts.quotes.len() > MAX_QUOTES {
        let _ = writeln!(body, "（另有 {} 处，见审核页面。）", facts.quotes.len() - MAX_QUOTES);
    }
    let _ = writeln!(body, "\n审核：{}", facts.review_url);
    body.push_str(DISCLAIMER);
    Words { subject, body }
}

/// 日报: what the last day brought and what waits.
pub fn digest(facts: &DigestFacts) -> Words {
    let n_new: u64 = facts.by_severity.iter().map(|(_, n)| n).sum();
    let subject = format!("【adwatch】监测日报：新增涉嫌违法广告 {n_new} 条，待审 {} 条", facts.n_pending);
    let mut body = format!("统计时段：{} 至 {}\n\n", facts.from.beijing(), facts.until.beijing());
    let _ = writeln!(body, "新增涉嫌违法广告：{n_new} 条");
    for (severity, n) in &facts.by_severity {
        let _ = writeln!(body, "  严重程度 {severity}：{n} 条");
    }
    if !facts.by_category.is_empty() {
        body.push_str("按类别（一条可属多类）：\n");
        for (category, n) in &facts.by_category {
            let _ = writeln!(body, "  {category}：{n} 条");
        }
    }
    let _ = writeln!(body, "\n待审：{} 条", facts.n_pending);
    if let Some((id, since)) = &facts.oldest_pending {
        let _ = writeln!(body, "等待最久：{id}，自 {} 起", since.beijing());
    }
    if !facts.leads_due.is_empty() {
        let _ = writeln!(body, "\n期限将至或已超期的线索（{} 条）：", facts.leads_due.len());
        for due in &facts.leads_due {
            let left = match due.days_left {
                ..0 => format!("已超期 {} 个工作日", -due.days_left),
                0 => "今日到期".to_owned(),
                n => format!("剩 {n} 个工作日"),
            };
            let title = shown(&due.title, MAX_QUOTE_CHARS);
            let _ = writeln!(body, "  {}（{}）{} 止，{left}：{title}", due.lead, due.state, due.last_day);
        }
    }
    if facts.troubles.is_empty() {
        body.push_str("\n监测源：均正常。\n");
    } else {
        let _ = writeln!(body, "\n需要检查的监测源（{} 个）：", facts.troubles.len());
        for trouble in &facts.troubles {
            let last = trouble
                .last_run_at
                .map_or_else(|| "从未采集".to_owned(), |at| format!("上次采集 {}", at.beijing()));
            let _ = writeln!(body, "  {}：{}（{last}）", trouble.source, shown(&trouble.what, 200));
        }
    }
    let _ = writeln!(body, "\n待审列表：{}", facts.queue_url);
    body.push_str(DISCLAIMER);
    Words { subject, body }
}

const DISCLAIMER: &str = "\n机器只作提示，以上均为涉嫌，是否违法由有权机关认定。本邮件自动发出，请勿回复。\n";

fn line(body: &mut String, name: &str, value: &str) {
    let _ = writeln!(body, "{name}：{value}");
}

/// Words from a page on one line: without control characters and without marks that turn the direction of text, which
/// could make a mail show something else than was published.
fn shown(text: &str, max_chars: usize) -> String {
    let mut clean = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .filter(|character| !matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'));
    let mut line: String = clean.by_ref().take(max_chars).collect();
    if clean.next().is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead_due(lead: &str, days_left: i64) -> LeadDue {
        LeadDue {
            lead: lead.to_owned(),
            state: "核查中",
            title: "稳利宝".to_owned(),
            last_day: "2026-11-20".to_owned(),
            days_left,
        }
    }

    fn quote(words: &str) -> QuotedWords {
        QuotedWords {
            words: words.to_owned(),
            rule_title: "承诺保本保收益".to_owned(),
            rule: "pg.principal-guarantee.1".to_owned(),
            citations: vec!["《中华人民共和国广告法》第二十五条第一项".to_owned()],
        }
    }

    fn facts() -> AlertFacts {
        AlertFacts {
            finding: "f-0a1b2c3d".to_owned(),
            source: "江州新闻网财经频道（city-news）".to_owned(),
            title: Some("稳健理财".to_owned()),
            seen_at: UnixMs(1_795_393_500_000),
            severity: 4,
            quotes: vec![quote("保本保息")],
            review_url: "http://127.0.0.1:8420/findings/f-0a1b2c3d".to_owned(),
        }
    }

    #[test]
    fn an_alert_says_what_was_found_where_and_under_what_law() {
        let words = alert(&facts());
        assert!(words.subject.contains("涉嫌") && words.subject.contains("江州新闻网"));
        assert_eq!(
            words.body,
            "监测到一条涉嫌违法的广告，请审核。\n\n\
             编号：f-0a1b2c3d\n\
             监测源：江州新闻网财经频道（city-news）\n\
             标题：稳健理财\n\
             发现时间：2026-11-23 08:25:00 +08:00\n\
             严重程度：4（最高 4）\n\n\
             涉嫌违法用语：\n\
             1. “保本保息”\n\
             \u{20}  规则：承诺保本保收益（pg.principal-guarantee.1）\n\
             \u{20}  拟适用：《中华人民共和国广告法》第二十五条第一项\n\n\
             审核：http://127.0.0.1:8420/findings/f-0a1b2c3d\n\n\
             机器只作提示，以上均为涉嫌，是否违法由有权机关认定。本邮件自动发出，请勿回复。\n"
        );
    }

    #[test]
    fn hostile_words_stay_one_line_and_short() {
        let words = alert(&AlertFacts {
            quotes: vec![quote(&format!("保本\r\n审核：http://evil.example\u{202e}{}", "高".repeat(500)))],
            title: Some("稳健\n审核：理财".to_owned()),
            ..facts()
        });
        let reviews = words.body.lines().filter(|line| line.starts_with("审核：")).count();
        assert_eq!(reviews, 1, "{}", words.body);
        assert!(!words.body.contains('\u{202e}'));
        assert!(words.body.lines().all(|line| line.chars().count() < 120), "{}", words.body);
    }

    #[test]
    fn many_quotes_are_counted_not_listed() {
        let words = alert(&AlertFacts { quotes: vec![quote("保本"); 8], ..facts() });
        assert!(
            words.body.contains("5. “保本”")
                && !words.body.contains("6. “")
                && words.body.contains("另有 3 处")
        );
    }

    #[test]
    fn a_digest_counts_and_names_what_needs_a_look() {
        let facts = DigestFacts {
            from: UnixMs(1_795_305_600_000),
            until: UnixMs(1_795_392_000_000),
            by_category: vec![("保本承诺（PG）".to_owned(), 3), ("高额回报（HY）".to_owned(), 1)],
            by_severity: vec![(4, 2), (3, 1)],
            n_pending: 7,
            oldest_pending: Some(("f-1".to_owned(), UnixMs(1_795_305_600_000))),
            troubles: vec![SourceTrouble {
                source: "应用商店（apps）".to_owned(),
                last_run_at: None,
                what: "blocked: HTTP 403".to_owned(),
            }],
            leads_due: vec![lead_due("l-1", -3), lead_due("l-2", 0), lead_due("l-3", 5)],
            queue_url: "http://127.0.0.1:8420/queue".to_owned(),
        };
        let words = digest(&facts);
        assert!(words.subject.contains("新增涉嫌违法广告 3 条，待审 7 条"), "{}", words.subject);
        for part in [
            "2026-11-22 08:00:00 +08:00 至 2026-11-23 08:00:00 +08:00",
            "  严重程度 4：2 条",
            "  保本承诺（PG）：3 条",
            "等待最久：f-1，自 2026-11-22 08:00:00 +08:00 起",
            "期限将至或已超期的线索（3 条）：",
            "  l-1（核查中）2026-11-20 止，已超期 3 个工作日：稳利宝",
            "  l-2（核查中）2026-11-20 止，今日到期：稳利宝",
            "  l-3（核查中）2026-11-20 止，剩 5 个工作日：稳利宝",
            "  应用商店（apps）：blocked: HTTP 403（从未采集）",
            "待审列表：http://127.0.0.1:8420/queue",
        ] {
            assert!(words.body.contains(part), "{part} is missing in\n{}", words.body);
        }
        let quiet = DigestFacts {
            by_category: vec![],
            by_severity: vec![],
            troubles: vec![],
            oldest_pending: None,
            n_pending: 0,
            ..facts
        };
        assert!(
            digest(&quiet).body.contains("新增涉嫌违法广告：0 条") && digest(&quiet).body.contains("均正常")
        );
    }
}
