//! The end of idle connections.
//!
//! One alarm per connection replaces the timer that hyper sets for each head of a request: it takes no time while requests
//! arrive.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What a connection has done since the alarm last looked.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// The number of requests whose responses have not begun.
    in_progress: AtomicUsize,
    /// `true` if a request began, or if a byte was written.
    is_active: AtomicBool,
}

/// A request in progress. Dropping it ends the progress.
#[derive(Debug)]
pub(crate) struct InProgress<'a>(&'a Activity);

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        self.0.in_progress.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Activity {
    /// Notes that a request begins.
    pub(crate) fn begin(&self) -> InProgress<'_> {
        self.in_progress.fetch_add(1, Ordering::Relaxed);
        self.note();
        InProgress(self)
    }

    /// Notes that bytes are written.
    pub(crate) fn note(&self) {
        self.is_active.store(true, Ordering::Relaxed);
    }

    /// Completes when the connection was idle for `period`, and at most for twice as long. A client that sends the head of a
    /// request too slowly is idle too.
    #[expect(clippy::disallowed_methods, reason = "time limits of clients are measured on the machine's clock")]
    pub(crate) async fn idle(&self, period: Duration) {
        loop {
            tokio::time::sleep(period).await;
            let was_active = self.is_active.swap(false, Ordering::Relaxed);
            if !was_active && self.in_progress.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    const PERIOD: Duration = Duration::from_secs(30);

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "the clock of the test is paused")]
    async fn connection_is_idle_without_requests_and_writes() {
        let activity = Activity::default();
        let begun = Instant::now();
        activity.idle(PERIOD).await;
        assert_eq!(begun.elapsed(), PERIOD);

        let request = activity.begin();
        assert!(timeout(10 * PERIOD, activity.idle(PERIOD)).await.is_err(), "a request is in progress");
        drop(request);
        activity.note();
        let begun = Instant::now();
        activity.idle(PERIOD).await;
        assert_eq!(begun.elapsed(), 2 * PERIOD);
    }
}
