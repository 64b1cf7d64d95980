//! What the composition root itself says to people: the faults in `/health` and on the console, and refused orders.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::console::Doubt;
use crate::discovery::State;
use crate::http::Ending;
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

/// What sets a clock.
const TIME_SERVER: Fixed = Text::fixed(
    "Compruebe que el equipo llega a un servidor de hora: que la red deja salir al puerto 123 de UDP, o que da uno suyo (opción 42 de DHCP, o network.ntp en los ajustes de la memoria USB).",
    "See that the box reaches a time server: that the network lets it out to port 123 of UDP, or gives it one of its own (DHCP option 42, or network.ntp in the settings of the USB stick).",
);

pub(super) fn clock_wrong() -> Text {
    Text::from(Doubt::BeforeBuild.words()).and(&TIME_SERVER.into())
}

pub(super) fn clock_unsynchronised() -> Text {
    let what = Text::fixed(
        "Ningún servidor ha puesto en hora el equipo desde hace más de un día: su hora puede estar mal, y con ella los recuentos por horas y los horarios.",
        "No server has set the box's clock for more than a day: its time may be wrong, and with it the counts by the hour and all hours.",
    );
    Text::from(what).and(&TIME_SERVER.into())
}

/// `at`: when it ends, or has ended.
pub(super) fn certificate_ending(ending: Ending, at: Timestamp, is_own: bool) -> Text {
    let day = at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d");
    let what = match ending {
        Ending::Soon => Text::new(
            format!("El certificado de HTTPS caduca el {day}."),
            format!("The certificate for HTTPS ends on {day}."),
        ),
        Ending::Over => Text::new(
            format!("El certificado de HTTPS caducó el {day}: los navegadores no abren la página por HTTPS."),
            format!("The certificate for HTTPS ended on {day}: browsers do not open the page by HTTPS."),
        ),
    };
    // The box renews its own half a year ahead, unless the time is wrong.
    what.and(&Text::from(if is_own {
        Text::fixed(
            "El equipo renueva el suyo él mismo: compruebe su hora.",
            "The box renews its own by itself: check its clock.",
        )
    } else {
        Text::fixed(
            "Renueve tls.cert_file y tls.key_file, que el equipo vuelve a leer solo; si ya lo hizo, compruebe su hora.",
            "Renew tls.cert_file and tls.key_file, which the box reads again by itself; if that was done, check its clock.",
        )
    }))
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

/// What is wrong with discovery: `fault` is the console's text about the network, `renamed` its text about the name.
pub(super) fn discovery(state: &State, fault: Option<Text>, renamed: Option<Text>) -> Option<Text> {
    Some(Text {
        es: fault.map_or_else(
            || {
                let renamed = renamed.map(|Text { es, .. }| format!("{es} Este equipo es {}.local.", state.name));
                let ssdp =
                    state.ssdp.as_ref().map(|reason| format!("No aparece en la «Red» de Windows (SSDP): {reason}"));
                renamed.into_iter().chain(ssdp).collect::<Vec<_>>().join(" ")
            },
            |text| text.es,
        ),
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

pub(super) const CERTIFICATE_MISSING: Fixed = Text::fixed(
    "systemd da un socket para HTTPS, pero tls.mode es off: póngalo en self-signed o files, o quite el socket",
    "systemd gives a socket for HTTPS, but tls.mode is off: set it to self-signed or files, or remove the socket",
);

pub(super) fn address_in_use(address: SocketAddr, key: &str) -> Text {
    Text::new(
        format!("otro programa usa ya la dirección {address}: párelo, o elija otro puerto con {key}"),
        format!("another program uses the address {address}: stop it, or choose another port with {key}"),
    )
}

pub(super) fn address_not_permitted(address: SocketAddr) -> Text {
    Text::new(
        format!(
            "falta el permiso para usar {address}: elija un puerto a partir de 1024, como 8080, o instale el servicio"
        ),
        format!(
            "permission to use {address} is missing: choose a port from 1024 on, such as 8080, or install the service"
        ),
    )
}

pub(super) fn address_of_others(address: SocketAddr) -> Text {
    Text::new(
        format!("este equipo no tiene la dirección {address}: use una suya, o [::] para todas"),
        format!("this machine does not have the address {address}: use one of its own, or [::] for all"),
    )
}

pub(super) fn https_not_served(chain: &str) -> Text {
    Text::about("no se puede servir por HTTPS. Detalle:", "HTTPS cannot be served. Details:", chain)
}

pub(super) fn not_served(chain: &str) -> Text {
    Text::about("el equipo no puede servir la pantalla. Detalle:", "the box cannot serve the display. Details:", chain)
}

pub(super) fn data_dir_in_use(data_dir: &Path, pid: Option<i32>) -> Text {
    let data_dir = data_dir.display();
    let Text { es, en } =
        pid.map(|pid| Text::new(format!(" (proceso {pid})"), format!(" (process {pid})"))).unwrap_or_default();
    Text::new(
        format!(
            "otro workshop-edge{es} usa ya el directorio de datos {data_dir}: párelo (sudo systemctl stop workshop-edge, o kill), o dé a este otro directorio con --data-dir"
        ),
        format!(
            "another workshop-edge{en} already uses the data directory {data_dir}: stop it (sudo systemctl stop workshop-edge, or kill), or give this one another directory with --data-dir"
        ),
    )
}
