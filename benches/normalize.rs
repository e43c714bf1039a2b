//! Normalize and find literals: the fused scan against the ways that other tools take, in one run, on the same text and
//! the same literals, one thread.
//!
//! `cargo bench --bench normalize [-- FILE…]`: without files the text is generated; files are read as UTF-8 instead.
//! Compare ratios inside one run only. Times are those of the thread's own work where the system tells them.
//! Before anything is timed, the fused scan must find what Aho-Corasick finds in the normalized text, span by span.
#![expect(clippy::print_stdout, reason = "a report for the terminal")]

#[path = "clock.rs"]
mod clock;
#[path = "normalize/generate.rs"]
mod generate;
#[path = "normalize/hyperscan.rs"]
mod hyperscan;

use adwatch::domain::hit::Span;
use adwatch::matcher::literal::{LiteralMatch, LiteralSet, Scratch};
use adwatch::text::{Normalized, Normalizer, Tables};
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};
use unicode_normalization::UnicodeNormalization;

const N_ROUNDS: usize = 5;
const DOCUMENT_BYTES: usize = 2000;
const GENERATED_BYTES: usize = 16_000_000;
const AGREEMENT_BYTES: usize = 2_000_000;

fn main() {
    let files: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let text = match files.as_slice() {
        [] => generate::text(GENERATED_BYTES),
        files => files.iter().map(|path| read(path)).collect::<Vec<_>>().join("\n"),
    };
    let documents = documents(&text);
    let tables = Tables::embedded();
    let normalizer = Normalizer::new(&tables);
    println!(
        "{:.1} MB in {} documents, {}",
        text.len() as f64 / 1e6,
        documents.len(),
        if files.is_empty() { "generated" } else { "from files" }
    );
    let mut out = Normalized::default();
    let alone = |document: &str| {
        normalizer.normalize_into(document, &mut out);
        black_box(out.text.len())
    };
    let rows = time(&documents, vec![("normalize alone", Box::new(alone))]);
    println!("{:<46}{:>6.0} MB/s\n", rows[0].0, mb_per_s(&text, rows[0].1));
    for n_literals in [300, 3_000, 30_000] {
        compare(&text, &documents, &tables, &normalizer, &generate::literals(&tables, n_literals));
    }
}

fn read(path: &str) -> String {
    match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            println!("{path} cannot be read and is left out: {error}");
            String::new()
        }
    }
}

/// Whole lines together up to about [`DOCUMENT_BYTES`].
fn documents(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let mut start = 0;
    for (feed, _) in text.match_indices('\n') {
        if feed - start >= DOCUMENT_BYTES {
            documents.push(&text[start..feed]);
            start = feed + 1;
        }
    }
    documents.push(&text[start..]);
    documents
}

/// One way to find the literals: from a document to the number of hits.
type Way<'a> = (&'static str, Box<dyn FnMut(&str) -> usize + 'a>);

