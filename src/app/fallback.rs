//! A version that does not run since its file is damaged: the launcher has found that out, and only its log knows.

use crate::health::{Fault, Health};
use crate::launch;
use crate::slots::{Fallback, Table};

/// Says so as long as this process is what runs instead.
pub(super) fn tell(table: &Table, health: &Health) {
    let Some(Fallback { version, reason }) = table.fallback() else { return };
    let running = crate::VERSION;
    let is_factory = std::env::var(launch::SLOT).is_ok_and(|slot| slot == launch::FACTORY);
    let [spanish, english] =
        if is_factory { ["la de fábrica", "the factory's"] } else { ["la anterior", "the one before"] };
    tracing::warn!(version, reason, running, "the version that ran before is damaged");
    let es = format!(
        "El programa de la versión {version} está dañado en el disco: funciona la {running}, {spanish}. El equipo vuelve a descargar la versión del canal; con «workshop-edge update apply» o en la administración, ahora. Si se repite, el disco o la memoria USB está fallando: cámbielo. Detalle: {reason}"
    );
    let en = format!(
        "The program of version {version} is damaged on the disk: {running}, {english}, runs instead. The box downloads the channel's version again, and at once by \"workshop-edge update apply\" or in the administration. If it happens again, the disk or the USB stick is failing: replace it. Detail: {reason}"
    );
    health.probe("program").degraded(Some(Fault::new(es, en)));
}
