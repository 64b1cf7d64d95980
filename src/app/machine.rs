//! What the machine around the box has to say, where the USB image runs it: read again and again, since root writes it
//! whenever something happens.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::time::MissedTickBehavior;

use crate::health::{Health, Probe};
use crate::lang::{Text, Texts};
use crate::machine::notices::{self, Level, Notices};
use crate::machine::{self, Paths};
use crate::{console, error_chain};

/// How old what is known may be.
const EVERY: Duration = Duration::from_secs(2);

/// What the console shows of it, once it is known.
pub(super) type MachineState = Arc<ArcSwapOption<console::Machine>>;

/// The machine's notices, and where they are reported.
pub(super) struct Monitor {
    /// `machine.dir`.
    directory: PathBuf,
    probe: Probe,
    state: MachineState,
}

/// What is known of the machine, and who reads it where the USB image runs the box: with `machine.dir`.
pub(super) fn monitor(directory: Option<PathBuf>, health: &Health) -> (MachineState, Option<Monitor>) {
    let state = MachineState::default();
    let monitor = directory.map(|directory| {
        let (probe, state) = (health.probe("machine"), Arc::clone(&state));
        Monitor { directory, probe, state }
    });
    (state, monitor)
}

/// Reads what it says as long as the runtime lives.
pub(super) fn start(monitor: Option<Monitor>) {
    let Some(Monitor { directory, probe, state }) = monitor else { return };
    tokio::task::spawn_local(async move {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut logged = Vec::new();
        loop {
            ticks.tick().await;
            let place = directory.clone();
            let Ok((os_version, notices)) = tokio::task::spawn_blocking(move || read(&place)).await else { continue };
            log_new_errors(&notices, &mut logged);
            probe.degraded(fault(&notices));
            state.store(Some(Arc::new(shown(os_version, &notices))));
        }
    });
}

fn read(directory: &Path) -> (Option<String>, Notices) {
    (machine::os_version(&Paths::default()), notices::read_all(&directory.join(machine::NOTICES)))
}

/// Logs what cannot be read, once and not every two seconds.
fn log_new_errors(notices: &Notices, logged: &mut Vec<String>) {
    let errors: Vec<_> = notices.unreadable.iter().map(|error| error_chain(error)).collect();
    for error in errors.iter().filter(|error| !logged.contains(error)) {
        tracing::warn!(error, "a notice of the machine cannot be shown");
    }
    *logged = errors;
}

/// What somebody should look at.
fn fault(notices: &Notices) -> Option<Text> {
    let texts =
        notices.by_subject.values().filter(|notice| notice.level > Level::Info).map(|notice| notice.text.clone());
    texts.reduce(|all, next| Text::new(format!("{}\n{}", all.es, next.es), format!("{}\n{}", all.en, next.en)))
}

/// The rest, which is only good to know.
fn shown(os_version: Option<String>, notices: &Notices) -> console::Machine {
    let infos = notices.by_subject.values().filter(|notice| notice.level == Level::Info);
    console::Machine { os_version, notices: Texts(infos.flat_map(|notice| notice.text.lines()).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::notices::Notice;

    #[test]
    fn only_what_is_wrong_degrades_the_box_and_the_rest_is_shown() {
        let mut notices = Notices::default();
        let mut say = |subject: &str, level, es: &str, en: &str| {
            notices.by_subject.insert(subject.into(), Notice { level, text: Text::new(es, en) });
        };
        say("a", Level::Info, "uno\ndos", "one\ntwo");
        say("b", Level::Warning, "tres\ncuatro", "three\nfour");
        say("c", Level::Fault, "cinco", "five");
        assert_eq!(fault(&notices), Some(Text::new("tres\ncuatro\ncinco", "three\nfour\nfive")));
        let machine = shown(Some("1.2.3".into()), &notices);
        assert_eq!(machine.notices.0, [Text::new("uno", "one"), Text::new("dos", "two")]);
        notices.by_subject.retain(|_, notice| notice.level == Level::Info);
        assert_eq!(fault(&notices), None);
    }
}