fn compare(text: &str, documents: &[&str], tables: &Tables, normalizer: &Normalizer, literals: &[String]) {
    let start = Instant::now();
    let set = LiteralSet::new(normalizer, literals);
    println!("{} literals, built in {} ms", literals.len(), start.elapsed().as_millis());
    let normalized: Vec<String> = literals.iter().map(|literal| normalizer.normalize(literal).text).collect();
    let hidden = generate::text(AGREEMENT_BYTES);
    let hidden = self::documents(&hidden);
    let n_hits = [documents, &hidden].map(|documents| agree(&set, documents, normalizer, &normalized));
    println!(
        "  the same as Aho-Corasick: {} hits, {} more in text with hidden spellings",
        n_hits[0], n_hits[1]
    );
    let mut ways: Vec<Way<'_>> = Vec::new();

    let mut scratch = Scratch::default();
    ways.push((
        "fused",
        Box::new(move |document| {
            let mut n = 0;
            set.scan(document, &mut scratch, |hit| n += usize::from(black_box(hit.span).end > 0));
            n
        }),
    ));

    let charwise =
        daachorse::CharwiseDoubleArrayAhoCorasick::<u32>::new(&normalized).expect("distinct literals");
    let mut out = Normalized::default();
    ways.push((
        "table pass, daachorse charwise",
        Box::new(move |document| {
            normalizer.normalize_into(document, &mut out);
            let hits = charwise.find_overlapping_iter(&out.text);
            hits.filter(|hit| has_span(&out, hit.start(), hit.end())).count()
        }),
    ));

    let bytewise = daachorse::DoubleArrayAhoCorasick::<u32>::new(&normalized).expect("distinct literals");
    let mut out = Normalized::default();
    ways.push((
        "table pass, daachorse bytewise",
        Box::new(move |document| {
            normalizer.normalize_into(document, &mut out);
            let hits = bytewise.find_overlapping_iter(&out.text);
            hits.filter(|hit| has_span(&out, hit.start(), hit.end())).count()
        }),
    ));

    match hyperscan::Database::new(&normalized) {
        Ok(database) => {
            let mut out = Normalized::default();
            ways.push((
                "table pass, hyperscan",
                Box::new(move |document| {
                    normalizer.normalize_into(document, &mut out);
                    let mut n = 0;
                    database.scan(&out.text, |literal, end| {
                        n += usize::from(has_span(&out, end - normalized[literal].len(), end));
                    });
                    n
                }),
            ));
        }
        Err(reason) => println!("  table pass, hyperscan: {reason}"),
    }

    let simplified: HashMap<char, char> = tables.traditional.iter().copied().collect();
    let naive = move |text: &str| -> String {
        let chars = text.nfkc().map(|ch| simplified.get(&ch).copied().unwrap_or(ch));
        chars
            .flat_map(char::to_lowercase)
            .filter(|ch| !ch.is_whitespace() && !ch.is_ascii_punctuation())
            .collect()
    };
    let naive_literals: Vec<String> = literals.iter().map(|literal| naive(literal)).collect();
    let dfa =
        AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&naive_literals).expect("literals fit");
    ways.push((
        "nfkc, traditional, lower case, aho-corasick",
        Box::new(move |document| {
            let text = naive(document);
            dfa.find_overlapping_iter(&text).filter(|hit| black_box(hit.end()) > 0).count()
        }),
    ));
    print(text, &time(documents, ways));
}

/// How many hits the fused scan and Aho-Corasick over normalized text both report; stops when they differ.
fn agree(set: &LiteralSet, documents: &[&str], normalizer: &Normalizer, literals: &[String]) -> usize {
    const N_DOCUMENTS: usize = 2000;
    let reference = AhoCorasick::new(literals).expect("literals fit");
    let (mut scratch, mut n_hits) = (Scratch::default(), 0);
    for document in documents.iter().take(N_DOCUMENTS) {
        let text = normalizer.normalize(document);
        let expected = reference.find_overlapping_iter(&text.text).map(|hit| LiteralMatch {
            span: text.source_span(hit.start(), hit.end()),
            literal: hit.pattern().as_u32(),
        });
        let mut expected: Vec<LiteralMatch> = expected.collect();
        expected.sort_unstable();
        let mut found = Vec::new();
        set.scan(document, &mut scratch, |hit| found.push(hit));
        found.sort_unstable();
        assert_eq!(found, expected, "{document}");
        n_hits += found.len();
    }
    n_hits
}

fn has_span(normalized: &Normalized, start: usize, end: usize) -> bool {
    let Span { end, .. } = black_box(normalized.source_span(start, end));
    end > 0
}

fn print(text: &str, rows: &[(&str, Duration, usize)]) {
    let fused = rows[0].1.as_secs_f64();
    for (name, duration, n_hits) in rows {
        let ratio = duration.as_secs_f64() / fused;
        println!(
            "  {name:<44}{:>6.0} MB/s {n_hits:>8} hits   fused is {ratio:>5.1}x",
            mb_per_s(text, *duration)
        );
    }
    let two_pass = rows[1..rows.len() - 1].iter().map(|row| row.1.as_secs_f64()).fold(f64::MAX, f64::min);
    println!("  fused against the best two-pass chain: {:.2}x\n", two_pass / fused);
}

/// Name, shortest duration for all documents, and hits of each way. The ways take turns, so that other work on the
/// machine meets all of them.
fn time(documents: &[&str], mut ways: Vec<Way<'_>>) -> Vec<(&'static str, Duration, usize)> {
    let mut rows: Vec<_> = ways.iter().map(|(name, _)| (*name, Duration::MAX, 0)).collect();
    for _ in 0..N_ROUNDS {
        for ((_, way), (_, shortest, n_hits)) in ways.iter_mut().zip(&mut rows) {
            let start = clock::thread_time();
            *n_hits = documents.iter().map(|document| way(document)).sum();
            *shortest = clock::thread_time().saturating_sub(start).min(*shortest);
        }
    }
    rows
}

fn mb_per_s(text: &str, duration: Duration) -> f64 {
    text.len() as f64 / 1e6 / duration.as_secs_f64()
}
