//! Downloads from a real web server that are interrupted.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

use ring::digest::{SHA256, digest};
use workshop_edge::durable::Lock;
use workshop_edge::update::download::{Downloads, Progress};
use workshop_edge::update::repository::Target;
use workshop_edge::update::transport::{Limits, Source, Transport};

use crate::support::{Nginx, dist, eventually};

const LENGTH: usize = 3 * 1024 * 1024;

fn https(nginx: &Nginx) -> Transport {
    let source = Source::Web { url: nginx.url(), ca: Some(nginx.certificate()), allow_http: false };
    Transport::new(source, Limits::default()).expect("a transport")
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
    let sha256 = hex::encode(digest(&SHA256, &content));
    let path = format!("{sha256}.content.zst");
    let repository = dist(&[(&format!("targets/{path}"), &content)]);
    let nginx = Nginx::start(repository.path(), 2020..2050);
    let target = Target { path, length: LENGTH as u64, sha256 };
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
    assert_eq!(std::fs::read(&downloaded.path).expect("there"), content);
    assert!(starts.len() > 2, "{starts:?}");
    assert!(starts.is_sorted() && starts[starts.len() - 1] > 0, "{starts:?}");
    // What was not written yet when it was given up is fetched twice, and no more than that.
    let most = (LENGTH + starts.len() * 512 * 1024) as u64;
    assert!(fetched <= most, "{fetched} of {LENGTH} in {} attempts", starts.len());
}
