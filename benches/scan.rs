//! How fast are documents judged, from JSON Lines to result? Ratios within one run.
//!
//! `cargo bench --bench scan [FILE.jsonl]`: without a file it makes short ordinary documents, one violation in a
//! hundred, as in a crawl.

#![expect(clippy::print_stdout, reason = "a bench speaks to its reader")]

#[path = "clock.rs"]
mod clock;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use adwatch::app::config::PictureSettings;
use adwatch::app::pictures::PictureReader;
use adwatch::app::rules;
use adwatch::app::scan::{InputFormat, ScanInput, scan};
use adwatch::domain::ad::{AdDraft, AdKind};
use adwatch::judge::{Judge, Scratch, Setting};

const N_DOCUMENTS: usize = 400_000;

fn main() {
    let judge = rules::judge(None).expect("the built-in rules compile");
    let pictures = PictureReader::new(&PictureSettings::default());
    let given = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
    let path = given.map_or_else(generated, PathBuf::from);
    let text = std::fs::read_to_string(&path).expect("the file can be read");
    let lines: Vec<&str> = text.lines().collect();
    println!("{} documents, {:.1} MB", lines.len(), text.len() as f64 / 1e6);

    let texts: Vec<String> = lines.iter().map(|line| words(line)).collect();
    let n_bytes = texts.iter().map(String::len).sum();
    let json = time("parse JSON only, one thread", text.len(), lines.len(), clock::thread_time, || {
        lines.iter().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count()
    });
    let one =
        time("judge, one thread", n_bytes, lines.len(), clock::thread_time, || judge_each(&judge, &texts));
    let start = Instant::now();
    let whole = time(
        "scan, all threads",
        text.len(),
        lines.len(),
        || start.elapsed(),
        || {
            let inputs = [ScanInput::Path(path.clone(), InputFormat::JsonLines)];
            let mut n_flagged = 0;
            scan(
                &judge,
                &pictures,
                &inputs,
                AdKind::Text,
                |scanned| scanned.is_flagged(),
                |flagged| {
                    n_flagged += usize::from(flagged);
                    Ok(())
                },
            )
            .expect("nothing is written");
            n_flagged
        },
    );
    println!("judge ÷ JSON parsing: {:.2}; scan ÷ judge on one thread: {:.2}", json / one, one / whole);
}

fn words(line: &str) -> String {
    let record: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    record["text"].as_str().unwrap_or_default().to_owned()
}

fn judge_each(judge: &Judge, texts: &[String]) -> usize {
    let mut scratch = Scratch::default();
    let mut draft = AdDraft::of_text(AdKind::Text, "");
    texts
        .iter()
        .filter(|text| {
            draft.text.clear();
            draft.text.push_str(text);
            judge.judge(&draft, &Setting::default(), &mut scratch).assessment.flagged
        })
        .count()
}

/// Best of three runs, in seconds of the clock given.
fn time(
    name: &str,
    n_bytes: usize,
    n_documents: usize,
    now: impl Fn() -> Duration,
    mut run: impl FnMut() -> usize,
) -> f64 {
    let mut best = f64::INFINITY;
    let mut answer = 0;
    for _ in 0..3 {
        let start = now();
        answer = std::hint::black_box(run());
        best = best.min(now().saturating_sub(start).as_secs_f64());
    }
    let (mb, docs) = (n_bytes as f64 / 1e6 / best, n_documents as f64 / best);
    println!("{name:32} {mb:8.0} MB/s {docs:10.0} documents/s   ({answer})");
    best
}

fn generated() -> PathBuf {
    let ordinary = [
        "今天下午三点在二楼会议室讨论下季度的排班，请大家准时参加。",
        "这家店的牛肉面汤头很浓，分量也足，就是周末排队的人太多了。",
        "列车因天气原因晚点约四十分钟，请旅客留意广播通知。",
        "孩子的家长会改到周五晚上七点，地点在学校阶梯教室。",
        "新买的耳机音质不错，续航比上一代长了两个小时，充电也快。",
        "小区北门施工期间，车辆请从东门进出，给大家带来不便敬请谅解。",
        "周末和朋友去爬山，山顶风很大，日出倒是看到了，照片拍了不少。",
        "图书馆九月起延长开放时间，周一至周日早八点到晚十点。",
    ];
    let ad = "投资10万，每月返3000元，到期退还本金，保本保息，加微信ax8899";
    let path = std::env::temp_dir().join("adwatch-bench-scan.jsonl");
    let mut text = String::new();
    for index in 0..N_DOCUMENTS {
        let pair = format!("{}{}", ordinary[index % 8], ordinary[index / 8 % 8]);
        let words = if index % 100 == 0 { ad } else { &pair };
        text.push_str(&serde_json::json!({"id": index, "text": words}).to_string());
        text.push('\n');
    }
    std::fs::write(&path, text).expect("the temporary folder can be written");
    path
}
