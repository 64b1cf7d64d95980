//! A connection that has become a stream of events, with no more in memory than the socket and the stream.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::connection_timer::ConnectionTimer;
use super::end::End;
use super::handover::BegunStream;
use super::lifecycle::Due;
use super::metered::MeteredStream;
use crate::gzip::Compressible;

/// Writes events as they come, until the stream ends, the peer is gone, or the connection has to go. The next event is only
/// asked for when the last one is on its way, so that whoever reads slowly gets the newest state and no queue.
pub(super) async fn stream_events<S>(
    mut stream: MeteredStream<S>,
    mut begun: Box<BegunStream>,
    mut timer: Pin<&mut ConnectionTimer<'_>>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut is_silent = true;
    loop {
        let piece = match next(&mut stream, &mut begun, &mut is_silent, timer.as_mut()).await {
            Ok(piece) => piece,
            Err(end) => return end,
        };
        let is_last = piece.is_none();
        let bytes = match (piece, &mut begun.gzip) {
            (Some(piece), None) => piece.plain().clone(),
            (Some(piece), Some(gzip)) => gzip.append(&piece),
            (None, None) => Bytes::new(),
            (None, Some(gzip)) => gzip.end(),
        };
        let written = if begun.is_chunked {
            // A chunk without bytes is the last one.
            let end = if is_last && !bytes.is_empty() { "\r\n0\r\n\r\n" } else { "\r\n" };
            let head = format!("{:x}\r\n", bytes.len());
            write(&mut stream, Bytes::from(head).chain(bytes).chain(end.as_bytes()), timer.as_mut()).await
        } else {
            write(&mut stream, bytes, timer.as_mut()).await
        };
        if let Err(end) = written {
            return end;
        }
        if is_last {
            // TLS says goodbye, if that works at once: nobody waits for it.
            poll_fn(|cx| {
                let _ = Pin::new(&mut stream).poll_shutdown(cx);
                Poll::Ready(())
            })
            .await;
            return End::Closed(Ok(()));
        }
    }
}

