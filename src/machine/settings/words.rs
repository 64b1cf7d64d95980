//! What the box says to people about its settings.

use std::error::Error;

use super::read::Checked;
use super::secrets::SecretsMove;
use super::source::Source;
use super::{NAME, SECRETS_NAME as SECRETS};
use crate::config::{self, Fault, Warning};
use crate::error_chain;
use crate::lang::Text;

/// Copy without anything to fill in.
type Fixed = Text<&'static str>;

pub(super) const ERP_WITHOUT_USER: Fixed = Text::fixed(
    "Falta erp.user en workshop-edge.txt: sin él, erp.url no se usa.",
    "erp.user is missing in workshop-edge.txt: without it, erp.url is not used.",
);
pub(super) const ERP_WITHOUT_URL: Fixed = Text::fixed(
    "Falta erp.url en workshop-edge.txt: sin él, erp.user no se usa.",
    "erp.url is missing in workshop-edge.txt: without it, erp.user is not used.",
);
pub(super) const ERP_IN_CLEARTEXT: Fixed = Text::fixed(
    "erp.url empieza por http://, y la contraseña iría sin cifrar: el equipo no lo usa. Ponga https://, o erp.allow_http = true.",
    "erp.url begins with http://, and the password would go in cleartext: the box does not use it. Put https://, or erp.allow_http = true.",
);
pub(super) const ERP_WITHOUT_PASSWORD: Fixed = Text::fixed(
    "Falta la contraseña del ERP: ponga erp.password en secrets.txt.",
    "The ERP's password is missing: put erp.password into secrets.txt.",
);
pub(super) const SCREENS_NOT_USED: Fixed = Text::fixed(
    "Esta versión todavía no usa screens: se guarda para las que lo hagan.",
    "This version does not use screens yet: it is kept for those that do.",
);
pub(super) const NO_INTERNET: Fixed = Text::fixed(
    "Con una dirección fija y sin network.gateway o sin network.dns no hay actualizaciones ni hora de internet.",
    "With a fixed address and without network.gateway or network.dns there are no updates and no time from the internet.",
);
pub(super) const PROXY_ACCOUNT_INCOMPLETE: Fixed = Text::fixed(
    "La cuenta del proxy está a medias: ponga proxy.user y proxy.password en secrets.txt.",
    "The proxy's account is incomplete: put proxy.user and proxy.password into secrets.txt.",
);
pub(super) const NO_WIFI: Fixed = Text::fixed(
    "Esta imagen no tiene Wi-Fi: wifi.ssid no vale. Use la imagen con Wi-Fi, o un cable.",
    "This image has no Wi-Fi: wifi.ssid does not hold. Use the image with Wi-Fi, or a cable.",
);
pub(super) const NO_WIFI_PASSPHRASE: Fixed = Text::fixed(
    "Falta la contraseña de la Wi-Fi: ponga wifi.passphrase en secrets.txt, o la red será abierta.",
    "The passphrase of the Wi-Fi is missing: put wifi.passphrase into secrets.txt, or the network is taken as open.",
);

// The parts of a machine that settings are applied to, as objects of `not_applied`.
pub(super) const THE_NETWORK: Fixed = Text::fixed("la red", "the network");
pub(super) const THE_WIFI: Fixed = Text::fixed("la Wi-Fi", "the Wi-Fi");
pub(super) const THE_PROXY_ACCOUNT: Fixed = Text::fixed("la cuenta del proxy", "the proxy's account");
pub(super) const THE_ERP_ACCOUNT: Fixed = Text::fixed("la cuenta del ERP", "the ERP's account");
pub(super) const THE_CONFIGURATION: Fixed = Text::fixed("la configuración del programa", "the program's configuration");
pub(super) const THE_SSH_KEY: Fixed = Text::fixed("la clave de SSH", "the SSH key");
pub(super) const HTTPS: Fixed = Text::fixed("HTTPS", "HTTPS");
pub(super) const THE_NAME: Fixed = Text::fixed("el nombre", "the name");
pub(super) const THE_TIME_ZONE: Fixed = Text::fixed("la zona horaria", "the time zone");
pub(super) const THE_TIME_SERVERS: Fixed = Text::fixed("los servidores de hora", "the time servers");

