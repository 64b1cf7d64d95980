//! Updates of real boxes from real repositories.

#![allow(clippy::disallowed_methods, reason = "tests make torn files and wait on purpose")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a helper is a test that fails"
)]

mod built;
#[allow(dead_code, reason = "what a box can be told to do is more than every state of the tests needs")]
mod clients;
mod faults;
mod forgive;
mod gate_screens;
mod guide;
mod held_proxy;
mod managed;
mod orders;
mod os;
mod packed;
mod patience;
mod pipeline;
mod power;
#[path = "../support/programs.rs"]
#[allow(dead_code, reason = "what a program can be told to do is more than every state of the tests needs")]
mod programs;
mod publisher;
#[path = "../support/repository.rs"]
#[allow(dead_code, reason = "as complete as the publisher's program")]
mod repository;
mod restarts;
#[path = "../support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with other tests, which use other parts of it")]
mod support;
mod under_load;
mod usb;
mod window;
