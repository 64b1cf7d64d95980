//! What happens between a box and its bucket.

use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::forge::Forge;
use super::releases;
use super::world::World;
use crate::repository::TestRepository;
use crate::support::{HostileRepository, Nginx, Request};

/// A repository's directory, as a server sees it.
pub(super) struct Bucket(PathBuf);

impl Bucket {
    pub(super) fn of(repository: &TestRepository) -> Self {
        Self(repository.directory())
    }
}

/// Answers as it should be; gives that the connection stays open.
pub(super) fn serve(bucket: &Bucket, request: &Request, connection: &mut TcpStream) -> bool {
    let path = bucket.0.join(request.path.trim_start_matches('/'));
    let Ok(bytes) = fs::read(&path) else {
        return connection.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").is_ok();
    };
    let entity = format!("\"{}\"", fs::metadata(&path).map_or(0, |metadata| metadata.ino()));
    let from = request.field("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let from = from.filter(|_| request.field("if-range").is_none_or(|validator| validator == entity));
    let (total, part) = (bytes.len(), &bytes[from.unwrap_or(0)..]);
    let head = match from {
        Some(from) => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}", total - 1),
        None => "200 OK".to_owned(),
    };
    let head = format!("HTTP/1.1 {head}\r\nETag: {entity}\r\nContent-Length: {}\r\n\r\n", part.len());
    connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(part)).is_ok()
}

/// How the server treats what it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ServerFault {
    /// As it should.
    Good,
    /// Half of what is asked for of each binary, and then nothing more.
    Half,
    /// Binaries from the beginning, whatever is asked for.
    Whole,
    /// Binaries of other bytes, but whatever is left of them as if it were the same object.
    Changed,
    /// Another part of binaries than the one that is asked for.
    Elsewhere,
    /// This answer to whatever has this in its path.
    Says(&'static str, String),
    /// This file in the place of the other.
    Instead(&'static str, Vec<u8>),
}

/// The first byte that is asked for.
fn first(request: &Request) -> usize {
    let from = request.field("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    from.map_or(0, |from| from.parse().expect("a number"))
}

/// A server with moods.
struct FaultyServer {
    server: HostileRepository,
    mood: Arc<Mutex<ServerFault>>,
}

impl FaultyServer {
    fn serve(repository: &TestRepository) -> Self {
        let (bucket, mood) = (Bucket::of(repository), Arc::new(Mutex::new(ServerFault::Good)));
        let shared = Arc::clone(&mood);
        let server = HostileRepository::start(move |request, connection| {
            let mood = shared.lock().expect("unpoisoned").clone();
            let is_binary = [".zst", ".qbsdiff"].iter().any(|suffix| request.path.ends_with(suffix));
            match mood {
                ServerFault::Half if is_binary => {
                    let bytes = fs::read(bucket.0.join(&request.path[1..])).expect("there");
                    let (from, total) = (first(request), bytes.len());
                    let status = match from {
                        0 => "200 OK".to_owned(),
                        _ => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}", total - 1),
                    };
                    let rest = &bytes[from..];
                    let head = format!("HTTP/1.1 {status}\r\nETag: \"1\"\r\nContent-Length: {}\r\n\r\n", rest.len());
                    let _ = connection.write_all(head.as_bytes());
                    let _ = connection.write_all(&rest[..rest.len() / 2]);
                    false
                }
                ServerFault::Whole if is_binary => {
                    let fields = request.fields.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("range"));
                    let deaf = Request { path: request.path.clone(), fields: fields.cloned().collect() };
                    serve(&bucket, &deaf, connection)
                }
                ServerFault::Changed if is_binary => {
                    let total = fs::read(bucket.0.join(&request.path[1..])).expect("there").len();
                    let from = first(request);
                    let bytes = vec![9; total - from];
                    let part = format!(
                        "HTTP/1.1 206 Partial Content\r\nETag: \"1\"\r\nContent-Range: bytes {from}-{}/{total}\r\nContent-Length: {}\r\n\r\n",
                        total - 1,
                        bytes.len(),
                    );
                    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n");
                    let head = if request.field("range").is_some() { part } else { whole };
                    let _ = connection.write_all(head.as_bytes());
                    connection.write_all(&bytes).is_ok()
                }
                ServerFault::Elsewhere if is_binary && request.field("range").is_some() => {
                    let answer = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n\r\n0123456789";
                    connection.write_all(answer).is_ok()
                }
                ServerFault::Says(part, answer) if request.path.contains(part) => {
                    let _ = connection.write_all(answer.as_bytes());
                    false
                }
                ServerFault::Instead(part, bytes) if request.path.contains(part) => {
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len());
                    let _ = connection.write_all(head.as_bytes());
                    connection.write_all(&bytes).is_ok()
                }
                _ => serve(&bucket, request, connection),
            }
        });
        Self { server, mood }
    }

    fn is(&self, mood: ServerFault) {
        *self.mood.lock().expect("unpoisoned") = mood;
    }

    /// How often a binary was asked for.
    fn fetched(&self) -> usize {
        self.server
            .asked()
            .iter()
            .filter(|path| path.contains("/workshop-edge-") || path.contains(".workshop-edge-"))
            .count()
    }
}

