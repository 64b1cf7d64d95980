//! The attacks that the specification of TUF names (section 1.5.2), but for rollbacks, against a whole box.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use serde_json::json;

use super::forge::Forge;
use super::releases;
use super::transport::{Bucket, serve};
use super::world::World;
use crate::repository::TestRepository;
use crate::support::{HostileRepository, eventually};

/// The server, or an attacker before it, has other bytes.
#[test]
fn bytes_that_were_not_signed_are_not_used() {
    let mut world = World::new();
    world.repository.promote(&["--version", "1.1.0"]);
    let (good, forge) = (world.generation(), Forge(&world.repository));
    // The binary, packed and as a difference.
    for part in ["workshop-edge-1.1.0-x86_64-unknown-linux-musl.zst", ".qbsdiff"] {
        let name = forge.find("targets", part);
        let other = vec![7; forge.read(&name).len()];
        forge.write(&name, &other);
    }
    world.fails(&["apply"], "untrusted", "is not what the signed metadata says");
    // The manifest; what was seen of it before is forgotten with the process.
    world.put(&good);
    let newest = forge.newest("stable")["signed"]["targets"]["stable.manifest.json"]["hashes"]["sha256"].take();
    let name = format!("targets/{}.stable.manifest.json", newest.as_str().expect("a digest"));
    let text = String::from_utf8(forge.read(&name)).expect("UTF-8");
    forge.write(&name, text.replace("1.1.0", "9.9.9").as_bytes());
    world.while_off(|_| {});
    world.fails(&["check"], "untrusted", "stable.manifest.json");
    world.put(&good);
    world.follows();
}

/// A thief of one key, or of several that are not the right ones.
#[test]
fn who_may_not_sign_a_role_is_ignored() {
    let world = World::new();
    let (good, forge) = (world.generation(), Forge(&world.repository));
    for (role, signers) in [
        ("timestamp", &["snapshot"][..]),
        ("timestamp", &[]),
        ("snapshot", &["timestamp"]),
        ("targets", &["stable", "snapshot", "timestamp"]),
        ("stable", &["staging"]),
        ("stable", &["targets"]),
    ] {
        forge.change_by(signers, role, |_| {});
        world.fails(&["check"], "untrusted", &format!("the metadata {role:?} is not signed as it must be"));
        world.restore(&good);
    }
    // Two of three have to sign a root.
    let mut root: serde_json::Value = serde_json::from_slice(&forge.read("metadata/1.root.json")).expect("JSON");
    root["signed"]["version"] = json!(2);
    let signed = root["signed"].take();
    forge.write("metadata/2.root.json", &forge.sign(&signed, &["root"]));
    world.fails(&["check"], "untrusted", "the metadata \"root\" is not signed as it must be");
    forge.write("metadata/2.root.json", &forge.sign(&signed, &["root", "root"]));
    world.fails(&["check"], "untrusted", "\"root\"");
    world.restore(&good);
    world.recovers();
}

