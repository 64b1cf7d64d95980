//! From the text of a file to settings, or to all that is wrong with it.

use std::net::IpAddr;

use super::keys::{SECRETS, SETTINGS};
use super::{Address, MAX, NAME, Network, SECRETS_NAME, Secrets, Settings, Updates};
use crate::config::{self, Document, Fault, Schema, Warning};
use crate::lang::Lang;

/// What a file says, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Checked<T = Settings> {
    /// What it says; `None` where it has faults.
    pub(crate) value: Option<T>,
    /// What keeps it from being used, in the order of the file.
    pub(crate) faults: Vec<Fault>,
    /// What is probably a mistake, but does no harm.
    pub(crate) warnings: Vec<Warning>,
}

/// Reads the settings.
#[must_use]
pub(crate) fn check(bytes: &[u8]) -> Checked {
    read(&SETTINGS, NAME, bytes, settings)
}

/// Reads the secrets. Nothing of them is repeated in messages.
pub(super) fn check_secrets(bytes: &[u8]) -> Checked<Secrets> {
    read(&SECRETS, SECRETS_NAME, bytes, |document| {
        if document.text("proxy.user").is_some_and(|user| user.contains(':')) {
            document.rule("proxy.user", "no puede llevar dos puntos", "cannot have a colon");
        }
        let text = |key| document.text(key).map(str::to_owned);
        Some(Secrets {
            wifi_passphrase: text("wifi.passphrase"),
            proxy_user: text("proxy.user"),
            proxy_password: text("proxy.password"),
            erp_user: text("erp.user"),
            erp_password: text("erp.password"),
        })
    })
}

/// The settings of an empty file.
pub(super) fn defaults() -> Settings {
    check(b"").value.unwrap_or_else(|| Settings {
        // Not reached as long as the defaults of the keys are good, which a test holds them to.
        name: "taller".to_owned(),
        language: Lang::Es,
        title: "Taller".to_owned(),
        line: "Línea 1".to_owned(),
        screens: None,
        network: Network { interface: None, address: Address::Dhcp, dns: Vec::new(), ntp: Vec::new(), vlan: None },
        wifi: None,
        time_zone: None,
        erp: None,
        updates: Updates { enabled: true, channel: "stable".to_owned(), url: None, window: None, days: Vec::new() },
        https: true,
        ssh_key: None,
        other: Vec::new(),
    })
}

fn read<T>(
    schema: &'static Schema,
    name: &str,
    bytes: &[u8],
    build: impl FnOnce(&mut Document) -> Option<T>,
) -> Checked<T> {
    let is_too_large = bytes.len() as u64 > MAX;
    let mut document =
        if is_too_large { Document::too_large(schema, name, MAX) } else { Document::parse(schema, name, bytes) };
    let value = if is_too_large { None } else { build(&mut document) };
    let (faults, warnings) = document.findings();
    Checked { value: value.filter(|_| faults.is_empty()), faults, warnings }
}

fn settings(document: &mut Document) -> Option<Settings> {
    rules(document);
    configuration(document);
    let text = |key| document.text(key).map(str::to_owned);
    Some(Settings {
        name: text("name")?,
        language: Lang::from_code(document.text("language")?)?,
        title: text("display.title")?,
        line: text("display.line")?,
        screens: document.integer("screens"),
        network: Network {
            interface: text("network.interface"),
            address: address(document)?,
            dns: document.list("network.dns").iter().filter_map(|text| text.parse().ok()).collect(),
            ntp: document.list("network.ntp"),
            vlan: document.integer("network.vlan"),
        },
        wifi: text("wifi.ssid"),
        time_zone: text("time_zone"),
        erp: text("erp.url"),
        updates: Updates {
            enabled: document.is_true("update.enabled"),
            channel: text("update.channel")?,
            url: text("update.url"),
            window: text("update.window"),
            days: document.list("update.days"),
        },
        https: document.is_true("https"),
        ssh_key: text("ssh.key"),
        other: document.configuration(),
    })
}

/// The keys of `config.toml` that are set here by another name.
const RENAMED: &[(&str, &str)] =
    &[("discovery.name", "name"), ("display.language", "language"), ("update.time_zone", "time_zone")];

