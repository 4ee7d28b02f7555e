//! Bodies in flight: how many bytes of bodies the whole program holds at the same time, and how many of them it processes
//! at the same time.
//!
//! Tiny bodies are not counted: a connection takes more memory than they do.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::available_parallelism;
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::maybe_ready::MaybeReady;

/// The maximum size of a body that is not counted, in bytes.
pub const TINY_MAX: usize = 4 << 10;
/// The maximum size of a body that a worker of the runtime processes, and of the pieces in which a response is sent, in
/// bytes.
pub const SMALL_MAX: usize = 64 << 10;
/// The maximum size of all request bodies together until their responses are complete, and of all response bodies together
/// until they are sent, in bytes. A larger body uses the whole room.
const IN_FLIGHT_MAX: usize = 16 << 20;
/// The maximum size of all response bodies that wait for their room, in bytes. Request bodies that wait are not in memory
/// yet.
const WAITING_MAX: usize = 16 << 20;
/// The unit in which bodies are counted, in bytes.
const UNIT: usize = 1 << 10;
/// The maximum size of all large request bodies that are processed at the same time, in bytes. A larger body is
/// processed alone. Processing takes several times the memory of the body.
const PROCESSED_MAX: usize = 8 << 20;
/// The time limit for waiting for the room of a body. It is longer than a client can hold the room without progress.
const WAIT: Duration = Duration::from_secs(60);
/// The time after which a body that has room must progress at [`RATE_MIN`].
const GRACE: Duration = Duration::from_secs(30);
/// The minimum rate of a body that has room, in bytes per second.
const RATE_MIN: u32 = 64 << 10;

/// The bodies in flight of an emulator.
#[derive(Debug)]
pub struct InFlight {
    requests: Arc<Semaphore>,
    responses: Arc<Semaphore>,
    waiting: Semaphore,
    processed: Arc<Semaphore>,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            requests: Arc::new(Semaphore::new(IN_FLIGHT_MAX / UNIT)),
            responses: Arc::new(Semaphore::new(IN_FLIGHT_MAX / UNIT)),
            waiting: Semaphore::new(WAITING_MAX / UNIT),
            processed: Arc::new(Semaphore::new(PROCESSED_MAX / UNIT)),
        }
    }
}

/// The room of a body. Dropping it makes the room free for other bodies.
#[derive(Debug)]
pub struct Room {
    _permit: OwnedSemaphorePermit,
    since: Instant,
}

impl Room {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        Self { _permit: permit, since: Instant::now() }
    }

    /// Returns the instant until which the client may hold the room without sending or reading more than `progress` bytes.
    pub fn deadline(&self, progress: usize) -> Instant {
        let progress = Duration::from_secs_f64(progress as f64 / f64::from(RATE_MIN));
        self.since + GRACE + progress
    }
}

impl InFlight {
    /// Waits for the room of a request body of `bytes`. Returns `None` if other bodies keep the room for too long.
    pub async fn receiving(&self, bytes: usize) -> Option<Room> {
        room(&self.requests, bytes).await
    }

    /// Executes work on a body of `bytes`. Work on a small body is done before this function returns. Work on a large body does not block the workers of the runtime: it waits for
    /// other such work, and is executed on a thread of its own.
    ///
    /// # Panics
    ///
    /// If `work` panics.
    pub fn work<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> MaybeReady<'_, T> {
        if bytes <= SMALL_MAX {
            return MaybeReady::ready(work());
        }
        MaybeReady::pending(self.work_elsewhere(bytes, work))
    }

    async fn work_elsewhere<T: Send + 'static>(&self, bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
        // No more bodies than processors, of any size.
        let least = PROCESSED_MAX / available_parallelism().map_or(1, usize::from);
        let permit = Arc::clone(&self.processed).acquire_many_owned(units(bytes.max(least), PROCESSED_MAX)).await;
        // The work goes on after the client has gone, and then keeps its permit.
        let work = move || {
            let _permit = permit;
            work()
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }

    /// Returns a body that has its room until it is sent. Returns `None` if there is no room for the body: at once if too
    /// many other responses wait for their room, or else after a time.
    pub fn sending(&self, body: Bytes) -> MaybeReady<'_, Option<Body>> {
        if body.len() <= TINY_MAX {
            return MaybeReady::ready(Some(Body::from(body)));
        }
        let sending = |body, room| Body::new(Sending { rest: body, sent: 0, room });
        if let Ok(permit) = Arc::clone(&self.responses).try_acquire_many_owned(units(body.len(), IN_FLIGHT_MAX)) {
            return MaybeReady::ready(Some(sending(body, Room::new(permit))));
        }
        let Ok(place) = self.waiting.try_acquire_many(units(body.len(), WAITING_MAX)) else {
            return MaybeReady::ready(None);
        };
        MaybeReady::pending(async move {
            let room = room(&self.responses, body.len()).await;
            drop(place);
            room.map(|room| sending(body, room))
        })
    }
}

