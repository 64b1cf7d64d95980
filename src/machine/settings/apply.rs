//! What a start of the machine does with the settings.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::files::{self, FileError, put};
use super::last_good::{self, LastGood, can_be_kept};
use super::partition::{self, Found, while_writable};
use super::read::defaults;
use super::secrets::{self, Moved};
use super::template::template;
use super::told::{self, Tale, What};
use super::{Checked, Secrets, Settings, appliance, check, misnamed, network, system, wifi};
use crate::config::Document;
use crate::durable;
use crate::machine::Places;

/// The group of the appliance's account.
const GROUP: &str = "workshop-edge";

/// Where the settings that hold come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the file.
    File,
    /// From the copy of the last good file, of this moment.
    LastGood {
        /// When they were applied.
        applied: String,
    },
    /// They are the defaults: DHCP and all that the template says.
    Defaults,
}

/// What came of it.
#[derive(Debug)]
pub struct Applied {
    /// The settings that hold.
    pub settings: Settings,
    /// Where they come from.
    pub source: Source,
    /// What there is to say of them, a sentence each, in Spanish and English.
    pub said: Vec<(String, String)>,
}

/// Nothing of the settings holds.
#[derive(Debug, Error)]
#[error("nothing of the settings could be written below {}", root.display())]
pub struct ApplyError {
    root: PathBuf,
    /// The first reason.
    source: FileError,
}

/// Reads the settings and makes the machine follow them. What is wrong is told in notices and beside the file, and the
/// machine follows the last good ones, or the defaults.
pub fn apply(places: &Places) -> Result<Applied, ApplyError> {
    let mut tale = Tale::default();
    let (settings, source, text) = choose(places, &mut tale);
    let (secrets, moved) = secrets::take(places);
    let has_failed = write(places, &settings, &secrets, &mut tale);
    if let (Source::File, Some(text), true) = (&source, &text, can_be_kept(places))
        && let Err(error) = last_good::keep(places, text)
    {
        tale.add(What::NotKept(error));
    }
    tale.remarks(&settings, &secrets, wifi::is_there(places));
    if !matches!(moved, Moved::Nothing) {
        tale.add(What::Secrets(moved));
    }
    for (name, meant) in misnamed::all(places) {
        tale.add(What::Misnamed { name, meant });
    }
    let said = told::tell(places, &tale, &source);
    match has_failed {
        Some(source) => Err(ApplyError { root: places.root().to_owned(), source }),
        None => Ok(Applied { settings, source, said }),
    }
}

/// The settings that hold, where they come from, and the text that they stand in.
fn choose(places: &Places, tale: &mut Tale) -> (Settings, Source, Option<String>) {
    match partition::read(places, &places.settings()) {
        Found::Content(bytes) => {
            let checked = check(&bytes);
            let text = Document::text_of(&bytes);
            if let Checked { value: Some(settings), faults: _, warnings } = checked {
                if !warnings.is_empty() {
                    tale.add(What::Findings { faults: Vec::new(), warnings, text: text.clone() });
                }
                return (settings, Source::File, text);
            }
            let Checked { faults, warnings, .. } = checked;
            tale.add(What::Findings { faults, warnings, text });
            fallback(places)
        }
        Found::Nothing => restore(places, tale),
        Found::NoPartition => {
            tale.add(What::NoPartition);
            fallback(places)
        }
        Found::Unreadable(error) => {
            tale.add(What::Unreadable(error));
            fallback(places)
        }
    }
}

/// The last good settings, or the defaults: without invented figures, since somebody has set this box up.
fn fallback(places: &Places) -> (Settings, Source, Option<String>) {
    if let Some((settings, kept)) = sound(last_good::read(places)) {
        return (settings, Source::LastGood { applied: kept.applied }, None);
    }
    let other = vec![("display.demo", "false".to_owned())];
    (Settings { other, ..defaults() }, Source::Defaults, None)
}

/// Those that this version can use, too.
fn sound(kept: Option<LastGood>) -> Option<(Settings, LastGood)> {
    let kept = kept?;
    Some((check(kept.text.as_bytes()).value?, kept))
}

