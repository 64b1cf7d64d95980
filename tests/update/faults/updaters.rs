//! Several who want the version changed, or changed to one that it must not be.

use std::io::Write as _;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use super::forge::Forge;
use super::releases;
use super::transport::{Bucket, serve};
use super::world::World;
use crate::built::release;
use crate::support::{HostileRepository, Supervisor, eventually};

/// Somebody started a second service over the same data.
#[test]
fn a_second_box_over_the_same_data_is_refused_and_spoils_nothing() {
    let mut world = World::new();
    let other = Supervisor::start(release("1.0.0"), world.arguments(), &[]);
    eventually("it is refused", || other.restarts() > 0);
    world.repository.promote(&["--version", "1.1.0"]);
    let _ = world.order(&["apply"]);
    world.wait_until_runs("1.1.0");
    assert_eq!(world.supervisor().connect().request("GET", "/", &[]).status, 200);
    other.stop();
    world.while_off(|_| {});
    world.shows("1.1.0");
}

/// Two people, or one who is impatient.
#[test]
fn an_order_while_another_is_carried_out_is_the_same_one() {
    let repository = releases::repository();
    let bucket = Bucket::of(&repository);
    let (is_held, times) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (held, asked) = (Arc::clone(&is_held), Arc::clone(&times));
    let server = HostileRepository::start(move |request, connection| {
        if request.path.ends_with(".qbsdiff") {
            asked.fetch_add(1, Ordering::SeqCst);
            while held.load(Ordering::SeqCst) {
                std::thread::park_timeout(std::time::Duration::from_millis(20));
            }
        }
        serve(&bucket, request, connection)
    });
    let world = World::behind(repository, &server.url(), &[]);
    world.repository.promote(&["--version", "1.1.0"]);
    let apply = || world.command(&["apply"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started");
    let first = apply();
    eventually("the first is at it", || times.load(Ordering::SeqCst) == 1);
    world.order(&["check"]).expect("nothing is wrong");
    let second = apply();
    eventually("the second is at it", || times.load(Ordering::SeqCst) == 2);
    world.shows("1.0.0");
    is_held.store(false, Ordering::SeqCst);
    for one in [first, second] {
        let output = one.wait_with_output().expect("its end");
        let _ = std::io::stderr().write_all(&output.stderr);
        assert!(output.status.success());
    }
    world.wait_until_runs("1.1.0");
    assert_eq!(world.history().len(), 1);
}

/// Neither a person nor the channel brings back what the publisher has forbidden.
#[test]
fn what_is_below_the_least_version_is_not_gone_back_to() {
    let mut world = World::new();
    world.repository.promote(&["--version", "1.1.0", "--min-version", "1.1.0"]);
    world.follows();
    let refused = |world: &World, order: &[&str]| {
        let _ = world.order(order);
        let said = world.command(order).env("LANG", "es").output().expect("started");
        let said = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
        assert!(said.contains("la 1.0.0 es anterior a la 1.1.0, la más baja que se admite"), "{order:?}: {said}");
        world.checks();
        world.wait_until_runs("1.1.0");
        world.shows("1.1.0");
    };
    refused(&world, &["pin", "1.0.0"]);
    world.order(&["unpin"]).expect("followed");
    refused(&world, &["rollback"]);
    assert_eq!(world.state()["order"]["pin"], json!(null));
    assert_eq!(world.history().len(), 1);
    // Without the bucket, and after a restart: the floor knows.
    drop(world.server.take());
    world.while_off(|_| {});
    let said = world.order(&["rollback"]).expect_err("forbidden");
    assert!(said.contains("lowest version allowed"), "{said}");
    world.shows("1.1.0");
}

/// A difference that leads to something else than was announced, made for this very binary.
#[test]
fn a_difference_that_leads_elsewhere_is_replaced_by_the_whole() {
    let world = World::new();
    world.repository.promote(&["--version", "1.1.0"]);
    let forge = Forge(&world.repository);
    let mut patch = Vec::new();
    qbsdiff::Bsdiff::new(b"", b"something else").compare(&mut patch).expect("a difference");
    let name = forge.find("targets", ".qbsdiff").split_once('.').expect("a name").1.to_owned();
    let target = forge.target(&name, &patch);
    forge.manifest(|_| {}, |signed| signed["targets"][&name] = target);
    world.follows();
    assert_eq!(world.supervisor().logged("the delta cannot be applied, fetching the full binary").len(), 1);
    let history = world.history();
    let last = history.last().expect("an entry");
    assert_eq!(last["was_delta"], false);
    assert!(last["octets"].as_u64().expect("a number") > 4_000_000, "{last}");
}
