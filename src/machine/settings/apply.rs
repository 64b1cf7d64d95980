//! What a start of the machine does with the settings.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::files::{self, FileError, put};
use super::last_good::{self, LastGood, can_be_kept};
use super::partition::{self, Found, for_windows, while_writable};
use super::read::defaults;
use super::report::{self, Finding, Report};
use super::secrets::{self, SecretsMove};
use super::source::Source;
use super::template::template;
use super::{Checked, Secrets, Settings, appliance, check, erp_account, misnamed, network, system, wifi, words};
use crate::config::Document;
use crate::display;
use crate::durable;
use crate::lang::Text;
use crate::machine::Paths;

/// The group of the appliance's account.
const GROUP: &str = "workshop-edge";

/// Nothing of the settings holds.
#[derive(Debug, Error)]
pub(crate) enum ApplyError {
    /// With the first reason.
    #[error("nothing of the settings could be written below {}", root.display())]
    Write { root: PathBuf, source: FileError },
    /// Not even those of an empty file.
    #[error("the program's own defaults are wrong")]
    Defaults,
}

/// Reads the settings and makes the machine follow them. Faults are reported in notices and beside the file, and the
/// machine follows the last good ones, or the defaults. Returns what there is to say of them, a sentence each.
pub(crate) fn apply(paths: &Paths) -> Result<Vec<Text>, ApplyError> {
    let mut report = Report::default();
    let (settings, source, text) = choose(paths, &mut report).ok_or(ApplyError::Defaults)?;
    let (secrets, moved) = secrets::take(paths);
    let has_failed = write(paths, &settings, &secrets, &mut report);
    if let (Source::File, Some(text), true) = (&source, &text, can_be_kept(paths))
        && let Err(error) = last_good::keep(paths, text)
    {
        report.add(Finding::NotKept(error));
    }
    report.remarks(&settings, &secrets, wifi::is_there(paths));
    if !matches!(moved, SecretsMove::Nothing) {
        report.add(Finding::Secrets(moved));
    }
    for (name, meant) in misnamed::all(paths) {
        report.add(Finding::Misnamed { name, meant });
    }
    let sentences = report::publish(paths, &report, &source);
    match has_failed {
        Some(source) => Err(ApplyError::Write { root: paths.root().to_owned(), source }),
        None => Ok(sentences),
    }
}

/// The effective settings, their source, and their text.
fn choose(paths: &Paths, report: &mut Report) -> Option<(Settings, Source, Option<String>)> {
    match partition::read(paths, &paths.settings()) {
        Found::Content(bytes) => {
            let checked = check(&bytes);
            let text = Document::text_of(&bytes);
            if let Checked { value: Some(settings), faults: _, warnings } = checked {
                if !warnings.is_empty() {
                    report.add(Finding::Findings { faults: Vec::new(), warnings, text: text.clone() });
                }
                return Some((settings, Source::File, text));
            }
            let Checked { faults, warnings, .. } = checked;
            report.add(Finding::Findings { faults, warnings, text });
            fallback(paths)
        }
        Found::Nothing => restore(paths, report),
        Found::NoPartition => {
            report.add(Finding::NoPartition);
            fallback(paths)
        }
        Found::Unreadable(error) => {
            report.add(Finding::Unreadable(error));
            fallback(paths)
        }
    }
}

/// The last good settings, or the defaults: without invented figures, since somebody has set this box up.
fn fallback(paths: &Paths) -> Option<(Settings, Source, Option<String>)> {
    if let Some((settings, kept)) = sound(last_good::read(paths)) {
        return Some((settings, Source::LastGood { applied: kept.applied }, None));
    }
    let other = vec![(display::Settings::demo().key.path, "false".to_owned())];
    Some((Settings { other, ..defaults()? }, Source::Defaults, None))
}

/// Those that this version can use, too.
fn sound(kept: Option<LastGood>) -> Option<(Settings, LastGood)> {
    let kept = kept?;
    Some((check(kept.text.as_bytes()).value?, kept))
}