/// Puts a file in the place of one that is missing: the last good one, so that a box keeps its address when its file is
/// lost, or a new one.
fn restore(places: &Places, tale: &mut Tale) -> (Settings, Source, Option<String>) {
    let (text, kept) = match sound(last_good::read(places)) {
        Some((settings, kept)) => (kept.text.clone(), Some((settings, kept))),
        None => (template(), None),
    };
    let written = while_writable(&places.settings_partition(), || {
        if !places.secrets().exists() {
            secrets::put_template(places)?;
        }
        Ok(durable::write(&places.settings(), for_windows(&text).as_bytes(), 0o644)?)
    });
    tale.add(What::Missing { is_last_good: kept.is_some(), written });
    match kept {
        Some((settings, kept)) => (settings, Source::LastGood { applied: kept.applied }, None),
        None => (check(text.as_bytes()).value.unwrap_or_else(defaults), Source::Defaults, None),
    }
}

/// As old editors of Windows want a text: with their line endings, and the mark by which they know UTF-8.
pub(super) fn for_windows(text: &str) -> String {
    let text = text.trim_start_matches('\u{FEFF}').replace("\r\n", "\n").replace('\n', "\r\n");
    format!("\u{FEFF}{text}")
}

/// Makes all the files; gives the first error when none could be made.
fn write(places: &Places, settings: &Settings, secrets: &Secrets, tale: &mut Tale) -> Option<FileError> {
    let mut has_succeeded = false;
    let mut failed = Vec::new();
    let mut step = |es: &'static str, en: &'static str, done: Result<(), FileError>| match done {
        Ok(()) => has_succeeded = true,
        Err(error) => failed.push((es, en, error)),
    };
    step("la red", "the network", networks(places, settings));
    step("la Wi-Fi", "the Wi-Fi", wireless(places, settings, secrets));
    step("la cuenta del proxy", "the proxy's account", proxy(places, secrets));
    step("la configuración del programa", "the program's configuration", configuration(places, settings, secrets));
    let keys = settings.ssh_key.as_ref().map(|key| format!("{key}\n"));
    step("la clave de SSH", "the SSH key", put(&places.run_authorized_keys(), keys.as_deref(), 0o644));
    step("HTTPS", "HTTPS", put(&places.run_https(), settings.https.then_some(""), 0o644));
    step("el nombre", "the name", system::hostname(places, &settings.name));
    step("la zona horaria", "the time zone", system::time_zone(places, settings.time_zone.as_deref()));
    step("los servidores de hora", "the time servers", system::time_servers(places, &settings.network.ntp));
    if !has_succeeded && !failed.is_empty() {
        return Some(failed.swap_remove(0).2);
    }
    for (es, en, error) in failed {
        tale.add(What::NotApplied { es, en, error });
    }
    None
}

/// The units of networkd, and none of those of other settings.
fn networks(places: &Places, settings: &Settings) -> Result<(), FileError> {
    let directory = places.network_units();
    let units = network::units(&settings.network, settings.wifi.is_some());
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

fn wireless(places: &Places, settings: &Settings, secrets: &Secrets) -> Result<(), FileError> {
    let ssid = settings.wifi.as_ref().filter(|_| wifi::is_there(places));
    let content = ssid.map(|ssid| wifi::configuration(ssid, secrets.wifi_passphrase.as_deref()));
    put(&wifi::path(places), content.as_deref(), 0o600)
}

fn proxy(places: &Places, secrets: &Secrets) -> Result<(), FileError> {
    put_for_appliance(places, &places.run_proxy_credentials(), secrets.proxy_credentials().as_deref())
}

fn configuration(places: &Places, settings: &Settings, secrets: &Secrets) -> Result<(), FileError> {
    put_for_appliance(places, &places.run_config(), Some(&appliance::configuration(settings, secrets, places)))
}

/// Puts a file there that nobody but root and the appliance reads.
fn put_for_appliance(places: &Places, path: &Path, content: Option<&str>) -> Result<(), FileError> {
    put(path, content, 0o640)?;
    match content {
        Some(_) => files::give_to(places, path, GROUP),
        None => Ok(()),
    }
}
