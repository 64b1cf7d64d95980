use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

use super::*;
use crate::digest;
use crate::outbound::{Outbound, Settings};
use crate::update::transport::Source;

/// What the server does with a request: the head of its answer, and the bytes that follow before it closes.
type Answer = Box<dyn Fn(&Request) -> (String, Vec<u8>) + Send>;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Request {
    range: Option<String>,
    if_range: Option<String>,
}

/// A web server that gives its answers in turn, and then ends with the requests that it saw.
fn server(answers: Vec<Answer>) -> (Transport, thread::JoinHandle<Vec<Request>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served = thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut request = Request::default();
            for line in BufReader::new(&stream).lines() {
                let line = line.expect("a head");
                if line.is_empty() {
                    break;
                }
                let Some((name, value)) = line.split_once(": ") else { continue };
                match name.to_ascii_lowercase().as_str() {
                    "range" => request.range = Some(value.to_owned()),
                    "if-range" => request.if_range = Some(value.to_owned()),
                    _ => {}
                }
            }
            let (head, bytes) = answer(&request);
            // A client that has seen enough goes away.
            let _ = stream.write_all(format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n").as_bytes());
            let _ = stream.write_all(&bytes);
            requests.push(request);
        }
        requests
    });
    (
        transport(Source::Web {
            url,
            allow_http: true,
            outbound: Outbound::new(Settings::default()).expect("a client"),
        }),
        served,
    )
}

fn transport(source: Source) -> Transport {
    Transport::new(source).expect("a transport")
}

/// The whole object, of which the answer sends only as much.
fn whole(object: &[u8], etag: &'static str, sent: usize) -> Answer {
    let object = object.to_vec();
    Box::new(move |_| {
        let head = format!("200 OK\r\nContent-Length: {}\r\nETag: {etag}", object.len());
        (head, object[..sent].to_vec())
    })
}

/// The rest of the object from a byte on.
fn rest(object: &[u8], etag: &'static str, from: usize) -> Answer {
    let object = object.to_vec();
    Box::new(move |_| {
        let (end, total) = (object.len() - 1, object.len());
        let length = total - from;
        let head = format!(
            "206 Partial Content\r\nContent-Length: {length}\r\nContent-Range: bytes {from}-{end}/{total}\r\nETag: {etag}"
        );
        (head, object[from..].to_vec())
    })
}

fn object() -> Vec<u8> {
    (0..600_000_u32).flat_map(u32::to_le_bytes).collect()
}

fn target(object: &[u8]) -> Target {
    let sha256 = digest::of(object);
    Target { path: format!("{sha256}.object.zst"), length: object.len() as u64, sha256 }
}

/// A place to download to.
struct Place {
    directory: tempfile::TempDir,
    downloads: Downloads,
    lock: Arc<Lock>,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let downloads = Downloads::new(directory.path().join("download"), None);
        let lock = Lock::take(&directory.path().join("lock")).expect("locked").expect("free");
        Self { directory, downloads, lock: Arc::new(lock) }
    }

    async fn fetch(&self, transport: &Transport, target: &Target) -> Result<PathBuf, DownloadError> {
        self.downloads.fetch(transport, target, &self.lock, &|_| {}).await
    }

    fn part(&self, target: &Target) -> PathBuf {
        part::path(&self.downloads.directory, target, "part")
    }
}

fn served(server: thread::JoinHandle<Vec<Request>>) -> Vec<Request> {
    server.join().expect("it ended")
}

fn from(byte: u64, etag: &str) -> Request {
    Request { range: Some(format!("bytes={byte}-")), if_range: Some(etag.to_owned()) }
}

#[tokio::test]
async fn a_target_comes_whole_and_says_how_far_it_is() {
    let (place, object) = (Place::new(), object());
    let target = target(&object);
    let (transport, server) = server(vec![whole(&object, "\"1\"", object.len())]);
    let seen = RefCell::new(Vec::new());
    let progress = |progress| seen.borrow_mut().push(progress);
    let downloaded = place.downloads.fetch(&transport, &target, &place.lock, &progress).await.expect("fetched");
    assert_eq!(place.downloads.received(&target), target.length);
    assert_eq!(fs::read(&downloaded).expect("there"), object);
    let seen = seen.into_inner();
    assert!(seen.is_sorted_by_key(|progress| progress.done));
    assert_eq!(seen.last(), Some(&Progress { done: target.length, total: target.length }));
    assert_eq!(served(server), [Request::default()]);
    // It is here, so it is not asked for again: there is no server any more.
    place.fetch(&transport, &target).await.expect("here");
    assert_eq!(place.downloads.received(&target), target.length);
}

#[tokio::test]
async fn a_broken_download_goes_on_where_it_ended() {
    let (place, object) = (Place::new(), object());
    let target = target(&object);
    let half = object.len() / 2;
    let (transport, server) = server(vec![whole(&object, "\"1\"", half), rest(&object, "\"1\"", half)]);
    let error = place.fetch(&transport, &target).await.expect_err("broken");
    assert!(matches!(error, DownloadError::Transport(_)) && !error.is_of_the_repository(), "{error}");
    assert_eq!(fs::read(place.part(&target)).expect("there"), object[..half]);
    // As another process would after a restart.
    let downloads = Downloads::new(place.downloads.directory.clone(), None);
    let downloaded = downloads.fetch(&transport, &target, &place.lock, &|_| {}).await.expect("fetched");
    assert_eq!(downloads.received(&target), target.length, "over a restart");
    assert_eq!(fs::read(&downloaded).expect("there"), object);
    assert_eq!(served(server), [Request::default(), from(half as u64, "\"1\"")]);
}

