use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use qbsdiff::Bsdiff;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;
use crate::slots::Table;
use crate::update::transport::Source;

/// A box and a repository.
struct World {
    directory: tempfile::TempDir,
    slots: Slots,
    stager: Stager,
    transport: Transport,
}

/// A program that says that it is a version, with something in it to compress and to compare.
fn program(version: &str) -> Vec<u8> {
    let mut text = format!("#!/bin/sh\necho workshop-edge {version}\nexit 0\n");
    for line in 0..20_000 {
        writeln!(text, "# {:x}", line * 2_654_435_761_u64).expect("text");
    }
    text.into_bytes()
}

fn image(version: &str, program: &[u8]) -> Image {
    Image { version: version.to_owned(), sha256: digest::of(program), size: program.len() as u64, requires_os: None }
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let slots_directory = directory.path().join("data/slots");
        let slots: Slots = Arc::new(Mutex::new(slots::new(&slots_directory, Table::default())));
        let stager = Stager::new(&UpdatePaths::of(&directory.path().join("data")), Arc::clone(&slots), None);
        fs::create_dir_all(directory.path().join("repository/targets")).expect("made");
        let source = Source::Directory(directory.path().join("repository"));
        let transport = Transport::new(source).expect("a transport");
        Self { directory, slots, stager, transport }
    }

    /// Puts a target in the repository.
    fn publish(&self, name: &str, content: &[u8]) -> Target {
        let sha256 = digest::of(content);
        let path = format!("{sha256}.{name}");
        fs::write(self.directory.path().join("repository/targets").join(&path), content).expect("written");
        Target { path, length: content.len() as u64, sha256 }
    }

    fn publish_full(&self, program: &[u8]) -> Target {
        self.publish("full.zst", &compress_to_vec(program, CompressionLevel::Fastest))
    }

    fn order(&self, version: &str) -> StageRequest {
        let program = program(version);
        StageRequest { image: image(version, &program), full: self.publish_full(&program), delta: None }
    }

    /// An order with a delta from the program of another version, which runs.
    fn order_with_delta(&self, version: &str, from: &str) -> StageRequest {
        let (base, mut patch) = (program(from), Vec::new());
        Bsdiff::new(&base, &program(version)).compare(&mut patch).expect("compared");
        self.order_with_patch(version, &base, &patch)
    }

    fn order_with_patch(&self, version: &str, base: &[u8], patch: &[u8]) -> StageRequest {
        fs::write(self.directory.path().join("running"), base).expect("written");
        let base = Base { path: self.directory.path().join("running"), sha256: digest::of(base) };
        StageRequest { delta: Some((self.publish("delta.qbsdiff", patch), base)), ..self.order(version) }
    }

    async fn stage(&self, order: &StageRequest) -> Result<Staged, StageError> {
        self.stager.stage(&self.transport, order, &|_| {}).await
    }

    /// Stages, tries and confirms.
    async fn run(&self, version: &str) -> Slot {
        let staged = self.stage(&self.order(version)).await.expect("staged");
        let slot = staged.slot;
        staged.begin_trial().await.expect("on trial");
        table(&self.slots).change(Table::confirm).expect("kept");
        slot
    }

    /// The table as the disk has it.
    fn table(&self) -> Table {
        slots::open(&self.stager.paths.slots).map(|store| store.value().clone()).unwrap_or_default()
    }

    fn files(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path().join("data").join(below)).into_iter().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.expect("one").file_name().into_string().expect("text")).collect();
        // What the slot says of its binary is the slots' own.
        names.retain(|name| !name.starts_with("image."));
        names.sort();
        names
    }

    /// Nothing but the slot's binary, and no download left.
    fn is_tidy(&self, slot: Slot) {
        assert_eq!(self.files(&format!("slots/{}", slot.name())), ["workshop-edge"]);
        assert_eq!(self.files("update/download"), [""; 0]);
    }
}

#[tokio::test]
async fn a_full_binary_comes_into_the_idle_slot() {
    let world = World::new();
    let order = world.order("1.0.0");
    let staged = world.stage(&order).await.expect("staged");
    assert_eq!((staged.slot, staged.used_delta, staged.bytes_downloaded), (Slot::A, false, order.full.length));
    let path = world.stager.binary(Slot::A);
    assert_eq!(fs::read(&path).expect("there"), program("1.0.0"));
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o700, 0o700);
    assert_eq!(world.table().image(Slot::A), Some(&order.image));
    assert_eq!(world.table().on_trial(), None);
    world.is_tidy(Slot::A);
    staged.begin_trial().await.expect("on trial");
    assert_eq!(world.table().on_trial(), Some(Slot::A));
    // While it is, nothing is written over.
    assert!(matches!(world.stage(&world.order("1.1.0")).await, Err(StageError::Table(TableError::Trial))));
}

