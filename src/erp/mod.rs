//! The ERP's figures for the wall. The box alone polls the ERP, keeps what a wall may show, and answers TVs from memory.

mod account_file;
mod answer;
mod api;
mod body;
mod call;
mod check;
mod client;
mod counts;
mod credentials;
mod extra_path;
mod feed;
mod link;
mod notices;
mod part;
mod poller;
mod published;
mod reason;
mod schedule;
mod session;
mod settings;
mod snapshot;
mod store;
mod token;
mod wall;
mod words;

pub(crate) use self::account_file::{AccountFile, KeptAccount};
pub(crate) use self::call::Call;
pub(crate) use self::check::{Step, StepName, Verdict, check};
pub(crate) use self::credentials::{Access, Password, PasswordSource};
pub(crate) use self::extra_path::refuse_extra_path;
pub(crate) use self::feed::{Feed, Subscription};
pub(crate) use self::link::{Link, LinkState};
pub(crate) use self::notices::notices;
pub(crate) use self::part::Part;
pub(crate) use self::poller::{Event, Poller, PollerSettings};
pub(crate) use self::published::{ApiAnswer, ApiPart, FeedSettings};
pub(crate) use self::reason::Reason;
pub(crate) use self::settings::Settings;
pub(crate) use self::snapshot::Snapshot;
pub(crate) use self::wall::{Periods, Wall};

/// The projection and the kept figures alone, for those who try them on anything.
#[doc(hidden)]
pub mod pure {
    use std::path::Path;
    use std::sync::Arc;
    use std::time::{Instant, SystemTime};

    use jiff::Timestamp;

    use super::answer::Answer;
    use super::counts::Counts;
    use super::part::Part;
    use super::snapshot::{Held, Snapshot};
    use super::store::{AccountKey, Figures, LoginKey, Store};
    use crate::durable::RecordError;
    use crate::lang::Lang;

    /// The number of the alerts.
    pub const ALERTS: u8 = Part::Alerts as u8;

    /// What is kept of an answer of the part with this number, modulo their number, written in Spanish and in English.
    #[must_use]
    pub fn project(part: u8, mut body: &[u8]) -> Option<[String; 2]> {
        let part = Part::ALL.get(usize::from(part) % Part::ALL.len())?;
        let answer = Answer::read(*part, &mut body).ok()?;
        Some([answer.json(Lang::Es), answer.json(Lang::En)])
    }

    /// Keeps this list of machines for an account: of a user, and of a workshop.
    pub fn keep_machines(directory: &Path, user: &str, workshop: &str, mut body: &[u8]) -> Result<(), RecordError> {
        let now = Instant::now();
        let (mut store, _) = Store::open(directory, LoginKey::new("", user), Vec::new(), now);
        let mut snapshot = Snapshot::default();
        if let Ok(machines) = Answer::read(Part::Machines, &mut body) {
            snapshot.set(Part::Machines, Held::again(Arc::new(machines), now));
        }
        let (account, counts) = (AccountKey::new("", user, workshop), Counts::default());
        let wall = Timestamp::try_from(SystemTime::now()).ok();
        store.keep_last(&Figures { account, snapshot, counts, now, wall }).map(drop)
    }

    /// The list of machines that is kept for a user, as a start finds it.
    #[must_use]
    pub fn kept_machines(directory: &Path, user: &str) -> Option<String> {
        let (_, kept) = Store::open(directory, LoginKey::new("", user), Vec::new(), Instant::now());
        Some(kept.snapshot.part(Part::Machines)?.value.json(Lang::Es))
    }
}
