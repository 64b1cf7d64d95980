//! What the two files may say.

use super::{NAME, SECRETS_NAME};
use crate::config::{CONFIG_FLAT, Schema};
use crate::lang::{Lang, Text};
use crate::schema::{Choice as _, Key, Kind};
use crate::update::Channel;
use crate::window::DAYS;

/// The settings. Every key is written with its whole path, without section headings, so that the order of the lines means
/// nothing: a line whose `#` is taken away never lands in another line's section. Every other key of `config.toml` is
/// taken as it is there.
pub(super) static SETTINGS: Schema = Schema {
    is_flat: true,
    also: Some(&CONFIG_FLAT),
    beside: Some((SECRETS_NAME, &SECRETS)),
    guesses: GUESSES,
    ..Schema::of(KEYS)
};

/// The secrets.
pub(super) static SECRETS: Schema = Schema {
    is_flat: true,
    is_secret: true,
    beside: Some((NAME, &SETTINGS)),
    guesses: SECRET_GUESSES,
    ..Schema::of(SECRET_KEYS)
};

/// What people try who do not look at the template.
const GUESSES: &[(&str, &str)] = &[
    ("nombre", "name"),
    ("hostname", "name"),
    ("idioma", "language"),
    ("lengua", "language"),
    ("lang", "language"),
    ("titulo", "display.title"),
    ("taller", "display.title"),
    ("linea", "display.line"),
    ("zona_horaria", "time_zone"),
    ("zona", "time_zone"),
    ("timezone", "time_zone"),
    ("direccion", "network.address"),
    ("direccion_ip", "network.address"),
    ("ip", "network.address"),
    ("dhcp", "network.address"),
    ("puerta_de_enlace", "network.gateway"),
    ("puerta", "network.gateway"),
    ("pasarela", "network.gateway"),
    ("router", "network.gateway"),
    ("gateway", "network.gateway"),
    ("servidores_dns", "network.dns"),
    ("tarjeta", "network.interface"),
    ("interfaz", "network.interface"),
    ("red", "network.interface"),
    ("wifi", "wifi.ssid"),
    ("nombre_wifi", "wifi.ssid"),
    ("red_wifi", "wifi.ssid"),
    ("servidor", "erp.url"),
    ("pantallas", "screens"),
    ("televisores", "screens"),
    ("televisiones", "screens"),
    ("teles", "screens"),
    ("tvs", "screens"),
    ("actualizar", "update.enabled"),
    ("actualizaciones", "update.enabled"),
    ("canal", "update.channel"),
    ("ventana", "update.window"),
    ("horas", "update.window"),
    ("dias", "update.days"),
    ("seguro", "https"),
    ("clave_ssh", "ssh.key"),
    ("clave_publica", "ssh.key"),
    ("demostracion", "display.demo"),
    ("turno", "display.shift"),
    ("objetivos", "display.targets"),
];

/// The same of the secrets.
const SECRET_GUESSES: &[(&str, &str)] = &[
    ("contrasena_wifi", "wifi.passphrase"),
    ("clave_wifi", "wifi.passphrase"),
    ("passphrase", "wifi.passphrase"),
    ("psk", "wifi.passphrase"),
    ("contrasena", "wifi.passphrase"),
    ("clave", "wifi.passphrase"),
    ("password", "wifi.passphrase"),
    ("usuario", "erp.user"),
    ("user", "erp.user"),
    ("contrasena_erp", "erp.password"),
    ("usuario_proxy", "proxy.user"),
    ("contrasena_proxy", "proxy.password"),
    ("clave_proxy", "proxy.password"),
    ("clave_erp", "erp.password"),
];

const fn key(path: &'static str, kind: Kind, default: &'static str, es: &'static str, en: &'static str) -> Key {
    Key { path, kind, default: Some(default), example: default, doc: Text::fixed(es, en) }
}

const fn optional(path: &'static str, kind: Kind, example: &'static str, es: &'static str, en: &'static str) -> Key {
    Key { path, kind, default: None, example, doc: Text::fixed(es, en) }
}

