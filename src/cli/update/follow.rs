//! A change of version as it happens: download, verification, switch and trial, with progress on the terminal.

use super::output;
use crate::cli::control;
use crate::control::{Client, ClientError, ControlCommand, follower_patience};
use crate::lang::{Lang, Text};
use crate::update::command::Report;
use crate::update::history::ChangeOutcome;
use crate::update::state::{Fault, OsStep, Phase};
use crate::update::words;
use semver::Version;
use std::{
    io::{self, IsTerminal as _},
    thread,
    time::{Duration, Instant},
};

/// How often the box is asked.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Back to the line's beginning, and clear the line (ECMA-48: EL).
const AGAIN: &str = "\r\x1b[K";
/// Columns of the bar.
const BAR: u64 = 30;

/// Shows the way to a version until it works or does not; of the operating system, until it is here or does not come.
pub(super) fn follow(
    client: &Client,
    version: &Version,
    is_system: bool,
    screen: &mut Screen,
) -> Result<(Report, Text), Text> {
    let ended: Ended = if is_system { system_ended } else { ended };
    let mut patience = Patience::new();
    loop {
        match client.send(ControlCommand::UpdateReport, &[]) {
            // It changes to the other binary, which may also hang until its watchdog takes it back.
            Err(
                ClientError::NotRunning { .. }
                | ClientError::Broken { .. }
                | ClientError::Malformed { .. }
                | ClientError::Silent { .. },
            ) => {}
            reply => {
                let report = control::answer(reply)?;
                if let Some(end) = ended(&report, version) {
                    return end.map(|words| (report, words));
                }
                let has_progressed = screen.show(&progress(&report, is_system));
                patience.heard(&report, has_progressed);
            }
        }
        if patience.is_over() {
            return Err(Text::new(
                "no avanza: mire «workshop-edge update status» y el registro del servicio",
                "there is no progress: see \"workshop-edge update status\" and the service's log",
            ));
        }
        thread::park_timeout(POLL_INTERVAL);
    }
}

/// How long a change of version is followed.
pub(in crate::cli) struct Patience {
    last_progress: Instant,
    max_change: Duration,
}

impl Patience {
    pub(in crate::cli) fn new() -> Self {
        Self { last_progress: Instant::now(), max_change: Duration::ZERO }
    }

    /// The box has answered. An older version, as which it may come back, does not say how long it takes.
    pub(in crate::cli) fn heard(&mut self, report: &Report, has_progressed: bool) {
        self.max_change = self.max_change.max(Duration::from_secs(report.max_change_s));
        if has_progressed {
            self.last_progress = Instant::now();
        }
    }

    pub(in crate::cli) fn is_over(&self) -> bool {
        self.last_progress.elapsed() > follower_patience(self.max_change)
    }
}

/// How a change ended, if it has: what to say of success, or of failure.
pub(in crate::cli) type Ended = fn(&Report, &Version) -> Option<Result<Text, Text>>;

/// How it ended, if it has: what to say of success, or of failure.
pub(in crate::cli) fn ended(report: &Report, version: &Version) -> Option<Result<Text, Text>> {
    let state = &report.state;
    let last = report.history.last().filter(|last| last.to == *version);
    match (last.map(|last| &last.outcome), &state.phase) {
        (Some(ChangeOutcome::Confirmed { .. }), Phase::Idle | Phase::Waiting { .. } | Phase::Checking)
            if state.running == *version =>
        {
            Some(Ok(Text::new(format!("La versión {version} funciona."), format!("Version {version} works."))))
        }
        (Some(ChangeOutcome::Reverted { reason, .. }), _) if state.running != *version => Some(Err(Text::new(
            format!("la versión {version} falló y volvió la anterior: {reason}"),
            format!("version {version} failed and the one before came back: {reason}"),
        ))),
        (Some(ChangeOutcome::OnTrial), _) => None,
        (_, Phase::Idle) => Some(Err(not_put(state.fault.as_ref(), version))),
        _ => None,
    }
}

