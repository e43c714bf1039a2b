//! Transcripts of radio and television: SRT, WebVTT and the JSON of speech recognition. Cues are joined to passages,
//! because a promise is spoken over several cues, and a passage keeps the times of its first and last cue.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{
    BadRecord, Content, Head, Input, Keeps, Opened, Options, Reader, Record, Words, json, whole,
    without_columns,
};
use crate::domain::ad::{AdDraft, AdKind};
use crate::extract::charset;
use crate::kit::problem::Problem;

/// A pause from which a new passage begins, in milliseconds.
const PAUSE_MS: u64 = 3_000;
/// From this many characters on a passage ends at the end of a sentence.
const LONG_CHARS: usize = 250;
/// A passage ends here even within a sentence, in characters.
const MAX_CHARS: usize = 800;

pub(super) const SRT: Reader = Reader {
    name: "srt",
    zh: "SRT 字幕（广播、电视文字稿）",
    en: "SRT transcripts of radio and television",
    extensions: &["srt"],
    told_by: "a number, then `00:00:01,000 --> 00:00:03,000`",
    example: "radio.srt",
    keeps: Keeps::File,
    recognizes: |head: &Head| {
        let mut lines = head.lines();
        lines.next().is_some_and(|first| first.bytes().all(|byte| byte.is_ascii_digit()))
            && lines.next().is_some_and(|second| times_of(second).is_some())
    },
    open: open_cues,
};

pub(super) const VTT: Reader = Reader {
    name: "vtt",
    zh: "WebVTT 字幕",
    en: "WebVTT transcripts",
    extensions: &["vtt"],
    told_by: "`WEBVTT` in the first line",
    example: "tv.vtt",
    keeps: Keeps::File,
    recognizes: |head: &Head| head.text.starts_with("webvtt"),
    open: open_cues,
};

pub(super) const ASR: Reader = Reader {
    name: "asr-json",
    zh: "语音识别结果 JSON",
    en: "JSON of speech recognition",
    extensions: &[],
    told_by: "`segments` with `start` and `end` in seconds (Whisper), or `sentences` with `begin_time` and `end_time` in milliseconds",
    example: "radio.json",
    keeps: Keeps::File,
    recognizes: |head: &Head| {
        let has = |word: &str| head.text.contains(word);
        head.text.starts_with('{')
            && (has("\"segments\"") && has("\"start\"") || has("\"sentences\"") && has("\"begin_time\""))
    },
    open: open_json,
};

/// One cue.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cue {
    start_ms: u64,
    end_ms: u64,
    speaker: Option<String>,
    text: String,
}

fn open_cues(input: Input, _: &Options) -> Result<Opened, Problem> {
    let bytes = whole(input)?;
    let (decoded, problems) = charset::decode(&bytes, None);
    let mut items: Vec<Result<Record, BadRecord>> =
        problems.into_iter().map(|problem| Err(BadRecord { place: "file".to_owned(), problem })).collect();
    let mut cues = Vec::new();
    // Blocks are divided by empty lines; NOTE, STYLE and REGION blocks of WebVTT have no times.
    let text = decoded.text.replace("\r\n", "\n").replace('\r', "\n");
    for (index, block) in text.split("\n\n").enumerate() {
        let mut lines = block.trim_matches('\n').lines();
        let Some(line) = lines.by_ref().take(2).find(|line| line.contains("-->")) else {
            continue;
        };
        match times_of(line) {
            Some((start_ms, end_ms)) => {
                cues.push(cue(start_ms, end_ms, &lines.collect::<Vec<_>>().join("\n")))
            }
            None => {
                let shown: String = line.chars().take(60).collect();
                let message = format!("`{shown}` are no times of a cue");
                items.push(Err(BadRecord::new(format!("block {}", index + 1), "no-times", message)));
            }
        }
    }
    if cues.is_empty() {
        return Err(Problem::new("no-cues", "the transcript has no cue with times and words"));
    }
    items.extend(passages(cues));
    Ok(without_columns(items.into_iter()))
}