/// The channel's signer makes a mistake, or has lost the key.
#[test]
fn a_channel_that_says_what_cannot_be_is_not_followed() {
    let world = World::new();
    world.repository.promote(&["--version", "1.1.0"]);
    let (good, forge) = (world.generation(), Forge(&world.repository));
    let (full, delta) = (
        "workshop-edge-1.1.0-x86_64-unknown-linux-musl.zst",
        forge.find("targets", ".qbsdiff").split_once('.').expect("a name").1.to_owned(),
    );
    let platform = |manifest: &mut serde_json::Value, edit: &dyn Fn(&mut serde_json::Value)| {
        edit(&mut manifest["releases"][1]["platforms"]["x86_64-unknown-linux-musl"]);
    };
    // The binary is another one than the manifest names.
    forge.manifest(|manifest| platform(manifest, &|binary| binary["raw_sha256"] = json!("0".repeat(64))), |_| {});
    world.fails(&["apply"], "unfit", "what was unpacked is not the binary that the manifest names");
    world.restore(&good);
    // So large that it cannot be one.
    forge.manifest(|manifest| platform(manifest, &|binary| binary["raw_size"] = json!(u64::MAX)), |_| {});
    world.fails(&["apply"], "unfit", "bytes, more than");
    world.restore(&good);
    // It names what the role does not have.
    let strange = json!("workshop-edge-1.1.0-strange.zst");
    forge.manifest(|manifest| platform(manifest, &|binary| binary["full"] = strange.clone()), |_| {});
    world.fails(&["apply"], "untrusted", "has no target \"workshop-edge-1.1.0-strange.zst\"");
    world.restore(&good);
    // The role has it under another length: shorter and longer than it is.
    for length in [1000, 9_000_000] {
        forge.manifest(
            |manifest| platform(manifest, &|binary| binary["deltas"] = json!([])),
            |signed| signed["targets"][full]["length"] = json!(length),
        );
        world.fails(&["apply"], "untrusted", full);
        world.restore(&good);
    }
    // Or under another digest.
    forge.manifest(
        |manifest| platform(manifest, &|binary| binary["deltas"] = json!([])),
        |signed| signed["targets"][full]["hashes"]["sha256"] = json!("1".repeat(64)),
    );
    world.fails(&["apply"], "incomplete", &"1".repeat(64));
    world.restore(&good);
    // The role and the manifest of another channel.
    forge.manifest(|manifest| manifest["channel"] = json!("staging"), |_| {});
    world.fails(&["check"], "untrusted", "is that of \"staging\"");
    world.restore(&good);
    forge.manifest(|manifest| manifest["schema"] = json!(2), |_| {});
    world.fails(&["check"], "untrusted", "needs a newer program");
    world.restore(&good);
    // Only a difference that is not one: the whole binary does.
    forge.manifest(
        |manifest| platform(manifest, &|binary| binary["deltas"][0]["target"] = json!(delta)),
        |signed| signed["targets"][&delta] = forge.target(&delta, b"no difference at all"),
    );
    world.follows();
    let history = world.history();
    assert_eq!(history.last().expect("an entry")["was_delta"], false);
}

/// Names that lead elsewhere, from somebody with the channel's key.
#[test]
fn a_name_leads_nowhere_but_to_a_target() {
    let world = World::new();
    world.repository.promote(&["--version", "1.1.0"]);
    let (good, forge) = (world.generation(), Forge(&world.repository));
    let before = everything(world.path());
    let content = forge.read(&forge.find("targets", "workshop-edge-1.1.0-x86_64-unknown-linux-musl.zst"));
    let target = forge.target("workshop-edge-evil", &content);
    for name in [
        "../../../escaped",
        "workshop-edge-/../../../../escaped",
        "/workshop-edge-escaped",
        "workshop-edge-..%2f..%2fescaped",
        "workshop-edge-\r\nHost: elsewhere",
        "workshop-edge-?a=b#c",
        "",
        "..",
    ] {
        forge.manifest(
            |manifest| {
                let binary = &mut manifest["releases"][1]["platforms"]["x86_64-unknown-linux-musl"];
                binary["deltas"] = json!([]);
                binary["full"] = json!(name);
            },
            |signed| signed["targets"][name] = target.clone(),
        );
        let said = world.order(&["apply"]).expect_err(name);
        let kind = world.state()["fault"]["kind"].clone();
        assert!(kind == "untrusted" || kind == "incomplete" || kind == "unreachable", "{name:?}: {kind} {said}");
        world.shows("1.0.0");
        world.restore(&good);
    }
    let after = everything(world.path());
    let new: Vec<_> = after.iter().filter(|path| !before.contains(path) && path.contains("escaped")).collect();
    assert!(new.is_empty(), "{new:?}");
    world.follows();
}

/// All files below a directory.
fn everything(directory: &std::path::Path) -> Vec<String> {
    let listed = crate::support::run("find", &[directory.to_str().expect("UTF-8")]);
    String::from_utf8(listed).expect("UTF-8").lines().map(str::to_owned).collect()
}

