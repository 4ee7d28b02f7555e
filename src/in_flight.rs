//! Bodies in flight: how many bytes of large bodies the whole program holds at the same time, and how many of them it
//! processes at the same time.
//!
//! Small bodies are not counted. The number of open connections limits their sum.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The maximum size of a small body, in bytes.
pub const SMALL: usize = 64 << 10;
/// The maximum size of all large request bodies together until their responses are complete, and of all large response
/// bodies together until they are sent, in bytes. A larger body uses the whole room.
const IN_FLIGHT_MAX: usize = 16 << 20;
/// The maximum size of all large response bodies that wait for their room, in bytes. Request bodies that wait are not in
/// memory yet.
const WAITING_MAX: usize = 16 << 20;
/// The unit in which large bodies are counted, in bytes.
const UNIT: usize = 1 << 10;
/// The maximum size of all large request bodies that are processed at the same time, in bytes. A larger body is
/// processed alone. Processing takes several times the memory of the body.
const PROCESSED_MAX: usize = 8 << 20;
/// The time limit for waiting for the room of a large body.
const WAIT: Duration = Duration::from_secs(30);

/// The bodies in flight of an emulator.
#[derive(Debug)]
pub struct InFlight {
    requests: Arc<Semaphore>,
    responses: Arc<Semaphore>,
    waiting: Semaphore,
    processed: Semaphore,
}

impl Default for InFlight {
    fn default() -> Self {
        Self {
            requests: Arc::new(Semaphore::new(IN_FLIGHT_MAX / UNIT)),
            responses: Arc::new(Semaphore::new(IN_FLIGHT_MAX / UNIT)),
            waiting: Semaphore::new(WAITING_MAX / UNIT),
            processed: Semaphore::new(PROCESSED_MAX / UNIT),
        }
    }
}

/// The room of a large body. Dropping it makes the room free for other bodies.
#[derive(Debug)]
pub struct Room(#[expect(dead_code, reason = "dropping the permit is its use")] OwnedSemaphorePermit);

impl InFlight {
    /// Waits for the room of a large request body of `bytes`. Returns `None` if other bodies keep the room for too long.
    pub async fn receiving(&self, bytes: usize) -> Option<Room> {
        room(&self.requests, bytes).await
    }

    /// Executes work on a body of `bytes`. Work on a large body does not block the workers of the runtime: it waits for
    /// other such work, and is executed on a thread of its own.
    ///
    /// # Panics
    ///
    /// If `work` panics.
    pub async fn work<T: Send + 'static>(&self, bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
        if bytes <= SMALL {
            return work();
        }
        let units = units(bytes, PROCESSED_MAX);
        let _permit = self.processed.acquire_many(units).await.expect("the semaphore is never closed");
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }

    /// Returns a body that has its room until it is sent. Returns `None` if there is no room for a large body: at once if
    /// too many other responses wait for their room, or else after a time.
    pub async fn sending(&self, body: Bytes) -> Option<Body> {
        if body.len() <= SMALL {
            return Some(Body::from(body));
        }
        let room = match Arc::clone(&self.responses).try_acquire_many_owned(units(body.len(), IN_FLIGHT_MAX)) {
            Ok(permit) => Room(permit),
            Err(_) => {
                let _place = self.waiting.try_acquire_many(units(body.len(), WAITING_MAX)).ok()?;
                room(&self.responses, body.len()).await?
            }
        };
        Some(Body::new(Sending { rest: body, _room: room }))
    }
}

/// Waits for the room of a body. Returns `None` if other bodies keep the room for too long.
#[expect(clippy::disallowed_methods, reason = "time limits of clients are measured on the machine's clock")]
async fn room(all: &Arc<Semaphore>, bytes: usize) -> Option<Room> {
    let permit = tokio::time::timeout(WAIT, Arc::clone(all).acquire_many_owned(units(bytes, IN_FLIGHT_MAX))).await;
    permit.ok()?.ok().map(Room)
}

/// Returns the units of a body, at most those of `max` bytes.
fn units(bytes: usize, max: usize) -> u32 {
    u32::try_from(bytes.min(max).div_ceil(UNIT)).unwrap_or(u32::MAX)
}

/// A large body that is sent in pieces. The server holds one piece at a time, so the room is free only when nearly the
/// whole body is sent.
struct Sending {
    rest: Bytes,
    _room: Room,
}

impl HttpBody for Sending {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let size = self.rest.len().min(SMALL);
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
            assert!(all.is_some() && in_flight.receiving(1).await.is_none(), "the wait ends after a time");
            drop(all);
            assert!(in_flight.receiving(1).await.is_some());
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
            assert!(first.len() == SMALL && in_flight.responses.available_permits() == 0);
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
    fn work_on_large_bodies_is_limited_and_passes_panics_on() {
        block_on(async {
            let in_flight = Arc::new(InFlight::default());
            assert_eq!(in_flight.work(SMALL + 1, || 7).await, 7);
            let here = std::thread::current().id();
            assert!(in_flight.work(SMALL, move || std::thread::current().id() == here).await);
            assert!(in_flight.work(SMALL + 1, move || std::thread::current().id() != here).await);
        });
    }
}