/// Waits for the room of a body. Returns `None` if other bodies keep the room for too long.
#[expect(clippy::disallowed_methods, reason = "time limits of clients are measured on the machine's clock")]
async fn room(all: &Arc<Semaphore>, bytes: usize) -> Option<Room> {
    let permit = tokio::time::timeout(WAIT, Arc::clone(all).acquire_many_owned(units(bytes, IN_FLIGHT_MAX))).await;
    permit.ok()?.ok().map(Room::new)
}

/// Returns the units of a body, at most those of `max` bytes.
fn units(bytes: usize, max: usize) -> u32 {
    u32::try_from(bytes.min(max).div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// A body that is sent in pieces. The server holds one piece at a time, so the room is free only when nearly the whole
/// body is sent. If the client reads too slowly, the connection ends.
struct Sending {
    rest: Bytes,
    sent: usize,
    room: Room,
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if Instant::now() > self.room.deadline(self.sent) {
            return Poll::Ready(Some(Err(std::io::ErrorKind::TimedOut.into())));
        }
        let size = self.rest.len().min(SMALL_MAX);
        self.sent += size;
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
    }

    #[test]
    fn large_bodies_wait_for_room() {
        block_on(async {
            let in_flight = InFlight::default();
            let all = in_flight.receiving(usize::MAX).await;
            assert!(all.is_some() && in_flight.receiving(UNIT).await.is_none(), "the wait ends after a time");
            drop(all);
            assert!(in_flight.receiving(UNIT).await.is_some());
        });
    }

    #[test]
    fn sent_body_has_room_to_its_end() {
        block_on(async {
            let in_flight = InFlight::default();
            let whole = Bytes::from(vec![7; IN_FLIGHT_MAX]);
            let mut body = in_flight.sending(whole.clone()).await.unwrap();
            assert_eq!(body.size_hint().exact(), Some(whole.len() as u64));
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(first.len() == SMALL_MAX && in_flight.responses.available_permits() == 0);
            let rest = body.collect().await.unwrap().to_bytes();
            assert!([first, rest].concat() == whole && in_flight.responses.available_permits() == IN_FLIGHT_MAX / UNIT);
        });
    }

    #[test]
    fn few_responses_wait_for_room() {
        block_on(async {
            let in_flight = InFlight::default();
            let _all = room(&in_flight.responses, usize::MAX).await;
            let begun = tokio::time::Instant::now();
            let body = || Bytes::from(vec![7; WAITING_MAX / 2]);
            let (first, second, third) = tokio::join!(in_flight.sending(body()), in_flight.sending(body()), async {
                (in_flight.sending(body()).await.is_none(), begun.elapsed())
            });
            assert!(first.is_none() && second.is_none() && begun.elapsed() >= WAIT);
            assert_eq!(third, (true, Duration::ZERO));
        });
    }

    #[test]
    fn client_that_reads_too_slowly_loses_its_room() {
        block_on(async {
            let in_flight = InFlight::default();
            let mut body = in_flight.sending(Bytes::from(vec![7; 1 << 20])).await.unwrap();
            for _ in 0..3 {
                assert!(body.frame().await.unwrap().is_ok());
                tokio::time::advance(Duration::from_secs(10)).await;
            }
            // 30 seconds, and 3 seconds for three pieces.
            assert!(body.frame().await.unwrap().is_ok());
            tokio::time::advance(Duration::from_secs(5)).await;
            assert!(body.frame().await.unwrap().is_err());
        });
    }

    #[test]
    fn work_on_large_bodies_is_limited_and_passes_panics_on() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let in_flight = Arc::new(InFlight::default());
        let here = std::thread::current().id();
        let elsewhere = move || std::thread::current().id() != here;
        assert!(!runtime.block_on(in_flight.work(SMALL_MAX, elsewhere)));
        assert!(runtime.block_on(in_flight.work(SMALL_MAX + 1, elsewhere)));

        // The work goes on, and keeps its permit, after the client has gone.
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (begun, is_begun) = std::sync::mpsc::channel();
        let work = move || {
            begun.send(()).unwrap();
            let _ = wait.recv();
        };
        let shared = Arc::clone(&in_flight);
        let client = runtime.spawn(async move { shared.work(PROCESSED_MAX, work).await });
        is_begun.recv().unwrap();
        client.abort();
        assert!(runtime.block_on(client).is_err() && in_flight.processed.available_permits() == 0);
        drop(go);
        assert!(runtime.block_on(in_flight.work(PROCESSED_MAX, || true)));

        let panicking =
            std::panic::AssertUnwindSafe(|| runtime.block_on(in_flight.work(SMALL_MAX + 1, || panic!("it"))));
        let panicked: Result<(), _> = std::panic::catch_unwind(panicking);
        assert!(panicked.is_err() && in_flight.processed.available_permits() == PROCESSED_MAX / UNIT);
    }
}
