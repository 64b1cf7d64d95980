//! The appliance's configuration, as the settings make it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Address, Secrets, Settings};
use crate::machine::Paths;

/// The content of `config.toml`, which names the secrets' files and holds none. `paths` are those that the appliance sees.
pub(super) fn configuration(settings: &Settings, secrets: &Secrets, paths: &Paths) -> String {
    let Settings { name, language, title, line, network, time_zone, updates, https, other, .. } = settings;
    let path = |path: std::path::PathBuf| Some(Value::from(path.to_string_lossy()));
    let given = |text: &Option<String>| text.as_deref().map(Value::from);
    let mut names = vec![format!("{name}.local")];
    if let Address::Static { address, .. } = &network.address {
        names.push(address.to_string());
    }
    let own = [
        ("data_dir", path(paths.appliance())),
        ("machine.dir", path(paths.run())),
        ("discovery.name", Some(name.as_str().into())),
        ("tls.mode", https.then(|| "self-signed".into())),
        ("tls.names", https.then(|| names.into())),
        ("display.title", Some(title.as_str().into())),
        ("display.line", Some(line.as_str().into())),
        ("display.language", Some(language.code().into())),
        ("proxy.credentials_file", secrets.proxy_credentials().and_then(|_| path(paths.run_proxy_credentials()))),
        ("update.enabled", Some(updates.enabled.into())),
        ("update.channel", Some(updates.channel.as_str().into())),
        ("update.url", given(&updates.url)),
        ("update.window", given(&updates.window)),
        ("update.days", (!updates.days.is_empty()).then(|| updates.days.clone().into())),
        ("update.time_zone", given(time_zone)),
        ("update.usb_dir", path(paths.run_stick())),
    ];
    // For these values, JSON's notation is TOML's too.
    let own = own.into_iter().filter_map(|(key, value)| Some((key, value?.to_string())));
    let values: BTreeMap<_, _> = own.chain(other.iter().cloned()).collect();
    let lines = values.into_iter().map(|(key, value)| format!("{key} = {value}\n"));
    "# Made from workshop-edge.txt at every start: what is changed here is lost.\n\n".to_owned()
        + &lines.collect::<String>()
}
