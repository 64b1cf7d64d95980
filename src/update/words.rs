//! What the updates are at, in words for a person.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use semver::Version;

use super::history::{Entry, Kind, Outcome};
use super::policy::Why;
use super::state::{Fault, FaultKind, Phase, Quarantined, State, Wait, Words};
use crate::lang::Lang;

/// What the updates are at, the most important first: a sentence each.
#[must_use]
pub fn sentences(state: &State, lang: Lang) -> Vec<String> {
    let mut sentences = vec![phase(state, lang)];
    sentences.extend(stays(state, lang));
    if let Some(fault) = &state.fault {
        sentences.push(self::fault(fault, lang));
    }
    if let Some(pin) = &state.order.pin {
        sentences.push(lang.pick(format!("Fijado en la versión {pin}."), format!("Pinned to version {pin}.")));
    }
    if state.order.held {
        sentences.push(
            lang.pick(
                "Las actualizaciones están detenidas: solo se hacen si alguien las pide aquí.",
                "Updates are on hold: they are made only when somebody asks for them here.",
            )
            .to_owned(),
        );
    }
    if let Some(quarantined) = state.quarantined.last() {
        sentences.push(self::quarantined(quarantined, lang));
    }
    if let Some(checked) = state.checked {
        let checked = local(checked);
        sentences.push(
            lang.pick(format!("Última consulta completa: {checked}."), format!("Last complete check: {checked}.")),
        );
    }
    sentences
}

/// Why the box does not go over to what it should run.
fn stays(state: &State, lang: Lang) -> Option<String> {
    let goal = state.order.pin.as_ref().or(state.desired.as_ref())?;
    let decision = state.decision.as_ref().filter(|_| *goal != state.running)?.pick(lang);
    Some(
        lang.pick(format!("No cambia de versión: {decision}."), format!("It does not change its version: {decision}.")),
    )
}

/// What failed here.
#[must_use]
pub fn quarantined(quarantined: &Quarantined, lang: Lang) -> String {
    let (version, reason) = (&quarantined.version, &quarantined.reason);
    lang.pick(
        format!("La versión {version} falló en este equipo y no se vuelve a probar. Detalle: {reason}"),
        format!("Version {version} failed on this box and is not tried again: {reason}"),
    )
}

/// What is being done.
#[must_use]
pub fn phase(state: &State, lang: Lang) -> String {
    match &state.phase {
        Phase::Off { reason } => lang.pick(
            format!("No se buscan actualizaciones. Detalle: {reason}"),
            format!("Updates are not looked for: {reason}"),
        ),
        Phase::Idle | Phase::Other => idle(state, lang),
        Phase::Checking => lang.pick("Se consulta si hay una versión nueva.", "Looking for a new version.").to_owned(),
        Phase::Downloading { version, done, total } => {
            let percent = percent(*done, *total);
            lang.pick(
                format!("Se descarga la versión {version}: {percent} %."),
                format!("Version {version} is being downloaded: {percent} %."),
            )
        }
        Phase::Staging { version } => {
            lang.pick(format!("Se prepara la versión {version}."), format!("Version {version} is being prepared."))
        }
        Phase::Waiting { version, until, wait, is_here } => {
            let until = local(*until);
            match (wait, is_here) {
                (Wait::Window, true) => lang.pick(
                    format!("La versión {version} está descargada y se pondrá cuando llegue la hora: {until}."),
                    format!("Version {version} is downloaded, and will be put in place at its hour: {until}."),
                ),
                (Wait::Window, false) => lang.pick(
                    format!("La versión {version} se pondrá cuando llegue la hora: {until}."),
                    format!("Version {version} will be put in place at its hour: {until}."),
                ),
                (Wait::Wave | Wait::Other, _) => lang.pick(
                    format!("A este equipo le toca la versión {version} el {until}."),
                    format!("It is this box's turn for version {version} on {until}."),
                ),
            }
        }
        Phase::Switching { version } => {
            lang.pick(format!("Se cambia a la versión {version}."), format!("Changing to version {version}."))
        }
        Phase::OnTrial => {
            let running = &state.running;
            lang.pick(
                format!("La versión {running} está a prueba; si algo falla, vuelve la anterior."),
                format!("Version {running} is on trial; if anything fails, the one before comes back."),
            )
        }
    }
}

fn idle(state: &State, lang: Lang) -> String {
    let running = &state.running;
    match &state.desired {
        Some(desired) if desired == running => lang.pick(
            format!("La versión {running} es la del canal {}.", state.channel),
            format!("Version {running} is the one of the channel {}.", state.channel),
        ),
        Some(desired) if state.slot.is_none() => lang.pick(
            format!("Hay una versión {desired}. Este equipo no se actualiza solo: lo hace quien lo instaló."),
            format!("There is a version {desired}. This box does not update itself: whoever installed it does."),
        ),
        Some(desired) => lang.pick(
            format!("El canal {} quiere la versión {desired}.", state.channel),
            format!("The channel {} wants version {desired}.", state.channel),
        ),
        None => lang.pick(
            format!("Versión {running}; el canal {} no pide ninguna.", state.channel),
            format!("Version {running}; the channel {} wants none.", state.channel),
        ),
    }
}

