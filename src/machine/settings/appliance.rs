//! The appliance's configuration, as the settings make it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::types::{Access, Data, Network, OwnKeys, Updates, Wifi};
use super::{Secrets, Settings, erp_account};
use crate::config::{Config, Machine};
use crate::http::{TlsKeys, TlsMode};
use crate::machine::Paths;
use crate::schema::HostAddress;
use crate::window::Days;
use crate::{discovery, display, erp, outbound, update};

/// The content of `config.toml`, which names the secrets' files and holds none. `paths` are those that the appliance sees.
pub(super) fn configuration(settings: &Settings, secrets: &Secrets, paths: &Paths) -> String {
    let Settings { own, other } = settings;
    let (erp_account, _) = erp_account::of(settings, secrets);
    let erp_account = erp_account.as_ref();
    let OwnKeys { name, language, title, line, time_zone, network, wifi: Wifi { ssid: _ }, data, updates, access } =
        own;
    let (Network { address, .. }, Data { erp_url: _, erp_user: _, screens: _ }, Access { https, ssh_key: _ }) =
        (network, data, access);
    let Updates { enabled, channel, url, hours, days } = updates;
    let path = |path: std::path::PathBuf| Some(Value::from(path.to_string_lossy()));
    let given = |text: &Option<String>| text.as_deref().map(Value::from);
    let mut names = vec![format!("{name}.local")];
    if let HostAddress::Static { address, .. } = address {
        names.push(address.to_string());
    }
    let days = days.as_ref().map(Days::names).filter(|names| !names.is_empty());
    let own = [
        (Config::data_dir().key, path(paths.appliance())),
        (Machine::dir().key, path(paths.run())),
        (discovery::Settings::name().key, Some(name.as_str().into())),
        (TlsKeys::mode().key, https.then(|| TlsMode::SelfSigned.name().into())),
        (TlsKeys::names().key, https.then(|| names.into())),
        (display::Settings::title().key, Some(title.as_str().into())),
        (display::Settings::line().key, Some(line.as_str().into())),
        (display::Settings::language().key, Some(language.code().into())),
        (
            outbound::Keys::credentials_file().key,
            secrets.proxy_credentials().and_then(|_| path(paths.run_proxy_credentials())),
        ),
        (erp::Settings::url().key, erp_account.map(|account| account.url.into())),
        (erp::Settings::user().key, erp_account.map(|account| account.user.into())),
        (
            erp::Settings::password_file().key,
            erp_account.and_then(|account| account.password).and_then(|_| path(paths.run_erp_password())),
        ),
        (update::Settings::enabled().key, Some((*enabled).into())),
        (update::Settings::channel().key, Some(channel.name().into())),
        (update::Settings::url().key, given(url)),
        (update::Settings::hours().key, hours.map(|hours| hours.to_string().into())),
        (update::Settings::days().key, days.map(Value::from)),
        (update::Settings::time_zone().key, given(time_zone)),
        (update::Settings::usb_dir().key, path(paths.run_stick())),
    ];
    // For these values, JSON's notation is TOML's too.
    let own = own.into_iter().filter_map(|(key, value)| Some((key.path, value?.to_string())));
    let values: BTreeMap<_, _> = own.chain(other.iter().cloned()).collect();
    let lines = values.into_iter().map(|(key, value)| format!("{key} = {value}\n"));
    "# Made from workshop-edge.txt at every start: what is changed here is lost.\n\n".to_owned()
        + &lines.collect::<String>()
}
