//! A published repository, on a machine that keeps none.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::releases::files;
use super::sync::{done, folder, paths, published, refused, sync, wanted};
use crate::programs::Program;
use crate::repository::TestRepository;
use crate::support::s3::{Gate, S3};
use crate::support::{Nginx, eventually, run};

/// `fetch` of what is at an address, trusted by the first root of this repository.
fn fetch(url: &str, directory: &Path, trusted: &TestRepository, options: &[&str]) -> Command {
    fetch_by(&trusted.directory().join("metadata/1.root.json"), url, directory, options)
}

fn fetch_by(root: &Path, url: &str, directory: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
    command.args(["fetch", url, "--json"]).arg(directory).arg("--root").arg(root).args(options);
    command.env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES");
    command
}

/// A machine with the keys of a repository, and no repository.
fn empty_machine(of: &TestRepository) -> TestRepository {
    let machine = TestRepository::copy(of.path());
    std::fs::remove_dir_all(machine.directory()).expect("there before");
    machine
}

#[test]
fn a_copy_is_what_is_published_and_goes_on_from_there() {
    let (store, here) = (S3::start(), published("1.0.0"));
    let cdn = Nginx::cdn(&store.public());
    let (address, url) = (store.address().to_string(), folder(&cdn));
    here.rotate("timestamp");
    done(sync(&here.directory(), &address, &["--through", &url]));

    let there = empty_machine(&here);
    let answer = done(fetch(&url, &there.directory(), &here, &[]));
    let copy = files(&there.directory());
    for (name, bytes) in &copy {
        assert_eq!(std::fs::read(here.directory().join(name)).ok().as_ref(), Some(bytes), "{name}");
    }
    assert_eq!(answer["files"], copy.len(), "{answer}");
    // Whichever version of the root is trusted.
    let (newest, again) = (here.directory().join("metadata/2.root.json"), there.path().join("again"));
    done(fetch_by(&newest, &url, &again, &[]));
    assert_eq!(files(&again), copy);
    let said = refused(fetch(&url, &again, &here, &[]));
    assert!(said.contains("is there already"), "{said}");

    there.publish("staging", "1.1.0", &Program::new("1.1.0").build());
    there.promote(&[]);
    done(sync(&there.directory(), &address, &[]));
    assert_eq!(wanted(&here, &url), "\"1.1.0\"");
    // And whoever goes on from an older state is told so.
    assert!(here.refused(&["refresh"]).contains("is ahead"));
}

#[test]
fn metadata_are_enough_to_go_back() {
    let (store, here) = (S3::start(), published("1.0.0"));
    let cdn = Nginx::cdn(&store.public());
    let (address, url) = (store.address().to_string(), folder(&cdn));
    here.publish("staging", "1.1.0", &Program::new("1.1.0").build());
    here.promote(&[]);
    done(sync(&here.directory(), &address, &["--through", &url]));

    let there = empty_machine(&here);
    done(fetch(&url, &there.directory(), &here, &["--metadata-only"]));
    let binaries = files(&there.directory()).into_iter().filter(|(name, _)| name.contains("musl")).count();
    assert_eq!(binaries, 0);
    there.rollback("stable", "1.0.0");
    there.rollback("staging", "1.0.0");
    let uploaded = paths(&done(sync(&there.directory(), &address, &[])));
    assert!(!uploaded.iter().any(|path| path.contains("musl")), "{uploaded:?}");
    assert_eq!(wanted(&here, &url), "\"1.0.0\"");
    // A binary that is missed there is said to be missing, and nothing is made of it.
    let target = files(&here.directory()).into_keys().find(|name| name.ends_with("musl.zst")).expect("a target");
    std::fs::remove_file(store.root().join("updates/edge").join(&target)).expect("there before");
    assert!(
        refused(sync(&there.directory(), &address, &[]))
            .contains(&format!("cannot read {}", there.directory().join(target).display()))
    );
}

