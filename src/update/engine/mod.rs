//! The updates at work.
//!
//! A state machine ([`state_machine`], pure: no I/O, and the time comes in) takes what happens and gives what is to be
//! done; the [`driver`] performs that, and its end is the next event. A [`track`] is what is updated: the program,
//! and the operating system of the USB image.
//!
//! ```text
//!                       request: pin, unpin          request: rollback
//!        ┌──────────────────── Idle ─────────────────────────┐
//!        v      due, stick,    ^ │                           v
//!  KeepingOrder request: check │ │ request: forgive   PreparingPrevious
//!    │   │ hold: Idle   apply  │ └────────> Forgiving        │
//!    │   └──────────┐ ┌────────┘              │        KeepingOrder
//!    │              v v                       │              │
//!    └──────────> Checking <──────────────────┘              │
//!                    │ something to fetch                    │
//!                    v                                       v
//!                 Fetching ── program, in its slot ──> BeginningTrial ──> Switching
//!                    └─ downloaded ahead, offered to root: Idle
//! ```
//!
//! ```text
//! event                   Idle    Checking          Fetching                 the four others    Switching
//! time is due             check   –                 –                        –                  –
//! request to check        check   joins             answered at once         waits for the end  refused
//! the same request again  begins  joins             answered as the first    waits for the end  refused
//! any other request       begins  overtakes         overtakes                waits for the end  refused
//! end of the operation    –       Fetching or Idle  Idle or BeginningTrial   the next, or Idle  –
//! its failure             –       Idle              Idle                     Idle               –
//! ```
//!
//! What was overtaken is dropped: what it has written is resumed, or written again. Those who waited for it are answered.
//! A failure of whatever kind leads back to Idle, and to a later check. The only end is Switching: the process is
//! replaced.
//!
//! | effect | ends with |
//! | --- | --- |
//! | check | what was found: manifest, slots, root's report |
//! | fetch | downloaded ahead, staged, offered to root |
//! | keep the order, forgive, prepare the version before, begin the trial | done, or why not |
//! | cancel, switch, withdraw the offer, reply, log | nothing |

mod activity;
mod check;
mod driver;
mod event;
mod failure;
mod fetch;
mod findings;
mod history_store;
mod host;
mod ledger;
mod leftovers;
mod managed_slots;
mod offer;
mod request;
mod retry;
mod running;
mod settings;
mod slot_changes;
mod state_machine;
mod stick;
mod track;
mod updates;

pub use self::host::Host;
pub use self::settings::{Machine, Settings, Switch};
pub use self::updates::Updates;
