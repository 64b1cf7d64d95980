//! What the composition root itself says to people: the faults in `/health` and on the console, and refused orders.

use std::net::IpAddr;

use crate::discovery::State;
use crate::lang::Text;

/// Copy without anything to fill in.
type Fixed = Text<&'static str>;

pub(super) const NO_HTTPS_LISTENER: Fixed = Text::fixed(
    "tls.mode está activado, pero HTTPS no tiene puerto: active workshop-edge-https.socket, o dé listen.https.",
    "tls.mode is on, but nothing listens for HTTPS: enable workshop-edge-https.socket, or set listen.https",
);
pub(super) const LAST_GOOD_SITE: Fixed = Text::fixed("Se sirve lo último que funcionó.", "What worked last is served.");
pub(super) const UPDATES_OFF: Fixed = Text::fixed(
    "Las actualizaciones están desactivadas: faltan update.url o update.trusted_root, o update.enabled es false. El registro del servicio dice cuál.",
    "Updates are off: update.url or update.trusted_root is missing, or update.enabled is false. The service's log says which.",
);

pub(super) fn pin_not_kept(chain: String) -> Text {
    Text::about(
        "El PIN no se puede guardar: vale hasta el próximo arranque. Detalle:",
        "The PIN cannot be kept: it is valid until the next start. Detail:",
        chain,
    )
}

pub(super) fn reset_unfinished(chain: String) -> Text {
    Text::about(
        "El restablecimiento de fábrica no ha terminado; se sigue en el próximo arranque. Detalle:",
        "The factory reset is not finished; it goes on at the next start. Detail:",
        chain,
    )
}

pub(super) fn control_unavailable(chain: String) -> Text {
    Text::about(
        "La línea de comandos del equipo no funciona. Detalle:",
        "The box's command line does not work. Detail:",
        chain,
    )
}

pub(super) fn new_certificate_unusable(chain: String) -> Text {
    Text::about(
        "El certificado nuevo no sirve; se usa el anterior. Detalle:",
        "The new certificate cannot be used; the one before stays. Detail:",
        chain,
    )
}

pub(super) fn own_certificate_not_kept(chain: String) -> Text {
    Text::about(
        "El certificado del equipo no se puede guardar; se intenta de nuevo cada minuto. Detalle:",
        "The box's certificate cannot be kept; it is tried again every minute. Detail:",
        chain,
    )
}

pub(super) fn updates_impossible(chain: String) -> Text {
    Text::about("No se pueden buscar actualizaciones. Detalle:", "Updates cannot be looked for. Detail:", chain)
}

pub(super) fn trial_not_kept(chain: String) -> Text {
    Text::about(
        "La versión nueva funciona, pero no se puede guardar que es buena. Detalle:",
        "The new version works, but that cannot be kept. Detail:",
        chain,
    )
}

pub(super) fn discovery_not_started(error: &str) -> Text {
    Text::new(
        format!("El equipo no se puede anunciar en la red; use su dirección IP: {error}"),
        format!("discovery cannot start: {error}"),
    )
}

/// What is wrong with discovery: `es` is the console's sentence about the network, `renamed` its sentence about the name.
pub(super) fn discovery(state: &State, es: Option<String>, renamed: Option<String>) -> Option<Text> {
    Some(Text {
        es: es.unwrap_or_else(|| {
            let renamed = renamed.map(|text| format!("{text} Este equipo es {}.local.", state.name));
            let ssdp = state.ssdp.as_ref().map(|reason| format!("No aparece en la «Red» de Windows (SSDP): {reason}"));
            renamed.into_iter().chain(ssdp).collect::<Vec<_>>().join(" ")
        }),
        en: state.fault()?,
    })
}

/// Another box has the same id, and with it the same PIN and the same key.
pub(super) fn duplicate_id(address: IpAddr) -> Text {
    Text::new(
        format!(
            "El equipo de {address} tiene el mismo identificador que este: uno de los dos discos es copia del otro. En uno \
             de los dos, haga un restablecimiento de fábrica (en la administración, o con «workshop-edge factory-reset»): \
             así tendrá identificador, PIN y certificado propios; la configuración se conserva."
        ),
        format!(
            "The box at {address} has the same identifier as this one: one of the two disks is a copy of the other. Do a \
             factory reset on one of them (in the administration, or by \"workshop-edge factory-reset\"): it gets an \
             identifier, a PIN and a certificate of its own, and keeps the configuration."
        ),
    )
}

pub(super) fn newer_state(newer: u32, known: u32) -> Text {
    Text::new(
        format!(
            "Una versión más nueva escribió los datos del equipo (forma {newer}; esta conoce la {known}): funciona, pero puede que no recuerde todo."
        ),
        format!(
            "a newer version has written the box's data (form {newer}, this version knows {known}): it serves, but may not remember everything"
        ),
    )
}

pub(super) fn damaged_version(version: &str, running: &str, is_factory: bool, reason: &str) -> Text {
    let Text { es, en } = if is_factory {
        Text::fixed("la de fábrica", "the factory's")
    } else {
        Text::fixed("la anterior", "the one before")
    };
    Text::new(
        format!(
            "El programa de la versión {version} está dañado en el disco: funciona la {running}, {es}. El equipo vuelve a descargar la versión del canal; con «workshop-edge update apply» o en la administración, ahora. Si se repite, el disco o la memoria USB está fallando: cámbielo. Detalle: {reason}"
        ),
        format!(
            "The program of version {version} is damaged on the disk: {running}, {en}, runs instead. The box downloads the channel's version again, and at once by \"workshop-edge update apply\" or in the administration. If it happens again, the disk or the USB stick is failing: replace it. Detail: {reason}"
        ),
    )
}

pub(super) fn too_many_wrong_pins(seconds: u64) -> Text {
    Text::new(
        format!("Demasiados PIN equivocados: espere {seconds} s y vuelva a probar."),
        format!("Too many wrong PINs: wait {seconds} s and try again."),
    )
}
