//! The one binary: parse arguments, start tracing, call `cli::run`. Shells meet only here.

use adwatch::cli::{self, Shells};

fn main() -> std::process::ExitCode {
    cli::run(Shells {
        serve: |_, _| Box::pin(async { anyhow::bail!("pages and worker are not wired yet") }),
        play: || Box::pin(async { anyhow::bail!("the demo's sites are not wired yet") }),
    })
}