/// The same of a version of the operating system: once the box has it, root installs it and restarts the machine.
pub(in crate::cli) fn system_ended(report: &Report, version: &Version) -> Option<Result<Text, Text>> {
    let state = &report.state;
    match state.os.as_ref().map(|os| &os.step) {
        Some(OsStep::Downloading { version: coming, .. }) if coming == version => None,
        Some(OsStep::Offered { version: offered }) if offered == version => Some(Ok(Text::new(
            format!("La versión {version} del sistema ya está en el equipo; se instala, y el equipo se reinicia solo."),
            format!(
                "The system's version {version} is on the box; it is being installed, and the box restarts by itself."
            ),
        ))),
        _ => Some(Err(not_put(state.fault.as_ref(), version))),
    }
}

/// Why a version is not in place.
fn not_put(fault: Option<&Fault>, version: &Version) -> Text {
    fault.map_or_else(
        || {
            Text::new(
                format!("la versión {version} no se ha instalado: otra petición la ha interrumpido"),
                format!("version {version} was not put in place: another order came in between"),
            )
        },
        words::fault,
    )
}

fn progress(report: &Report, is_system: bool) -> Text {
    if let Some(os) = report.state.os.as_ref().filter(|_| is_system) {
        return words::system(os).into_iter().next().unwrap_or_default();
    }
    let phase = words::phase(&report.state);
    match report.state.phase {
        Phase::Downloading { done, total, .. } => {
            let full = words::percent(done, total).saturating_mul(BAR).checked_div(100).unwrap_or(0);
            let bar: String = (0..BAR).map(|column| if column < full { '#' } else { '.' }).collect();
            phase.map(|phase| format!("[{bar}] {phase}"))
        }
        // It may last for minutes, and there is nothing to do but to wait. Within the columns of a terminal.
        Phase::OnTrial => {
            let running = &report.state.running;
            Text::new(
                format!("La versión {running} ya funciona, a prueba; se espera (Ctrl+C no la para)."),
                format!("Version {running} is on trial and serves already; waiting (Ctrl+C lets it go on)."),
            )
        }
        _ => phase,
    }
}

/// Where the person looks: standard error, since the answer goes to standard output.
pub(super) struct Screen {
    lang: Lang,
    is_terminal: bool,
    shown: String,
}

impl Screen {
    pub(super) fn new(lang: Lang) -> Self {
        Self { lang, is_terminal: io::stderr().is_terminal(), shown: String::new() }
    }

    /// Shows a line in the place of the last one, or after it where lines cannot be written over; gives whether it is
    /// another one.
    pub(super) fn show(&mut self, line: &Text) -> bool {
        let line = line.pick(self.lang);
        if line == self.shown {
            return false;
        }
        line.clone_into(&mut self.shown);
        if self.is_terminal {
            output::print_error(&format!("{AGAIN}{line}"));
        } else if !line.starts_with('[') {
            output::print_error(&format!("{line}\n"));
        }
        true
    }

    pub(super) fn clear(&mut self) {
        if self.is_terminal && !self.shown.is_empty() {
            output::print_error(AGAIN);
        }
        self.shown.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::trial::{Found, Gate, Verdict, max_change};

    #[test]
    fn whoever_follows_is_more_patient_than_the_longest_change_takes() {
        let unwell = || Found::Unwell("the page".into());
        for seconds in [1, 30, 3600] {
            let (quiet_wait, stretch) = (Duration::from_secs(seconds), Duration::from_secs(seconds));
            let reported = max_change(quiet_wait, stretch);
            let mut gate = Gate::new(stretch);
            let trial =
                (0..100).map(|round| stretch / 10 * round).find(|at| gate.judge(*at, unwell()) != Verdict::Wait);
            let work = quiet_wait + trial.expect("decided");
            assert!(follower_patience(reported) > reported && reported >= work, "{seconds} s: {work:?}");
        }
    }
}
