//! The TVs: which there are, whether each of them really shows the page, and what is asked of them.
//!
//! ```text
//! report ─> registry (which screen?) ─> page ─> state ─> summary ─> page, status, health, metrics
//!               │ store (disk)                            │
//!               └<── names, views <── people ──> orders ──┴─> answer
//! ```

#![allow(dead_code, reason = "the routes and pages that use the room are added next")]

mod answer;
mod device;
mod handle;
mod identity;
mod orders;
mod page;
mod registry;
mod report;
mod screen;
mod settings;
mod state;
mod summary;
mod text;
mod words;

#[allow(unused_imports, reason = "as above")]
pub(crate) use self::{
    answer::Answer,
    handle::{Caller, ChangeError, Channel, MAX_PICTURE, Picture, PictureError, Screens},
    identity::ScreenId,
    orders::{LastOrder, MAX_MESSAGE, MAX_MESSAGE_S, Order, OrderKind, Target},
    report::{MAX_REPORT, OrderResult, ReportError},
    settings::Settings,
    state::ScreenState,
    summary::{Counts, Device, ErrorSummary, ScreenSummary, Summary, ViewportSummary},
};