#[tokio::test]
async fn what_the_server_sends_from_the_start_replaces_what_was_here() {
    // It does not know ranges, or the object has changed since.
    let (place, object) = (Place::new(), object());
    let target = target(&object);
    let other: Vec<u8> = object.iter().map(|byte| !byte).collect();
    let half = object.len() / 2;
    let (transport, server) = server(vec![whole(&other, "\"1\"", half), whole(&object, "\"2\"", object.len())]);
    place.fetch(&transport, &target).await.expect_err("broken");
    let downloaded = place.fetch(&transport, &target).await.expect("fetched");
    assert_eq!(place.downloads.received(&target), target.length + half as u64, "what was thrown away counts");
    assert_eq!(fs::read(&downloaded).expect("there"), object);
    assert_eq!(served(server), [Request::default(), from(half as u64, "\"1\"")]);
}

#[tokio::test]
async fn damage_here_costs_one_new_beginning() {
    let (place, object) = (Place::new(), object());
    let target = target(&object);
    let half = object.len() / 2;
    let mut damaged = object[..half].to_vec();
    damaged[1000] ^= 1;
    fs::create_dir(&place.downloads.directory).expect("made");
    fs::write(place.part(&target), &damaged).expect("written");
    let (transport, server) = server(vec![rest(&object, "\"1\"", half), whole(&object, "\"1\"", object.len())]);
    let downloaded = place.fetch(&transport, &target).await.expect("fetched");
    assert_eq!(place.downloads.received(&target), 2 * target.length);
    assert_eq!(fs::read(&downloaded).expect("there"), object);
    // It does not name its object: the digest does.
    let first = Request { range: Some(format!("bytes={half}-")), if_range: None };
    assert_eq!(served(server), [first, Request::default()]);
    // More than all of it is damage as well.
    fs::write(place.part(&target), [object.as_slice(), b"."].concat()).expect("written");
    let (transport, server) = super::tests::server(vec![whole(&object, "\"1\"", object.len())]);
    place.fetch(&transport, &target).await.expect("fetched");
    assert_eq!(served(server), [Request::default()]);
}

#[tokio::test]
async fn another_object_is_refused_and_not_kept() {
    let (place, object) = (Place::new(), object());
    let target = target(&object);
    let mut other = object.clone();
    other[7] ^= 1;
    let (transport, server) = server(vec![
        whole(&other, "\"1\"", other.len()),
        whole(&[other.as_slice(), b"."].concat(), "\"1\"", 0),
        // Without a length, and without an end.
        Box::new({
            let object = object.clone();
            move |_| ("200 OK".to_owned(), object.repeat(20))
        }),
        // Without a length, and ending early.
        Box::new(|_| ("200 OK".to_owned(), vec![0; 100])),
    ]);
    for reason in ["its digest differs", "it has 2400001 bytes, not 2400000", "it has more than 2400000 bytes"] {
        let error = place.fetch(&transport, &target).await.expect_err("another").to_string();
        assert!(error.ends_with(reason), "{error}");
        let length = fs::metadata(place.part(&target)).map_or(0, |metadata| metadata.len());
        assert!(length <= target.length);
        let _ = fs::remove_file(place.part(&target));
    }
    let error = place.fetch(&transport, &target).await.expect_err("short");
    assert!(matches!(error, DownloadError::Short { length: 100, .. }), "{error}");
    served(server);
}

#[tokio::test]
async fn a_name_that_is_no_digest_makes_no_file() {
    let (place, object) = (Place::new(), object());
    let transport = transport(Source::Directory(place.directory.path().to_owned()));
    for sha256 in ["../../etc/passwd", ""] {
        let target = Target { sha256: sha256.to_owned(), ..target(&object) };
        assert!(matches!(place.fetch(&transport, &target).await, Err(DownloadError::Digest(_))));
    }
    assert!(!place.downloads.directory.exists());
}

#[tokio::test]
async fn a_target_without_room_is_not_begun() {
    let (place, object) = (Place::new(), object());
    let target = Target { length: u64::MAX / 4, ..target(&object) };
    let transport = transport(Source::Directory(place.directory.path().to_owned()));
    let error = place.fetch(&transport, &target).await.expect_err("no room");
    assert!(matches!(error, DownloadError::Space(_)), "{error}");
}

#[tokio::test]
async fn what_is_never_finished_does_not_stay() {
    let (place, object) = (Place::new(), object());
    let (kept, old) = (target(&object), target(b"old"));
    place.downloads.keep_only(&[]).expect("nothing there");
    fs::create_dir(&place.downloads.directory).expect("made");
    for target in [&kept, &old] {
        for extension in ["part", "validator", "validator.tmp"] {
            fs::write(part::path(&place.downloads.directory, target, extension), "").expect("written");
        }
    }
    place.downloads.keep_only(&[&kept]).expect("removed");
    let names = || {
        let entries = fs::read_dir(&place.downloads.directory).expect("listed");
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("one").file_name().into_string().expect("text")).collect();
        names.sort();
        names
    };
    assert_eq!(names(), [format!("{}.part", kept.sha256), format!("{}.validator", kept.sha256)]);
    place.downloads.keep_only(&[]).expect("removed");
    assert!(names().is_empty());
}
