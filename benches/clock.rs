//! Time that a thread worked: other work on the machine does not count.

use std::time::{Duration, Instant};

/// Time that this thread was running, from Linux; elsewhere the time that went by.
pub fn thread_time() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let own = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let own = own.and_then(|text| text.split(' ').next()?.parse().ok());
    own.map_or_else(|| START.elapsed(), Duration::from_nanos)
}
