//! Binaries that are signed and whole, and do not do.

use std::process::Stdio;

use serde_json::json;
use workshop_edge::slots::{self, TRIES};

use super::forge::{Forge, sha256};
use super::world::World;
use crate::programs::{Program, Serves};
use crate::support::eventually;

const PLATFORM: &str = "x86_64-unknown-linux-musl";

impl World {
    /// A version that is tried and fails for this reason.
    fn gives_up(&self, version: &str, reason: &str) {
        let said = self.order(&["apply"]).expect_err("it fails");
        assert!(said.contains(&format!("version {version} failed and the one before came back")), "{said}");
        self.has_given_up(version, reason);
    }

    /// It is reported everywhere, and not tried again.
    fn has_given_up(&self, version: &str, reason: &str) {
        self.wait_until_runs("1.0.0");
        self.shows("1.0.0");
        let history = self.history();
        let last = history.last().expect("an entry");
        assert_eq!((&last["to"], &last["outcome"]["state"]), (&json!(version), &json!("reverted")), "{last}");
        assert!(last["outcome"]["reason"].as_str().is_some_and(|why| why.contains(reason)), "{last}");
        for order in ["check", "apply"] {
            let _ = self.order(&[order]);
            let state = self.state();
            assert_eq!((&state["running"], &state["phase"]["phase"]), (&json!("1.0.0"), &json!("idle")), "{state}");
            assert_eq!(state["quarantined"][0]["version"], version);
            let decision = state["decision"]["es"].as_str().unwrap_or_default();
            assert!(decision.contains("falló en este equipo y no se vuelve a probar"), "{state}");
        }
        assert_eq!(self.history(), history);
        let health = self.health();
        let output = health["checks"]["update"]["reason"].as_str().unwrap_or_default();
        assert!(output.contains(&format!("Version {version} failed")) && output.contains(reason), "{health}");
        let status = self.command(&["status"]).env("LANG", "es").output().expect("started");
        let status = String::from_utf8(status.stdout).expect("UTF-8");
        assert!(status.contains(&format!("La versión {version} falló en este equipo")), "{status}");
    }

    /// The publisher takes it back, and wants a good one.
    fn recovers_from(&mut self, version: &str) {
        self.repository.yank("stable", version, &["--desired", "1.1.0"]);
        self.set("update.trial_s=1");
        self.while_off(|_| {});
        self.follows();
    }
}

#[test]
fn a_version_that_dies_is_tried_three_times() {
    let mut world = World::with(&["update.trial_s=600"]);
    world.repository.promote(&["--version", "1.1.0", "--keep-desired"]);
    world.repository.promote(&["--version", "1.2.0"]);
    world.gives_up("1.2.0", "it came up, but ended by itself or was killed");
    assert_eq!(world.supervisor().restarts(), usize::from(TRIES));
    world.recovers_from("1.2.0");
}

#[test]
fn a_version_that_does_not_find_itself_well_goes_back_in_place() {
    let mut world = World::new();
    world.repository.promote(&["--version", "1.1.0", "--keep-desired"]);
    world.repository.promote(&["--version", "1.3.0"]);
    let pid = world.supervisor().pid();
    world.gives_up("1.3.0", "the page is broken");
    assert_eq!((world.supervisor().pid(), world.supervisor().restarts()), (pid, 0));
    world.recovers_from("1.3.0");
}

#[test]
fn a_version_that_hangs_is_taken_back_by_its_watchdog() {
    let mut world = World::with(&["update.trial_s=600"]);
    world.repository.promote(&["--version", "1.1.0", "--keep-desired"]);
    world.repository.promote(&["--version", "1.4.0"]);
    let pid = world.supervisor().pid();
    world.gives_up("1.4.0", "it hung for 10 s");
    assert_eq!((world.supervisor().pid(), world.supervisor().restarts()), (pid, 0));
    world.recovers_from("1.4.0");
}

#[test]
fn a_program_that_panics_at_its_start_is_given_up() {
    let mut world = World::new();
    world.repository.promote(&["--version", "1.1.0", "--keep-desired"]);
    let panics = Program::new("1.7.0").serves(Serves::Panics).build();
    world.repository.publish_with("stable", "1.7.0", &[&panics], &["--deltas", "0"]);
    world.gives_up("1.7.0", "it did not come up");
    assert_eq!(world.supervisor().restarts(), usize::from(TRIES));
    world.recovers_from("1.7.0");
}

/// It is no box at all: nothing in it notices, but the service manager does.
#[test]
fn a_program_that_never_serves_is_given_up() {
    let mut world = World::new();
    world.repository.promote(&["--version", "1.1.0", "--keep-desired"]);
    let nothing = Program::new("1.6.0").serves(Serves::Nothing).build();
    world.repository.publish_with("stable", "1.6.0", &[&nothing], &["--deltas", "0"]);
    let mut asked = world.command(&["apply"]).stderr(Stdio::null()).spawn().expect("started");
    for times in 0..usize::from(TRIES) {
        eventually("it runs", || {
            let exe = world.supervisor().pid().and_then(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).ok());
            world.supervisor().restarts() == times
                && exe.is_some_and(|exe| exe.starts_with(world.data().join(slots::DIRECTORY)))
        });
        world.supervisor().kill();
    }
    world.wait_until_runs("1.0.0");
    assert_eq!(asked.wait().expect("its end").code(), Some(1));
    world.has_given_up("1.6.0", "it did not come up");
    world.recovers_from("1.6.0");
}

/// The publisher's program refuses to publish these; somebody has signed them all the same.
#[test]
fn what_does_not_run_here_is_not_switched_to() {
    let world = World::new();
    world.repository.promote(&["--version", "1.1.0"]);
    let (good, forge) = (world.generation(), Forge(&world.repository));
    let wants = |version: &str, bytes: &[u8]| {
        let name = format!("workshop-edge-{version}-{PLATFORM}.zst");
        let target = forge.target(&name, &zstd::encode_all(bytes, 1).expect("packed"));
        let binary = json!({ "raw_sha256": sha256(bytes), "raw_size": bytes.len(), "full": name });
        let release = json!({ "version": version, "state_schema": 1, "platforms": { PLATFORM: binary } });
        forge.manifest(
            |manifest| {
                manifest["releases"].as_array_mut().expect("a list").push(release);
                manifest["desired"] = json!(version);
            },
            |signed| signed["targets"][&name] = target,
        );
    };
    let built = |program: Program| std::fs::read(program.build()).expect("read");
    // Of another architecture: the field e_machine of ELF says EM_AARCH64.
    let mut foreign = built(Program::new("1.5.1"));
    foreign[18] = 0xb7;
    wants("1.5.1", &foreign);
    world.fails(&["apply"], "unfit", "cannot run");
    world.restore(&good);
    // No program.
    wants("1.5.2", b"not a program at all");
    world.fails(&["apply"], "unfit", "cannot run");
    world.restore(&good);
    // Another version than was announced.
    wants("1.5.3", &built(Program::new("9.9.9").salt("three")));
    world.fails(&["apply"], "unfit", "says that it is \"workshop-edge 9.9.9");
    world.restore(&good);
    // It does not come to an end; the display is shown meanwhile.
    wants("1.5.4", &built(Program::new("1.5.4").hangs_for_version()));
    world.fails(&["apply"], "unfit", "--version did not end within");
    world.restore(&good);
    world.follows();
}
