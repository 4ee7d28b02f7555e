//! The closing of a connection in place of an answer, within it, or after it.
//!
//! hyper gives up a response when its body fails, and with it the bytes that are not sent yet. So the body does not fail: at
//! its cut it lights a fuse and waits, and the stream fails once it has sent everything.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::http::Response;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::fabric::fault::effect::Disconnect;
use crate::idle::Activity;

/// The error of a request whose connection a fault closes without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault closed the connection")]
pub(crate) struct Disconnected;

/// A flag of a connection. After it is lit, the connection ends when all bytes are sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fuse(Arc<AtomicBool>);

impl Fuse {
    fn light(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_lit(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns the response to send. If a fault struck it, the response is cut, or `Disconnected` is returned.
    pub(crate) fn cut(&self, mut response: Response<Body>) -> Result<Response<Body>, Disconnected> {
        let bytes = match response.extensions_mut().remove::<Disconnect>() {
            None => return Ok(response),
            Some(Disconnect::Before) => return Err(Disconnected),
            Some(Disconnect::After) => u64::MAX,
            Some(Disconnect::AfterBytes(bytes)) => bytes,
        };
        Ok(response.map(|body| {
            let length = body.size_hint().exact().unwrap_or_default();
            let left = bytes.min(length);
            if left == 0 {
                self.light();
            }
            Body::new(CutBody { body, left, length, fuse: self.clone() })
        }))
    }
}

/// A body that stops after a number of bytes, and announces its full length.
struct CutBody {
    body: Body,
    /// The number of bytes until the cut.
    left: u64,
    /// The number of bytes until the end.
    length: u64,
    fuse: Fuse,
}

impl HttpBody for CutBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return if self.length == 0 { Poll::Ready(None) } else { Poll::Pending };
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        let data = match frame.map(|frame| frame.map(Frame::into_data)) {
            Some(Ok(Ok(data))) => data,
            Some(Err(why)) => return Poll::Ready(Some(Err(why))),
            Some(Ok(Err(_))) | None => Bytes::new(),
        };
        let sent = data.slice(..data.len().min(usize::try_from(self.left).unwrap_or(usize::MAX)));
        self.left -= sent.len() as u64;
        self.length -= sent.len() as u64;
        if self.left == 0 {
            self.fuse.light();
        }
        Poll::Ready(Some(Ok(Frame::data(sent))))
    }

    fn is_end_stream(&self) -> bool {
        self.length == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

/// A stream that fails when its fuse is lit and all bytes are sent.
#[derive(Debug)]
pub(crate) struct FusedStream<S> {
    pub(crate) stream: S,
    pub(crate) fuse: Fuse,
    pub(crate) activity: Arc<Activity>,
}

impl<S: AsyncRead + Unpin> AsyncRead for FusedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FusedStream<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        self.activity.note();
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        if self.fuse.is_lit() {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, Disconnected)));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, parts));
        self.activity.note();
        Poll::Ready(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
