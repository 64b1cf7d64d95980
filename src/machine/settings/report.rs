//! What there is to say of the settings: as notices, and as a file beside them.

use std::path::Path;

use super::files::FileError;
use super::keys::SETTINGS;
use super::last_good::KeepError;
use super::partition::{for_windows, is_there, while_writable};
use super::secrets::SecretsMove;
use super::source::Source;
use super::types::OwnKeys;
use super::{NAME, SECRETS_NAME, Secrets, Settings, erp_account, words};
use crate::bounded_read::read_bounded;
use crate::config::{Fault, Warning};
use crate::durable;
use crate::lang::{Lang, Text};
use crate::machine::Paths;
use crate::machine::notices::{self, Level, Notice};
use crate::schema::HostAddress;

/// The files beside the settings, by language.
const FILES: [(Lang, &str); 2] = [(Lang::Es, "ERRORES.txt"), (Lang::En, "ERRORS.txt")];
/// Findings that a notice has room for; the file has all.
const MAX_IN_A_NOTICE: usize = 5;

/// Everything that there is to say.
#[derive(Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

/// Something to say.
pub(super) enum Finding {
    /// The file has mistakes; `text` is what it says, when it is text.
    Findings { faults: Vec<Fault>, warnings: Vec<Warning>, text: Option<String> },
    /// There is no partition with settings.
    NoPartition,
    /// The file cannot be read.
    Unreadable(FileError),
    /// There was none, and one has been put there.
    Missing { is_last_good: bool, written: Result<(), FileError> },
    /// A part of them could not be applied.
    NotApplied { part: Text<&'static str>, error: FileError },
    /// They hold, but are not kept.
    NotKept(KeepError),
    /// The outcome of moving the secrets.
    Secrets(SecretsMove),
    /// A file beside them that is not read, and which one it was probably meant to be.
    Misnamed { name: String, meant: &'static str },
    /// They can be used, but somebody should know.
    Remark { level: Level, text: Text },
}

/// What one notice is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Settings,
    Secrets,
    Remarks,
}

impl Subject {
    const ALL: [Self; 3] = [Self::Settings, Self::Secrets, Self::Remarks];

    fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Secrets => "secrets",
            Self::Remarks => "settings-remarks",
        }
    }
}

impl Report {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// What the settings ask for and will not have.
    pub(super) fn remarks(&mut self, settings: &Settings, secrets: &Secrets, has_wifi: bool) {
        let OwnKeys { network, wifi, data, .. } = &settings.own;
        let mut remark = |level, text: Text<&str>| self.add(Finding::Remark { level, text: text.into() });
        if let (_, Some(text)) = erp_account::of(settings, secrets) {
            remark(Level::Warning, text);
        }
        if data.screens.is_some() {
            remark(Level::Info, words::SCREENS_NOT_USED);
        }
        if network.address != HostAddress::Dhcp
            && (network.gateway.is_none() || network.dns.as_ref().is_none_or(Vec::is_empty))
        {
            remark(Level::Info, words::NO_INTERNET);
        }
        if secrets.proxy_user.is_some() != secrets.proxy_password.is_some() {
            remark(Level::Warning, words::PROXY_ACCOUNT_INCOMPLETE);
        }
        if wifi.ssid.is_some() && !has_wifi {
            remark(Level::Warning, words::NO_WIFI);
        } else if wifi.ssid.is_some() && secrets.wifi_passphrase.is_none() {
            remark(Level::Warning, words::NO_WIFI_PASSPHRASE);
        }
    }
}

/// Says it all, and gives it back. What cannot be said in one place is said in the others.
pub(super) fn publish(paths: &Paths, report: &Report, source: &Source) -> Vec<Text> {
    let mut lines = Vec::new();
    for subject in Subject::ALL {
        let mut level = Level::Info;
        let mut sentences = Vec::new();
        for finding in report.findings.iter().filter(|finding| finding.subject() == subject) {
            level = level.max(finding.level());
            sentences.extend(finding.sentences(source));
        }
        let directory = paths.run_notices();
        let done = if sentences.is_empty() {
            notices::clear(&directory, subject.name())
        } else {
            notices::put(&directory, subject.name(), &Notice { level, text: Text::join(&sentences, "\n") })
        };
        if let Err(error) = done {
            sentences.push(words::notice_not_shown(&error));
        }
        lines.extend(sentences);
    }
    if let Err(error) = write_beside(paths, report, source) {
        lines.push(words::not_written_beside(&error));
    }
    lines
}