/// Puts a file in the place of one that is missing: the last good one, so that a box keeps its address when its file is
/// lost, or a new one.
fn restore(paths: &Paths, report: &mut Report) -> Option<(Settings, Source, Option<String>)> {
    let (text, kept) = match sound(last_good::read(paths)) {
        Some((settings, kept)) => (kept.text.clone(), Some((settings, kept))),
        None => (template(), None),
    };
    let written = while_writable(&paths.settings_partition(), || {
        if !paths.secrets().exists() {
            secrets::put_template(paths)?;
        }
        Ok(durable::write(&paths.settings(), for_windows(&text).as_bytes(), 0o644)?)
    });
    report.add(Finding::Missing { is_last_good: kept.is_some(), written });
    match kept {
        Some((settings, kept)) => Some((settings, Source::LastGood { applied: kept.applied }, None)),
        None => Some((check(text.as_bytes()).value.or_else(defaults)?, Source::Defaults, None)),
    }
}

/// Makes all the files; gives the first error when none could be made.
fn write(paths: &Paths, settings: &Settings, secrets: &Secrets, report: &mut Report) -> Option<FileError> {
    let own = &settings.own;
    let mut has_succeeded = false;
    let mut failed = Vec::new();
    let mut step = |part: Text<&'static str>, done: Result<(), FileError>| match done {
        Ok(()) => has_succeeded = true,
        Err(error) => failed.push((part, error)),
    };
    step(words::THE_NETWORK, networks(paths, settings));
    step(words::THE_WIFI, wireless(paths, settings, secrets));
    step(words::THE_PROXY_ACCOUNT, proxy(paths, secrets));
    step(words::THE_ERP_ACCOUNT, erp(paths, settings, secrets));
    step(words::THE_CONFIGURATION, configuration(paths, settings, secrets));
    let keys = own.access.ssh_key.as_ref().map(|key| format!("{key}\n"));
    step(words::THE_SSH_KEY, put(&paths.run_authorized_keys(), keys.as_deref(), 0o644));
    step(words::HTTPS, put(&paths.run_https(), own.access.https.then_some(""), 0o644));
    step(words::THE_NAME, system::hostname(paths, &own.name));
    step(words::THE_TIME_ZONE, system::time_zone(paths, own.time_zone.as_deref()));
    step(words::THE_TIME_SERVERS, system::time_servers(paths, own.network.ntp.as_deref().unwrap_or_default()));
    if !has_succeeded && !failed.is_empty() {
        return Some(failed.swap_remove(0).1);
    }
    for (part, error) in failed {
        report.add(Finding::NotApplied { part, error });
    }
    None
}

/// The units of networkd, and none of those of other settings.
fn networks(paths: &Paths, settings: &Settings) -> Result<(), FileError> {
    let directory = paths.network_units();
    let units = network::units(&settings.own.network, settings.own.wifi.ssid.is_some());
    durable::create_dir(&directory)?;
    for entry in std::fs::read_dir(&directory).map_err(files::other("read", &directory))?.flatten() {
        let name = entry.file_name();
        let is_ours = name.to_str().is_some_and(|name| name.starts_with(network::PREFIX));
        if is_ours && !units.iter().any(|(unit, _)| name.to_str() == Some(unit)) {
            durable::remove(&entry.path())?;
        }
    }
    for (name, content) in units {
        put(&directory.join(name), Some(&content), 0o644)?;
    }
    Ok(())
}

fn wireless(paths: &Paths, settings: &Settings, secrets: &Secrets) -> Result<(), FileError> {
    let ssid = settings.own.wifi.ssid.as_ref().filter(|_| wifi::is_there(paths));
    let content = ssid.map(|ssid| wifi::configuration(ssid, secrets.wifi_passphrase.as_deref()));
    put(&wifi::path(paths), content.as_deref(), 0o600)
}

fn proxy(paths: &Paths, secrets: &Secrets) -> Result<(), FileError> {
    put_for_appliance(paths, &paths.run_proxy_credentials(), secrets.proxy_credentials().as_deref())
}

/// The password, which the appliance reads again at each login.
fn erp(paths: &Paths, settings: &Settings, secrets: &Secrets) -> Result<(), FileError> {
    let (account, _) = erp_account::of(settings, secrets);
    put_for_appliance(paths, &paths.run_erp_password(), account.and_then(|account| account.password))
}

fn configuration(paths: &Paths, settings: &Settings, secrets: &Secrets) -> Result<(), FileError> {
    put_for_appliance(paths, &paths.run_config(), Some(&appliance::configuration(settings, secrets, paths)))
}

/// Puts a file there that nobody but root and the appliance reads.
fn put_for_appliance(paths: &Paths, path: &Path, content: Option<&str>) -> Result<(), FileError> {
    put(path, content, 0o640)?;
    match content {
        Some(_) => files::allow_group(paths, path, GROUP),
        None => Ok(()),
    }
}
