//! The one binary: parse arguments, start tracing, call `cli::run`. Shells meet only here.

use std::process::ExitCode;
use std::sync::Arc;

use adwatch::app::App;
use adwatch::app::sources::NewSource;
use adwatch::cli::{self, Shells};
use adwatch::web::playback::{self, Playback};
use adwatch::web::{self, Access, Looks};
use adwatch::worker;

fn main() -> ExitCode {
    cli::run(Shells {
        serve: |app, options| Box::pin(serve(app, options)),
        may_listen: |app, address| access(app, address).map(drop).map_err(|error| error.to_string()),
        play: || Box::pin(play()),
    })
}

fn access(app: &App, address: std::net::SocketAddr) -> Result<Access, web::AccessError> {
    let settings = &app.config().web;
    Access::new(address, settings.behind_tls_proxy, &settings.hosts)
}

/// Pages and worker side by side until told to stop, then both end in order.
async fn serve(app: Arc<App>, options: cli::ServeOptions) -> anyhow::Result<()> {
    let (stop_in, stop_out) = tokio::sync::watch::channel(false);
    let pages = match options.listener {
        Some(listener) => {
            let address = listener.local_addr()?;
            let access = access(&app, address)?;
            let looks = Looks::open(&app.config().web, address).await?;
            let mut stop = stop_out.clone();
            let stopped = async move {
                // An error says that the sender is gone, which means the same.
                let _ = stop.wait_for(|stop| *stop).await;
            };
            Some(tokio::spawn(web::serve(app.clone(), listener, access, looks, stopped)))
        }
        None => None,
    };
    let work = options.with_worker.then(|| tokio::spawn(worker::run(app, stop_out)));
    options.stop.await;
    let _ = stop_in.send(true);
    if let Some(task) = pages {
        task.await??;
    }
    if let Some(task) = work {
        task.await??;
    }
    Ok(())
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
            settings: entry.settings.iter().map(|(name, value)| format!("{name}={value}")).collect(),
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
