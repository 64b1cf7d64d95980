//! Somebody shows a box what the publisher said once, and does not say any more.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::forge::Forge;
use super::world::World;

/// What happens to a box, which is off, to its data.
type Event = (&'static str, fn(&Path));

/// What happens to a box between what it has seen and what it is shown.
const MEANWHILE: [Event; 4] = [
    ("a power cut", |_| {}),
    ("the cache is lost", |data| drop(fs::remove_dir_all(data.join("trust/metadata")))),
    ("the cache is torn", |data| each(&data.join("trust/metadata"), |bytes| bytes.truncate(bytes.len() / 2))),
    ("the cache is empty", |data| each(&data.join("trust/metadata"), Vec::clear)),
];

/// Changes all files in a directory, if there are any.
fn each(directory: &Path, change: impl Fn(&mut Vec<u8>)) {
    for entry in fs::read_dir(directory).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            let mut bytes = fs::read(&path).expect("read");
            change(&mut bytes);
            fs::write(path, bytes).expect("written");
        }
    }
}

#[test]
fn no_role_goes_back() {
    let mut world = World::new();
    let first = world.generation();
    let old = |role: &str| Forge(&world.repository).version(role);
    let versions = [("snapshot", old("snapshot")), ("targets", old("targets")), ("stable", old("stable"))];
    // Every role has a newer version, which the box has seen.
    for role in ["stable", "targets"] {
        Forge(&world.repository).change(role, |_| {});
    }
    world.checks();
    let second = world.generation();
    for (what, happens) in MEANWHILE {
        // Shown to a box that has just started, so that it knows no more than what it has kept.
        world.put(&first);
        world.while_off(happens);
        eprintln!("{what}:");
        world.fails(&["check"], "stale", "the metadata \"timestamp\" goes back");
        for (role, version) in versions {
            world.restore(&second);
            Forge(&world.repository).bring_back(role, version);
            world.while_off(happens);
            world.fails(&["check"], "rollback", &format!("the metadata {role:?} goes back"));
        }
        world.restore(&second);
        world.checks();
    }
    // And to one that runs.
    for (role, version) in versions {
        Forge(&world.repository).bring_back(role, version);
        world.fails(&["check"], "rollback", &format!("the metadata {role:?} goes back"));
        world.restore(&second);
        world.checks();
    }
    world.recovers();
}

/// A newer timestamp key does not make the snapshot key's old word good again, nor does a lost cache with it.
#[test]
fn no_channel_goes_back_across_a_rotation() {
    let mut world = World::new();
    let old = Forge(&world.repository).version("stable");
    Forge(&world.repository).change("stable", |_| {});
    world.checks();
    world.repository.rotate("timestamp");
    let rotated = world.generation();
    for (what, happens) in MEANWHILE {
        eprintln!("{what}:");
        world.restore(&rotated);
        Forge(&world.repository).bring_back("stable", old);
        world.while_off(happens);
        world.fails(&["check"], "rollback", "the metadata \"stable\" goes back");
        world.restore(&rotated);
        world.checks();
    }
    world.recovers();
}

/// The root that a box comes from the factory with, after the keys have changed: what the old keys have signed is no
/// longer worth anything, also where the chain of roots was lost.
#[test]
fn revoked_keys_stay_revoked() {
    let mut world = World::new();
    let first = world.generation();
    world.repository.rotate("timestamp");
    world.checks();
    let good = world.generation();
    for (what, happens) in MEANWHILE {
        eprintln!("{what}:");
        world.put(&first);
        world.while_off(happens);
        let said = world.order(&["check"]).expect_err("revoked");
        let kind = world.state()["fault"]["kind"].clone();
        assert!(kind == "stale" || kind == "rollback" || kind == "untrusted", "{what}: {kind} {said}");
        world.shows("1.0.0");
        world.put(&good);
        world.checks();
    }
    world.recovers();
}

/// What a channel has forbidden stays so, whatever its own key says later.
#[test]
fn a_channel_never_allows_again_what_it_has_forbidden() {
    let mut world = World::new();
    world.repository.promote(&["--version", "1.1.0", "--min-version", "1.1.0"]);
    world.follows();
    let good = world.generation();
    for happens in [None, Some(MEANWHILE[0].1), Some(MEANWHILE[1].1)] {
        Forge(&world.repository).manifest(
            |manifest| {
                manifest["min_version"] = json!("1.0.0");
                manifest["desired"] = json!("1.0.0");
                manifest["releases"][0]["rollback_from"] = json!(["1.1.0"]);
            },
            |_| {},
        );
        if let Some(happens) = happens {
            world.while_off(happens);
        }
        world.fails(&["check"], "rollback", "lowers min_version from 1.1.0 to 1.0.0");
        world.restore(&good);
        world.checks();
    }
    world.shows("1.1.0");
}
