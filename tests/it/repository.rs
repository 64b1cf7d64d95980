//! Trusting a repository: across restarts, with what was kept lost or damaged, and with parts of it bad.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::json;
use workshop_edge::update::manifest::Manifest;
use workshop_edge::update::repository::{
    Repository, RepositoryError, RepositoryErrorKind as Kind, Settings, stored_is_sound,
};
use workshop_edge::update::transport::{Source, Transport};

use crate::support::{HostileRepository, Nginx, SmallRepository, manifest, outbound};

const DAY: Duration = Duration::from_secs(86400);

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// A box that has just started.
fn start(from: &SmallRepository, trust: &Path, root: Vec<u8>) -> Repository {
    let transport = Transport::new(Source::Directory(from.path().to_owned())).expect("a transport");
    Repository::open(&Settings::under(trust.to_owned(), root), transport).expect("a root")
}

fn refreshed(repository: &mut Repository, now: SystemTime) -> Result<(), Kind> {
    run(repository.refresh(now)).map_err(|error| error.kind())
}

/// What a box that has just started gets of a channel.
fn fetched(from: &SmallRepository, trust: &Path, channel: &str) -> Result<Arc<Manifest>, RepositoryError> {
    let (mut repository, now) = (start(from, trust, from.root()), SystemTime::now());
    run(async {
        repository.refresh(now).await?;
        repository.manifest(channel, now).await
    })
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

#[test]
fn a_channel_is_looked_up_in_its_own_role_alone() {
    let (source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    let (mut repository, now) = (start(&source, trust.path(), source.root()), SystemTime::now());
    assert!(matches!(run(repository.manifest("stable", now)), Err(RepositoryError::NotRefreshed)));
    refreshed(&mut repository, now).expect("fresh");
    assert_eq!(run(repository.manifest("stable", now)).expect("a manifest").channel, "stable");
    assert_eq!(run(repository.manifest("beta", now)).expect_err("none").kind(), Kind::Channel);

    let name = "workshop-edge-1.0.0-stable.zst";
    let target = repository.target("stable", name).expect("its own");
    assert_eq!((target.length, &target.path), (6, &format!("{}.{name}", target.sha256)));
    assert_eq!(fs::read(source.path().join("targets").join(&target.path)).expect("there"), b"stable");
    // Another channel's, one that the delegation does not cover, and a path.
    for name in
        ["workshop-edge-1.0.0-staging.zst", "staging.manifest.json", "../timestamp.json", "workshop-edge-x/y", "stray"]
    {
        assert!(matches!(repository.target("stable", name), Err(RepositoryError::Target { .. })), "{name}");
    }
    assert!(matches!(repository.target("staging", "staging.manifest.json"), Err(RepositoryError::NotRefreshed)));
    assert!(!trust.path().join("metadata/staging.json").exists(), "the other channel was asked for");
}

#[test]
fn a_bad_channel_does_not_block_the_other() {
    for (bad, good) in [("staging", "stable"), ("stable", "staging")] {
        let mut source = SmallRepository::new();
        source.lasts.insert(bad.to_owned(), Duration::ZERO);
        source.publish();
        let fresh = || tempfile::tempdir().expect("a directory");
        let file = source.file(&format!("2.{bad}.json"));
        let signed = fs::read_to_string(&file).expect("metadata");
        for (content, kind) in [
            (Some(signed.clone()), Kind::Expired),
            (Some(signed.replace("1.0.0", "2.0.0")), Kind::Signature),
            (Some("{}".to_owned()), Kind::Invalid),
            (None, Kind::Incomplete),
        ] {
            match content {
                Some(content) => fs::write(&file, content).expect("written"),
                None => fs::remove_file(&file).expect("removed"),
            }
            // Expired is what lies before now.
            let error = fetched(&source, fresh().path(), bad).expect_err(bad);
            assert_eq!(error.kind(), kind, "{error:?}");
            assert_eq!(fetched(&source, fresh().path(), good).expect(good).channel, good);
        }
    }
}

#[test]
fn nothing_new_costs_two_requests_and_a_manifest_is_fetched_once() {
    let (mut source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    let directory = source.path().to_owned();
    let server = HostileRepository::start(move |request, connection| {
        let (status, body) = match fs::read(directory.join(request.path.trim_start_matches('/'))) {
            Ok(body) => ("200 OK", body),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len());
        connection.write_all(&[head.as_bytes(), &body].concat()).is_ok()
    });
    let web = Source::Web { url: server.url(), allow_http: true, outbound: outbound(None) };
    let transport = Transport::new(web).expect("a transport");
    let settings = Settings::under(trust.path().to_owned(), source.root());
    let mut repository = Repository::open(&settings, transport.clone()).expect("a root");
    assert_eq!(server.asked().len(), 0, "it asked before it was told to");
    let mut check = || {
        let before = server.asked().len();
        run(async {
            repository.refresh(SystemTime::now()).await.expect("fresh");
            repository.manifest("stable", SystemTime::now()).await.expect("a manifest");
        });
        server.asked().split_off(before)
    };
    assert_eq!(check().len(), 6);
    for _ in 0..3 {
        let before = transport.traffic().read();
        assert_eq!(check(), ["/metadata/2.root.json", "/metadata/timestamp.json"]);
        let after = transport.traffic().read();
        let bytes = after.sent - before.sent + after.received - before.received;
        assert!(bytes < 2000, "{bytes} bytes");
    }
    // A new timestamp alone brings no more than itself; a new snapshot brings what it pins.
    source.publish_timestamp();
    assert_eq!(check().len(), 2);
    source.publish();
    let asked = check();
    assert_eq!(asked.iter().filter(|path| path.contains("2.stable.json")).count(), 1, "{asked:?}");
}

#[test]
fn what_was_kept_may_be_lost_or_damaged_and_nothing_goes_back() {
    let mut source = SmallRepository::new();
    let old = tempfile::tempdir().expect("a directory");
    copy(source.path(), old.path());
    source.publish();
    let trust = tempfile::tempdir().expect("a directory");
    fetched(&source, trust.path(), "stable").expect("the newer one");
    let newer = fs::read(source.file("timestamp.json")).expect("a timestamp");
    fs::copy(old.path().join("metadata/timestamp.json"), source.file("timestamp.json")).expect("rolled back");

    let files =
        ["timestamp.json", "snapshot.json", "targets.json", "stable.json", "root.json", "root_history/1.root.json"];
    let ways: [fn(&Path); 3] = [
        |path| fs::remove_file(path).expect("removed"),
        |path| {
            let whole = fs::read(path).expect("there");
            fs::write(path, &whole[..whole.len() / 2]).expect("torn");
        },
        |path| {
            let mut whole = fs::read(path).expect("there");
            let middle = whole.len() / 2;
            whole[middle] ^= 4;
            fs::write(path, whole).expect("turned");
        },
    ];
    // Each file, and all of them together, in every way; then the floor, with the files whole.
    let every: Vec<Vec<&str>> = files.iter().map(|file| vec![*file]).chain([files.to_vec()]).collect();
    for (damage, names) in ways.iter().flat_map(|damage| every.iter().map(move |names| (damage, names))) {
        let damaged = tempfile::tempdir().expect("a directory");
        copy(trust.path(), damaged.path());
        for name in names {
            damage(&damaged.path().join("metadata").join(name));
        }
        let mut repository = start(&source, damaged.path(), source.root());
        assert_eq!(refreshed(&mut repository, SystemTime::now()), Err(Kind::Stale), "{names:?}");
        assert!(matches!(run(repository.manifest("stable", SystemTime::now())), Err(RepositoryError::NotRefreshed)));
        // And the box is not stuck.
        let rolled_back = fs::read(source.file("timestamp.json")).expect("a timestamp");
        fs::write(source.file("timestamp.json"), &newer).expect("restored");
        fetched(&source, damaged.path(), "stable").expect("the newer one again");
        fs::write(source.file("timestamp.json"), rolled_back).expect("rolled back");
    }
    for turn in 0..2 {
        let _ = fs::remove_file(trust.path().join(format!("floor.{turn}")));
    }
    assert_eq!(refreshed(&mut start(&source, trust.path(), source.root()), SystemTime::now()), Err(Kind::Stale));
}

#[test]
fn a_revoked_key_recovers_from_a_version_that_was_run_ahead_and_a_lost_root_does_not_bring_it_back() {
    let (mut source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    for _ in 0..20 {
        source.publish_timestamp();
    }
    fetched(&source, trust.path(), "stable").expect("run ahead");
    // Signed with the key that is about to be revoked: valid for boxes that do not know the new root.
    source.publish_timestamp();
    let stolen = fs::read(source.file("timestamp.json")).expect("a timestamp");

    // The timestamp begins again under another key.
    source.rotate("timestamp");
    source.publish_root();
    source.restart("timestamp");
    source.publish_timestamp();
    fetched(&source, trust.path(), "stable").expect("recovered");

    fs::remove_dir_all(trust.path().join("metadata")).expect("lost");
    fs::remove_file(source.file("2.root.json")).expect("hidden");
    fs::write(source.file("timestamp.json"), stolen).expect("written");
    let error = fetched(&source, trust.path(), "stable").expect_err("revoked");
    assert!(matches!(&error, RepositoryError::Rollback { role, trusted: 2, offered: 1 } if role == "root"), "{error}");
}

#[test]
fn a_manifest_that_this_program_cannot_follow_says_why() {
    let mut source = SmallRepository::new();
    let mut wrong = |change: serde_json::Value| {
        let (content, _) = source.channels.get_mut("stable").expect("a channel");
        *content = manifest("stable", "1.0.0");
        content.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        source.publish();
        fetched(&source, tempfile::tempdir().expect("a directory").path(), "stable")
    };
    for (change, why) in [
        (json!({ "schema": 2, "releases": "in another form" }), "newer program"),
        (json!({ "channel": "staging" }), "that of \"staging\""),
        (json!({ "desired": "2.0.0" }), "does not list"),
        (json!({ "releases": 5 }), "not a manifest"),
        (json!({ "min_version": "one" }), "not a manifest"),
        (json!({ "padding": "x".repeat(1024 * 1024) }), "bytes"),
    ] {
        let error = wrong(change).expect_err(why);
        assert!(error.to_string().contains(why) && error.kind() == Kind::Invalid, "{error}");
    }
    assert_eq!(wrong(json!({ "mood": "a newer publisher's" })).expect("passed over").releases.len(), 0);
}

#[test]
fn min_version_never_decreases_unless_the_channels_key_is_replaced() {
    let (mut source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    let publish = |source: &mut SmallRepository, version: &str| {
        source.channels.get_mut("stable").expect("a channel").0 = manifest("stable", version);
        source.publish();
        fetched(source, trust.path(), "stable").map(|manifest| manifest.min_version.to_string())
    };
    assert_eq!(publish(&mut source, "99.0.0").expect("raised"), "99.0.0");
    let error = publish(&mut source, "1.0.0").expect_err("lowered");
    assert_eq!(error.kind(), Kind::Rollback);
    assert!(error.to_string().contains("from 99.0.0 to 1.0.0"), "{error}");
    source.rotate("stable");
    assert_eq!(publish(&mut source, "1.0.0").expect("another key"), "1.0.0");
}

#[test]
fn the_time_is_remembered_but_not_beyond_what_vouches_for_it() {
    let (mut source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    let (now, epoch) = (SystemTime::now(), SystemTime::UNIX_EPOCH);
    let mut repository = start(&source, trust.path(), source.root());
    assert!(repository.trusted_time(epoch) >= workshop_edge::clock::built());
    refreshed(&mut repository, now + 2 * DAY).expect("fresh");
    // A clock without a battery after a restart.
    let repository = start(&source, trust.path(), source.root());
    let remembered = repository.trusted_time(epoch);
    assert!(remembered > now + DAY && remembered <= now + 2 * DAY);
    assert_eq!(repository.trusted_time(now + 5 * DAY), now + 5 * DAY);

    // A clock ten years ahead makes everything expired, is not remembered, and nothing is broken when it is set right.
    let mut repository = start(&source, trust.path(), source.root());
    let error = run(repository.refresh(now + 3650 * DAY)).expect_err("expired");
    assert!(matches!(&error, RepositoryError::Expired { role, .. } if role == "root"), "{error}");
    assert!(repository.trusted_time(epoch) <= now + 2 * DAY);
    let trusted = repository.trusted_time(now);
    refreshed(&mut repository, trusted).expect("fresh");

    // Frozen: the timestamp is the first to say so.
    source.lasts.insert("timestamp".to_owned(), 3 * DAY);
    source.publish_timestamp();
    refreshed(&mut repository, now + 2 * DAY).expect("fresh");
    run(repository.manifest("stable", now + 2 * DAY)).expect("a manifest");
    let error = run(repository.manifest("stable", now + 4 * DAY)).expect_err("expired since");
    assert!(matches!(&error, RepositoryError::Expired { role, .. } if role == "timestamp"), "{error}");
    assert_eq!(refreshed(&mut repository, now + 4 * DAY), Err(Kind::Expired));
}

#[test]
fn a_repository_that_is_published_half_way_changes_nothing() {
    let (mut source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    fetched(&source, trust.path(), "stable").expect("whole");
    source.publish();
    let snapshot = source.file(&format!("{}.snapshot.json", source.version("snapshot")));
    let content = fs::read(&snapshot).expect("a snapshot");
    fs::remove_file(&snapshot).expect("removed");
    for _ in 0..2 {
        assert_eq!(fetched(&source, trust.path(), "stable").expect_err("half").kind(), Kind::Incomplete);
    }
    fs::write(&snapshot, content).expect("completed");
    fetched(&source, trust.path(), "stable").expect("whole again");
}

#[test]
fn errors_are_distinguished() {
    let source = SmallRepository::new();
    let trust = tempfile::tempdir().expect("a directory");
    let kind = |url: &str, root: Vec<u8>| {
        let web = Source::Web { url: url.to_owned(), allow_http: true, outbound: outbound(None) };
        let transport = Transport::new(web).expect("a transport");
        let opened = Repository::open(&Settings::under(trust.path().to_owned(), root), transport);
        opened.and_then(|mut repository| run(repository.refresh(SystemTime::now()))).expect_err(url).kind()
    };
    let says = |answer: &str| kind(&HostileRepository::says(answer).url(), source.root());
    assert_eq!(kind("http://127.0.0.1:9", source.root()), Kind::Unreachable);
    assert_eq!(says("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n<>"), Kind::CaptivePortal);
    assert_eq!(says("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), Kind::Redirected);
    assert_eq!(says("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"), Kind::Server);
    assert_eq!(says("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), Kind::Incomplete);
    assert_eq!(says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), Kind::Invalid);
    assert_eq!(kind("http://127.0.0.1:9", b" \n".to_vec()), Kind::RootMissing);
    assert_eq!(kind("http://127.0.0.1:9", b"{}".to_vec()), Kind::RootMissing);
}

#[test]
fn what_cannot_be_kept_is_not_trusted() {
    let (source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    fs::write(trust.path().join("metadata"), "a file in the way").expect("written");
    let (mut repository, now) = (start(&source, trust.path(), source.root()), SystemTime::now());
    assert_eq!(refreshed(&mut repository, now), Err(Kind::Storage));
    assert!(matches!(run(repository.manifest("stable", now)), Err(RepositoryError::NotRefreshed)));
    fs::remove_file(trust.path().join("metadata")).expect("out of the way");
    refreshed(&mut repository, now).expect("kept");
    fetched(&source, trust.path(), "stable").expect("as after any start");
}

#[test]
fn programs_with_an_older_and_a_newer_root_share_what_is_kept() {
    let (mut source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    fetched(&source, trust.path(), "stable").expect("with the first root");
    for _ in 0..3 {
        source.publish_root();
    }
    let third = fs::read(source.file("3.root.json")).expect("a root");
    let now = SystemTime::now();
    let mut newer = start(&source, trust.path(), third);
    refreshed(&mut newer, now).expect("fresh");
    assert_eq!(newer.versions().root, 4);
    let mut older = start(&source, trust.path(), source.root());
    refreshed(&mut older, now).expect("fresh");
    assert_eq!(older.versions().root, 4);
}

#[test]
fn what_is_kept_is_sound_until_it_is_damaged() {
    let (mut source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    let settings = Settings::under(trust.path().to_owned(), source.root());
    stored_is_sound(&settings).expect("nothing is kept yet");
    source.publish_root();
    fetched(&source, trust.path(), "stable").expect("a manifest");
    stored_is_sound(&settings).expect("what was written");
    for name in ["timestamp.json", "snapshot.json", "targets.json", "root_history/2.root.json"] {
        let path = trust.path().join("metadata").join(name);
        let whole = fs::read(&path).expect("there");
        fs::write(&path, &whole[..whole.len() / 2]).expect("torn");
        let error = stored_is_sound(&settings).expect_err(name);
        assert!(error.to_string().contains(name), "{error}");
        fs::write(&path, whole).expect("whole");
    }
    assert!(stored_is_sound(&Settings { root: Vec::new(), ..settings }).is_err());
}

/// What a check costs over TLS, as the sockets see it: a connection of its own for each, resumed.
#[test]
fn a_check_that_finds_nothing_is_small_over_tls_too() {
    let (source, trust) = (SmallRepository::new(), tempfile::tempdir().expect("a directory"));
    let nginx = Nginx::start(source.path(), 2020..2050);
    let outbound = outbound(Some(nginx.certificate()));
    let web = Source::Web { url: nginx.url(), allow_http: false, outbound };
    let transport = Transport::new(web).expect("a transport");
    let settings = Settings::under(trust.path().to_owned(), source.root());
    let mut repository = Repository::open(&settings, transport.clone()).expect("a root");
    let mut check = || {
        let before = transport.traffic().read();
        run(async {
            repository.refresh(SystemTime::now()).await.expect("fresh");
            repository.manifest("stable", SystemTime::now()).await.expect("a manifest");
        });
        transport.rest();
        let after = transport.traffic().read();
        let requests = after.requests - before.requests;
        (after.connections - before.connections, requests, after.sent - before.sent, after.received - before.received)
    };
    let first = check();
    assert_eq!((first.0, first.1), (1, 6));
    for _ in 0..3 {
        let (connections, requests, sent, received) = check();
        assert_eq!((connections, requests), (1, 2));
        assert!(sent < 2000 && received < 4000, "{sent} bytes sent, {received} received");
    }
}