/// Before the number of a line.
const LINE: Fixed = Text::fixed("línea", "line");

/// A sentence, and the error behind it.
fn with_details(es: &str, en: &str, error: &dyn Error) -> Text {
    let chain = error_chain(error);
    Text::new(format!("{es} Detalle: {chain}"), format!("{en} Details: {chain}"))
}

pub(super) fn no_partition(source: &Source) -> Text {
    let Text { es, en } = in_effect(source);
    Text::new(
        format!("No se encuentra la unidad TALLER con {NAME}. {es}"),
        format!("The drive TALLER with {NAME} is not found. {en}"),
    )
}

pub(super) fn unreadable(source: &Source, error: &dyn Error) -> Text {
    let Text { es, en } = in_effect(source);
    with_details(&format!("{NAME} no se puede leer. {es}"), &format!("{NAME} cannot be read. {en}"), error)
}

/// Of a missing file that has been written again.
pub(super) fn restored(is_last_good: bool) -> Text {
    if is_last_good {
        return Text::new(
            format!("Faltaba {NAME}: se ha vuelto a escribir el último bueno."),
            format!("{NAME} was missing: the last good one has been put back."),
        );
    }
    Text::new(
        format!("Faltaba {NAME}: se ha escrito uno nuevo. Se usa DHCP."),
        format!("{NAME} was missing: a new one has been written. DHCP is used."),
    )
}

pub(super) fn not_restored(source: &Source, error: &dyn Error) -> Text {
    let Text { es, en } = in_effect(source);
    with_details(
        &format!("Falta {NAME}, y no se puede escribir otro. {es}"),
        &format!("{NAME} is missing, and no other can be written. {en}"),
        error,
    )
}

pub(super) fn not_applied(part: &Fixed, error: &dyn Error) -> Text {
    let Text { es, en } = part;
    with_details(
        &format!("De los ajustes no se ha podido aplicar: {es}."),
        &format!("Of the settings, this could not be applied: {en}."),
        error,
    )
}

pub(super) fn not_kept(error: &dyn Error) -> Text {
    with_details(
        "Los ajustes valen, pero no se puede guardar copia de ellos.",
        "The settings hold, but no copy of them can be kept.",
        error,
    )
}

/// Which settings hold.
fn in_effect(source: &Source) -> Text {
    match source {
        Source::File => Text::new("Valen los del archivo.", "Those of the file hold."),
        Source::LastGood { applied } => {
            let day = applied.split('T').next().unwrap_or(applied);
            Text::new(
                format!("Valen los últimos ajustes buenos, del {day}."),
                format!("The last good settings hold, of {day}."),
            )
        }
        Source::Defaults => {
            Text::new("Valen los ajustes de fábrica, con DHCP.", "The factory settings hold, with DHCP.")
        }
    }
}

/// How many faults the file has, and which settings hold instead.
pub(super) fn instead(source: &Source, faults: usize) -> Text {
    let Text { es, en } = in_effect(source);
    if faults == 1 {
        return Text::new(format!("{NAME} tiene un error. {es}"), format!("{NAME} has a fault. {en}"));
    }
    Text::new(format!("{NAME} tiene {faults} errores. {es}"), format!("{NAME} has {faults} faults. {en}"))
}

/// Of a file without faults.
pub(super) fn something_unknown() -> Text {
    Text::new(
        format!("{NAME} vale, pero tiene algo que el equipo no conoce."),
        format!("{NAME} holds, but has something that the box does not know."),
    )
}

