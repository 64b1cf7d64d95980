//! `--site DIR`: a directory that changes while it is served.

use std::fs;

use crate::support::{Setup, dist, eventually};

#[test]
fn a_changed_directory_is_served_anew_and_the_older_hashed_files_stay() {
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
    assert!(health.text().contains("no index.html"), "{}", health.text());
    assert_eq!(edge.get("/", &[]).body, b"good");

    fs::write(dist.path().join("index.html"), "better").expect("written");
    eventually("the recovery", || edge.health()["status"] == "ok");
    assert_eq!(edge.get("/", &[]).body, b"better");
}

#[test]
fn a_directory_that_was_never_good_shows_the_embedded_display() {
    let empty = tempfile::tempdir().expect("a directory");
    let edge = Setup::new("").site(empty.path()).start();
    assert!(edge.get("/", &[]).text().contains("<html"));
    assert_eq!(edge.health()["checks"]["site"]["status"], "degraded");

    fs::write(empty.path().join("index.html"), "at last").expect("written");
    eventually("the directory", || edge.get("/", &[]).body == b"at last");
    eventually("the recovery", || edge.health()["status"] == "ok");
}

#[test]
fn a_link_out_of_the_directory_is_never_followed() {
    let dist = dist(&[("index.html", b"x")]);
    let edge = Setup::new("").site(dist.path()).start();
    std::os::unix::fs::symlink("/etc/passwd", dist.path().join("users.txt")).expect("linked");
    eventually("the fault", || edge.health()["checks"]["site"]["status"] == "degraded");
    assert_eq!(edge.get("/users.txt", &[]).status, 404);
}