fn world() -> (World, FaultyServer) {
    let repository = releases::repository();
    let server = FaultyServer::serve(&repository);
    let url = server.server.url();
    (World::behind(repository, &url, &[]), server)
}

/// Line by line: what comes is kept, over a power cut too, and what is not right is thrown away.
#[test]
fn a_download_that_breaks_off_resumes_or_starts_over() {
    for then in [ServerFault::Good, ServerFault::Whole, ServerFault::Changed, ServerFault::Elsewhere] {
        let (mut world, server) = world();
        world.repository.promote(&["--version", "1.1.0"]);
        server.is(ServerFault::Half);
        world.fails(&["apply"], "unreachable", "");
        let part = |data: &std::path::Path| {
            let folder = fs::read_dir(data.join("update/download")).expect("a folder");
            folder.map(|entry| entry.expect("an entry").metadata().expect("there").len()).max().unwrap_or_default()
        };
        // Seen while it is off: once it runs, it tries again by itself.
        world.while_off(|data| assert!(part(data) > 0, "something is kept"));
        server.is(then.clone());
        let before = server.fetched();
        if then == ServerFault::Changed {
            world.fails(&["apply"], "untrusted", "is not what the signed metadata says");
            server.is(ServerFault::Good);
        }
        world.follows();
        assert!(server.fetched() > before);
        assert_eq!(part(world.data()), 0, "nothing is left of it");
    }
}

/// Every part of the network between says something of its own.
#[test]
fn what_is_not_the_bucket_is_distinguished() {
    let (world, server) = world();
    let page = "<html><body>Bienvenido: acepte las condiciones</body></html>";
    let portal = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n{page}", page.len());
    let status = |status: &str| format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
    let redirect = "HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\nContent-Length: 0\r\n\r\n".to_owned();
    let coded = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}".to_owned();
    for (mood, kind, detail) in [
        (ServerFault::Says("/", portal.clone()), "captive_portal", ""),
        (ServerFault::Says("timestamp.json", portal), "captive_portal", ""),
        (ServerFault::Says("/", redirect.clone()), "redirected", "https://elsewhere.example/"),
        (ServerFault::Says("2.root.json", redirect), "redirected", "2.root.json"),
        (ServerFault::Says("/", status("500 Internal Server Error")), "server", "500"),
        (ServerFault::Says("2.root.json", status("503 Service Unavailable")), "server", "503"),
        (ServerFault::Says("timestamp.json", status("429 Too Many Requests")), "server", "429"),
        (ServerFault::Says("timestamp.json", coded), "altered", "gzip"),
        (ServerFault::Says("timestamp.json", status("404 Not Found")), "incomplete", "timestamp.json"),
        (ServerFault::Says("timestamp.json", status("403 Forbidden")), "incomplete", "timestamp.json"),
        (ServerFault::Says("/", String::new()), "unreachable", ""),
        (ServerFault::Says("/", "220 mail.example ESMTP\r\n".into()), "unreachable", ""),
        (ServerFault::Instead("timestamp.json", b"{\"signed\": {}}".to_vec()), "untrusted", ""),
        (ServerFault::Instead("timestamp.json", b"".to_vec()), "untrusted", ""),
    ] {
        server.is(mood.clone());
        eprintln!("{mood:?}");
        world.fails(&["check"], kind, detail);
    }
    // An object store's way to say that there is none.
    for none in ["403 Forbidden", "410 Gone"] {
        server.is(ServerFault::Says("2.root.json", status(none)));
        world.checks();
    }
    server.is(ServerFault::Good);
    world.recovers();
}