fn open_json(input: Input, _: &Options) -> Result<Opened, Problem> {
    let bytes = whole(input)?;
    let mut items = Vec::new();
    let mut cues = Vec::new();
    for (list, start, end, unit_ms) in
        [("segments", "start", "end", 1000.0), ("sentences", "begin_time", "end_time", 1.0)]
    {
        let Some(at) = json::value_of(&bytes, list) else { continue };
        for (index, range) in json::elements(&bytes[at..]).enumerate() {
            let place = format!("{list} {}", index + 1);
            let value: Value = match range.map(|range| serde_json::from_slice(&bytes[at..][range])) {
                Ok(Ok(value)) => value,
                Ok(Err(error)) => {
                    items.push(Err(BadRecord::new(place, "invalid-json", json::message(&error))));
                    continue;
                }
                Err(error) => {
                    items.push(Err(BadRecord::new(place, "invalid-json", error)));
                    continue;
                }
            };
            let ms =
                |name| value.get(name).and_then(number_of).map(|number| (number * unit_ms).max(0.0) as u64);
            match (ms(start), ms(end), value.get("text").and_then(Value::as_str)) {
                (Some(start_ms), Some(end_ms), Some(text)) => {
                    let speaker = ["speaker", "speaker_id"].iter().find_map(|name| value.get(name));
                    let speaker = speaker
                        .filter(|value| !value.is_null())
                        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                    cues.push(Cue { speaker, ..cue(start_ms, end_ms, text) });
                }
                _ => {
                    let message = format!("`{start}`, `{end}` and `text` are wanted");
                    items.push(Err(BadRecord::new(place, "no-times", message)));
                }
            }
        }
    }
    if cues.is_empty() && items.is_empty() {
        return Err(Problem::new(
            "no-cues",
            "the JSON has neither `segments` nor `sentences` with times and words",
        ));
    }
    items.extend(passages(cues));
    Ok(without_columns(items.into_iter()))
}

fn number_of(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

static TIMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let time = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[,.](\d{1,3})";
    Regex::new(&format!(r"^\s*{time}\s*-->\s*{time}")).ok()
});

/// Start and end of a cue in milliseconds: `00:00:01,000 --> 00:00:03,000`, hours optional, settings behind it.
fn times_of(line: &str) -> Option<(u64, u64)> {
    let found = TIMES.as_ref()?.captures(line)?;
    let number = |nth: usize| found.get(nth).map_or(Some(0), |part| part.as_str().parse::<u64>().ok());
    let at = |first: usize| {
        Some(
            ((number(first)? * 60 + number(first + 1)?) * 60 + number(first + 2)?) * 1000
                + number(first + 3)?,
        )
    };
    Some((at(1)?, at(5)?))
}

static MARKUP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<[^<>\n]{0,200}>|\{\\[^{}\n]{0,200}\}").ok());
static VOICE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<v(?:\.[^\s>]*)?\s+([^>\n]{1,80})>").ok());

fn cue(start_ms: u64, end_ms: u64, text: &str) -> Cue {
    let speaker = VOICE.as_ref().and_then(|voice| Some(voice.captures(text)?[1].trim().to_owned()));
    let plain = MARKUP.as_ref().map_or(text.into(), |markup| markup.replace_all(text, ""));
    let plain = plain.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    Cue { start_ms, end_ms: end_ms.max(start_ms), speaker, text: plain.trim().to_owned() }
}

