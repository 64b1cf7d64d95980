//! The files as they are on a new stick.

use super::types::{Access, Data, Network, OwnKeys, Updates};
use super::{NAME, SECRETS_NAME, Secrets};
use crate::display::{Shift, Targets};
use crate::schema::{Key, Section as _};
use crate::{display, outbound};

/// What most people change: not a comment.
const ACTIVE: &[Key] = &[
    OwnKeys::name().key,
    OwnKeys::language().key,
    OwnKeys::title().key,
    OwnKeys::line().key,
    OwnKeys::time_zone().key,
    Network::address().key,
];

/// What precedes a key.
const HEADINGS: &[(Key, &str)] = &[
    (OwnKeys::name().key, "EL EQUIPO · THE BOX"),
    (Network::address().key, "LA RED · THE NETWORK"),
    (Data::erp_url().key, "LOS DATOS · THE DATA"),
    (Updates::enabled().key, "LAS ACTUALIZACIONES · UPDATES"),
    (Access::https().key, "EL ACCESO · ACCESS"),
];

/// Keys of `config.toml` that a workshop wants next.
const NEXT: &[Key] = &[
    outbound::Keys::proxy().key,
    outbound::Keys::no_proxy().key,
    display::Settings::demo().key,
    Targets::daily().key,
    Targets::oee_percent().key,
    Targets::reject_percent().key,
    Shift::start_hour().key,
    Shift::end_hour().key,
];

/// Secrets that are still understood, and have a better place now.
const FORMER: &[Key] = &[Secrets::erp_user().key];

/// Columns of a line.
const COLUMNS: usize = 100;

/// The template of the settings: every key with its comment, Spanish first, and as a comment itself unless most people
/// change it. Lines end with a line feed.
#[must_use]
pub(crate) fn template() -> String {
    let mut text = paragraph(&format!(
        "{NAME}: los ajustes de este equipo. Cambie lo que haga falta, guarde, y encienda el equipo otra vez. Las líneas que \
         empiezan por # no cuentan: quite la # para usar una. Los textos van entre comillas. Si algo está mal, el equipo \
         funciona con los últimos ajustes buenos y lo dice en su pantalla y en ERRORES.txt."
    )) + "#\n"
        + &paragraph(&format!(
            "{NAME}: the settings of this box. Change what has to be, save, and start the box again. Lines that begin with \
             # do not count: take the # away to use one. Texts are in quotation marks. If something is wrong, the box runs \
             with the last good settings, and says so on its screen and in ERRORS.txt."
        ));
    for key in OwnKeys::KEYS {
        if let Some((_, heading)) = HEADINGS.iter().find(|(first, _)| first.path == key.path) {
            text += &section(heading);
        }
        text += &entry(key);
    }
    text += &section("LO DEMÁS · THE REST");
    text += &paragraph(
        "Aquí vale, además, cualquier ajuste del archivo config.toml del programa, con su nombre entero. Los más \
         usados:",
    );
    text += &paragraph(
        "Every setting of the program's file config.toml is taken here, too, with its whole name. The most \
         usual ones:",
    );
    for key in NEXT {
        text += &entry(key);
    }
    text + &section("CONTRASEÑAS · PASSWORDS")
        + &paragraph(
            "No van en este archivo, sino en otro a su lado que se llama secrets.txt, en estas líneas: allí, quite la # de \
             las que hagan falta. Al arrancar, el equipo se las guarda y las borra de ese archivo.",
        )
        + &paragraph(
            "They do not belong here, but in another file beside it that is called secrets.txt, in these lines: there, take \
             the # of those away that are needed. When it starts, the box keeps them and wipes them from that file.",
        )
        + "#\n"
        + "#     wifi.passphrase = \"la contraseña de la Wi-Fi\"\n"
        + "#     proxy.user = \"taller\"\n"
        + "#     proxy.password = \"la contraseña del proxy\"\n"
        + "#     erp.password = \"la contraseña del ERP\"\n"
}

/// The template of the secrets: every line of it is a comment. It is on every stick, and is put back after each wipe, so
/// that nobody has to make a file of that name: Windows hides how a name ends, and a `secrets.txt.txt` would stay.
pub(super) fn secrets_template() -> String {
    let mut text = paragraph(&format!(
        "{SECRETS_NAME}: las contraseñas de este equipo. Quite la # de las líneas que hagan falta, escriba las contraseñas entre \
         las comillas, guarde, y encienda el equipo otra vez. El equipo se las guarda y las borra de este archivo."
    )) + "#\n"
        + &paragraph(&format!(
            "{SECRETS_NAME}: the passwords of this box. Take the # away from the lines that are needed, write the passwords between \
             the quotation marks, save, and start the box again. The box keeps them and wipes them from this file."
        ));
    for key in Secrets::KEYS.iter().filter(|key| FORMER.iter().all(|former| former.path != key.path)) {
        text += &entry(key);
    }
    text
}

/// A heading.
fn section(heading: &str) -> String {
    format!("\n\n# ---- {heading} {}\n", "-".repeat(COLUMNS - 12 - heading.chars().count()))
}

/// A key with its comment.
fn entry(key: &Key) -> String {
    let comment = if ACTIVE.iter().any(|active| active.path == key.path) { "" } else { "#" };
    format!("\n{}{}{comment}{} = {}\n", paragraph(key.doc.es), paragraph(key.doc.en), key.path, key.initial_toml())
}

/// A text as comments, of at most so many columns.
fn paragraph(text: &str) -> String {
    let mut lines = String::new();
    let mut line = "#".to_owned();
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines += &line;
            lines.push('\n');
            "#".clone_into(&mut line);
        }
        line.push(' ');
        line += word;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::super::read::defaults;
    use super::*;

    #[test]
    fn it_is_valid_and_every_line_of_it_fits() {
        let text = template();
        let checked = check(text.as_bytes());
        assert!(checked.faults.is_empty() && checked.warnings.is_empty(), "{:?}", checked.faults);
        let settings = checked.value.expect("valid");
        let mut expected = defaults().expect("valid");
        expected.own.time_zone = Some("Europe/Madrid".into());
        assert_eq!(settings, expected);
        for line in text.lines().filter(|line| !line.starts_with("#ssh.key")) {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
    }

    #[test]
    fn the_image_has_the_template_of_the_secrets_and_it_holds_none() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/settings/secrets.txt");
        let text = std::fs::read_to_string(file).expect("the template");
        assert_eq!(text, secrets_template());
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#') && line.chars().count() <= COLUMNS));
        let checked = super::super::read::check_secrets(text.as_bytes());
        assert!(checked.value.is_some_and(|secrets| secrets.is_empty()) && checked.warnings.is_empty());
        let all: String = text
            .lines()
            .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
            .map(|line| line.to_owned() + "\n")
            .collect();
        let checked = super::super::read::check_secrets(all.as_bytes());
        assert!(checked.value.is_some_and(|secrets| secrets.erp_password.is_some()), "{all}");
    }

    #[test]
    fn every_line_may_be_uncommented() {
        let all: String = template()
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n")
            // Of a fixed address, as the gateway wants it.
            .map(|line| {
                if line.starts_with("network.address") {
                    "network.address = \"192.168.1.50/24\"\n".to_owned()
                } else {
                    line
                }
            })
            .collect();
        let checked = check(all.as_bytes());
        assert!(checked.faults.is_empty() && checked.warnings.is_empty(), "{:?}\n{all}", checked.faults);
        assert!(
            checked
                .value
                .is_some_and(|settings| settings.own.access.ssh_key.is_some() && settings.own.data.erp_url.is_some())
        );
    }
}
