//! Downloads from a real web server that are interrupted.

use std::cell::RefCell;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use workshop_edge::durable::Lock;
use workshop_edge::update::download::{Downloads, Progress};
use workshop_edge::update::repository::Target;
use workshop_edge::update::transport::{Source, Transport};

use crate::support::{HostileRepository, Nginx, dist, eventually, outbound};

const LENGTH: usize = 3 * 1024 * 1024;

fn https(nginx: &Nginx) -> Transport {
    let outbound = outbound(Some(nginx.certificate()));
    Transport::new(Source::Web { url: nginx.url(), allow_http: false, outbound }).expect("a transport")
}

fn lock(directory: &Path) -> Arc<Lock> {
    // A write that nobody waits for any more has it a moment longer.
    let mut lock = None;
    eventually("the lock is free", || {
        lock = Lock::take(&directory.join("lock")).expect("asked");
        lock.is_some()
    });
    Arc::new(lock.expect("taken"))
}

#[tokio::test]
async fn given_up_at_any_time_it_goes_on_and_is_what_it_should_be() {
    let content: Vec<u8> = (0..).flat_map(u32::to_le_bytes).take(LENGTH).collect();
    let target = target(&content);
    let repository = dist(&[(&format!("targets/{}", target.path), &content)]);
    let nginx = Nginx::start(repository.path(), 2020..2050);
    let data = tempfile::tempdir().expect("a directory");
    let downloads = Downloads::new(data.path().join("download"), None);

    let (mut fetched, mut starts) = (0, Vec::new());
    // Each attempt is given up once it has brought an eighth more, whatever is being done then.
    let downloaded = loop {
        let lock = lock(data.path());
        let seen = RefCell::new(Vec::new());
        let enough = tokio::sync::Notify::new();
        let progress = |progress: Progress| {
            seen.borrow_mut().push(progress.done);
            if progress.done - seen.borrow()[0] > (LENGTH / 8) as u64 && progress.done < progress.total {
                enough.notify_one();
            }
        };
        // A transport of its own, as after a restart.
        let transport = https(&nginx);
        let attempt = tokio::select! {
            biased;
            () = enough.notified() => None,
            downloaded = downloads.fetch(&transport, &target, &lock, &progress) => Some(downloaded.expect("fetched")),
        };
        let seen = seen.into_inner();
        // None is seen where the write that was given up was the last one, and came to its end.
        let first = seen.first().copied().unwrap_or(target.length);
        starts.push(first);
        fetched += seen.last().copied().unwrap_or(first) - first;
        if let Some(downloaded) = attempt {
            break downloaded;
        }
    };
    assert_eq!(std::fs::read(&downloaded).expect("there"), content);
    assert!(starts.len() > 2, "{starts:?}");
    assert!(starts.is_sorted() && starts[starts.len() - 1] > 0, "{starts:?}");
    // What was not written yet when it was given up is fetched twice, and no more than that.
    let most = (LENGTH + starts.len() * 512 * 1024) as u64;
    assert!(fetched <= most, "{fetched} of {LENGTH} in {} attempts", starts.len());
}

/// How a server gets a continuation wrong; what it is asked for from the start it serves well.
const CONTINUATIONS: &[&str] = &[
    "206 Partial Content\r\nContent-Range: bytes 0-9/{total}\r\nContent-Length: 10\r\n\r\n0123456789",
    "206 Partial Content\r\nContent-Range: bytes {from}-{last}/*\r\nContent-Length: {left}\r\n\r\n",
    "206 Partial Content\r\nContent-Range: bytes {from}-{last}/999999999\r\nContent-Length: {left}\r\n\r\n",
    "206 Partial Content\r\nContent-Length: 10\r\n\r\n0123456789",
    "206 Partial Content\r\nContent-Range: bytes {from}-{last}/{total}\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n0",
    "206 Partial Content\r\nContent-Range: bytes {from}-{last}/{total}\r\nContent-Length: 0\r\n\r\n",
    "206 Partial Content\r\nContent-Range: bytes {from}-{last}/{total}\r\n\r\n",
    "206 Partial Content\r\nContent-Range: bytes {from}-{last}/{total}\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    "200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
    "302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n",
    "400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    "404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n",
    "501 Not Implemented\r\nContent-Length: 0\r\n\r\n",
    "nonsense",
    "",
];

/// What is kept of a download never makes the next ones fail: the second try has it at the latest.
#[tokio::test]
async fn a_continuation_that_goes_wrong_becomes_a_download_from_the_start() {
    let content: Vec<u8> = (0..).flat_map(u32::to_le_bytes).take(100_000).collect();
    let target = target(&content);
    for answer in CONTINUATIONS {
        let object = content.clone();
        let server = HostileRepository::start(move |request, connection| {
            let from = request.field("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
            let Some(from) = from.map(|from| from.parse::<usize>().expect("a number")) else {
                let head = format!("HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: {}\r\n\r\n", object.len());
                return connection.write_all(&[head.as_bytes(), &object].concat()).is_ok();
            };
            let (total, left) = (object.len(), object.len() - from);
            let answer = [("from", from), ("last", total - 1), ("total", total), ("left", left)]
                .iter()
                .fold((*answer).to_owned(), |text, (name, value)| {
                    text.replace(&format!("{{{name}}}"), &value.to_string())
                });
            let _ = write!(connection, "HTTP/1.1 {answer}");
            false
        });
        let data = tempfile::tempdir().expect("a directory");
        let directory = data.path().join("download");
        std::fs::create_dir(&directory).expect("made");
        std::fs::write(directory.join(format!("{}.part", target.sha256)), &content[..60_000]).expect("written");
        std::fs::write(directory.join(format!("{}.validator", target.sha256)), "\"1\"").expect("written");
        let downloads = Downloads::new(directory, None);
        let source = Source::Web { url: server.url(), allow_http: true, outbound: outbound(None) };
        let transport = Transport::new(source).expect("a transport");
        let mut tries = 0;
        let path = loop {
            tries += 1;
            match downloads.fetch(&transport, &target, &lock(data.path()), &|_| {}).await {
                Ok(path) => break path,
                Err(error) => assert!(tries < 2, "{answer:?}: {error}"),
            }
        };
        assert_eq!(std::fs::read(path).expect("there"), content, "{answer:?}");
    }
}

/// A file that cannot be opened any more, as one that somebody else owns now.
#[tokio::test]
async fn a_kept_part_that_cannot_be_used_is_dropped() {
    let content = vec![7; 1000];
    let target = target(&content);
    let repository = dist(&[(&format!("targets/{}", target.path), &content)]);
    let data = tempfile::tempdir().expect("a directory");
    let directory = data.path().join("download");
    std::fs::create_dir(&directory).expect("made");
    let part = directory.join(format!("{}.part", target.sha256));
    // Not even root can open it.
    std::os::unix::fs::symlink(&part, &part).expect("made");
    let transport = Transport::new(Source::Directory(repository.path().to_owned())).expect("one");
    let path = Downloads::new(directory, None).fetch(&transport, &target, &lock(data.path()), &|_| {}).await;
    assert_eq!(std::fs::read(path.expect("fetched")).expect("there"), content);
}

fn target(content: &[u8]) -> Target {
    let sha256 = hex::encode(digest(&SHA256, content));
    Target { path: format!("{sha256}.content.zst"), length: content.len() as u64, sha256 }
}