/// Cues joined to passages: words that follow each other without a long pause.
fn passages(cues: Vec<Cue>) -> Vec<Result<Record, BadRecord>> {
    let mut passages: Vec<Cue> = Vec::new();
    for cue in cues.into_iter().filter(|cue| !cue.text.is_empty()) {
        match passages.last_mut() {
            Some(last) if !ends_before(last, &cue) => {
                let changes_speaker = cue.speaker.is_some() && cue.speaker != last.speaker;
                join(&mut last.text, &cue.text, changes_speaker);
                last.end_ms = last.end_ms.max(cue.end_ms);
                last.speaker = cue.speaker.or(last.speaker.take());
            }
            _ => passages.push(cue),
        }
    }
    passages
        .into_iter()
        .map(|passage| {
            let place = format!("{}–{}", clock(passage.start_ms), clock(passage.end_ms));
            let draft = AdDraft { locator: place.clone(), ..AdDraft::of_text(AdKind::Text, passage.text) };
            Ok(Record { place, content: Content::Words(Box::new(Words { draft, page_url: None })) })
        })
        .collect()
}

fn ends_before(passage: &Cue, next: &Cue) -> bool {
    let n_chars = passage.text.chars().count();
    let is_sentence_end = passage.text.ends_with(['。', '！', '？', '!', '?', '.']);
    next.start_ms > passage.end_ms + PAUSE_MS
        || n_chars + next.text.chars().count() > MAX_CHARS
        || n_chars >= LONG_CHARS && (is_sentence_end || next.start_ms > passage.end_ms + PAUSE_MS / 3)
}

/// Adds `next`: another speaker on a line of their own, Chinese without a space, other words with one.
fn join(text: &mut String, next: &str, is_new_line: bool) {
    let spaced = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    for (nth, line) in next.lines().map(str::trim).enumerate() {
        if is_new_line && nth == 0 {
            text.push('\n');
        } else if spaced(text.chars().next_back()) && spaced(line.chars().next()) {
            text.push(' ');
        }
        text.push_str(line);
    }
}

fn clock(ms: u64) -> String {
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(cues: &[(u64, u64, &str)]) -> Vec<(String, String)> {
        let cues = cues.iter().map(|(start, end, text)| cue(*start, *end, text)).collect();
        let records = passages(cues).into_iter().map(Result::unwrap);
        records
            .map(|record| {
                let Content::Words(words) = record.content else { panic!("words") };
                (record.place, words.draft.text)
            })
            .collect()
    }

    #[test]
    fn a_promise_over_several_cues_is_one_passage_with_its_times() {
        let spoken = [
            (787_000, 789_000, "养老公寓预订，"),
            (789_100, 791_000, "每年返利\n百分之十二"),
            (791_000, 792_000, "call me"),
            (792_000, 793_000, "now"),
            (800_000, 801_000, "下面是天气预报"),
        ];
        assert_eq!(
            read(&spoken),
            [
                (
                    "00:13:07.000–00:13:13.000".to_owned(),
                    "养老公寓预订，每年返利百分之十二call me now".to_owned()
                ),
                ("00:13:20.000–00:13:21.000".to_owned(), "下面是天气预报".to_owned()),
            ]
        );
        let voices = [(0, 1, "<v 主播>您好</v>"), (1, 2, "<v.loud 嘉宾><i>保本</i>")];
        assert_eq!(read(&voices)[0].1, "您好\n保本");
    }

    #[test]
    fn times_are_read_in_the_ways_they_are_written() {
        let cases = [
            ("00:00:01,000 --> 00:00:03,500", Some((1_000, 3_500))),
            ("01:02.250 --> 01:04.000 align:start position:0%", Some((62_250, 64_000))),
            ("100:00:00.000 --> 100:00:01.000", Some((360_000_000, 360_001_000))),
            ("99999999999:00:00,000 --> 1", None),
            ("-->", None),
        ];
        for (line, expected) in cases {
            assert_eq!(times_of(line), expected, "{line}");
        }
    }

    #[test]
    fn long_talk_is_cut_at_the_end_of_a_sentence() {
        let line = format!("{}。", "说".repeat(99));
        let cues: Vec<(u64, u64, &str)> =
            (0..20).map(|n| (n * 1000, n * 1000 + 1000, line.as_str())).collect();
        let passages = read(&cues);
        assert!(passages.len() >= 5 && passages.iter().all(|(_, text)| text.ends_with('。')), "{passages:?}");
    }
}
