//! Files that stay on the disk: films, mostly.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::support::{Edge, Setup, deaf_client, dist, eventually, run};

const MIB: usize = 1024 * 1024;
/// More than is held in memory.
const LENGTH: usize = 40 * MIB + 7;

/// A file whose bytes encode their offset.
fn film(path: &Path, salt: u32, length: usize) {
    let mut file = File::create(path).expect("a film");
    let words = (0..u32::try_from(length.div_ceil(4)).expect("a small film")).flat_map(|at| (at ^ salt).to_le_bytes());
    file.write_all(&words.take(length).collect::<Vec<_>>()).expect("written");
}

fn etag(edge: &Edge) -> String {
    let mut tag = None;
    eventually("the film's tag", || {
        tag = edge.connect().request("HEAD", "/film.mp4", &[]).field("etag").map(str::to_owned);
        tag.is_some()
    });
    tag.expect("a tag")
}

#[test]
fn a_film_is_served_from_the_disk_as_from_memory() {
    let dist = dist(&[("index.html", b"x")]);
    let path = dist.path().join("film.mp4");
    film(&path, 1, LENGTH);
    let bytes = fs::read(&path).expect("read");
    let edge = Setup::new("").site(dist.path()).start();

    let head = edge.connect().request("HEAD", "/film.mp4", &[]);
    assert_eq!((head.status, head.field("content-type")), (200, Some("video/mp4")));
    assert_eq!(head.field("content-length"), Some(LENGTH.to_string().as_str()));
    let reply = edge.get("/film.mp4", &[("accept-encoding", "gzip")]);
    assert!(reply.status == 200 && reply.body == bytes && reply.field("content-encoding").is_none());

    let tag = etag(&edge);
    let digest = run("sha256sum", &[path.to_str().expect("text")]);
    assert_eq!(tag.trim_matches('"').as_bytes(), &digest[..32]);
    let get = |fields: &[(&str, &str)]| edge.get("/film.mp4", fields);
    assert_eq!(get(&[("if-none-match", &tag)]).status, 304);
    assert_eq!(get(&[("if-match", "\"other\"")]).status, 412);
    let reply = get(&[("range", "bytes=65530-131080")]);
    assert_eq!((reply.status, &reply.body[..]), (206, &bytes[65_530..=131_080]));
    let reply = get(&[("range", "bytes=-5"), ("if-range", &tag)]);
    assert_eq!((reply.status, &reply.body[..]), (206, &bytes[LENGTH - 5..]));
    assert_eq!(get(&[("range", "bytes=0-4"), ("if-range", "\"other\"")]).body.len(), LENGTH);
    assert_eq!(get(&[("range", &format!("bytes={LENGTH}-"))]).status, 416);
    let reply = get(&[("range", "bytes=0-1,70000-70001")]);
    let kind = reply.field("content-type").expect("a type").to_owned();
    assert!(reply.status == 206 && kind.starts_with("multipart/byteranges; boundary="), "{kind}");
    let ranges: Vec<_> = [0..2, 70_000..70_002].map(|range| bytes[range].to_vec()).into();
    assert!(ranges.iter().all(|range| reply.body.windows(2).any(|window| window == range.as_slice())));

    // On a connection that goes on.
    let mut client = edge.connect();
    for _ in 0..2 {
        assert_eq!(client.request("GET", "/film.mp4", &[("range", "bytes=8-200007")]).body, bytes[8..=200_007]);
    }
    assert_eq!(client.request("GET", "/", &[]).body, b"x");
}

#[test]
fn a_film_that_is_replaced_is_sent_to_its_end_and_then_the_new_one_is() {
    let dist = dist(&[("index.html", b"x")]);
    let path = dist.path().join("film.mp4");
    film(&path, 1, LENGTH);
    let edge = Setup::new("").site(dist.path()).start();
    let (before, first) = (etag(&edge), fs::read(&path).expect("read"));
    let mut client = edge.connect();
    client.send_request("GET", "/film.mp4", &[]);

    film(&dist.path().join(".new"), 2, LENGTH);
    fs::rename(dist.path().join(".new"), &path).expect("replaced");
    eventually("the new film", || edge.get("/film.mp4", &[("range", "bytes=0-3")]).body == 2_u32.to_le_bytes());
    assert!(client.reply(false).expect("an answer").body == first, "the film that was asked for");
    assert_ne!(etag(&edge), before);

    // A look at the rest of the site leaves it alone.
    let tag = etag(&edge);
    fs::write(dist.path().join("index.html"), "changed").expect("written");
    eventually("the page", || edge.get("/", &[]).body == b"changed");
    assert_eq!(edge.connect().request("HEAD", "/film.mp4", &[]).field("etag"), Some(tag.as_str()));
}

