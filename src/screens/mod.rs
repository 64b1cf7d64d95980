//! The TVs: which there are, whether each of them really shows the page, and what is asked of them.
//!
//! ```text
//! report ─> registry (which screen?) ─> page ─> state ─> summary ─> page, status, health, metrics
//!               │                         │
//!               └─ store (disk)           └─ answer <─ orders <─ people
//! ```
//!
//! Time comes in as a parameter: an instant of the monotonic clock, and the box's clock where it is right.

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
pub(crate) mod text;
mod vote;
mod words;

#[cfg(test)]
pub(crate) use self::{change::MAX_NAME, orders::OrderKind};
pub(crate) use self::{
    change::{ChangeError, Target},
    handle::{Caller, Channel, Screens},
    identity::ScreenId,
    orders::Order,
    people::minute,
    pictures::{MAX_PICTURE, PictureError},
    report::{MAX_REPORT, ReportError},
    settings::Settings,
    state::ScreenState,
    summary::{ScreenSummary, Summary},
    vote::{Vote, Voter},
};
