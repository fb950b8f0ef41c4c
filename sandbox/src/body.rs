//! Bodies of answers: whole, cut off, or dripping.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The body of an answer.
pub(crate) enum AnswerBody {
    /// All at once.
    Whole(Bytes),
    /// Only the first half of what `Content-Length` promises; the connection is closed then.
    Half { sent: bool, half: Bytes },
    /// A byte at a time.
    Drip { left: Bytes, pause: Duration, timer: Pin<Box<Sleep>> },
}

impl AnswerBody {
    /// Half of a body.
    pub(crate) fn half(body: Bytes) -> Self {
        let middle = body.len() / 2;
        Self::Half { sent: false, half: body.slice(..middle) }
    }

    /// A body that comes one byte after each pause.
    pub(crate) fn drip(body: Bytes, pause: Duration) -> Self {
        Self::Drip { left: body, pause, timer: Box::pin(sleep(pause)) }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Half { half, .. } if !half.is_empty() => {
                Poll::Ready(Some(Ok(Frame::data(std::mem::take(half)))))
            }
            // Ends only on the next poll, so that the half goes out before the connection does.
            Self::Half { sent, .. } if !*sent => {
                *sent = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Half { .. } => Poll::Ready(None),
            Self::Drip { left, pause, timer } => {
                if left.is_empty() {
                    return Poll::Ready(None);
                }
                if timer.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                timer.set(sleep(*pause));
                Poll::Ready(Some(Ok(Frame::data(left.split_to(1)))))
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Half { .. } => SizeHint::default(),
            Self::Drip { left, .. } => SizeHint::with_exact(left.len() as u64),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Half { .. } => false,
            Self::Drip { left, .. } => left.is_empty(),
        }
    }
}
