//! The socket and those who come to it: root, or the box's own user.

use std::cell::Cell;
use std::convert::Infallible;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::deadlines::MAX_REQUEST;
use super::progress::Progress;
use super::{Answer, CommandHandler, ControlCommand, LINES};
use crate::lang::Text;

/// Connections at once: people at a command line.
const MAX_CONNECTIONS: usize = 8;
/// For the answers that are under way when the box stops.
const GRACE: Duration = Duration::from_secs(2);
/// After a failure to accept.
const PAUSE: Duration = Duration::from_secs(1);
/// A body to send: in memory as a whole, or line by line while a command is carried out.
type Answered = Either<Full<Bytes>, Progress>;

/// Bytes of a request's head.
const MAX_HEAD: usize = 8192;
/// Bytes of a request's body: of the journal, which is the longest.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

/// Why the box cannot be reached from its command line. It serves all the same.
#[derive(Debug, Error)]
pub(crate) enum ControlError {
    /// Another box lives in the same data directory.
    #[error("another workshop-edge answers at {}: give each its own data_dir", .0.display())]
    Taken(PathBuf),
    /// The socket.
    #[error("cannot {operation} {}", path.display())]
    Socket {
        /// What was tried.
        operation: &'static str,
        /// With which.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// A running server; its socket is gone after [`Server::stop`].
pub(crate) struct Server {
    path: PathBuf,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Listens at `path`; must be called inside a `LocalRuntime`. A socket that a dead process has left is replaced.
    pub(crate) fn start(path: &Path, handler: impl CommandHandler) -> Result<Self, ControlError> {
        let listener = bind(path)?;
        let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn_local(accept(listener, Rc::new(handler), stopping.clone(), tasks.clone()));
        Ok(Self { path: path.to_owned(), stopping, tasks })
    }

    /// Takes no more commands, and finishes the answers that are under way.
    pub(crate) async fn stop(self) {
        let _ = fs::remove_file(&self.path);
        self.stopping.cancel();
        self.tasks.close();
        if timeout(GRACE, self.tasks.wait()).await.is_err() {
            tracing::debug!("a client did not read its answer");
        }
    }
}

/// Bound beside its place and moved there, so that it is never there with other permissions.
fn bind(path: &Path) -> Result<UnixListener, ControlError> {
    let failed = |operation| move |source| ControlError::Socket { operation, path: path.to_owned(), source };
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(ControlError::Taken(path.to_owned()));
    }
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(failed("make the directory of"))?;
    }
    let temporary = path.with_extension("new");
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("replace")(error)),
        _ => {}
    }
    let listener = UnixListener::bind(&temporary).map_err(failed("listen at"))?;
    fs::set_permissions(&temporary, Permissions::from_mode(0o600)).map_err(failed("protect"))?;
    fs::rename(&temporary, path).map_err(failed("listen at"))?;
    Ok(listener)
}

async fn accept(
    listener: UnixListener,
    handler: Rc<impl CommandHandler>,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((listener.accept().await?.0, place))
        };
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                tasks.spawn_local(serve(stream, Rc::clone(&handler), place));
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket failed");
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }
}

async fn serve(stream: UnixStream, handler: Rc<impl CommandHandler>, _place: OwnedSemaphorePermit) {
    // The permissions of the socket say the same; these count where they were changed, or in the moment before.
    match stream.peer_cred() {
        Ok(peer) if is_allowed(peer.uid()) => {}
        peer => {
            tracing::warn!(
                audit = true,
                uid = peer.ok().map(|peer| peer.uid()),
                "a client of the control socket with another user id"
            );
            return;
        }
    }
    let give_up = Cell::new(Instant::now() + MAX_REQUEST);
    let service = service_fn(|request: Request<Incoming>| {
        let (handler, give_up) = (Rc::clone(&handler), &give_up);
        async move {
            let wants_lines = request.headers().get(header::ACCEPT).is_some_and(|accepted| accepted == LINES);
            let response = match ControlCommand::of(request.method(), request.uri().path()) {
                Ok(command) => match read(request.into_body()).await {
                    Some(body) => {
                        give_up.set(Instant::now() + command.server_deadline());
                        match handler.progress(command) {
                            Some(_) if wants_lines => in_lines(handler, command, body),
                            _ => respond(handle_in_time(&*handler, command, body).await),
                        }
                    }
                    None => respond(refused(StatusCode::PAYLOAD_TOO_LARGE)),
                },
                Err(status) => respond(refused(status)),
            };
            Ok::<_, Infallible>(response)
        }
    });
    let connection =
        http1::Builder::new().keep_alive(false).max_buf_size(MAX_HEAD).serve_connection(TokioIo::new(stream), service);
    let late = async {
        while Instant::now() < give_up.get() {
            sleep_until(give_up.get()).await;
        }
    };
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a client of the control socket failed");
            }
        }
        () = late => tracing::debug!("a client of the control socket took too long"),
    }
}

