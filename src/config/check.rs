//! The rules between keys, and between the configuration and the file system.

use super::{
    fault::Warning,
    layers::Layers,
    origin::Origin,
    problem::{Notice, Problem},
    types::Config,
    words,
};
use crate::http::{Limits, Listen, TlsKeys, TlsMode};
use crate::lang::Text;
use crate::schema::{Key, Setting, Value};
use crate::{erp, outbound, screens, site, telemetry, update};
use std::{collections::HashSet, net::SocketAddr, path::PathBuf, time::Duration};

/// Finds what is wrong with values that are right by themselves. What is wrong by itself is skipped here: one
/// mistake is one fault.
pub(super) fn check(layers: &mut Layers) {
    let data_dir = Config::data_dir().key;
    if layers.is_absent(&data_dir) {
        layers.fault(&data_dir, Origin::Default, Problem::Missing);
    }
    at_most_all_connections(layers);
    tls(layers);
    addresses(layers);
    site(layers);
    policy(layers);
    for file in [
        update::Settings::trusted_root(),
        update::Settings::ca_file(),
        outbound::Keys::ca_file(),
        outbound::Keys::credentials_file(),
        telemetry::Settings::heartbeat_key_file(),
        telemetry::Settings::otlp_headers_file(),
    ] {
        existing(layers, &file);
    }
    cleartext(layers, &update::Settings::url(), &update::Settings::allow_http());
    cleartext(layers, &erp::Settings::url(), &erp::Settings::allow_http());
    cleartext(layers, &telemetry::Settings::heartbeat_url(), &telemetry::Settings::allow_http());
    cleartext(layers, &telemetry::Settings::otlp_url(), &telemetry::Settings::allow_http());
    unused_without(layers, &telemetry::Settings::heartbeat_key_file().key, &telemetry::Settings::heartbeat_url().key);
    unused_without(layers, &telemetry::Settings::otlp_headers_file().key, &telemetry::Settings::otlp_url().key);
    otlp_headers(layers);
    erp(layers);
    gate_screens(layers);
}

/// One peer cannot have more connections than there are. A default gives way; a number that somebody chose does not.
fn at_most_all_connections(layers: &mut Layers) {
    let (connections, per_peer) = (Limits::connections(), Limits::connections_per_peer());
    let (Some((all, _)), Some((one, origin))) = (layers.setting(&connections), layers.setting(&per_peer)) else {
        return;
    };
    let all_of_them = all as u64;
    match (one > all, &origin) {
        (false, _) => {}
        (true, Origin::Default) => layers.put(&per_peer.key, origin, Value::Integer(all_of_them)),
        _ => layers.fault(&per_peer.key, origin, Problem::Exceeds { key: connections.key.path, limit: all_of_them }),
    }
}

/// Every mode has what it needs; keys that only another mode uses are warned about.
fn tls(layers: &mut Layers) {
    let Some((mode, mode_origin)) = layers.setting(&TlsKeys::mode()) else { return };
    for file in [TlsKeys::cert_file(), TlsKeys::key_file()] {
        if mode == TlsMode::Files {
            if layers.is_absent(&file.key) {
                layers.fault(&file.key, mode_origin.clone(), Problem::RequiredByTls(mode.name()));
            }
            existing(layers, &file);
        } else {
            unused(layers, &file.key, TlsMode::Files.name());
        }
    }
    let names = TlsKeys::names();
    match (mode, layers.setting(&names)) {
        (TlsMode::SelfSigned, Some((given, origin))) if given.is_empty() => {
            layers.fault(&names.key, origin, Problem::RequiredByTls(mode.name()));
        }
        (TlsMode::SelfSigned, _) => {}
        _ => unused(layers, &names.key, TlsMode::SelfSigned.name()),
    }
    if mode == TlsMode::Off {
        unused(layers, &Listen::https().key, "self-signed | files");
    }
}

/// Cleartext has to be asked for.
fn cleartext(layers: &mut Layers, url: &Setting<Option<String>>, allow_http: &Setting<bool>) {
    let allowed = layers.setting(allow_http).is_some_and(|(allowed, _)| allowed);
    if let Some((Some(given), origin)) = layers.setting(url)
        && given.starts_with("http:")
        && !allowed
    {
        layers.fault(&url.key, origin, Problem::HttpNotAllowed { unless: allow_http.key.path });
    }
}

/// An account of the ERP is an address and a user. The password may come from elsewhere, or later.
fn erp(layers: &mut Layers) {
    let (url, user, password_file) = (erp::Settings::url(), erp::Settings::user(), erp::Settings::password_file());
    required_by(layers, &user.key, &url.key);
    required_by(layers, &url.key, &user.key);
    if let Some((Some(address), origin)) = layers.setting(&url)
        && address.starts_with("file:")
    {
        layers.fault(&url.key, origin, Problem::NotWeb);
    }
    if let Some((Some(file), origin)) = layers.setting(&password_file) {
        if layers.is_absent(&url.key) {
            unused_without(layers, &password_file.key, &url.key);
        } else if !file.is_file() {
            let name = password_file.key.path.to_owned();
            layers.warnings.push(Warning { origin, name, notice: Notice::NoPassword(file) });
        }
    }
    extra_paths(layers);
}

/// Where the second key has a value, the first one needs one.
fn required_by(layers: &mut Layers, key: &Key, by: &Key) {
    if let Some((_, origin)) = layers.get(by)
        && layers.is_absent(key)
    {
        let origin = origin.clone();
        layers.fault(key, origin, Problem::RequiredBy(by.path));
    }
}

