//! The progress of a long command, line by line.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::time::{Duration, Instant, Interval, MissedTickBehavior};

use super::Answer;
use super::deadlines::HEARTBEAT;

/// How often it is looked at what the box does.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The lines of one answer.
pub(super) struct Progress {
    work: Option<Pin<Box<dyn Future<Output = Answer>>>>,
    report: Box<dyn Fn() -> Option<Bytes>>,
    /// What was reported last.
    last: Option<Bytes>,
    looks: Interval,
    /// When there was a line; `None` before the first, which has the head of the answer sent.
    told: Option<Instant>,
}

impl Progress {
    /// Runs `work` as it is polled; `report` gives its state, as JSON without line feeds. What is dropped is
    /// not waited for any longer.
    pub(super) fn new(
        work: impl Future<Output = Answer> + 'static,
        report: impl Fn() -> Option<Bytes> + 'static,
    ) -> Self {
        let mut looks = tokio::time::interval(POLL_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { work: Some(Box::pin(work)), report: Box::new(report), last: None, looks, told: None }
    }

    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(work) = &mut self.work else { return Poll::Ready(None) };
        if let Poll::Ready(answer) = work.as_mut().poll(cx) {
            self.work = None;
            return Poll::Ready(Some(last_line(&answer)));
        }
        loop {
            ready!(self.looks.poll_tick(cx));
            if let Some(line) = self.next_report() {
                self.told = Some(Instant::now());
                return Poll::Ready(Some(line));
            }
        }
    }

    /// The next line, if one is due.
    fn next_report(&mut self) -> Option<Bytes> {
        let Some(told) = self.told else { return Some(BEAT) };
        let now = (self.report)();
        if now == self.last {
            return (told.elapsed() >= HEARTBEAT).then_some(BEAT);
        }
        self.last = now;
        self.last.as_ref().map(|now| [b"{\"progress\":", &now[..], b"}\n"].concat().into())
    }
}

impl Body for Progress {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.poll_line(cx).map(|line| line.map(|line| Ok(Frame::data(line))))
    }

    fn is_end_stream(&self) -> bool {
        self.work.is_none()
    }
}

/// Says only that the box is working.
const BEAT: Bytes = Bytes::from_static(b"\n");

/// The answer itself, whose body is JSON.
fn last_line(answer: &Answer) -> Bytes {
    let head = format!("{{\"status\":{},\"answer\":", answer.status.as_u16());
    [head.as_bytes(), &answer.body[..], b"}\n"].concat().into()
}