/// Why nothing is to be done, as a part of a sentence.
#[must_use]
pub fn why(why: &Why) -> Words {
    let es = match why {
        Why::UpToDate => "ya tiene la versión del canal".to_owned(),
        Why::ChannelWantsNothing => "el canal no pide ninguna versión".to_owned(),
        Why::Pinned(version) => format!("está fijado en la versión {version}"),
        Why::Held => "las actualizaciones están detenidas".to_owned(),
        Why::NotDesiredDowngrade { desired, running } => {
            format!("la {desired} del canal es anterior a la {running}, y el fabricante no ha ordenado volver a ella")
        }
        Why::BelowMinimum { version, minimum } => {
            format!("la {version} es anterior a la {minimum}, la más baja que se admite")
        }
        Why::Quarantined(version) => format!("la {version} falló en este equipo y no se vuelve a probar"),
        Why::UnknownPlatform { version, platform } => format!("no hay una {version} para {platform}"),
        Why::NoSteppingStone { version, requires, running } => {
            format!("la {version} necesita antes la {requires}, y ninguna lleva a ella desde la {running}")
        }
        Why::NoWave(version) => format!("a este equipo todavía no le toca la {version}"),
        Why::DesiredMissing(version) => format!("el canal pide la {version}, pero no la tiene"),
        Why::PinMissing(version) => format!("el canal no tiene la {version}, en la que está fijado"),
    };
    Words { es, en: why.to_string() }
}

/// Why a box that others start does not take a version, as a part of a sentence.
#[must_use]
pub fn not_own(version: &Version) -> Words {
    Words {
        es: format!(
            "hay una versión {version}, pero este equipo no cambia de versión solo: lo hace quien lo instaló (paquete o contenedor)"
        ),
        en: format!(
            "there is a version {version}, but this box does not change its version itself: whoever installed it does (package or container)"
        ),
    }
}

/// Why there is nothing to go back to, as a part of a sentence.
#[must_use]
pub fn no_previous() -> Words {
    Words {
        es: "no hay una versión anterior en este equipo".to_owned(),
        en: "there is no version before on this box".to_owned(),
    }
}

/// What went wrong, and what to do.
#[must_use]
pub fn fault(fault: &Fault, lang: Lang) -> String {
    let detail = &fault.detail;
    let es = match fault.kind {
        FaultKind::Unreachable => "No se llega al depósito de versiones: compruebe la conexión a internet.",
        FaultKind::CaptivePortal => {
            "La red pide iniciar sesión antes de dejar salir a internet: hágalo o avise a quien la lleva."
        }
        FaultKind::Expired => {
            "Lo que dice el depósito ha caducado: compruebe la hora de este equipo; si es correcta, avise al fabricante."
        }
        FaultKind::Rollback => {
            "El depósito ofrece algo más antiguo de lo que este equipo ya conoce: no se usa. Avise al fabricante."
        }
        FaultKind::Untrusted => "Las firmas del depósito no son válidas: no se usa nada de él. Avise al fabricante.",
        FaultKind::Incomplete => "El depósito está incompleto; se vuelve a intentar.",
        FaultKind::Storage => "No se puede guardar en el disco de este equipo.",
        FaultKind::Unfit => "La versión descargada no funciona en este equipo: no se usa.",
        FaultKind::Other => "La actualización ha fallado; se vuelve a intentar.",
    };
    let en = match fault.kind {
        FaultKind::Unreachable => "The release bucket cannot be reached: check the internet connection.",
        FaultKind::CaptivePortal => {
            "The network wants a login before it lets anything out: log in, or tell whoever runs it."
        }
        FaultKind::Expired => {
            "What the bucket says has expired: check this box's clock; if it is right, tell the maker."
        }
        FaultKind::Rollback => {
            "The bucket offers something older than this box knows already: it is not used. Tell the maker."
        }
        FaultKind::Untrusted => "The bucket's signatures are not valid: nothing of it is used. Tell the maker.",
        FaultKind::Incomplete => "The bucket is incomplete; it is tried again.",
        FaultKind::Storage => "Nothing can be kept on this box's disk.",
        FaultKind::Unfit => "The downloaded version does not work on this box: it is not used.",
        FaultKind::Other => "The update has failed; it is tried again.",
    };
    lang.pick(format!("{es} Detalle: {detail}"), format!("{en} Detail: {detail}"))
}