/// Files of two states of the repository, each of them properly signed.
#[test]
fn what_does_not_belong_together_is_not_mixed() {
    let world = World::new();
    let forge = Forge(&world.repository);
    let old = forge.newest("stable")["signed"]["version"].clone();
    let old = forge.read(&format!("metadata/{old}.stable.json"));
    let snapshot = forge.read(&format!("metadata/{}.snapshot.json", forge.version("snapshot")));
    world.repository.promote(&["--version", "1.1.0"]);
    let good = world.generation();
    // The snapshot as it was.
    forge.write(&format!("metadata/{}.snapshot.json", forge.version("snapshot")), &snapshot);
    world.fails(&["check"], "untrusted", "the repository contradicts itself");
    world.put(&good);
    // The channel as it was, where the new one should be.
    forge.write(&format!("metadata/{}.stable.json", forge.version("stable")), &old);
    world.fails(&["check"], "untrusted", "the repository contradicts itself");
    world.put(&good);
    // One channel's role under the other's name.
    let staging = forge.read(&format!("metadata/{}.staging.json", forge.version("staging")));
    forge.write(&format!("metadata/{}.stable.json", forge.version("stable")), &staging);
    world.fails(&["check"], "untrusted", "the repository contradicts itself");
    world.put(&good);
    world.follows();
}

/// What was valid once is served for ever, so that the box never hears of anything newer.
#[test]
fn a_box_that_is_kept_from_news_notices_when_they_are_overdue() {
    let world = World::new();
    let soon = Timestamp::from_second(Timestamp::now().as_second() + 4).expect("a time");
    Forge(&world.repository).change("timestamp", |signed| signed["expires"] = json!(soon.to_string()));
    world.checks();
    let frozen = world.generation();
    // The publisher goes on; the attacker in between replays the old state.
    world.repository.promote(&["--version", "1.1.0"]);
    let good = world.generation();
    world.put(&frozen);
    eventually("it is overdue", || world.order(&["check"]).is_err());
    world.fails(&["check"], "expired", "the metadata \"timestamp\" expired on");
    world.put(&good);
    world.follows();
}

/// A thief of the online keys has published versions that no honest publisher will ever come to.
#[test]
fn versions_that_ran_ahead_are_recovered_from_with_new_keys() {
    let mut world = World::new();
    let good = world.generation();
    let forge = Forge(&world.repository);
    forge.change("stable", |signed| signed["version"] = json!(1_000_000));
    forge.change("snapshot", |signed| signed["version"] = json!(2_000_000));
    forge.change("timestamp", |signed| signed["version"] = json!(3_000_000));
    world.checks();
    world.put(&good);
    world.fails(&["check"], "stale", "goes back from version 3000000");
    for role in ["timestamp", "snapshot"] {
        world.repository.rotate(role);
        // Half of it is not enough.
        if role == "timestamp" {
            world.while_off(|_| {});
            world.fails(&["check"], "rollback", "\"stable\" goes back from version 1000000");
        }
    }
    world.recovers();
}

/// The way from root to root has a gap.
#[test]
fn a_missing_root_is_not_passed_over() {
    let world = World::new();
    let forge = Forge(&world.repository);
    world.repository.rotate("timestamp");
    let second = forge.read("metadata/2.root.json");
    world.repository.rotate("snapshot");
    assert!(forge.path("metadata/3.root.json").exists());
    fs::remove_file(forge.path("metadata/2.root.json")).expect("removed");
    // Signed by keys that this box never heard of.
    world.fails(&["check"], "untrusted", "the metadata \"timestamp\" is not signed as it must be");
    // The third in the place of the second.
    forge.write("metadata/2.root.json", &forge.read("metadata/3.root.json"));
    world.fails(&["check"], "untrusted", "the repository contradicts itself");
    forge.write("metadata/2.root.json", &second);
    world.recovers();
}

/// The keys of one channel are of no use against the other.
#[test]
fn a_bad_staging_does_not_block_stable() {
    let world = World::new();
    let forge = Forge(&world.repository);
    let (name, whole) = damaged(&forge, "staging", || world.checks());
    // The publisher notices, and somebody damages it again.
    forge.write(&name, &whole);
    world.repository.promote(&["--version", "1.1.0"]);
    forge.write(&name, b"{}");
    world.follows();
    // A box of that channel says so.
    let ca = format!("update.ca_file={}", world.path().join("ca.pem").display());
    let url = world.server.as_ref().expect("nginx").url();
    let copy = TestRepository::copy(world.repository.path());
    let other = World::behind(copy, &url, &["update.channel=staging", &ca]);
    other.fails(&["check"], "untrusted", "staging");
}

#[test]
fn a_bad_stable_does_not_block_staging() {
    let repository = releases::repository();
    let forge = Forge(&repository);
    // A box that has not looked yet.
    damaged(&forge, "stable", || ());
    let world = World::of(repository, &["update.channel=staging"]);
    world.follows();
}

