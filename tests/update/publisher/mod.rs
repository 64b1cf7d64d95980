//! The publisher's program, held to what other implementations of TUF make of its repositories.

mod faults;
mod fetch;
mod fleet_check;
mod keys;
mod offline;
mod refusals;
mod releases;
mod sync;
mod tuf;
mod verify;