impl Finding {
    fn subject(&self) -> Subject {
        match self {
            Self::Secrets(_) => Subject::Secrets,
            Self::Misnamed { meant, .. } if *meant == SECRETS_NAME => Subject::Secrets,
            Self::Remark { .. } => Subject::Remarks,
            _ => Subject::Settings,
        }
    }

    fn level(&self) -> Level {
        match self {
            Self::Remark { level, .. } => *level,
            Self::Missing { .. } | Self::Secrets(SecretsMove::Done | SecretsMove::Nothing) => Level::Info,
            // It may be a copy that somebody wants to keep.
            Self::Misnamed { meant, .. } if *meant == NAME => Level::Info,
            Self::NotApplied { .. } => Level::Fault,
            _ => Level::Warning,
        }
    }

    fn sentences(&self, source: &Source) -> Vec<Text> {
        match self {
            Self::Findings { faults, warnings, text: _ } => {
                let lines = words::found(faults, warnings);
                let left = lines.len().saturating_sub(MAX_IN_A_NOTICE);
                let first = (!faults.is_empty()).then(|| words::instead(source, faults.len()));
                let lines = lines
                    .into_iter()
                    .take(MAX_IN_A_NOTICE)
                    .map(|(_, Text { es, en })| Text { es: format!("{NAME}, {es}"), en: format!("{NAME}, {en}") });
                first.into_iter().chain(lines).chain((left > 0).then(|| words::more(left))).collect()
            }
            Self::NoPartition => vec![words::no_partition(source)],
            Self::Unreadable(error) => vec![words::unreadable(source, error)],
            Self::Missing { is_last_good, written: Ok(()) } => vec![words::restored(*is_last_good)],
            Self::Missing { written: Err(error), .. } => vec![words::not_restored(source, error)],
            Self::NotApplied { part, error } => vec![words::not_applied(part, error)],
            Self::NotKept(error) => vec![words::not_kept(error)],
            Self::Secrets(moved) => vec![words::secrets(moved)],
            Self::Misnamed { name, meant } => vec![words::misnamed(name, meant)],
            Self::Remark { text, .. } => vec![text.clone()],
        }
    }
}

/// Writes what is wrong beside the files that it is about, or removes what was written there before. A partition that
/// says the same already is not written to.
fn write_beside(paths: &Paths, report: &Report, source: &Source) -> Result<(), FileError> {
    if !is_there(paths) {
        return Ok(());
    }
    let partition = paths.settings_partition();
    let rendered = rendered(report, source);
    let wanted = FILES.map(|(lang, name)| (partition.join(name), rendered.as_ref().map(|text| text.pick(lang))));
    if wanted.iter().all(|(path, report)| is_written(path, *report)) {
        return Ok(());
    }
    while_writable(&partition, || {
        for (path, report) in &wanted {
            match report {
                Some(report) => durable::write(path, report.as_bytes(), 0o644)?,
                None => durable::remove(path)?,
            }
        }
        Ok(())
    })
}

fn is_written(path: &Path, report: Option<&str>) -> bool {
    let max = report.map_or(0, str::len) as u64;
    match (read_bounded(path, max), report) {
        (Ok(found), Some(report)) => found == report.as_bytes(),
        (Err(error), None) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// What is wrong with the files, for an editor of Windows; `None` when nothing is.
fn rendered(report: &Report, source: &Source) -> Option<Text> {
    let mut paragraphs = Vec::new();
    for finding in &report.findings {
        match finding {
            Finding::Findings { faults, warnings, text: file } => {
                let heading =
                    if faults.is_empty() { words::something_unknown() } else { words::instead(source, faults.len()) };
                paragraphs.push(heading);
                for (number, line) in words::found(faults, warnings) {
                    let quoted = number.and_then(|number| file.as_ref()?.lines().nth(number.checked_sub(1)?));
                    let quoted = quoted.filter(|line| !SETTINGS.holds_secret(line));
                    let quoted = quoted.map(|quoted| Text::same(["\n    ", quoted.trim()].concat()));
                    paragraphs.push(line.then(&quoted.unwrap_or_default()));
                }
            }
            Finding::Secrets(moved @ (SecretsMove::Wrong(_) | SecretsMove::Stays(_) | SecretsMove::Unreadable(_))) => {
                paragraphs.push(words::secrets(moved));
            }
            Finding::Misnamed { name, meant } => paragraphs.push(words::misnamed(name, meant)),
            _ => {}
        }
    }
    let text = Text::join(&paragraphs, "\n\n");
    (!paragraphs.is_empty()).then(|| text.map(|text| for_windows(&[text, "\n\n"].concat())))
}