/// Whatever a thief of a channel's key could do with it, and then somebody who only can damage files.
/// Gives the file that is damaged in the end, and what was in it.
fn damaged(forge: &Forge<'_>, bad: &str, look: impl Fn()) -> (String, Vec<u8>) {
    let other = if bad == "stable" { "staging" } else { "stable" };
    forge.change(bad, |signed| signed["expires"] = json!("2020-01-01T00:00:00Z"));
    look();
    forge.change(bad, |signed| {
        signed["targets"][format!("{other}.manifest.json")] = forge.target(&format!("{other}.manifest.json"), b"{}");
    });
    look();
    let name = format!("metadata/{}.{bad}.json", forge.version(bad));
    let whole = forge.read(&name);
    fs::remove_file(forge.path(&name)).expect("removed");
    look();
    forge.write(&name, b"{}");
    look();
    (name, whole)
}

/// Bytes without an end, in the place of metadata and of a binary.
#[test]
fn endless_data_ends() {
    let repository = releases::repository();
    let bucket = Bucket::of(&repository);
    let endless = Arc::new(std::sync::Mutex::new(String::new()));
    let what = Arc::clone(&endless);
    let server = HostileRepository::start(move |request, connection| {
        let part = what.lock().expect("unpoisoned").clone();
        if part.is_empty() || !request.path.contains(&part) {
            return serve(&bucket, request, connection);
        }
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while connection.write_all(&vec![b' '; 64 * 1024]).is_ok() {}
        false
    });
    let world = World::behind(repository, &server.url(), &[]);
    world.repository.promote(&["--version", "1.1.0"]);
    for part in ["timestamp.json", ".snapshot.json", ".stable.json", "stable.manifest.json"] {
        endless.lock().expect("unpoisoned").replace_range(.., part);
        let said = world.order(&["check"]).expect_err("it has no end");
        let fault = world.state()["fault"].clone();
        assert!(fault["kind"] == "server" || fault["kind"] == "untrusted", "{part}: {said}");
        world.shows("1.0.0");
    }
    endless.lock().expect("unpoisoned").replace_range(.., "workshop-edge-1.1.0");
    let said = world.order(&["apply"]).expect_err("it has no end");
    assert!(world.state()["fault"].is_object(), "{said}");
    world.shows("1.0.0");
    let kept = crate::support::run("du", &["-sk", world.data().to_str().expect("UTF-8")]);
    let kib: u64 =
        String::from_utf8(kept).expect("UTF-8").split_whitespace().next().expect("a size").parse().expect("KiB");
    assert!(kib < 40_000, "{kib} KiB are kept of it");
    endless.lock().expect("unpoisoned").clear();
    world.follows();
}

/// Bytes that come so slowly that nothing ever is whole. How slow is too slow is the transport's own test.
#[test]
fn a_slow_server_keeps_nobody_waiting_but_the_updates() {
    let repository = releases::repository();
    let bucket = Bucket::of(&repository);
    let (is_slow, began) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (slow, noted) = (Arc::clone(&is_slow), Arc::clone(&began));
    let server = HostileRepository::start(move |request, connection| {
        if !slow.load(Ordering::SeqCst) {
            return serve(&bucket, request, connection);
        }
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        noted.store(true, Ordering::SeqCst);
        while slow.load(Ordering::SeqCst) && connection.write_all(b" ").is_ok() {
            std::thread::park_timeout(std::time::Duration::from_millis(50));
        }
        false
    });
    let world = World::behind(repository, &server.url(), &[]);
    is_slow.store(true, Ordering::SeqCst);
    let mut waiting = world.command(&["check"]).stderr(std::process::Stdio::piped()).spawn().expect("started");
    eventually("it comes slowly", || began.load(Ordering::SeqCst));
    assert_eq!(world.state()["phase"]["phase"], "checking");
    world.shows("1.0.0");
    assert_eq!(waiting.try_wait().expect("a child"), None);
    is_slow.store(false, Ordering::SeqCst);
    assert_eq!(waiting.wait().expect("its end").code(), Some(1));
    assert_eq!(world.state()["fault"]["kind"], "unreachable");
    world.recovers();
}