/// Wrong bytes would be taken for the film's: rather none.
#[test]
fn a_film_that_is_written_to_or_cut_short_ends_its_connections() {
    let dist = dist(&[("index.html", b"x")]);
    let path = dist.path().join("film.mp4");
    for change in [|file: &File| file.write_all_at(b"wrong", 30 << 20), |file: &File| file.set_len(1 << 20)] {
        film(&path, 1, LENGTH);
        let edge = Setup::new("").site(dist.path()).start();
        let before = etag(&edge);
        let request = b"GET /film.mp4 HTTP/1.1\r\nHost: taller.local\r\n\r\n";
        let mut slow = std::net::TcpStream::from(deaf_client(edge.address(), request));
        change(&File::options().write(true).open(&path).expect("opened")).expect("changed");
        let mut received = Vec::new();
        // A reset is an end like any other.
        let _ = std::io::Read::read_to_end(&mut slow, &mut received);
        assert!(received.len() < LENGTH, "{} bytes", received.len());
        edge.wait_for_log("a file cannot be sent completely");
        eventually("the changed film", || etag(&edge) != before);
        assert!(edge.get("/film.mp4", &[]).body == fs::read(&path).expect("read"));
    }
}

/// A process that may have few files open leaves some out, and still answers.
#[test]
fn there_may_be_more_films_than_open_files() {
    let dist = dist(&[("index.html", b"x")]);
    for number in 0..9 {
        let file = File::create(dist.path().join(format!("{number}.mp4"))).expect("a film");
        file.set_len(9 * MIB as u64).expect("its length");
    }
    // 128 besides the connections, and twice four.
    let setup = Setup::new("[limits]\nconnections = 20\n").site(dist.path());
    let edge = setup.through(&["prlimit", "--nofile=156:156"]).start();
    assert_eq!(edge.get("/3.mp4", &[("range", "bytes=-1")]).body, [0]);
    assert_eq!(edge.get("/4.mp4", &[]).status, 404);
    let health = edge.get("/health", &[]);
    assert!(health.text().contains("/4.mp4 (there are more large files"), "{}", health.text());
}

/// What a film of two gigabytes costs: 16 MiB at most, also while eight TVs read it. Counted is the memory that the process
/// has for itself: what it has read of its own program is shared and comes and goes.
#[test]
fn a_film_of_two_gigabytes_takes_no_memory() {
    let dist = dist(&[("index.html", b"x")]);
    let anonymous = |edge: &Edge| {
        let status = fs::read_to_string(format!("/proc/{}/status", edge.pid())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("its memory");
        line.trim().trim_end_matches(" kB").parse::<usize>().expect("a number")
    };
    let data = tempfile::tempdir().expect("a directory");
    let start = || Setup::new("").site(dist.path()).data(data.path()).start();
    let without = {
        let edge = start();
        // The hash of a new PIN takes 19 MiB for a moment, and is no part of it.
        eventually("the PIN's hash", || data.path().join("admin/pin-hash").exists());
        eventually("its memory is given back", || anonymous(&edge) < 16 * 1024);
        let without = anonymous(&edge);
        edge.stop();
        without
    };
    // Sparse, but not nothing.
    let film = File::create(dist.path().join("film.mp4")).expect("a film");
    film.set_len(2 << 30).expect("its length");
    for mark in (0..2_u64 << 30).step_by(64 << 20) {
        film.write_all_at(&mark.to_le_bytes(), mark).expect("written");
    }
    let edge = start();
    let url = edge.url("/film.mp4");
    let mut with = 0;
    std::thread::scope(|scope| {
        let read = || run("curl", &["-sf", "-r", "0-268435455", "-o", "/dev/null", &url]);
        let readers: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
        while !readers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            with = with.max(anonymous(&edge));
            std::thread::park_timeout(std::time::Duration::from_millis(5));
        }
    });
    let cost = with.saturating_sub(without);
    assert!(cost > 0 && cost <= 16 * 1024, "{cost} KiB: {without} KiB without the film, {with} KiB with it");
}
