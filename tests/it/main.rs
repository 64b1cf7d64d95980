//! One integration-test binary: the real box as a child process, driven over sockets and by real clients.

#![allow(clippy::disallowed_methods, reason = "tests make torn files and wait on purpose")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a helper is a test that fails"
)]

mod admin;
mod agent;
mod alarms;
mod architecture;
mod cli;
mod config;
mod conformance;
mod console;
mod discovery;
mod disk_full;
mod documents;
mod download;
mod erp;
mod erp_server;
mod events;
mod films;
mod guides;
mod hostile;
mod launch;
mod lifecycle;
mod limits;
mod live;
mod machine;
mod machine_install;
mod machine_menu;
mod machine_stick;
mod observability;
mod orders;
mod outbound;
mod rebinding;
mod repository;
mod routes;
mod screens;
mod serving;
mod site_directory;
mod spanish;
mod storage;
#[path = "../support/mod.rs"]
mod support;
mod telemetry;
mod tls;
mod transport;
