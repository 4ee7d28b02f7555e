//! A result that is ready, or that a future computes.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A result that is ready, or the future of the result.
///
/// An `async` function moves its arguments into a future, and every caller moves that future into its own. For a small
/// request, these moves are a considerable part of the cost.
#[must_use = "a pending result does nothing unless it is awaited"]
pub enum MaybeReady<'a, T> {
    /// The result is ready. `None` after it is taken.
    Ready(Option<T>),
    /// The result is ready when this future completes.
    Pending(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<'a, T> MaybeReady<'a, T> {
    /// Wraps a result.
    pub fn ready(result: T) -> Self {
        Self::Ready(Some(result))
    }

    /// Wraps a future.
    pub fn pending(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self::Pending(Box::pin(future))
    }

    /// Continues with `next` when the result is ready.
    pub fn then<U>(self, next: impl FnOnce(T) -> MaybeReady<'a, U> + Send + 'a) -> MaybeReady<'a, U>
    where
        T: 'a,
        U: Unpin + Send + 'a,
    {
        match self {
            Self::Ready(result) => next(result.expect(TAKEN)),
            Self::Pending(future) => MaybeReady::pending(async move { next(future.await).await }),
        }
    }

    /// Converts the result when it is ready.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U + Send + 'a) -> MaybeReady<'a, U>
    where
        T: 'a,
    {
        match self {
            Self::Ready(result) => MaybeReady::ready(convert(result.expect(TAKEN))),
            Self::Pending(future) => MaybeReady::pending(async move { convert(future.await) }),
        }
    }
}

/// The panic message of a future that is polled after it has completed.
const TAKEN: &str = "the result is taken only once";

impl<T> fmt::Debug for MaybeReady<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Ready(_)) { "Ready" } else { "Pending" })
    }
}

impl<T: Unpin> Future for MaybeReady<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut *self {
            Self::Ready(result) => Poll::Ready(result.take().expect(TAKEN)),
            Self::Pending(future) => future.as_mut().poll(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn continues_at_once_or_later() {
        let double = |n: i32| MaybeReady::ready(n * 2);
        let add = |n: i32| n + 1;
        assert!(matches!(MaybeReady::ready(3).then(double).map(add), MaybeReady::Ready(Some(7))));
        let later = MaybeReady::pending(async {
            tokio::task::yield_now().await;
            3
        });
        let later = later.then(double).map(add);
        assert!(matches!(later, MaybeReady::Pending(_)));
        assert_eq!(later.await, 7);
    }
}