/// The power may go between the slot's entry in the table and the removal of what it was made from.
#[tokio::test]
async fn a_trial_leaves_no_download_of_a_power_cut_behind() {
    let world = World::new();
    let order = world.order("1.0.0");
    drop(world.stage(&order).await.expect("staged"));
    let left = world.directory.path().join("data/update/download").join(format!("{}.part", order.full.sha256));
    fs::write(&left, b"packed").expect("left");
    let staged = world.stager.held(&order.image).await.expect("looked").expect("it is in its slot");
    staged.begin_trial().await.expect("on trial");
    world.is_tidy(Slot::A);
}

#[tokio::test]
async fn a_delta_does_where_it_gives_the_binary() {
    let world = World::new();
    assert_eq!(world.run("1.0.0").await, Slot::A);
    let order = world.order_with_delta("1.1.0", "1.0.0");
    let staged = world.stage(&order).await.expect("staged");
    assert_eq!((staged.slot, staged.used_delta), (Slot::B, true));
    assert_eq!(staged.bytes_downloaded, order.delta.as_ref().expect("one").0.length);
    assert!(staged.bytes_downloaded * 10 < order.full.length);
    assert_eq!(fs::read(world.stager.binary(Slot::B)).expect("there"), program("1.1.0"));
    world.is_tidy(Slot::B);
}

#[tokio::test]
async fn whatever_is_wrong_with_a_delta_the_full_binary_does() {
    let (base, other) = (program("1.0.0"), program("9.9.9"));
    let patch = |from: &[u8], to: &[u8]| {
        let mut patch = Vec::new();
        Bsdiff::new(from, to).compare(&mut patch).expect("compared");
        patch
    };
    let right = patch(&base, &program("1.1.0"));
    for (what, base, patch) in [
        ("gives another binary of the same size", &base, patch(&base, &program("1.1.1"))),
        ("starts from another base", &other, right.clone()),
        ("is no patch", &base, b"BSDIFF40 and nothing of it that is one".to_vec()),
        ("is cut short", &base, right[..right.len() - 20].to_vec()),
    ] {
        let world = World::new();
        let mut order = world.order_with_patch("1.1.0", base, &patch);
        if let Some((_, base)) = &mut order.delta {
            base.sha256 = digest::of(&program("1.0.0"));
        }
        let staged = world.stage(&order).await.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(!staged.used_delta, "{what}");
        assert_eq!(fs::read(world.stager.binary(staged.slot)).expect("there"), program("1.1.0"));
    }
    // One that the repository does not have, and one whose base is gone.
    for is_base in [false, true] {
        let world = World::new();
        let order = world.order_with_delta("1.1.0", "1.0.0");
        let (target, base) = order.delta.as_ref().expect("one");
        let target = world.directory.path().join("repository/targets").join(&target.path);
        fs::remove_file(if is_base { &base.path } else { &target }).expect("removed");
        assert!(!world.stage(&order).await.expect("staged").used_delta);
    }
}

#[test]
fn another_base_is_noticed_before_anything_is_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name| directory.path().join(name);
    fs::write(path("patch"), b"whatever it says").expect("written");
    fs::write(path("base"), program("9.9.9")).expect("written");
    let base = Base { path: path("base"), sha256: digest::of(&program("1.0.0")) };
    let error = unpack::delta(&base, &path("patch"), &path("slot/new"), "", 1).expect_err("another");
    assert!(matches!(error, UnpackError::Base(_)), "{error}");
    assert!(!path("slot").exists());
}

