//! `--site DIR`: a directory that changes while it is served.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use serde_json::Value;

use crate::support::{Setup, dist, eventually};

#[test]
fn a_changed_directory_is_reloaded_and_the_older_hashed_files_stay() {
    let dist = dist(&[("index.html", b"one"), ("assets/index-AAAA1111.js", b"first")]);
    let edge = Setup::new("").site(dist.path()).start();
    assert_eq!(edge.get("/", &[]).body, b"one");

    fs::write(dist.path().join("index.html"), "two, longer").expect("written");
    fs::remove_file(dist.path().join("assets/index-AAAA1111.js")).expect("removed");
    fs::write(dist.path().join("assets/index-BBBB2222.js"), "second").expect("written");
    eventually("the new page", || edge.get("/", &[]).body == b"two, longer");
    assert_eq!(edge.get("/assets/index-BBBB2222.js", &[]).body, b"second");
    assert_eq!(edge.get("/assets/index-AAAA1111.js", &[]).body, b"first");
}

#[test]
fn a_directory_that_breaks_leaves_the_last_site_and_says_so() {
    let dist = dist(&[("index.html", b"good")]);
    let edge = Setup::new("").site(dist.path()).start();
    fs::remove_file(dist.path().join("index.html")).expect("removed");
    eventually("the fault", || edge.health()["checks"]["site"]["status"] == "degraded");
    let health = edge.get("/health", &[]);
    assert_eq!(health.status, 200, "a box that serves is not to be restarted");
    assert!(health.text().contains("is empty") && health.text().contains("What worked last"), "{}", health.text());
    assert_eq!(edge.get("/", &[]).body, b"good");

    fs::write(dist.path().join("index.html"), "better").expect("written");
    eventually("the recovery", || edge.health()["status"] == "ok");
    assert_eq!(edge.get("/", &[]).body, b"better");
}

/// What a TV asks with.
const PAGE: &[(&str, &str)] = &[("accept", "text/html,*/*;q=0.8")];