/// Reads a request's body; nothing where it is too long or does not come to its end. One that is announced as too long is
/// not waited for.
async fn read(body: Incoming) -> Option<Bytes> {
    if body.size_hint().lower() > MAX_BODY as u64 {
        return None;
    }
    Some(Limited::new(body, MAX_BODY).collect().await.ok()?.to_bytes())
}

/// Carries a command out within its time.
async fn handle_in_time(handler: &impl CommandHandler, command: ControlCommand, body: Bytes) -> Answer {
    timeout(command.max_work(), handler.handle(command, body)).await.unwrap_or_else(|_| {
        let seconds = command.max_work().as_secs();
        tracing::warn!(?command, seconds, "a command took too long");
        Answer::failed_in_words(&Text::new(
            format!(
                "El equipo no ha terminado en {seconds} s, y puede que siga: espere un poco y vuelva a intentarlo."
            ),
            format!(
                "The box has not finished within {seconds} s, and may still be at it: wait a little and try again."
            ),
        ))
    })
}

/// Answers while the command is carried out.
fn in_lines<O: CommandHandler>(handler: Rc<O>, command: ControlCommand, body: Bytes) -> Response<Answered> {
    let reporter = Rc::clone(&handler);
    let work = async move { handle_in_time(&*handler, command, body).await };
    let mut response = Response::new(Either::Right(Progress::new(work, move || reporter.progress(command))));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(LINES));
    response
}

fn refused(status: StatusCode) -> Answer {
    Answer::refused(status, status.canonical_reason().unwrap_or("refused"))
}