#[tokio::test]
async fn what_a_slot_holds_is_not_fetched_again() {
    let world = World::new();
    world.run("1.0.0").await;
    world.run("1.1.0").await;
    let order = world.order("1.0.0");
    fs::remove_dir_all(world.directory.path().join("repository")).expect("removed");
    let staged = world.stage(&order).await.expect("staged");
    assert_eq!((staged.slot, staged.bytes_downloaded), (Slot::A, 0));
    drop(staged);
    assert!(world.stager.held(&order.image).await.expect("asked").is_some());
    assert!(world.stager.held(&image("3.0.0", b"")).await.expect("asked").is_none());
    // Not one that the disk has damaged: it is as good as empty.
    let path = world.stager.binary(Slot::A);
    let mut damaged = fs::read(&path).expect("there");
    damaged[2000] ^= 1;
    fs::write(&path, damaged).expect("written");
    assert!(world.stager.held(&order.image).await.expect("asked").is_none());
    assert_eq!(world.table().image(Slot::A), None);
    assert_eq!(world.table().active(), Some(Slot::B));
}

#[tokio::test]
async fn a_bad_release_leaves_the_slot_as_it_was() {
    let world = World::new();
    world.run("1.0.0").await;
    world.run("1.1.0").await;
    let before = world.table();
    let held = fs::read(world.stager.binary(Slot::A)).expect("there");
    let order = |program: &[u8], version: &str| StageRequest {
        image: image(version, program),
        full: world.publish_full(program),
        delta: None,
    };
    let says_another = order(&program("1.2.0"), "1.2.1");
    assert!(matches!(world.stage(&says_another).await, Err(StageError::SelfRun(SelfRunError::Version { .. }))));
    let fails = order(b"#!/bin/sh\nexit 1\n", "1.2.0");
    assert!(matches!(world.stage(&fails).await, Err(StageError::SelfRun(SelfRunError::Failed { .. }))));
    let mut another = order(&program("1.2.0"), "1.2.0");
    another.full = world.publish_full(&program("1.2.1"));
    assert!(matches!(world.stage(&another).await, Err(StageError::Unpack(UnpackError::Digest))));
    another.full = world.publish_full(&[program("1.2.0").as_slice(), b"\n"].concat());
    assert!(matches!(world.stage(&another).await, Err(StageError::Unpack(UnpackError::Copy { .. }))));
    another.full = world.publish_full(&program("1.2.0")[1..]);
    assert!(matches!(world.stage(&another).await, Err(StageError::Unpack(UnpackError::Digest))));
    another.full = world.publish("full.zst", b"not packed");
    assert!(matches!(world.stage(&another).await, Err(StageError::Unpack(UnpackError::Zstd { .. }))));
    let huge = StageRequest { image: Image { size: MAX_BINARY + 1, ..another.image.clone() }, ..another };
    assert!(matches!(world.stage(&huge).await, Err(StageError::TooLarge(_))));
    assert_eq!(world.table(), before);
    assert_eq!(fs::read(world.stager.binary(Slot::A)).expect("there"), held);
    assert_eq!(world.files("slots/a"), ["workshop-edge"]);
}

#[tokio::test]
async fn a_window_larger_than_the_memory_for_it_is_refused() {
    // The head of a frame (RFC 8878, section 3.1.1.1) with a window of 2 GiB, and an empty last block.
    let world = World::new();
    let order = StageRequest {
        full: world.publish("full.zst", &[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xA8, 0x01, 0x00, 0x00]),
        ..world.order("1.0.0")
    };
    let error = world.stage(&order).await.expect_err("too large");
    assert!(matches!(error, StageError::Unpack(UnpackError::Zstd { .. })), "{error}");
    assert!(crate::error_chain(&error).to_lowercase().contains("window"), "{}", crate::error_chain(&error));
}

#[tokio::test]
async fn two_updaters_are_never_at_work_at_once() {
    let world = World::new();
    let order = world.order("1.0.0");
    let staged = world.stage(&order).await.expect("staged");
    // What has been staged is not written over before its trial.
    let other = Stager::new(&UpdatePaths::of(&world.directory.path().join("data")), Arc::clone(&world.slots), None);
    let error = other.stage(&world.transport, &order, &|_| {}).await.expect_err("busy");
    assert_eq!(error.to_string(), "another update is under way on this box: wait until it is done");
    drop(staged);
    other.stage(&world.transport, &order, &|_| {}).await.expect("free");
}

/// A newer order replaces an update whose file is still being written by a thread that nobody waits for.
#[tokio::test]
async fn an_update_waits_for_the_end_of_the_one_that_was_given_up_for_it() {
    let world = World::new();
    let order = world.order("1.0.0");
    let given_up = world.stager.lock().await.expect("free");
    let mut next = std::pin::pin!(world.stage(&order));
    let early = tokio::time::timeout(PERIOD * 5, &mut next).await;
    assert!(early.is_err(), "both are at work");
    drop(given_up);
    next.await.expect("staged");
}