#[rustfmt::skip]
const KEYS: &[Key] = &[
    key("name", Kind::Label, "taller",
        "Nombre del equipo en la red: con \"taller\", http://taller.local/",
        "Name of the box on the network: with \"taller\", http://taller.local/"),
    key("language", Kind::Choice(Lang::CODES), "es",
        "Idioma de la pantalla: es o en.",
        "Language of the display: es or en."),
    key("display.title", Kind::Text { max: 60 }, "Taller",
        "Nombre del taller en la pantalla.",
        "Name of the workshop on the display."),
    key("display.line", Kind::Text { max: 60 }, "Línea 1",
        "Nombre de la línea en la pantalla.",
        "Name of the line on the display."),
    optional("time_zone", Kind::TimeZone, "Europe/Madrid",
        "Zona horaria.",
        "Time zone."),
    Key {
        example: "192.168.1.50/24",
        ..key("network.address", Kind::HostAddress, "dhcp",
            "Dirección en la red de cable: \"dhcp\", o una fija con su red, como \"192.168.1.50/24\".",
            "Address on the wired network: \"dhcp\", or a fixed one with its network, as \"192.168.1.50/24\".")
    },
    optional("network.gateway", Kind::Ip, "192.168.1.1",
        "Puerta de enlace (router), solo con una dirección fija.",
        "Gateway (router), only with a fixed address."),
    optional("network.dns", Kind::Ips, "192.168.1.1,9.9.9.9",
        "Servidores de nombres. Con una dirección fija hacen falta para las actualizaciones.",
        "Name servers. With a fixed address, updates need them."),
    optional("network.ntp", Kind::Names, "192.168.1.1",
        "Servidores de hora, si no valen los que da la red.",
        "Time servers, if those that the network gives do not do."),
    optional("network.vlan", Kind::Integer { min: 1, max: 4094 }, "20",
        "VLAN (802.1Q), si la red la pide.",
        "VLAN (802.1Q), if the network wants one."),
    optional("network.interface", Kind::Text { max: 15 }, "enp2s0",
        "Tarjeta de red a la que se aplica lo anterior, si hay varias. Sin valor: todas las de cable.",
        "Network card that the above is for, if there are several. Without a value: all wired ones."),
    optional("wifi.ssid", Kind::Text { max: 32 }, "Taller",
        "Nombre de la red Wi-Fi (solo con la imagen con Wi-Fi). La contraseña va en secrets.txt: véase al final.",
        "Name of the Wi-Fi network (only with the image with Wi-Fi). Passphrase in secrets.txt: see the end."),
    optional("erp.url", Kind::Url, "https://erp.empresa.example",
        "Dirección del ERP. Usuario y contraseña van en secrets.txt: véase al final.",
        "Address of the ERP. User and password go to secrets.txt: see the end."),
    optional("screens", Kind::Integer { min: 1, max: 1000 }, "4",
        "Cuántos televisores deben mostrar la pantalla.",
        "How many TVs are to show the display."),
    key("update.enabled", Kind::Bool, "true",
        "Si el equipo se actualiza: true (sí) o false (no).",
        "Whether the box updates itself: true or false."),
    key("update.channel", Kind::Choice(Channel::NAMES), "stable",
        "Canal de las actualizaciones: stable, o staging para probarlas antes que los demás.",
        "Channel of the updates: stable, or staging to try them before the others."),
    optional("update.url", Kind::Url, "https://updates.empresa.example/workshop-edge",
        "Dirección del repositorio de versiones, si no es la del programa.",
        "Address of the release bucket, if it is not the program's."),
    optional("update.window", Kind::Hours, "22:00-05:00",
        "Horas en las que puede cambiar de versión. Sin valor: a cualquier hora.",
        "Hours at which the version may change. Without a value: at any hour."),
    optional("update.days", Kind::Choices(DAYS), "mon,tue,wed,thu,fri",
        "Días en los que empiezan esas horas. Sin valor: todos.",
        "Days on which those hours begin. Without a value: all."),
    key("https", Kind::Bool, "true",
        "Si se sirve también por HTTPS, que hace falta para administrar el equipo desde un navegador.",
        "Whether HTTPS is served too; administering the box from a browser needs it."),
    optional("ssh.key", Kind::SshKey,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f tecnico",
        "Clave pública con la que un técnico puede entrar por SSH. Sin valor: nadie puede.",
        "Public key with which a technician may log in by SSH. Without a value: nobody may."),
];

#[rustfmt::skip]
const SECRET_KEYS: &[Key] = &[
    optional("wifi.passphrase", Kind::WifiPassphrase, "palabra larga y secreta",
        "Contraseña de la red Wi-Fi.",
        "Passphrase of the Wi-Fi network."),
    optional("proxy.user", Kind::Text { max: 128 }, "taller",
        "Cuenta del equipo en el proxy, si la pide.",
        "The box's account at the proxy, if that wants one."),
    optional("proxy.password", Kind::Text { max: 128 }, "palabra larga y secreta",
        "Su contraseña.",
        "Its password."),
    optional("erp.user", Kind::Text { max: 128 }, "pantalla",
        "Cuenta del equipo en el ERP.",
        "The box's account at the ERP."),
    optional("erp.password", Kind::Text { max: 128 }, "palabra larga y secreta",
        "Su contraseña.",
        "Its password."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_an_example_and_words_in_both_languages() {
        for (schema, guesses) in [(&SETTINGS, GUESSES), (&SECRETS, SECRET_GUESSES)] {
            for (guess, meant) in guesses {
                let warnings =
                    crate::config::Document::parse(schema, "x", format!("{guess} = 1").as_bytes()).findings().1;
                let [warning] = &warnings[..] else { panic!("{guess}: {warnings:?}") };
                assert!(warning.text(Lang::Es).contains(&format!("¿quería decir {meant}?")), "{warning:?}");
            }
        }
        for key in SETTINGS.keys.iter().chain(SECRETS.keys) {
            assert!(!key.example_toml().is_empty(), "{}", key.path);
            assert_ne!(key.doc.es, key.doc.en, "{}", key.path);
        }
    }
}
