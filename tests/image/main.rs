//! The USB image in an emulated computer: booted by its firmware, on a network of the tests' own.

#![allow(clippy::disallowed_methods, reason = "tests write to disks on purpose")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a helper is a test that fails"
)]

#[path = "../it/discovery/avahi.rs"]
#[allow(dead_code, reason = "shared with the tests of discovery, which ask it more")]
mod avahi;
mod boot;
mod box_status;
mod cuts;
mod disk;
mod fat;
mod foreign_stick;
mod install;
mod lan;
mod machine;
mod monitor;
mod os;
mod replays;
#[path = "../support/repository.rs"]
#[allow(dead_code, reason = "shared with the tests of updates, which publish more")]
mod repository;
mod screen;
mod secure_boot;
mod settings;
mod stick;
mod storage;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with other tests, which use other parts of it")]
mod support;
mod systems;
mod technician;
mod twins;
mod write_log;