/// One change of version, on a line.
#[must_use]
pub fn entry(entry: &Entry, lang: Lang) -> String {
    let Entry { at, from, to, sha256: _, kind, octets, was_delta, took_ms: _, outcome } = entry;
    let kind = match kind {
        Kind::Update => lang.pick("actualización", "update"),
        Kind::Rollback => lang.pick("vuelta atrás del fabricante", "rollback of the maker"),
        Kind::Ordered => lang.pick("pedida aquí", "asked for here"),
        Kind::Other => lang.pick("otra", "other"),
    };
    let what = match (octets, was_delta) {
        (0, _) => lang.pick("sin descarga", "no download").to_owned(),
        (octets, true) => format!("{octets} B ({})", lang.pick("diferencia", "delta")),
        (octets, false) => format!("{octets} B"),
    };
    let outcome = match outcome {
        Outcome::OnTrial => lang.pick("a prueba", "on trial").to_owned(),
        Outcome::Confirmed { .. } => lang.pick("funciona", "works").to_owned(),
        Outcome::Reverted { reason, .. } => lang.pick(
            format!("falló y volvió la anterior: {reason}"),
            format!("failed, the one before came back: {reason}"),
        ),
    };
    let (at, took) = (local(*at), entry.took().as_secs_f64());
    format!("{at}  {from} → {to}  {kind}, {what}, {took:.1} s  {outcome}")
}

/// Whole per cent.
#[must_use]
pub fn percent(done: u64, total: u64) -> u64 {
    done.saturating_mul(100).checked_div(total).unwrap_or(0).min(100)
}

/// A moment in the machine's time zone.
fn local(at: Timestamp) -> impl Display {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::order::Order;

    fn state(phase: Phase) -> State {
        State {
            channel: "stable".into(),
            running: Version::new(1, 0, 0),
            slot: Some("a".into()),
            phase,
            desired: Some(Version::new(1, 1, 0)),
            checked: Some(Timestamp::UNIX_EPOCH),
            decision: None,
            order: Order { pin: Some(Version::new(1, 0, 0)), held: true },
            previous: None,
            quarantined: vec![Quarantined { version: "1.0.9".into(), sha256: String::new(), reason: "hung".into() }],
            fault: Some(Fault { since: Timestamp::UNIX_EPOCH, kind: FaultKind::Expired, detail: "timestamp".into() }),
        }
    }

    #[test]
    fn every_phase_has_words_of_its_own_in_both_languages() {
        let version = Version::new(1, 1, 0);
        let until = Timestamp::UNIX_EPOCH;
        let phases = [
            Phase::Off { reason: "no root".into() },
            Phase::Idle,
            Phase::Checking,
            Phase::Downloading { version: version.clone(), done: 1, total: 4 },
            Phase::Staging { version: version.clone() },
            Phase::Waiting { version: version.clone(), until, wait: Wait::Window, is_here: false },
            Phase::Waiting { version: version.clone(), until, wait: Wait::Window, is_here: true },
            Phase::Waiting { version: version.clone(), until, wait: Wait::Wave, is_here: false },
            Phase::Switching { version },
            Phase::OnTrial,
        ];
        let mut seen = std::collections::HashSet::new();
        for phase in phases {
            for lang in [Lang::Es, Lang::En] {
                let sentences = sentences(&state(phase.clone()), lang);
                assert_eq!(sentences.len(), 6, "{sentences:?}");
                assert!(seen.insert(sentences[0].clone()), "{sentences:?}");
            }
        }
        assert!(seen.contains("Version 1.1.0 is being downloaded: 25 %."), "{seen:?}");
    }

    #[test]
    fn a_box_that_stays_where_it_is_says_why() {
        let decision = Some(why(&Why::Quarantined(Version::new(1, 1, 0))));
        let stays = |running: Version, pin: Option<Version>| {
            let order = Order { pin, held: false };
            sentences(&State { decision: decision.clone(), running, order, ..state(Phase::Idle) }, Lang::Es)[1].clone()
        };
        let why = "No cambia de versión: la 1.1.0 falló en este equipo y no se vuelve a probar.";
        assert_eq!(stays(Version::new(1, 0, 0), None), why);
        assert_eq!(stays(Version::new(1, 1, 0), Some(Version::new(1, 0, 0))), why);
        // It has come to what it should run.
        assert_ne!(stays(Version::new(1, 1, 0), None), why);
        assert_ne!(stays(Version::new(1, 0, 0), Some(Version::new(1, 0, 0))), why);
    }

    #[test]
    fn a_box_that_others_update_says_so() {
        let unmanaged = State { slot: None, ..state(Phase::Idle) };
        assert!(phase(&unmanaged, Lang::Es).contains("no se actualiza solo"));
    }
}
