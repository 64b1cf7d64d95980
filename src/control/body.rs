//! The bodies of requests and answers: in memory as a whole, or a line at a time.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::progress::Progress;

/// Reads a request's body; nothing where it is longer than `most` or does not come to its end.
pub(super) async fn read(mut body: Incoming, most: usize) -> Option<Bytes> {
    if body.size_hint().lower() > most as u64 {
        return None;
    }
    let mut whole = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        if whole.len() + data.len() > most {
            return None;
        }
        whole.extend_from_slice(&data);
    }
    Some(whole.into())
}

/// A body to send.
pub(super) enum Answered {
    /// What is left of it.
    Whole(Bytes),
    /// While an order is carried out.
    Lines(Progress),
}

impl http_body::Body for Answered {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Self::Lines(progress) => progress.poll_line(cx).map(|line| line.map(|line| Ok(Frame::data(line)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::Lines(progress) => progress.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Lines(_) => SizeHint::default(),
        }
    }
}
