//! The TVs: which there are, whether each of them really shows the page, and what is asked of them.
//!
//! ```text
//! report ─> registry (which screen?) ─> page ─> state ─> summary ─> page, status, health, metrics
//!               │                         │
//!               └─ store (disk)           └─ answer <─ orders <─ people
//! ```
//!
//! Time comes in as a parameter: an instant of the monotonic clock, and the box's clock where it is right.

#![allow(dead_code, reason = "the routes and pages that use the room are added next")]

mod answer;
mod change;
mod device;
#[cfg(test)]
pub(crate) mod fixture;
mod handle;
mod identity;
mod nightly;
mod orders;
mod page;
mod people;
mod pictures;
mod rate;
mod registry;
mod report;
mod screen;
mod settings;
mod state;
mod store;
mod summary;
mod text;
mod words;

#[allow(unused_imports, reason = "as above")]
pub(crate) use self::{
    answer::Answer,
    change::{ChangeError, MAX_NAME, MAX_VIEW, Target},
    device::Device,
    handle::{Caller, Channel, Screens},
    identity::ScreenId,
    orders::{LastOrder, MAX_MESSAGE, MAX_MESSAGE_S, Order, OrderKind},
    people::minute,
    pictures::{MAX_PICTURE, Picture, PictureError},
    report::{MAX_REPORT, OrderResult, ReportError},
    settings::Settings,
    state::ScreenState,
    summary::{Counts, ErrorSummary, ScreenSummary, Summary, ViewportSummary},
};