#[test]
fn what_is_not_of_whom_one_trusts_is_not_kept() {
    let (repository, stranger) = (published("1.0.0"), TestRepository::new());
    let machine = tempfile::tempdir().expect("a directory");
    let copy = machine.path().join("copy");
    let url = format!("file://{}", repository.directory().display());
    let said = refused(fetch(&url, &copy, &stranger, &[]));
    assert!(said.contains("is not of whom you trust"), "{said}");
    let later = repository.path().join("later.json");
    let root = String::from_utf8(repository.root()).expect("UTF-8").replacen("\"version\": 1", "\"version\": 2", 1);
    std::fs::write(&later, root).expect("written");
    let said = refused(fetch_by(&later, &url, &copy, &[]));
    assert!(said.contains("is not of whom you trust"), "{said}");

    done(fetch(&url, &copy, &repository, &[]));
    let original = files(&copy);
    std::fs::remove_dir_all(&copy).expect("there before");
    for (name, content) in &original {
        let path = repository.directory().join(name);
        let mut bytes = content.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).expect("written");
        refused(fetch(&url, &copy, &repository, &[]));
        assert_eq!(std::fs::read_dir(machine.path()).expect("there").count(), 0, "{name}");
        std::fs::remove_file(&path).expect("there before");
        refused(fetch(&url, &copy, &repository, &[]));
        std::fs::write(&path, content).expect("restored");
    }
    let said = refused(fetch("somewhere", &copy, &repository, &[]));
    assert!(said.contains("somewhere: want the address"), "{said}");
}

/// A run that died before `timestamp.json` leaves files in the bucket, and in caches, under the numbers that come next.
#[test]
fn a_run_passes_over_the_numbers_of_one_that_died() {
    let (store, here) = (S3::start(), published("1.0.0"));
    let cdn = Nginx::cdn(&store.public());
    let (address, url) = (store.address().to_string(), folder(&cdn));
    done(sync(&here.directory(), &address, &["--through", &url]));
    let snapshots = || {
        let folder = std::fs::read_dir(store.root().join("updates/edge/metadata")).expect("there");
        folder.flatten().filter(|file| file.file_name().to_string_lossy().ends_with(".snapshot.json")).count()
    };
    let before = snapshots();

    let dies = empty_machine(&here);
    done(fetch(&url, &dies.directory(), &here, &["--metadata-only"]));
    dies.refresh(&["--expires", "timestamp=30d", "--expires", "snapshot=60d"]);
    for requests in 0.. {
        let gate = Gate::after(requests, store.address());
        let mut command = sync(&dies.directory(), &gate.address.to_string(), &[]);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        eventually("the request", || gate.closed.try_recv().is_ok());
        let _ = process.kill();
        let _ = process.wait();
        if snapshots() > before {
            break;
        }
    }
    let next = empty_machine(&here);
    done(fetch(&url, &next.directory(), &here, &["--metadata-only"]));
    next.refresh(&["--expires", "timestamp=40d", "--expires", "snapshot=70d"]);
    let uploaded: Value = done(sync(&next.directory(), &address, &[]));
    assert_eq!(paths(&uploaded).len(), 2, "{uploaded}");
    assert_eq!(snapshots(), before + 2);
    assert_eq!(wanted(&here, &url), "\"1.0.0\"");
}

/// Nobody refreshed it in time: the copy is what mends it.
#[test]
fn what_has_expired_is_fetched_and_refreshed() {
    let repository = published("1.0.0");
    let machine = empty_machine(&repository);
    let url = format!("file://{}", repository.directory().display());
    let faketime = format!("/usr/lib/{}-linux-gnu/faketime/libfaketime.so.1", std::env::consts::ARCH);
    let later = |mut command: Command| {
        command.env("LD_PRELOAD", &faketime).env("FAKETIME", "+30d");
        done(command)
    };
    later(fetch(&url, &machine.directory(), &repository, &["--metadata-only"]));
    let keys = machine.keys().join("keys.toml");
    let mut refresh = machine.command(["refresh", "--json", "--keys", keys.to_str().expect("UTF-8")]);
    refresh.arg("--published").arg("none");
    let answer = later(refresh);
    assert_eq!(answer["changed"], true);
    // The manifests are there, and the binary is not.
    let mut verify = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
    verify.arg("verify").arg(repository.directory()).arg("--json");
    verify.env("LD_PRELOAD", &faketime).env("FAKETIME", "+30d");
    let said = String::from_utf8(verify.output().expect("started").stderr).expect("UTF-8");
    assert!(said.contains("expired"), "{said}");
    run("cp", &["-a", &format!("{}/.", machine.directory().display()), &repository.directory().display().to_string()]);
    let mut verify = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
    verify.arg("verify").arg(repository.directory()).arg("--json");
    later(verify);
}
