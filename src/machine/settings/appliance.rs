//! The appliance's configuration, as the settings make it.

use std::fmt::{Display, Write as _};

use super::{Address, Settings};
use crate::machine::Places;

/// The content of `config.toml`. `places` are those that the appliance sees.
pub(super) fn configuration(settings: &Settings, places: &Places) -> String {
    let Settings { name, language, title, line, network, time_zone, updates, https, .. } = settings;
    // For text, JSON's notation is TOML's too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let list = |texts: &[String]| serde_json::Value::from(texts.to_vec()).to_string();
    let mut text = format!(
        "# Made from workshop-edge.txt at every start: what is changed here is lost.\n\ndata_dir = {}\n",
        quoted(&places.appliance().to_string_lossy())
    );
    let mut add = |section: &str, values: &[(&str, Option<String>)]| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n[{section}]\n");
        for (key, value) in values {
            if let Some(value) = value {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
    };
    let path = |path: std::path::PathBuf| Some(quoted(&path.to_string_lossy()));
    add("machine", &[("dir", path(places.run()))]);
    add("discovery", &[("name", Some(quoted(name)))]);
    if *https {
        let mut names = vec![format!("{name}.local")];
        if let Address::Static { address, .. } = &network.address {
            names.push(address.to_string());
        }
        add("tls", &[("mode", Some(quoted("self-signed"))), ("names", Some(list(&names)))]);
    }
    add(
        "display",
        &[("title", Some(quoted(title))), ("line", Some(quoted(line))), ("language", Some(quoted(language.code())))],
    );
    let given = |text: &Option<String>| text.as_deref().map(quoted);
    add(
        "update",
        &[
            ("enabled", Some(literal(updates.enabled))),
            ("channel", Some(quoted(&updates.channel))),
            ("url", given(&updates.url)),
            ("window", given(&updates.window)),
            ("days", (!updates.days.is_empty()).then(|| list(&updates.days))),
            ("time_zone", given(time_zone)),
            ("usb_dir", path(places.run_stick())),
        ],
    );
    text
}

fn literal(value: impl Display) -> String {
    value.to_string()
}
