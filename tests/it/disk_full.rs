//! An update on a disk that is full, or becomes so.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};

use ring::digest::{SHA256, digest};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use workshop_edge::slots::{self, Image, Slot, Table};
use workshop_edge::update::download::Progress;
use workshop_edge::update::paths::UpdatePaths;
use workshop_edge::update::repository::Target;
use workshop_edge::update::stage::{StageError, StageRequest, Staged, Stager};
use workshop_edge::update::transport::{Source, Transport};

use crate::support::Disk;

const MIB: usize = 1024 * 1024;

/// A program that says that it is this version, with this much that does not compress.
fn program(version: &str, noise: usize) -> Vec<u8> {
    let mut program = format!("#!/bin/sh\necho workshop-edge {version}\nexit 0\n").into_bytes();
    let mut state = 88_172_645_463_325_252_u64;
    while program.len() < noise {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        program.extend_from_slice(&state.to_le_bytes());
    }
    program
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}

/// A box on a small disk that runs a binary from its first slot and holds another in its second.
struct SmallBox {
    disk: Disk,
    repository: tempfile::TempDir,
    table: Arc<Mutex<slots::Store>>,
    stager: Stager,
    transport: Transport,
}

impl SmallBox {
    async fn new(mib: usize) -> Self {
        let (disk, repository) = (Disk::new(mib), tempfile::tempdir().expect("a directory"));
        fs::create_dir(repository.path().join("targets")).expect("made");
        let data = disk.path.join("data");
        let table = Arc::new(Mutex::new(slots::new(&data.join(slots::DIRECTORY), Table::default())));
        let stager = Stager::new(&UpdatePaths::of(&data), Arc::clone(&table), None);
        let source = Source::Directory(repository.path().to_owned());
        let transport = Transport::new(source).expect("a transport");
        let one = Self { disk, repository, table, stager, transport };
        for version in ["1.0.0", "1.1.0"] {
            let new = one.stage(&one.order(version, 1000), &|_| {}).await.expect("staged");
            new.begin_trial().await.expect("on trial");
            one.table.lock().expect("whole").change(Table::confirm).expect("kept");
        }
        one
    }

    fn order(&self, version: &str, noise: usize) -> StageRequest {
        let program = program(version, noise);
        let packed = compress_to_vec(program.as_slice(), CompressionLevel::Fastest);
        let path = format!("{}.full.zst", sha256(&packed));
        fs::write(self.repository.path().join("targets").join(&path), &packed).expect("written");
        StageRequest {
            image: Image {
                version: version.to_owned(),
                sha256: sha256(&program),
                size: program.len() as u64,
                requires_os: None,
            },
            full: Target { path, length: packed.len() as u64, sha256: sha256(&packed) },
            delta: None,
        }
    }

    async fn stage(&self, order: &StageRequest, progress: &dyn Fn(Progress)) -> Result<Staged, StageError> {
        self.stager.stage(&self.transport, order, progress).await
    }

    /// Both binaries and the table are as they were.
    fn is_untouched(&self) {
        let directory = self.disk.path.join("data").join(slots::DIRECTORY);
        let store = slots::open(&directory).expect("a table");
        assert_eq!(store.value().active(), Some(Slot::B));
        for (slot, version) in [(Slot::A, "1.0.0"), (Slot::B, "1.1.0")] {
            let path = slots::binary(&directory, slot);
            assert_eq!(fs::read(&path).expect("there"), program(version, 1000));
            assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o100, 0o100);
            assert_eq!(store.value().image(slot).map(|image| image.version.as_str()), Some(version));
            assert!(!path.with_extension("tmp").exists(), "the room for the new one is free again");
        }
    }
}

fn missing(result: Result<Staged, StageError>) -> String {
    let error = result.expect_err("no room");
    let words = error.to_string();
    assert!(words.starts_with("not enough room on the disk: "), "{words}");
    words
}

#[tokio::test]
async fn an_update_without_room_for_it_is_not_begun_and_says_how_much_is_missing() {
    let small = SmallBox::new(16).await;
    let order = small.order("1.2.0", 12 * MIB);
    let fetched = Cell::new(false);
    let words = missing(small.stage(&order, &|_| fetched.set(true)).await);
    // 12 MiB packed and 12 unpacked, on 16 of which a twentieth stays free.
    assert_eq!(words, "not enough room on the disk: 9 MiB more have to be freed");
    assert!(!fetched.get());
    small.is_untouched();
}

#[tokio::test]
async fn a_disk_that_becomes_full_costs_the_update_alone() {
    let small = SmallBox::new(16).await;
    let order = small.order("1.2.0", 3 * MIB);
    // While it is fetched, and while it is unpacked: there is room for the one, but not for the other.
    for left in [0, order.full.length + 300_000] {
        let filled = Cell::new(false);
        let fill = |_: Progress| {
            if !filled.replace(true) {
                small.disk.fill(left);
            }
        };
        missing(small.stage(&order, &fill).await);
        assert!(filled.get());
        small.is_untouched();
        small.disk.empty();
    }
    // What has come is not fetched again.
    let staged = small.stage(&order, &|_| {}).await.expect("staged");
    let received = staged.bytes_downloaded;
    assert!(staged.slot == Slot::A && (order.full.length..2 * order.full.length).contains(&received), "{received}");
}