/// Another process over the same data has changed the table.
#[tokio::test]
async fn what_another_updater_has_done_is_known_to_the_next() {
    let world = World::new();
    let slots_directory = world.stager.paths.slots.clone();
    let slots: Slots = Arc::new(Mutex::new(slots::new(&slots_directory, Table::default())));
    let other = Stager::new(&UpdatePaths::of(&world.directory.path().join("data")), slots, None);
    assert_eq!(world.run("1.0.0").await, Slot::A);
    let staged = other.stage(&world.transport, &world.order("1.1.0"), &|_| {}).await.expect("staged");
    assert_eq!(staged.slot, Slot::B, "the other one runs");
    drop(staged);
    assert_eq!(slots::open(&slots_directory).expect("kept").value().active(), Some(Slot::A));
}

#[tokio::test]
async fn an_interrupted_stage_is_gone_on_with() {
    // A leftover of each kind, as a power cut leaves them.
    let world = World::new();
    let order = world.order("1.0.0");
    let slot = world.stager.paths.slots.join("a");
    fs::create_dir_all(&slot).expect("made");
    fs::write(slot.join("workshop-edge.tmp"), b"half").expect("written");
    fs::write(slot.join("workshop-edge"), b"of another update").expect("written");
    // The other slot was the idle one then.
    fs::create_dir_all(world.stager.paths.slots.join("b")).expect("made");
    fs::write(world.stager.binary(Slot::B).with_extension("tmp"), b"half").expect("written");
    let downloads = world.directory.path().join("data/update/download");
    fs::create_dir_all(&downloads).expect("made");
    fs::write(downloads.join(format!("{:064x}.part", 7)), b"of another update").expect("written");
    let half = usize::try_from(order.full.length / 2).expect("small");
    let packed = fs::read(world.directory.path().join("repository/targets").join(&order.full.path)).expect("there");
    fs::write(downloads.join(format!("{}.part", order.full.sha256)), &packed[..half]).expect("written");
    let staged = world.stage(&order).await.expect("staged");
    assert_eq!(staged.bytes_downloaded, order.full.length, "what came before counts");
    world.is_tidy(Slot::A);
    assert_eq!(world.files("slots/b"), [""; 0]);
}

#[tokio::test]
async fn a_table_that_cannot_be_kept_stops_before_the_slot_changes() {
    let world = World::new();
    world.run("1.0.0").await;
    world.run("1.1.0").await;
    let held = fs::read(world.stager.binary(Slot::A)).expect("there");
    // A directory where the next record is written first.
    for turn in [0, 1] {
        fs::create_dir(world.stager.paths.slots.join(format!("table.{turn}.tmp"))).expect("made");
    }
    assert!(matches!(world.stage(&world.order("1.2.0")).await, Err(StageError::Record(_))));
    assert_eq!(fs::read(world.stager.binary(Slot::A)).expect("there"), held);
    assert!(world.table().image(Slot::A).is_some());
}

#[tokio::test]
async fn a_download_ahead_leaves_the_slots_to_a_rollback_and_needs_no_network_after_it() {
    let world = World::new();
    let previous = world.run("1.0.0").await;
    world.run("1.1.0").await;
    for order in [world.order("1.2.0"), world.order_with_delta("1.2.0", "1.1.0")] {
        for _ in 0..2 {
            world.stager.fetch(&world.transport, &order, &|_| {}).await.expect("fetched");
        }
        let (slot, image) = world.table().previous().map(|(slot, image)| (slot, image.clone())).expect("one");
        assert_eq!((slot, image.version.as_str()), (previous, "1.0.0"));
        assert!(world.stager.held(&image).await.expect("whole").is_some());
    }
    // What is there does without the repository.
    let order = world.order_with_delta("1.2.0", "1.1.0");
    fs::remove_dir_all(world.directory.path().join("repository")).expect("the network is gone");
    let staged = world.stage(&order).await.expect("staged");
    // Everything that was fetched for it, once.
    let received = order.full.length + order.delta.as_ref().expect("one").0.length;
    assert_eq!((staged.slot, staged.used_delta, staged.bytes_downloaded), (previous, true, received));
    drop(staged);
    // And what a slot holds is not fetched.
    world.stager.fetch(&world.transport, &order, &|_| {}).await.expect("here");
}
