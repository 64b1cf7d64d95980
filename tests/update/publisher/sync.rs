//! A repository in a store of S3's, behind a CDN.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::programs::Program;
use crate::repository::TestRepository;
use crate::support::s3::{Gate, S3};
use crate::support::{Nginx, eventually, run};

pub(super) const TO: &str = "s3://updates/edge";

/// `sync` of this directory to the store at this address.
pub(super) fn sync(directory: &Path, store: &str, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
    command.arg("sync").arg(directory).args([TO, "--json", "--patience", "0"]).args(options);
    command.env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES").env_remove("AWS_SESSION_TOKEN");
    command.env("AWS_ACCESS_KEY_ID", S3::KEY).env("AWS_SECRET_ACCESS_KEY", S3::SECRET);
    command.env("AWS_REGION", "us-east-1").env("AWS_ENDPOINT_URL_S3", format!("http://{store}"));
    command
}

pub(super) fn done(mut command: Command) -> Value {
    let output = command.output().expect("started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

pub(super) fn refused(mut command: Command) -> String {
    let output = command.output().expect("started");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "not refused: {said}");
    said
}

pub(super) fn paths(answer: &Value) -> Vec<String> {
    let uploads = answer["uploads"].as_array().expect("uploads").iter();
    uploads.map(|upload| upload["path"].as_str().expect("a path").to_owned()).collect()
}

/// What a box that trusts the first root finds at an address.
fn seen(repository: &TestRepository, url: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workshop-release"));
    command.args(["verify", url, "--allow-http", "--json", "--root"]);
    command.arg(repository.directory().join("metadata/1.root.json")).output().expect("started")
}

/// Which version both channels want there.
pub(super) fn wanted(repository: &TestRepository, url: &str) -> String {
    let output = seen(repository, url);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let channels = report["channels"].as_array().expect("channels").iter();
    let mut desired: Vec<_> = channels.map(|channel| channel["manifest"]["desired"].to_string()).collect();
    desired.dedup();
    assert_eq!(desired.len(), 1, "{desired:?}");
    desired.remove(0)
}

pub(super) fn published(version: &str) -> TestRepository {
    let repository = TestRepository::new();
    repository.publish("staging", version, &Program::new(version).build());
    repository.promote(&[]);
    repository
}

/// The address of the bucket's folder behind a CDN.
pub(super) fn folder(cdn: &Nginx) -> String {
    format!("{}/updates/edge", cdn.plain())
}

#[test]
fn a_bucket_holds_what_the_repository_does_and_nothing_is_uploaded_twice() {
    let (store, repository) = (S3::start(), published("1.0.0"));
    let cdn = Nginx::cdn(&store.public());
    let (directory, address, url) = (repository.directory(), store.address().to_string(), folder(&cdn));
    let said = refused(sync(&directory, &address, &[]));
    assert!(said.contains("say with --through URL"), "{said}");

    let dry = done(sync(&directory, &address, &["--through", &url, "--dry-run"]));
    let first = done(sync(&directory, &address, &["--through", &url]));
    assert_eq!(paths(&dry), paths(&first));
    assert_eq!(paths(&first).last().expect("some"), "metadata/timestamp.json");
    assert_eq!(wanted(&repository, &url), "\"1.0.0\"");
    for path in paths(&first) {
        let head = run("curl", &["-sSf", "-o", "/dev/null", "-D", "-", &format!("{url}/{path}")]);
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let cache = if path.ends_with("timestamp.json") { "no-cache" } else { "public, max-age=31536000, immutable" };
        assert!(head.contains(&format!("cache-control: {cache}\r\n")), "{path}: {head}");
    }

    // The repository remembers where boxes fetch from.
    let again = done(sync(&directory, &address, &[]));
    assert_eq!((&again["changed"], &again["unchanged"]), (&false.into(), &paths(&first).len().into()));

    // The hook is told what to forget, and only when there is something.
    let calls = repository.path().join("calls");
    let hook = format!("sh {}", write_hook(repository.path(), &calls));
    done(sync(&directory, &address, &["--invalidate", &hook]));
    assert!(!calls.exists());
    repository.refresh(&["--expires", "timestamp=30d", "--expires", "snapshot=60d"]);
    let refreshed = done(sync(&directory, &address, &["--invalidate", &hook]));
    let [snapshot, timestamp] = paths(&refreshed).try_into().expect("two");
    assert!(snapshot.ends_with(".snapshot.json") && timestamp == "metadata/timestamp.json", "{refreshed}");
    assert_eq!(std::fs::read_to_string(&calls).expect("called"), "/updates/edge/metadata/timestamp.json\n");

    // A target that somebody has damaged there is put right.
    let target = paths(&first).into_iter().find(|path| path.ends_with("musl.zst")).expect("a target");
    std::fs::write(store.root().join("updates/edge").join(&target), "damaged").expect("written");
    assert_eq!(paths(&done(sync(&directory, &address, &[]))), [target]);
}

fn write_hook(directory: &Path, calls: &Path) -> String {
    let script = directory.join("hook");
    std::fs::write(&script, format!("echo \"$1\" >>{}\n", calls.display())).expect("written");
    script.display().to_string()
}

#[test]
fn what_would_harm_the_boxes_is_not_uploaded() {
    let (store, repository) = (S3::start(), published("1.0.0"));
    let cdn = Nginx::cdn(&store.public());
    let (directory, address, url) = (repository.directory(), store.address().to_string(), folder(&cdn));
    let timestamp = store.root().join("updates/edge/metadata/timestamp.json");

    let mut command = sync(&directory, &address, &["--through", &url]);
    command.env_remove("AWS_SECRET_ACCESS_KEY");
    assert!(refused(command).contains("there are no credentials"));
    let mut command = sync(&directory, &address, &["--through", &url]);
    command.env("AWS_SECRET_ACCESS_KEY", "another one");
    let said = refused(command);
    assert!(said.contains("403 Forbidden SignatureDoesNotMatch") && !said.contains("another one"), "{said}");

    // An address that leads elsewhere is noticed before boxes are sent there.
    let elsewhere = format!("{}/updates/other", cdn.plain());
    let said = refused(sync(&directory, &address, &["--through", &elsewhere]));
    assert!(said.contains("gives nothing for metadata/") && said.contains("timestamp.json was not uploaded"), "{said}");
    assert!(!timestamp.exists());

    let files = super::releases::files(&directory);
    let (name, bytes) = files.iter().find(|(name, _)| name.ends_with("musl.zst")).expect("a target");
    std::fs::remove_file(store.root().join("updates/edge").join(name)).expect("there before");
    let mut turned = bytes.clone();
    turned[bytes.len() / 2] ^= 1;
    std::fs::write(directory.join(name), turned).expect("written");
    assert!(refused(sync(&directory, &address, &["--through", &url])).contains("is not what was signed"));
    assert!(!timestamp.exists());
    std::fs::write(directory.join(name), bytes).expect("restored");
    done(sync(&directory, &address, &["--through", &url]));
    assert!(timestamp.exists());
}

/// Ended at each of its requests, it leaves either the old release or the new one, whole; and
/// the same command goes on from there.
#[test]
fn ended_at_any_request_the_old_release_stands_or_the_new_one_is_whole() {
    let (store, repository) = (S3::start(), published("1.0.0"));
    let cdn = Nginx::cdn(&store.public());
    done(sync(&repository.directory(), &store.address().to_string(), &["--through", &folder(&cdn)]));
    let old = tempfile::tempdir().expect("a directory");
    let (root, kept) = (store.root().display().to_string(), old.path().join("kept").display().to_string());
    run("cp", &["-a", &root, &kept]);

    repository.publish("staging", "1.1.0", &Program::new("1.1.0").build());
    repository.promote(&[]);
    // A root that goes after the timestamp.
    repository.rotate("timestamp");
    let mut states = Vec::new();
    for requests in 0.. {
        run("rm", &["-rf", &root]);
        run("cp", &["-a", &kept, &root]);
        let cdn = Nginx::cdn(&store.public());
        let url = folder(&cdn);
        let gate = Gate::after(requests, store.address());
        let mut command = sync(&repository.directory(), &gate.address.to_string(), &["--through", &url]);
        let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("started");
        let mut ended = None;
        eventually("the request, or the end", || {
            ended = process.try_wait().expect("its state");
            ended.is_some() || gate.closed.try_recv().is_ok()
        });
        let _ = process.kill();
        let _ = process.wait();
        states.push(wanted(&repository, &url));
        done(sync(&repository.directory(), &store.address().to_string(), &["--through", &url]));
        assert_eq!(wanted(&repository, &url), "\"1.1.0\"", "after {requests}");
        if let Some(status) = ended {
            assert!(status.success(), "after {requests}");
            break;
        }
    }
    let first = states.iter().position(|state| state == "\"1.1.0\"").expect("it ended well");
    assert!(states[first..].iter().all(|state| state == "\"1.1.0\""), "{states:?}");
    // Looked at, written, and the root after the timestamp.
    assert!(first > 20 && first + 2 == states.len(), "{first} of {}", states.len());
}

/// Two copies of a repository, one of which was published from: the other one is told so by each command, and nothing of it
/// is uploaded.
#[test]
fn copies_that_diverge_are_refused() {
    let (store, here) = (S3::start(), published("1.0.0"));
    let cdn = Nginx::cdn(&store.public());
    let (address, url) = (store.address().to_string(), folder(&cdn));
    done(sync(&here.directory(), &address, &["--through", &url]));
    let (there, early) = (TestRepository::copy(here.path()), TestRepository::copy(here.path()));
    let later = ["--expires", "timestamp=30d", "--expires", "snapshot=60d"];
    let otherwise = ["--expires", "timestamp=40d", "--expires", "snapshot=70d"];

    here.refresh(&later);
    // Not published yet: what is there is of both.
    there.refresh(&otherwise);
    done(sync(&here.directory(), &address, &[]));
    let before = super::releases::files(&there.directory());
    let said = there.refused(&["refresh"]);
    assert!(said.contains(&format!("{url} and ")) && said.contains("timestamp.json is not the same"), "{said}");
    let said = refused(sync(&there.directory(), &address, &[]));
    assert!(said.contains("have diverged: timestamp.json is not the same"), "{said}");

    let said = early.refused(&["rollback", "--channel", "stable", "--to", "1.0.0"]);
    assert!(said.contains(&format!("{url} is ahead: its timestamp is v")), "{said}");
    assert!(refused(sync(&early.directory(), &address, &[])).contains("s3://updates/edge is ahead"));

    // Somebody who looks away gets no further than the bucket: a higher number alone does not make a successor.
    assert_eq!(super::releases::files(&there.directory()), before);
    let binary = Program::new("1.1.0").build();
    there.publish_with("staging", "1.1.0", &[&binary], &["--published", "none"]);
    let said = refused(sync(&there.directory(), &address, &[]));
    assert!(said.contains("snapshot.json is not the same"), "{said}");
    assert!(there.refused(&["refresh"]).contains("snapshot.json is not the same"));
    assert_eq!(wanted(&here, &url), "\"1.0.0\"");

    // A root, too.
    here.refresh(&["--role", "root", "--expires", "root=900d"]);
    done(sync(&here.directory(), &address, &[]));
    let copy = TestRepository::copy(here.path());
    std::fs::remove_file(copy.directory().join("metadata/2.root.json")).expect("there before");
    assert!(copy.refused(&["refresh"]).contains("its root is v2"));
    copy.refresh(&["--role", "root", "--expires", "root=950d", "--published", "none"]);
    assert!(copy.refused(&["refresh"]).contains("2.root.json is not the same"));

    // The one that was published from goes on.
    here.publish("staging", "1.1.0", &binary);
    here.promote(&[]);
    done(sync(&here.directory(), &address, &[]));
    assert_eq!(wanted(&here, &url), "\"1.1.0\"");
}

#[test]
fn a_repository_that_is_uploaded_by_other_means_remembers_where() {
    let repository = published("1.0.0");
    let place = repository.path().join("published");
    run("cp", &["-a", repository.directory().to_str().expect("UTF-8"), place.to_str().expect("UTF-8")]);
    let url = format!("file://{}", place.display());
    let later = ["--expires", "timestamp=30d", "--published", &url];
    repository.refresh(&[&later[..], &["--dry-run"]].concat());
    assert!(!repository.directory().join("published.json").exists());
    repository.refresh(&later);
    std::fs::remove_file(place.join("metadata/timestamp.json")).expect("there before");
    std::fs::write(place.join("metadata/timestamp.json"), "{}").expect("written");
    assert!(repository.refused(&["refresh"]).contains("timestamp.json is not valid"));
}