/// A cache before the bucket goes on showing an older timestamp for a while.
#[test]
fn a_stale_cache_is_waited_for() {
    let (mut world, server) = world();
    let stale = Forge(&world.repository).read("metadata/timestamp.json");
    world.repository.promote(&["--version", "1.1.0"]);
    // Not seen yet: the older one is valid, and there is nothing to do.
    server.is(ServerFault::Instead("timestamp.json", stale.clone()));
    world.checks();
    world.shows("1.0.0");
    server.is(ServerFault::Good);
    world.follows();
    // Seen: the older one changes nothing, for any asker and however often.
    server.is(ServerFault::Instead("timestamp.json", stale));
    for _ in 0..3 {
        world.fails(&["check"], "stale", "\"timestamp\" goes back");
    }
    world.while_off(|_| {});
    world.fails(&["apply"], "stale", "\"timestamp\" goes back");
    server.is(ServerFault::Good);
    world.checks();
    world.shows("1.1.0");
    // Meanwhile the publisher went back, and the box does so by itself.
    world.repository.rollback("stable", "1.0.0");
    world.order(&["check"]).expect("nothing is wrong");
    world.wait_until_runs("1.0.0");
    world.shows("1.0.0");
}

/// The publisher's upload is under way, in the wrong order, or has failed.
#[test]
fn half_a_publication_is_waited_for() {
    let world = World::new();
    world.repository.promote(&["--version", "1.1.0"]);
    let (good, forge) = (world.generation(), Forge(&world.repository));
    let snapshot = format!("metadata/{}.snapshot.json", forge.version("snapshot"));
    let stable = format!("metadata/{}.stable.json", forge.version("stable"));
    let newest = forge.newest("stable")["signed"]["targets"]["stable.manifest.json"]["hashes"]["sha256"].take();
    let manifest = format!("targets/{}.stable.manifest.json", newest.as_str().expect("a digest"));
    for (missing, order) in [(&snapshot, "check"), (&stable, "check"), (&manifest, "check")] {
        fs::remove_file(forge.path(missing)).expect("removed");
        world.fails(&[order], "incomplete", missing.rsplit('/').next().expect("a name"));
        world.put(&good);
    }
    for part in [".qbsdiff", "workshop-edge-1.1.0-x86_64-unknown-linux-musl.zst"] {
        fs::remove_file(forge.path(&forge.find("targets", part))).expect("removed");
    }
    world.fails(&["apply"], "incomplete", "workshop-edge-1.1.0");
    world.put(&good);
    // Only the difference is missing: the whole binary does.
    fs::remove_file(forge.path(&forge.find("targets", ".qbsdiff"))).expect("removed");
    world.follows();
}

/// Neither a server that is away nor one with a certificate that is not its own.
#[test]
fn a_bucket_that_cannot_be_reached_is_not_the_boxs_illness() {
    let mut world = World::new();
    world.repository.promote(&["--version", "1.1.0"]);
    drop(world.server.take());
    world.fails(&["check"], "unreachable", "");
    world.fails(&["apply"], "unreachable", "");
    assert_eq!(world.health()["status"], "ok", "{}", world.health());
    // The box starts without it, too.
    world.while_off(|_| {});
    world.fails(&["check"], "unreachable", "");
    // Of another authority.
    let repository = releases::repository();
    let (one, other) = (Nginx::start(&repository.directory(), 2020..2099), world.path().join("ca.pem"));
    let ca = format!("update.ca_file={}", other.display());
    let world = World::behind(repository, &one.url(), &[&ca]);
    world.fails(&["check"], "unknown_authority", "certificate");
    std::fs::write(other, one.certificate()).expect("written");
    let mut world = world;
    world.while_off(|_| {});
    world.recovers();
}