/// Invented figures are the worst that a wall can show: whatever is wrong with the directory, the TV shows that.
#[test]
fn a_site_that_cannot_be_shown_never_becomes_the_demo_and_recovers_by_itself() {
    type Case = (&'static str, fn(&Path), &'static [&'static str], &'static str);
    let put = |path: &Path| fs::write(path.join("index.html"), "at last").expect("written");
    let cases: [Case; 8] = [
        ("missing", |path| fs::remove_dir(path).expect("removed"), &[], "no existe"),
        (
            "a file",
            |path| fs::remove_dir(path).and_then(|()| fs::write(path, "x")).expect("made"),
            &[],
            "no es un directorio",
        ),
        ("empty", |_| {}, &[], "está vacío"),
        ("no page", |path| fs::write(path.join("a.js"), "x").expect("written"), &[], "no hay index.html"),
        (
            "a project",
            |path| {
                fs::create_dir(path.join("dist"))
                    .and_then(|()| fs::write(path.join("dist/index.html"), "x"))
                    .expect("made");
            },
            &[],
            "póngalo en site.dir",
        ),
        (
            "a page elsewhere",
            |path| symlink("/etc/passwd", path.join("index.html")).expect("linked"),
            &[],
            "sale del directorio",
        ),
        (
            "many files",
            |path| ["index.html", "a", "b"].iter().for_each(|name| fs::write(path.join(name), "x").expect("written")),
            &["--set", "site.max_files=2"],
            "3 archivos: 1 más de los que permite site.max_files (2)",
        ),
        (
            "a large one",
            |path| fs::write(path.join("index.html"), vec![b'x'; 3 << 20]).expect("written"),
            &["--set", "site.max_size_mib=2"],
            "3 MiB: 1 MiB más de lo que permite site.max_size_mib (2)",
        ),
    ];
    for (name, make, options, words) in cases {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("display");
        fs::create_dir(&path).expect("a directory");
        make(&path);
        let setup = options.iter().fold(Setup::new("").site(&path), Setup::argument);
        let edge = setup.start();

        let reply = edge.get("/", PAGE);
        let text = reply.text();
        assert_eq!((reply.status, reply.field("cache-control")), (503, Some("no-store")), "{name}");
        assert_eq!(reply.field("content-type"), Some("text/html; charset=utf-8"));
        assert!(text.contains(words), "{name}: {text}");
        let (es, en) = (text.find("no se puede mostrar"), text.find("cannot be shown"));
        assert!(es.is_some() && es < en, "{name}: {text}");
        // A route of the site, and a file of the demo and of nobody.
        assert_eq!(edge.get("/line/2", PAGE).status, 503, "{name}");
        let reply = edge.get("/assets/index-AAAA1111.js", &[]);
        assert_eq!((reply.status, reply.field("content-type")), (503, Some("text/plain; charset=utf-8")), "{name}");
        assert_eq!(edge.connect().request("HEAD", "/", PAGE).status, 503, "{name}");

        let health = edge.get("/health", &[]);
        assert_eq!(health.status, 503, "{name}");
        assert_eq!(edge.health()["checks"]["site"]["status"], "failing", "{name}");
        assert_eq!(edge.get("/health/live", &[]).status, 200);
        let status: Value = serde_json::from_slice(&edge.get("/_edge/status.json", &[]).body).expect("JSON");
        assert_eq!(status["site"]["serving"], "nothing", "{name}");
        assert_eq!(status["site"]["directory"], path.to_str().expect("text"), "{name}");
        assert!(edge.get("/_edge/", PAGE).text().contains("no se puede mostrar"), "{name}");

        if path.is_file() {
            fs::remove_file(&path).expect("removed");
        } else if path.exists() {
            fs::remove_dir_all(&path).expect("removed");
        }
        fs::create_dir(&path).expect("a directory");
        put(&path);
        eventually("the directory", || edge.get("/", PAGE).body == b"at last");
        eventually("the recovery", || edge.health()["status"] == "ok");
    }
}

#[test]
fn one_bad_file_is_left_out_and_the_rest_is_served() {
    let dist = dist(&[("index.html", b"x"), ("good.txt", b"good"), ("_edge/x.html", b"mine")]);
    let latin = dist.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt"));
    fs::write(&latin, "x").expect("written");
    symlink("/etc/passwd", dist.path().join("users.txt")).expect("linked");
    let _socket = UnixListener::bind(dist.path().join("socket")).expect("a socket");
    let edge = Setup::new("").site(dist.path()).start();
    assert_eq!(edge.get("/good.txt", &[]).body, b"good");
    assert_eq!(edge.get("/users.txt", &[]).status, 404);

    let health = edge.get("/health", &[]);
    assert_eq!(health.status, 200, "{}", health.text());
    let site = &edge.health()["checks"]["site"];
    assert_eq!(site["status"], "degraded");
    for words in
        ["/_edge (the box keeps", "/caf\u{fffd}.txt (its name is not UTF-8)", "/socket (", "/users.txt (it is a link"]
    {
        assert!(site["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{words}: {site}");
    }
    let status: Value = serde_json::from_slice(&edge.get("/_edge/status.json", &[]).body).expect("JSON");
    assert_eq!((&status["site"]["serving"], &status["site"]["left_out"]), (&"directory".into(), &4.into()));
    let named = status["site"]["left_out_files"].as_array().expect("a list");
    assert_eq!((named.len(), &named[3]["path"]), (4, &"/users.txt".into()));
    assert_eq!(edge.logged("a file of the site is not served").len(), 4);

    fs::remove_file(&latin).expect("removed");
    for name in ["users.txt", "socket", "_edge/x.html"] {
        fs::remove_file(dist.path().join(name)).expect("removed");
    }
    fs::remove_dir(dist.path().join("_edge")).expect("removed");
    eventually("the recovery", || edge.health()["status"] == "ok");
}

#[test]
fn a_link_out_of_the_directory_is_never_followed() {
    let dist = dist(&[("index.html", b"x")]);
    let edge = Setup::new("").site(dist.path()).start();
    symlink("/etc/passwd", dist.path().join("users.txt")).expect("linked");
    fs::write(dist.path().join("index.html"), "changed").expect("written");
    eventually("the fault", || edge.health()["checks"]["site"]["status"] == "degraded");
    assert_eq!(edge.get("/users.txt", &[]).status, 404);
    assert_eq!(edge.get("/", &[]).body, b"changed");
}
