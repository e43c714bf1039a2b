//! The one binary: parse arguments, start tracing, call `cli::run`. Shells meet only here.

use adwatch::app::sources::NewSource;
use adwatch::cli::{self, Shells};
use adwatch::web::playback::{self, Playback};

fn main() -> std::process::ExitCode {
    cli::run(Shells {
        serve: |_, _| Box::pin(async { anyhow::bail!("pages and worker are not wired yet") }),
        play: || Box::pin(play()),
    })
}

/// The demo's sites, in the words of the command line.
async fn play() -> anyhow::Result<cli::Sites> {
    let playback = Playback::start().await?;
    let sources = playback
        .entries()
        .iter()
        .map(|entry| NewSource {
            id: entry.id.clone(),
            kind: entry.kind.clone(),
            url: entry.url.clone(),
            title: entry.title.clone(),
            allow_origins: entry.allowed_origins.clone(),
            ..NewSource::default()
        })
        .collect();
    let planted = playback::planted()?
        .into_iter()
        .map(|ad| cli::PlantedAd {
            id: ad.id,
            violation: ad.label == "violation",
            obfuscated: !ad.forms.is_empty(),
            words: ad.words,
            known_miss: ad.known_miss,
        })
        .collect();
    Ok(cli::Sites { open: Box::new(playback), sources, planted })
}