fn is_allowed(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

fn respond(answer: Answer) -> Response<Answered> {
    let Answer { status, media, body } = answer;
    let mut response = Response::new(Either::Left(body.into()));
    *response.status_mut() = if status.is_informational() { StatusCode::INTERNAL_SERVER_ERROR } else { status };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::{Read as _, Write as _};
    use std::thread;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::runtime::LocalOptions;

    use super::*;

    struct Echo(RefCell<Vec<ControlCommand>>);

    impl CommandHandler for Rc<Echo> {
        async fn handle(&self, command: ControlCommand, body: Bytes) -> Answer {
            assert!(body.is_empty() || body.len() == MAX_BODY);
            self.0.borrow_mut().push(command);
            match command {
                ControlCommand::Restart => Answer::failed("not now"),
                other => Answer::json(&serde_json::json!(format!("{other:?}"))),
            }
        }
    }

    /// Runs a server at `path` while `client` talks to it from another thread.
    fn with_server(path: &Path, client: impl FnOnce() + Send + 'static) -> Vec<ControlCommand> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
            .expect("a runtime");
        let echo = Rc::new(Echo(RefCell::default()));
        runtime.block_on(async {
            let server = Server::start(path, Rc::clone(&echo)).expect("listening");
            let client = tokio::task::spawn_blocking(client);
            client.await.expect("the client is content");
            server.stop().await;
        });
        assert!(!path.exists());
        Rc::into_inner(echo).expect("the server is gone").0.into_inner()
    }

    fn ask(path: &Path, head: &str) -> String {
        let mut stream = std::os::unix::net::UnixStream::connect(path).expect("connected");
        stream.write_all(head.as_bytes()).expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer and its end");
        text
    }

    #[test]
    fn orders_are_carried_out_and_answered() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("data").join(super::super::SOCKET);
        let at = path.clone();
        let commands = with_server(&path, move || {
            let mode = fs::metadata(&at).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let answer = ask(&at, "GET /pin HTTP/1.1\r\nhost: box\r\n\r\n");
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n\"Pin\""), "{answer}");
            let answer = ask(&at, "POST /restart HTTP/1.1\r\nhost: box\r\ncontent-length: 0\r\n\r\n");
            assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("{\"error\":\"not now\"}"), "{answer}");
            // The longer body is only announced: bytes that nobody reads would reset the connection.
            for (length, sent, status) in [(MAX_BODY, MAX_BODY, "200"), (MAX_BODY + 1, 0, "413")] {
                let head = format!("POST /support-bundle HTTP/1.1\r\nhost: box\r\ncontent-length: {length}\r\n\r\n");
                let answer = ask(&at, &(head + &"x".repeat(sent)));
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
            }
            assert!(ask(&at, "GET /restart HTTP/1.1\r\nhost: box\r\n\r\n").starts_with("HTTP/1.1 405 "));
            // More than it ever reads: what is left unread resets the connection, and the answer may be lost with it.
            let mut stream = std::os::unix::net::UnixStream::connect(&at).expect("connected");
            let _ = stream.write_all(format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(MAX_HEAD)).as_bytes());
            let mut text = String::new();
            let _ = stream.read_to_string(&mut text);
            assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
        });
        assert_eq!(commands, [ControlCommand::Pin, ControlCommand::Restart, ControlCommand::SupportBundle]);
    }

    /// Takes longer than any client's patience, in a time that passes as soon as nobody has anything to do.
    struct Slow(Duration);

    impl CommandHandler for Rc<Slow> {
        async fn handle(&self, command: ControlCommand, _: Bytes) -> Answer {
            tokio::time::sleep(self.0).await;
            Answer::json(&serde_json::json!(format!("{command:?}")))
        }

        fn progress(&self, command: ControlCommand) -> Option<Bytes> {
            (command == ControlCommand::Update).then(|| Bytes::from_static(b"\"at work\""))
        }
    }

    fn answered_in(time: Duration, request: &str) -> String {
        timed(time, request).0
    }

    /// The answer to a command that takes so long, over one end of a pair of sockets, and the time that it took.
    fn timed(time: Duration, request: &str) -> (String, Duration) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build_local(LocalOptions::default())
            .expect("a runtime");
        runtime.block_on(async {
            let (mut client, server) = UnixStream::pair().expect("a pair");
            let place = Arc::new(Semaphore::new(1)).acquire_owned().await.expect("a place");
            tokio::task::spawn_local(serve(server, Rc::new(Rc::new(Slow(time))), place));
            let began = Instant::now();
            client.write_all(request.as_bytes()).await.expect("sent");
            let mut text = String::new();
            client.read_to_string(&mut text).await.expect("an answer and its end");
            (text, began.elapsed())
        })
    }

    #[test]
    fn an_order_that_takes_long_is_answered_and_reported_meanwhile() {
        let long = Duration::from_secs(600);
        let text = answered_in(long, LINES_OF_UPDATE);
        let (head, body) = text.split_once("\r\n\r\n").expect("a body");
        assert!(head.contains("content-type: application/x-ndjson") && !head.contains("transfer-encoding"), "{head}");
        let lines: Vec<_> = body.lines().collect();
        assert_eq!(lines[..2], ["", "{\"progress\":\"at work\"}"], "{body}");
        assert_eq!(lines.last(), Some(&"{\"status\":200,\"answer\":\"Update\"}"), "{body}");
        let beats = lines.iter().filter(|line| line.is_empty()).count();
        assert!((100..=121).contains(&beats), "{beats}");
        // A client from before knows no lines.
        let text = answered_in(long, "POST /update HTTP/1.1\r\nhost: box\r\ncontent-length: 2\r\n\r\n{}");
        assert!(text.contains("content-length: 8\r\n") && text.ends_with("\"Update\""), "{text}");
        let late = answered_in(ControlCommand::Update.max_work() * 2, LINES_OF_UPDATE);
        assert!(late.lines().last().is_some_and(|line| line.starts_with("{\"status\":503,")), "{late}");
    }

    #[test]
    fn what_takes_too_long_is_answered_while_its_client_still_waits() {
        for command in ControlCommand::ALL {
            let request =
                format!("{} {} HTTP/1.1\r\nhost: box\r\ncontent-length: 0\r\n\r\n", command.method(), command.path());
            let (text, took) = timed(command.client_patience() * 2, &request);
            assert!(text.starts_with("HTTP/1.1 503 ") && text.contains("not finished within"), "{command:?}: {text}");
            assert!(took < command.client_patience(), "{command:?}: {took:?}");
        }
        // One that never comes to its end is no command.
        let (text, took) =
            timed(Duration::ZERO, "POST /pin/check HTTP/1.1\r\nhost: box\r\ncontent-length: 8\r\n\r\n1234");
        assert_eq!((text.as_str(), took), ("", MAX_REQUEST));
    }

    const LINES_OF_UPDATE: &str =
        "POST /update HTTP/1.0\r\naccept: application/x-ndjson\r\ncontent-length: 2\r\n\r\n{}";

    #[test]
    fn more_than_its_places_wait_and_are_served_then() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(super::super::SOCKET);
        let at = path.clone();
        let commands = with_server(&path, move || {
            let silent: Vec<_> = (0..MAX_CONNECTIONS)
                .map(|_| std::os::unix::net::UnixStream::connect(&at).expect("connected"))
                .collect();
            let late = thread::spawn(move || ask(&at, "GET /pin HTTP/1.1\r\nhost: box\r\n\r\n"));
            drop(silent);
            assert!(late.join().expect("an answer").contains("\"Pin\""));
        });
        assert_eq!(commands, [ControlCommand::Pin]);
    }

    #[test]
    fn a_dead_socket_is_replaced_and_a_living_one_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(super::super::SOCKET);
        drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
        assert!(path.exists(), "what a killed process leaves");
        let at = path.clone();
        with_server(&path, move || {
            assert!(ask(&at, "GET /pin HTTP/1.1\r\nhost: box\r\n\r\n").contains("\"Pin\""));
        });

        let _living = std::os::unix::net::UnixListener::bind(&path).expect("bound");
        assert!(matches!(bind(&path), Err(ControlError::Taken(_))));
    }

    #[test]
    fn only_root_and_the_box_are_welcome() {
        let own = rustix::process::geteuid().as_raw();
        assert!(is_allowed(0) && is_allowed(own));
        assert!(!is_allowed(own.wrapping_add(12_345)));
    }
}
