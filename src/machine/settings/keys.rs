//! What the two files may say.

use super::types::OwnKeys;
use super::{NAME, SECRETS_NAME, Secrets};
use crate::config::{CONFIG_FLAT, Schema};
use crate::schema::Section as _;

/// The settings. Every key is written with its whole path, without section headings, so that the order of the lines means
/// nothing: a line whose `#` is taken away never lands in another line's section. Every other key of `config.toml` is
/// taken as it is there.
pub(super) static SETTINGS: Schema = Schema {
    is_flat: true,
    also: Some(&CONFIG_FLAT),
    beside: Some((SECRETS_NAME, &SECRETS)),
    guesses: GUESSES,
    ..Schema::of(OwnKeys::KEYS)
};

/// The secrets.
pub(super) static SECRETS: Schema = Schema {
    is_flat: true,
    is_secret: true,
    beside: Some((NAME, &SETTINGS)),
    guesses: SECRET_GUESSES,
    ..Schema::of(Secrets::KEYS)
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
    ("usuario", "erp.user"),
    ("user", "erp.user"),
    ("correo", "erp.user"),
    ("usuario_erp", "erp.user"),
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
    ("contrasena_erp", "erp.password"),
    ("usuario_proxy", "proxy.user"),
    ("contrasena_proxy", "proxy.password"),
    ("clave_proxy", "proxy.password"),
    ("clave_erp", "erp.password"),
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
                assert!(warning.notice().es.contains(&format!("¿quería decir {meant}?")), "{warning:?}");
            }
        }
        for key in SETTINGS.keys.iter().chain(SECRETS.keys) {
            assert!(!key.example_toml().is_empty(), "{}", key.path);
            assert_ne!(key.doc.es, key.doc.en, "{}", key.path);
        }
    }
}
