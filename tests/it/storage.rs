//! The data disk of a box that runs is lost: it serves on, and says so.

use std::fs;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;

use crate::support::{Disk, Edge, Setup, eventually};

fn status(edge: &Edge) -> Value {
    serde_json::from_slice(&edge.get("/_edge/status.json", &[]).body).expect("JSON")
}

/// A box with its data in a directory of this disk.
fn start(disk: &Disk) -> Edge {
    let edge = Setup::new("").data(&disk.path.join("data")).start();
    assert_eq!(edge.health()["checks"]["storage"]["status"], "ok");
    assert!(status(&edge)["disk"]["total_bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    edge
}

/// Waits until the loss is said with these words everywhere, while the display is served.
fn says(edge: &Edge, es: &str, en: &str) {
    eventually(en, || edge.health()["checks"]["storage"]["reason"].as_str().is_some_and(|reason| reason.contains(en)));
    assert_eq!(edge.health()["checks"]["storage"]["status"], "degraded");
    eventually("the page", || {
        let page = edge.get("/_edge/", &[("accept-language", "es")]);
        let page = page.text();
        page.contains(es) && page.contains("siguen funcionando") && page.contains("no se guarda nada")
    });
    assert!(status(edge).get("disk").is_none(), "what a lost disk has free is nobody's business");
    assert_eq!(edge.get("/", &[]).status, 200);
}

#[test]
fn a_disk_that_can_only_be_read_is_said_until_it_can_be_written() {
    let mut disk = Disk::new(64);
    let edge = start(&disk);
    disk.can_be_written(false);
    says(&edge, "no se puede escribir", "cannot be written to");
    disk.can_be_written(true);
    eventually("the end of it", || edge.health()["checks"]["storage"]["status"] == "ok");
    eventually("the room", || status(&edge).get("disk").is_some());
}

#[test]
fn a_directory_that_is_gone_is_said() {
    let disk = Disk::new(64);
    let edge = start(&disk);
    fs::rename(disk.path.join("data"), disk.path.join("elsewhere")).expect("moved");
    says(&edge, "ya no está", "is gone");
}

/// Opening a pipe takes until somebody writes, as opening a file of a dead disk takes until the disk answers.
#[test]
fn a_disk_that_hangs_keeps_nobody_waiting_and_is_said() {
    let disk = Disk::new(64);
    let edge = start(&disk);
    let file = disk.path.join("data/box-id");
    fs::remove_file(&file).expect("removed");
    mknodat(CWD, &file, FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
    says(&edge, "no responde", "does not answer");
}
