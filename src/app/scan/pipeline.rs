//! Bounded, ordered work on a few threads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, sync_channel};

/// Batches that may be open per thread; with batches of about 1 MiB this bounds memory.
const OPEN_PER_THREAD: usize = 3;

/// Runs `work` over `items` on all cores and hands the results to `sink` in the order of `items`.
///
/// # Errors
/// The first error of `sink`; work not yet begun is then dropped.
pub fn run<I: Send, S, R: Send>(
    mut items: impl Iterator<Item = I> + Send,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, I) -> R + Sync,
    mut sink: impl FnMut(R) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let n_threads = std::thread::available_parallelism().map_or(2, usize::from);
    let n_open = n_threads * OPEN_PER_THREAD;
    std::thread::scope(|scope| {
        let (item_in, item_out) = sync_channel::<(u64, I)>(n_threads);
        let (result_in, result_out) = sync_channel::<(u64, R)>(n_open);
        // A permit is returned when a result is sunk, so a slow first batch cannot let later ones pile up.
        let (permit_in, permit_out) = sync_channel::<()>(n_open);
        for _ in 0..n_open {
            let _ = permit_in.send(());
        }
        scope.spawn(move || {
            let mut index = 0;
            while permit_out.recv().is_ok() {
                let Some(item) = items.next() else { break };
                if item_in.send((index, item)).is_err() {
                    break;
                }
                index += 1;
            }
        });
        let shared = std::sync::Arc::new(Mutex::new(item_out));
        for _ in 0..n_threads {
            let shared = shared.clone();
            let result_in = result_in.clone();
            let (state, work) = (&state, &work);
            scope.spawn(move || {
                let mut own = state();
                while let Some((index, item)) = take(&shared) {
                    if result_in.send((index, work(&mut own, item))).is_err() {
                        break;
                    }
                }
            });
        }
        // Only the workers may hold these ends: when all of them stop, both channels close.
        drop(result_in);
        drop(shared);
        let mut waiting = BTreeMap::new();
        let mut next = 0;
        while let Ok((index, result)) = result_out.recv() {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&next) {
                // On an error every channel end of this thread is dropped, which ends the others.
                sink(result)?;
                let _ = permit_in.try_send(());
                next += 1;
            }
        }
        Ok(())
    })
}

fn take<T>(shared: &Mutex<Receiver<T>>) -> Option<T> {
    shared.lock().ok()?.recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_leave_in_the_order_of_the_items() {
        let mut seen = Vec::new();
        run(
            0..1000_u64,
            || (),
            |(), item| item * 2,
            |result| {
                seen.push(result);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, (0..1000).map(|item| item * 2).collect::<Vec<u64>>());
    }

    #[test]
    fn a_closed_pipe_ends_the_run_although_input_never_ends() {
        let error = run(
            0_u64..,
            || (),
            |(), item| item,
            |result| {
                if result < 10 { Ok(()) } else { Err(std::io::ErrorKind::BrokenPipe.into()) }
            },
        )
        .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    }
}
