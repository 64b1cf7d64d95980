//! From the text of a file to settings, or to all that is wrong with it.

use std::net::IpAddr;

use super::keys::{SECRETS, SETTINGS};
use super::types::{Access, Data, Network, OwnKeys, Updates, Wifi};
use super::{MAX, NAME, SECRETS_NAME, Secrets, Settings};
use crate::config::{Config, Document, Fault, Machine, Schema, Warning};
use crate::http::{Listen, TlsKeys, TlsMode};
use crate::schema::{HostAddress, Key};
use crate::{discovery, display, erp, outbound, update};

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
        let user = Secrets::proxy_user();
        if document.get(&user).flatten().is_some_and(|user| user.contains(':')) {
            document.rule(&user.key, "no puede llevar dos puntos", "cannot have a colon");
        }
        document.read()
    })
}

/// The settings of an empty file.
pub(super) fn defaults() -> Option<Settings> {
    check(b"").value
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
    Some(Settings { own: document.read()?, other: document.configuration() })
}

/// The keys of `config.toml` that are set here by another name.
const RENAMED: &[(Key, Key)] = &[
    (discovery::Settings::name().key, OwnKeys::name().key),
    (display::Settings::language().key, OwnKeys::language().key),
    (update::Settings::time_zone().key, OwnKeys::time_zone().key),
];

/// The keys of `config.toml` that only the image can set.
const OF_THE_IMAGE: &[Key] = &[
    Config::data_dir().key,
    Machine::dir().key,
    update::Settings::usb_dir().key,
    Listen::http().key,
    Listen::https().key,
    outbound::Keys::credentials_file().key,
    erp::Settings::password_file().key,
];

/// What is wrong with the keys of `config.toml`, in the light of each other and of the settings.
fn configuration(document: &mut Document) {
    for (key, Key { path: name, .. }) in RENAMED {
        if document.is_given(key) {
            document.rule(key, format!("aquí se llama {name}"), format!("is called {name} here"));
        }
    }
    for key in OF_THE_IMAGE {
        if document.is_given(key) {
            document.rule(key, "lo decide la imagen: borre la línea", "is for the image to say: delete the line");
        }
    }
    document.preset(&Config::data_dir().key, "/data");
    let has_https = document.get(&Access::https()).unwrap_or_default();
    document.preset(&TlsKeys::mode().key, if has_https { TlsMode::SelfSigned } else { TlsMode::Off }.name());
    document.check_configuration();
}

/// What is wrong with values that are right by themselves.
fn rules(document: &mut Document) {
    gateway(document);
    let is_http_allowed = document.get(&update::Settings::allow_http()).unwrap_or_default();
    let cleartext = if is_http_allowed { "http://" } else { "https://" };
    for (setting, scheme) in
        [(Updates::url(), &["https://", "file:///", cleartext][..]), (Data::erp_url(), &["https://", "http://"])]
    {
        let url = document.get(&setting).flatten();
        if url.is_some_and(|url| !scheme.iter().any(|scheme| url.starts_with(scheme))) {
            let scheme = scheme.first().copied().unwrap_or_default();
            document.rule(&setting.key, format!("debe empezar por {scheme}"), format!("must begin with {scheme}"));
        }
    }
    let ssid = Wifi::ssid();
    if document.get(&ssid).flatten().is_some_and(|ssid| ssid.len() > 32) {
        document.rule(
            &ssid.key,
            "ocupa más de 32 bytes (una letra con acento ocupa dos)",
            "takes more than 32 bytes (a letter with an accent takes two)",
        );
    }
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let interface = Network::interface();
    if document.get(&interface).flatten().is_some_and(|name| !is_name(&name)) {
        document.rule(
            &interface.key,
            "no es el nombre de una tarjeta de red: letras, cifras, puntos y guiones",
            "is not the name of a network card: letters, digits, dots and hyphens",
        );
    }
}

/// The router of a fixed address is in its network, and only such an address has one.
fn gateway(document: &mut Document) {
    let key = Network::gateway().key;
    if !document.is_given(&key) || document.is_wrong(&Network::address().key) {
        return;
    }
    let gateway = document.get(&Network::gateway()).flatten();
    match (document.get(&Network::address()), gateway) {
        (Some(HostAddress::Dhcp), _) => document.rule(
            &key,
            "solo vale con una dirección fija: falta network.address = \"192.168.1.50/24\" o similar",
            "is only for a fixed address: network.address = \"192.168.1.50/24\" or the like is missing",
        ),
        (Some(HostAddress::Static { address, .. }), Some(gateway)) if gateway == address => document.rule(
            &key,
            "es la dirección del propio equipo: debe ser la del router",
            "is the box's own address: it must be the router's",
        ),
        (Some(HostAddress::Static { address, prefix }), Some(gateway))
            if !is_in_one_network(address, gateway, prefix) =>
        {
            document.rule(
                &key,
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