/// The keys of `config.toml` that only the image can set.
const OF_THE_IMAGE: &[&str] =
    &["data_dir", "machine.dir", "update.usb_dir", "listen.http", "listen.https", "proxy.credentials_file"];

/// What is wrong with the keys of `config.toml`, in the light of each other and of the settings.
fn configuration(document: &mut Document) {
    for (key, name) in RENAMED.iter().filter(|(key, _)| document.is_given(key)).collect::<Vec<_>>() {
        document.rule(key, format!("aquí se llama {name}"), format!("is called {name} here"));
    }
    for key in OF_THE_IMAGE.iter().filter(|key| document.is_given(key)).collect::<Vec<_>>() {
        document.rule(key, "lo decide la imagen: borre la línea", "is for the image to say: delete the line");
    }
    document.preset("data_dir", "/data");
    document.preset("tls.mode", if document.is_true("https") { "self-signed" } else { "off" });
    document.check_configuration();
}

fn address(document: &Document) -> Option<Address> {
    let text = document.text("network.address")?;
    if text == config::DHCP {
        return Some(Address::Dhcp);
    }
    let (address, prefix) = text.split_once('/')?;
    let gateway = document.text("network.gateway").and_then(|text| text.parse().ok());
    Some(Address::Static { address: address.parse().ok()?, prefix: prefix.parse().ok()?, gateway })
}

/// What is wrong with values that are right by themselves.
fn rules(document: &mut Document) {
    gateway(document);
    let cleartext = if document.is_true("update.allow_http") { "http://" } else { "https://" };
    for (key, scheme) in
        [("update.url", &["https://", "file:///", cleartext][..]), ("erp.url", &["https://", "http://"])]
    {
        let is_other = document.text(key).is_some_and(|url| !scheme.iter().any(|scheme| url.starts_with(scheme)));
        if is_other {
            let scheme = scheme.first().copied().unwrap_or_default();
            document.rule(key, format!("debe empezar por {scheme}"), format!("must begin with {scheme}"));
        }
    }
    if document.text("wifi.ssid").is_some_and(|ssid| ssid.len() > 32) {
        document.rule(
            "wifi.ssid",
            "ocupa más de 32 bytes (una letra con acento ocupa dos)",
            "takes more than 32 bytes (a letter with an accent takes two)",
        );
    }
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if document.text("network.interface").is_some_and(|name| !is_name(name)) {
        document.rule(
            "network.interface",
            "no es el nombre de una tarjeta de red: letras, cifras, puntos y guiones",
            "is not the name of a network card: letters, digits, dots and hyphens",
        );
    }
}

/// The router of a fixed address is in its network, and only such an address has one.
fn gateway(document: &mut Document) {
    const KEY: &str = "network.gateway";
    if !document.is_given(KEY) || document.is_wrong("network.address") {
        return;
    }
    match address(document) {
        Some(Address::Dhcp) => document.rule(
            KEY,
            "solo vale con una dirección fija: falta network.address = \"192.168.1.50/24\" o similar",
            "is only for a fixed address: network.address = \"192.168.1.50/24\" or the like is missing",
        ),
        Some(Address::Static { address, gateway: Some(gateway), .. }) if gateway == address => document.rule(
            KEY,
            "es la dirección del propio equipo: debe ser la del router",
            "is the box's own address: it must be the router's",
        ),
        Some(Address::Static { address, prefix, gateway: Some(gateway) })
            if !is_in_one_network(address, gateway, prefix) =>
        {
            document.rule(
                KEY,
                format!("no está en la red de network.address ({address}/{prefix})"),
                format!("is not in the network of network.address ({address}/{prefix})"),
            );
        }
        _ => {}
    }
}

/// Whether both addresses have the same prefix of this length. A router's link-local address is in every IPv6 network.
fn is_in_one_network(address: IpAddr, gateway: IpAddr, prefix: u8) -> bool {
    let prefix = u32::from(prefix);
    match (address, gateway) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            (a.to_bits() ^ b.to_bits()).checked_shr(32 - prefix.min(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => {
            b.is_unicast_link_local()
                || (a.to_bits() ^ b.to_bits()).checked_shr(128 - prefix.min(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}
