//! Transcripts of radio and television: SRT, WebVTT, and the JSON of speech recognizers.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::html;
use super::{MissingField, Shape};

/// A pause that ends an utterance, in milliseconds.
const MAX_PAUSE_MS: i64 = 1_500;

/// Longest utterance, in milliseconds: what is said in half a minute is judged together.
const MAX_UTTERANCE_MS: i64 = 30_000;

static TIMING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let time = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})";
    Regex::new(&format!(r"^\s*{time}\s*-->\s*{time}")).ok()
});

struct Cue {
    start_ms: i64,
    end_ms: i64,
    speaker: Option<String>,
    text: String,
}

/// `{utterances: [{start_ms, end_ms, from, to, speaker, text}]}`: cues of one speaker that follow each other closely
/// are one utterance, because a promise spans cues; `from` and `to` are `00:13:07.000`.
///
/// # Errors
/// Names what is missing when no cue can be read.
pub fn document(text: &str) -> Shape<Value> {
    let cues = if text.trim_start().starts_with(['{', '[']) { recognized(text)? } else { timed(text) };
    if cues.is_empty() {
        return Err(MissingField::new("cues"));
    }
    let mut utterances: Vec<Cue> = Vec::new();
    for cue in cues {
        match utterances.last_mut() {
            Some(last)
                if last.speaker == cue.speaker
                    && cue.start_ms - last.end_ms <= MAX_PAUSE_MS
                    && cue.end_ms - last.start_ms <= MAX_UTTERANCE_MS =>
            {
                last.end_ms = cue.end_ms;
                // Chinese runs on; words of other scripts need their space.
                if last.text.ends_with(|c: char| c.is_ascii_alphanumeric()) {
                    last.text.push(' ');
                }
                last.text.push_str(&cue.text);
            }
            _ => utterances.push(cue),
        }
    }
    let utterances: Vec<Value> = utterances
        .into_iter()
        .map(|cue| {
            json!({
                "start_ms": cue.start_ms,
                "end_ms": cue.end_ms,
                "from": clock(cue.start_ms),
                "to": clock(cue.end_ms),
                "speaker": cue.speaker,
                "text": cue.text,
            })
        })
        .collect();
    Ok(json!({ "utterances": utterances }))
}

/// SRT and WebVTT: a line with two times, then the words up to an empty line.
fn timed(text: &str) -> Vec<Cue> {
    let mut cues: Vec<Cue> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let timing = TIMING.as_ref().and_then(|timing| timing.captures(line));
        if let Some(found) = timing {
            let number =
                |nth: usize| found.get(nth).and_then(|part| part.as_str().parse::<i64>().ok()).unwrap_or(0);
            let ms = |at: usize| {
                // `.5` is half a second.
                let fraction = found.get(at + 3).map_or("", |part| part.as_str());
                let fraction = format!("{fraction:0<3}").parse::<i64>().unwrap_or(0);
                ((number(at) * 60 + number(at + 1)) * 60 + number(at + 2)) * 1_000 + fraction
            };
            cues.push(Cue { start_ms: ms(1), end_ms: ms(5), speaker: None, text: String::new() });
            is_open = true;
        } else if line.trim().is_empty() {
            is_open = false;
        } else if is_open && let Some(cue) = cues.last_mut() {
            if let Some((_, voice)) = line.split_once("<v ") {
                cue.speaker = voice.split('>').next().map(|name| name.trim().to_owned());
            }
            cue.text.push_str(&html::text_of(html::parse_fragment(line).root_element()));
        }
    }
    cues.retain(|cue| !cue.text.is_empty());
    cues
}

/// `segments` of Whisper with seconds, `sentences` of other recognizers with milliseconds.
fn recognized(text: &str) -> Shape<Vec<Cue>> {
    let root: Value =
        serde_json::from_str(text).map_err(|error| MissingField(format!("cues (not JSON: {error})")))?;
    let lists: [(&str, &str, &str, f64); 3] = [
        ("segments", "start", "end", 1_000.0),
        ("sentences", "begin_time", "end_time", 1.0),
        ("sentences", "start_time", "end_time", 1.0),
    ];
    for (list, start, end, factor) in lists {
        let Some(entries) =
            root.get(list).or_else(|| root.get("result")?.get(list)).and_then(Value::as_array)
        else {
            continue;
        };
        let cues = entries.iter().filter_map(|entry| {
            let ms = |name: &str| entry.get(name).and_then(Value::as_f64).map(|time| (time * factor) as i64);
            let speaker = ["speaker_id", "speaker"]
                .iter()
                .find_map(|name| entry.get(name))
                .map(|speaker| speaker.as_str().map_or_else(|| speaker.to_string(), str::to_owned));
            let text = entry.get("text")?.as_str()?.trim().to_owned();
            (!text.is_empty()).then_some(Cue { start_ms: ms(start)?, end_ms: ms(end)?, speaker, text })
        });
        let cues: Vec<Cue> = cues.collect();
        if !cues.is_empty() || entries.is_empty() {
            return Ok(cues);
        }
    }
    Ok(Vec::new())
}

fn clock(ms: i64) -> String {
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_that_spans_cues_is_one_utterance_in_every_format() {
        let texts = [
            "1\n00:13:07,000 --> 00:13:09,500\n本台提醒您 <i>投资十万</i>\n\n2\n00:13:10,000 --> 00:13:12,000\n每月返三千\n\n3\n00:14:00,000 --> 00:14:01,000\n欢迎回来\n",
            "WEBVTT\n\nNOTE x\n\n13:07.000 --> 13:09.500 align:start\n本台提醒您 投资十万\n\n13:10.000 --> 13:12.000\n每月返三千\n\n14:00.000 --> 14:01.000\n欢迎回来",
            r#"{"segments":[{"start":787.0,"end":789.5,"text":"本台提醒您 投资十万"},{"start":790.0,"end":792.0,"text":"每月返三千"},{"start":840.0,"end":841.0,"text":"欢迎回来"}]}"#,
            r#"{"result":{"sentences":[{"begin_time":787000,"end_time":789500,"text":"本台提醒您 投资十万","speaker_id":null},{"begin_time":790000,"end_time":792000,"text":"每月返三千","speaker_id":null},{"begin_time":840000,"end_time":841000,"text":"欢迎回来","speaker_id":null}]}}"#,
        ];
        for text in texts {
            let document = document(text).unwrap();
            let utterances = document["utterances"].as_array().unwrap();
            assert_eq!(utterances.len(), 2, "{text} {document}");
            assert_eq!(utterances[0]["text"], "本台提醒您 投资十万每月返三千", "{text}");
            assert_eq!(
                (&utterances[0]["from"], &utterances[0]["to"]),
                (&json!("00:13:07.000"), &json!("00:13:12.000"))
            );
        }
    }

    #[test]
    fn speakers_are_kept_apart() {
        let text =
            "WEBVTT\n\n00:01.000 --> 00:02.000\n<v 主播>您好\n\n00:02.000 --> 00:03.000\n<v 嘉宾>保本保息\n";
        let document = document(text).unwrap();
        assert_eq!(document["utterances"][1]["speaker"], "嘉宾");
        assert_eq!(document["utterances"][1]["text"], "保本保息");
    }

    #[test]
    fn what_holds_no_cue_is_a_changed_shape() {
        for text in ["", "WEBVTT", "{}", "[", "00:01 --> x"] {
            assert!(document(text).is_err(), "{text}");
        }
    }
}