/// The next piece; `None` for the end of the stream.
async fn next<S>(
    stream: &mut MeteredStream<S>,
    begun: &mut BegunStream,
    is_silent: &mut bool,
    mut timer: Pin<&mut ConnectionTimer<'_>>,
) -> Result<Option<Arc<Compressible>>, End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    poll_fn(|cx| {
        if timer.as_mut().ends_after_answer(cx) {
            return Poll::Ready(Ok(None));
        }
        if let Poll::Ready(piece) = begun.events.poll_next(cx) {
            return Poll::Ready(Ok(piece));
        }
        // A stream ends with its connection: what a peer sends meanwhile gets no answer.
        if *is_silent {
            let mut byte = [MaybeUninit::uninit()];
            let mut byte = ReadBuf::uninit(&mut byte);
            match Pin::new(&mut *stream).poll_read(cx, &mut byte) {
                Poll::Ready(Ok(())) if !byte.filled().is_empty() => *is_silent = false,
                Poll::Ready(_) => return Poll::Ready(Err(End::Closed(Ok(())))),
                Poll::Pending => {}
            }
        }
        match timer.as_mut().poll_due(cx) {
            Poll::Ready(Due::Overdue(reason)) => Poll::Ready(Err(End::Overdue(reason))),
            Poll::Ready(Due::Rest) | Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn write<S>(
    stream: &mut MeteredStream<S>,
    mut bytes: impl Buf,
    mut timer: Pin<&mut ConnectionTimer<'_>>,
) -> Result<(), End>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut written = pin!(async {
        stream.write_all_buf(&mut bytes).await?;
        stream.flush().await
    });
    poll_fn(|cx| {
        if let Poll::Ready(written) = written.as_mut().poll(cx) {
            return Poll::Ready(written.map_err(|error: io::Error| End::Failed(error)));
        }
        // It also brings the deadline closer.
        timer.as_mut().ends_after_answer(cx);
        match timer.as_mut().poll_due(cx) {
            Poll::Ready(Due::Overdue(reason)) => Poll::Ready(Err(End::Overdue(reason))),
            Poll::Ready(Due::Rest) | Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::rc::Rc;
    use std::time::Duration;

    use flate2::read::GzDecoder;
    use tokio::io::{AsyncReadExt as _, DuplexStream};
    use tokio::sync::watch;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::erp::Feed;
    use crate::gzip::GzipStream;
    use crate::http::deadlines::Activity;
    use crate::http::drain::Drain;
    use crate::http::events::Source;
    use crate::http::limits::TrackedConnection;
    use crate::http::listener::Scheme;
    use crate::http::metered::MeteredSocket;
    use crate::http::sweeper::Sweeper;
    use crate::http::timeouts::Timeouts;
    use crate::metrics::CloseReason;

    const TIMEOUTS: Timeouts = Timeouts {
        handshake: Duration::from_secs(5),
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        write_stall: Duration::from_secs(30),
    };

    /// A live channel over a pipe that holds little, its peer, and what stops it, in virtual time.
    fn with_channel(
        gzip: Option<GzipStream>,
        test: impl AsyncFnOnce(Feed, Pin<&mut dyn Future<Output = End>>, DuplexStream, CancellationToken),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let (near, far) = tokio::io::duplex(64);
            let (drain, sweeper) = (Drain::default(), Sweeper::default());
            let tracked = Arc::<TrackedConnection>::default();
            let activity = Activity::new(TIMEOUTS, Scheme::Http, Arc::clone(&tracked));
            let socket = MeteredSocket::new(near, Rc::clone(&activity));
            let stream = MeteredStream::new(socket, Rc::clone(&activity), Arc::default());
            let (feed, closing) = (Feed::sample(&[]), CancellationToken::new());
            let (_changes, changes) = watch::channel(0);
            let source = Source::new(changes, TIMEOUTS.heartbeat(), closing.clone());
            let events = source.open_live(feed.subscribe(), None, None);
            let begun = BegunStream { events, answering: activity.begin_answer(), is_chunked: true, gzip };
            let timer = pin!(ConnectionTimer::new(&activity, &drain, &sweeper, &tracked));
            let serving = pin!(stream_events(stream, Box::new(begun), timer));
            tokio::select! {
                () = test(feed, serving, far, closing) => {}
                () = sweeper.run() => {}
            }
        });
    }

    /// What comes until these words do.
    async fn read_until(
        mut serving: Pin<&mut dyn Future<Output = End>>,
        far: &mut DuplexStream,
        words: &str,
    ) -> String {
        let mut text = String::new();
        while !text.contains(words) {
            let mut piece = [0; 64];
            let count = tokio::select! {
                count = far.read(&mut piece) => count.expect("bytes"),
                _ = &mut serving => panic!("it ended after {text}"),
            };
            text.push_str(std::str::from_utf8(&piece[..count]).expect("text"));
        }
        text
    }

    #[test]
    fn whoever_reads_slowly_gets_the_newest_and_no_queue() {
        with_channel(None, async |feed, mut serving, mut far, _closing| {
            let text = read_until(serving.as_mut(), &mut far, "\"max_stale_s\"").await;
            assert!(text.contains("retry: 2000\n\n\r\n"), "{text}");
            for _ in 0..100 {
                feed.change();
            }
            let newest = format!("id: {}\n", feed.latest().id());
            let text = read_until(serving.as_mut(), &mut far, &newest).await;
            assert_eq!(text.matches("id: ").count(), 1, "{text}");
        });
    }

    #[test]
    fn a_peer_that_reads_nothing_is_given_up() {
        with_channel(None, async |_feed, serving, _far, _closing| {
            let began = tokio::time::Instant::now();
            assert!(matches!(serving.await, End::Overdue(CloseReason::WriteStall)));
            assert_eq!(began.elapsed(), TIMEOUTS.write_stall);
        });
    }

    #[test]
    fn a_peer_that_leaves_ends_it_before_the_next_heartbeat() {
        with_channel(None, async |feed, mut serving, mut far, _closing| {
            read_until(serving.as_mut(), &mut far, "}}").await;
            assert_eq!(feed.channels(), 1);
            let began = tokio::time::Instant::now();
            drop(far);
            assert!(matches!(serving.await, End::Closed(Ok(()))));
            assert!(began.elapsed().is_zero());
        });
    }

    #[test]
    fn the_end_is_a_last_chunk() {
        with_channel(None, async |_feed, mut serving, mut far, closing| {
            read_until(serving.as_mut(), &mut far, "}}\n\n\r\n").await;
            closing.cancel();
            assert!(matches!(serving.await, End::Closed(Ok(()))));
            let mut rest = String::new();
            far.read_to_string(&mut rest).await.expect("the end");
            assert_eq!(rest, "0\r\n\r\n");
        });
    }

    #[test]
    fn a_compressed_one_can_be_read_at_once_and_ends_as_a_whole_file() {
        with_channel(Some(GzipStream::default()), async |feed, mut serving, mut far, closing| {
            let (mut coded, mut text) = (Vec::new(), String::new());
            while !text.ends_with("}}\n\n") {
                let mut piece = [0; 64];
                let count = tokio::select! {
                    count = far.read(&mut piece) => count.expect("bytes"),
                    _ = &mut serving => panic!("it ended after {text}"),
                };
                coded.extend_from_slice(&piece[..count]);
                text.clear();
                // What has come so far, whole or not.
                let _ = GzDecoder::new(&unchunked(&coded)[..]).read_to_string(&mut text);
            }
            let whole = feed.latest().whole(std::time::Instant::now()).event.plain().clone();
            let expected = [b"retry: 2000\n\n", &whole[..]].concat();
            assert_eq!(text.as_bytes(), expected);
            closing.cancel();
            assert!(matches!(serving.await, End::Closed(Ok(()))));
            far.read_to_end(&mut coded).await.expect("the end");
            assert!(coded.ends_with(b"\r\n0\r\n\r\n"), "the last chunk");
            let mut text = Vec::new();
            GzDecoder::new(&unchunked(&coded)[..]).read_to_end(&mut text).expect("a whole file");
            assert_eq!(text, expected);
        });
    }

    /// The contents of the chunks that have begun.
    fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
            let length = std::str::from_utf8(&bytes[..end]).expect("a length");
            let length = usize::from_str_radix(length, 16).expect("a length");
            let rest = &bytes[end + 2..];
            content.extend_from_slice(&rest[..length.min(rest.len())]);
            bytes = rest.get(length + 2..).unwrap_or_default();
        }
        content
    }
}