/// Tells about a value that counts for nothing without that of another key.
fn unused_without(layers: &mut Layers, key: &Key, other: &Key) {
    if let Some((_, origin)) = layers.get(key)
        && layers.is_absent(other)
    {
        let (origin, name) = (origin.clone(), key.path.to_owned());
        layers.warnings.push(Warning { origin, name, notice: Notice::UnusedWithout(other.path) });
    }
}

/// The display is served also with a file that is wrong.
fn otlp_headers(layers: &mut Layers) {
    let setting = telemetry::Settings::otlp_headers_file();
    if let Some((Some(file), origin)) = layers.setting(&setting)
        && file.is_file()
        && let Err(error) = telemetry::read_headers(&file)
    {
        let (name, notice) = (setting.key.path.to_owned(), Notice::Unusable(error.text()));
        layers.warnings.push(Warning { origin, name, notice });
    }
}

/// Answers of extra paths are not projected: everybody on the network can read them.
fn extra_paths(layers: &mut Layers) {
    let setting = erp::Settings::extra_paths();
    let Some((Some(paths), origin)) = layers.setting(&setting) else { return };
    let mut seen = HashSet::new();
    for path in &paths {
        let refusal = erp::refuse_extra_path(path);
        let repeated = || Text::new(format!("{path} aparece dos veces"), format!("{path} appears twice"));
        if let Some(text) = refusal.or_else(|| (!seen.insert(path)).then(repeated)) {
            layers.fault(&setting.key, origin.clone(), Problem::Rule(text));
        }
    }
    if !paths.is_empty() {
        let name = setting.key.path.to_owned();
        layers.warnings.push(Warning { origin, name, notice: Notice::ShownToAll });
    }
}

/// A directory that is not there may be on a disk that is plugged in later: the box starts, and says so on the
/// displays.
fn site(layers: &mut Layers) {
    let setting = site::Settings::dir();
    if let Some((Some(dir), origin)) = layers.setting(&setting)
        && !dir.is_dir()
    {
        let (name, notice) = (setting.key.path.to_owned(), Notice::NotDirectory(dir));
        layers.warnings.push(Warning { origin, name, notice });
    }
}

/// The policy is sent as it is: whoever wrote it decides what runs in the pages.
fn policy(layers: &mut Layers) {
    let (policy, agent) = (site::Settings::content_security_policy(), screens::Settings::agent());
    if let (Some((Some(text), origin)), Some((true, _))) = (layers.setting(&policy), layers.setting(&agent))
        && !site::allows_agent(&text)
    {
        let (name, notice) = (policy.key.path.to_owned(), Notice::StopsAgent(agent.key.path));
        layers.warnings.push(Warning { origin, name, notice });
    }
}

/// What screens need to show a new version, beyond the spread of their reloads: to hear of it with a report, to load the page, and
/// to draw it between two more reports.
const SHOWN_AFTER: Duration = Duration::from_secs(30);

/// Screens that are asked have to be heard, and a trial has to wait for the last of them: a good version would be given up.
fn gate_screens(layers: &mut Layers) {
    let (gate, trial) = (update::Settings::gate_screens(), update::Settings::trial());
    let (agent, spread) = (screens::Settings::agent(), screens::Settings::reload_spread());
    let Some((1.., origin)) = layers.setting(&gate) else { return };
    if let Some((false, _)) = layers.setting(&agent) {
        layers.fault(&gate.key, origin.clone(), Problem::Rule(words::needs_agent(agent.key.path)));
    }
    if let (Some((stretch, _)), Some((over, _))) = (layers.setting(&trial), layers.setting(&spread)) {
        let needed = (over + SHOWN_AFTER).as_secs().div_ceil(update::trial::STRETCHES.into());
        if stretch.as_secs() < needed {
            let text = words::trial_too_short(trial.key.path, needed, spread.key.path);
            layers.fault(&gate.key, origin, Problem::Rule(text));
        }
    }
}

/// Tells about a value that somebody gave and nothing uses.
fn unused(layers: &mut Layers, key: &Key, modes: &'static str) {
    let Some((_, origin)) = layers.get(key) else { return };
    if *origin != Origin::Default {
        let warning = Warning { origin: origin.clone(), name: key.path.to_owned(), notice: Notice::Unused { modes } };
        layers.warnings.push(warning);
    }
}

/// There is something to listen on, and nothing twice.
fn addresses(layers: &mut Layers) {
    let Some((mode, _)) = layers.setting(&TlsKeys::mode()) else { return };
    let https = (mode != TlsMode::Off).then(Listen::https);
    let has_https = https.is_some();
    let mut seen = HashSet::<SocketAddr>::new();
    for (is_last, setting) in [(!has_https, Some(Listen::http())), (true, https)] {
        let Some(setting) = setting else { continue };
        let Some((list, origin)) = layers.setting(&setting) else { continue };
        // With HTTPS, cleartext may be given up, but not HTTPS itself.
        if list.is_empty() && is_last {
            layers.fault(&setting.key, origin.clone(), Problem::NoAddress);
        }
        for address in list {
            // Port 0 asks for any free one, as often as wanted.
            if address.port() != 0 && !seen.insert(address) {
                layers.fault(&setting.key, origin.clone(), Problem::RepeatedAddress(address));
            }
        }
    }
}

/// A file that is given exists.
fn existing(layers: &mut Layers, setting: &Setting<Option<PathBuf>>) {
    if let Some((Some(path), origin)) = layers.setting(setting)
        && !path.is_file()
    {
        layers.fault(&setting.key, origin, Problem::NotFile(path));
    }
}