/// Everything that was found, one line each, in the order of the file; with the line's number.
pub(super) fn found(faults: &[Fault], warnings: &[Warning]) -> Vec<(Option<usize>, Text)> {
    let faults = faults.iter().map(|fault| {
        let (key, problem) = (fault.key.as_deref(), fault.problem());
        let example = fault.example().map(|example| config::EXAMPLE.map(|words| format!(" ({words} {example})")));
        let on_one_line = problem.map(|problem| problem.replace("\n    ", ": "));
        (fault.origin.line(), key, on_one_line.then(&example.unwrap_or_default()))
    });
    let warnings =
        warnings.iter().map(|warning| (warning.origin.line(), Some(warning.name.as_str()), warning.notice()));
    let mut lines: Vec<_> = faults
        .chain(warnings)
        .map(|(line, key, problem)| {
            let key = key.map(|key| format!("{}: ", key.escape_debug())).unwrap_or_default();
            let place = line.map(|number| LINE.map(|word| format!("{word} {number}: "))).unwrap_or_default();
            (line, place.then(&problem.map(|problem| [&key, problem].concat())))
        })
        .collect();
    lines.sort_by_key(|(line, _)| *line);
    lines
}

pub(super) fn more(left: usize) -> Text {
    Text::new(
        format!("y {left} más: vea ERRORES.txt junto al archivo."),
        format!("and {left} more: see ERRORS.txt beside the file."),
    )
}

pub(super) fn misnamed(name: &str, meant: &str) -> Text {
    let name = name.escape_debug();
    let still = if meant == SECRETS {
        Text::fixed(
            " Las contraseñas que tenga siguen en la unidad TALLER, donde cualquiera las lee.",
            " Passwords in it stay on the drive TALLER, where anybody reads them.",
        )
    } else {
        Text::default()
    };
    let Text { es, en } = still;
    Text::new(
        format!(
            "El archivo \"{name}\" no se lee: ¿debe llamarse {meant}? Windows puede ocultar cómo termina un nombre.{es}"
        ),
        format!("The file \"{name}\" is not read: is it to be called {meant}? Windows may hide how a name ends.{en}"),
    )
}

/// The outcome of moving the secrets; empty where there were none.
pub(super) fn secrets(moved: &SecretsMove) -> Text {
    match moved {
        SecretsMove::Nothing => Text::default(),
        SecretsMove::Done => Text::new(
            format!("Las contraseñas de {SECRETS} se han guardado en el equipo, y se han borrado del archivo."),
            format!("The secrets of {SECRETS} are kept in the box, and have been wiped from the file."),
        ),
        SecretsMove::Stays(error) => with_details(
            &format!("Las contraseñas se han guardado, pero {SECRETS} no se puede borrar: bórrelo."),
            &format!("The secrets are kept, but {SECRETS} cannot be wiped: delete it."),
            error,
        ),
        SecretsMove::NotKept(error) => {
            let detail = error.as_ref().map(|error| format!(" ({})", error_chain(error))).unwrap_or_default();
            Text::new(
                format!("Las contraseñas no se pueden guardar{detail}: {SECRETS} se queda donde está."),
                format!("The secrets cannot be kept{detail}: {SECRETS} stays where it is."),
            )
        }
        SecretsMove::Wrong(Checked { faults, warnings, .. }) => {
            let lines = found(faults, warnings);
            let Text { es, en } = Text::join(lines.iter().map(|(_, line)| line), "; ");
            Text::new(
                format!("{SECRETS} tiene errores y se queda donde está: corríjalo. {es}"),
                format!("{SECRETS} has faults and stays where it is: put it right. {en}"),
            )
        }
        SecretsMove::Unreadable(error) => {
            with_details(&format!("{SECRETS} no se puede leer."), &format!("{SECRETS} cannot be read."), error)
        }
    }
}

pub(super) fn notice_not_shown(error: &dyn Error) -> Text {
    Text::about("El aviso no se puede mostrar:", "The notice cannot be shown:", error_chain(error))
}

pub(super) fn not_written_beside(error: &dyn Error) -> Text {
    let detail = error_chain(error);
    Text::new(
        format!("Los errores no se pueden escribir junto a {NAME}: {detail}"),
        format!("What is wrong cannot be written beside {NAME}: {detail}"),
    )
}
