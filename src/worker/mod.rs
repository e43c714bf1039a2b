//! Floor 5: unattended work. Looks at schedules, takes jobs under leases, and asks use cases to do them.
//!
//! A worker may be killed at any time: its leases end, and another worker, or the same after its restart, takes the
//! jobs again. So every job must be one that may be done twice.

mod job;
mod jobs;
mod slot;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::{App, Result};

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// Jobs done at the same time.
    pub n_slots: usize,
    /// Pause between two looks at the schedules, in milliseconds.
    pub tick_ms: u64,
    /// Pause before asking again when no job was due, in milliseconds.
    pub idle_ms: u64,
    /// A job belongs to this worker for so long and is renewed at a third of it, in milliseconds. A killed worker's
    /// job is taken up again after this time.
    pub lease_ms: u64,
    /// When asked to stop, jobs may go on for so long before they are put back, in milliseconds.
    pub grace_ms: u64,
}

impl Default for WorkerOptions {
    fn default() -> Self {
        Self { n_slots: 2, tick_ms: 15_000, idle_ms: 1_000, lease_ms: 60_000, grace_ms: 5_000 }
    }
}

/// Works until `stop` becomes true, or its sender is gone.
///
/// # Errors
/// None today: what fails is logged and tried again, because a database that restarts must not end the worker.
pub async fn run(app: Arc<App>, stop: watch::Receiver<bool>) -> Result<()> {
    run_with(app, stop, WorkerOptions::default()).await
}

/// As [`run`], with other times.
///
/// # Errors
/// As [`run`].
pub async fn run_with(app: Arc<App>, stop: watch::Receiver<bool>, options: WorkerOptions) -> Result<()> {
    let name = worker_name();
    tracing::info!(worker = %name, n_slots = options.n_slots, "worker started");
    let slots = (0..options.n_slots.max(1)).map(|number| {
        let slot = slot::Slot {
            app: Arc::clone(&app),
            name: format!("{name}-{number}"),
            stop: stop.clone(),
            options: options.clone(),
        };
        tokio::spawn(slot.work())
    });
    let slots: Vec<_> = slots.collect();
    look_at_schedules(&app, stop, Duration::from_millis(options.tick_ms)).await;
    for slot in slots {
        if let Err(error) = slot.await {
            tracing::error!(worker = %name, "a slot of the worker ended: {error}");
        }
    }
    tracing::info!(worker = %name, "worker stopped");
    Ok(())
}

async fn look_at_schedules(app: &App, mut stop: watch::Receiver<bool>, pause: Duration) {
    loop {
        if let Err(error) = app.schedule().enqueue_due(app.now()).await {
            tracing::warn!("schedules were not looked at: {error}");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

/// Whether the worker is to stop. Without a sender there is nobody left who wants the work.
fn is_stopped(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// Returns when the worker is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// A name of its own for each worker, also for two that start at once on one machine.
fn worker_name() -> String {
    let mut random = [0_u8; 6];
    // Without random numbers the process number is all there is; the attempt number still tells leases apart.
    let _ = getrandom::fill(&mut random);
    format!("worker-{}-{}", std::process::id(), hex::encode(random))
}
