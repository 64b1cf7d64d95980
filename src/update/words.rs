//! The state of the updates, in words for a person.

use std::fmt::Display;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use semver::Version;

use super::history::{ChangeKind, ChangeOutcome, HistoryEntry};
use super::policy::SkipReason;
use super::remedy;
use super::state::{Fault, FaultKind, OsReport, OsState, OsStep, Phase, Quarantined, State, TrialState, WaitReason};
use super::votes::ScreenVotes;
use crate::lang::{Text, Texts};

/// The state of the updates, the most important first: a sentence each.
#[must_use]
pub(crate) fn sentences(state: &State) -> Texts {
    let mut sentences = vec![phase(state)];
    if let Some(Text { es, en }) = state.votes.as_ref().map(ScreenVotes::text) {
        sentences.push(Text::new(format!("Prueba con pantallas: {es}."), format!("Trial with screens: {en}.")));
    }
    if let Some(fault) = &state.fault {
        sentences.push(self::fault(fault));
    }
    if let Some(why) = obstacle(state) {
        let Text { es, en } = why;
        sentences.push(Text::new(format!("No se instala, porque {es}."), format!("It is not put in place: {en}.")));
    }
    if let Some(pin) = &state.order.pin {
        sentences.push(Text::new(format!("Fijado en la versión {pin}."), format!("Pinned to version {pin}.")));
    }
    if state.order.held {
        sentences.push(Text::new(
            "Las actualizaciones automáticas están detenidas: solo se instalan si alguien lo pide aquí.",
            "Updates are on hold: they are made only when somebody asks for them here.",
        ));
    }
    if let Some(quarantined) = state.quarantined.last() {
        sentences.push(self::quarantined(quarantined));
    }
    if let Some(os) = &state.os {
        sentences.extend(system(os));
    }
    if let Some(checked) = state.checked {
        let checked = local(checked);
        sentences.push(Text::new(
            format!("Última consulta completa: {checked}."),
            format!("Last complete check: {checked}."),
        ));
    }
    Texts(sentences)
}

/// Why the desired version is not taken, unless another sentence says it.
fn obstacle(state: &State) -> Option<&Text> {
    let goal = state.order.pin.as_ref().or(state.desired.as_ref());
    let is_wanted = state.phase == Phase::Idle && goal.is_some_and(|goal| *goal != state.running);
    // A hold says what it does itself; that the box has nothing to go to stays true beside it.
    let is_hold = state.decision.as_ref().is_some_and(|why| why.en == SkipReason::Held.to_string());
    let is_said = state.order.held && is_hold
        || state.order.pin.as_ref() == Some(&state.running)
        || state.quarantined.last().is_some_and(|last| Some(&last.version) == desired(state).as_ref());
    state.decision.as_ref().filter(|_| is_wanted && !is_said)
}

fn desired(state: &State) -> Option<String> {
    state.desired.as_ref().map(ToString::to_string)
}

/// What failed here.
#[must_use]
pub(crate) fn quarantined(quarantined: &Quarantined) -> Text {
    let (version, reason) = (&quarantined.version, &quarantined.reason);
    Text::new(
        format!("La versión {version} falló en este equipo y no se vuelve a probar. Detalle: {reason}"),
        format!("Version {version} failed on this box and is not tried again: {reason}"),
    )
    .and(&Text::new(
        format!("Si el motivo ya no existe: «workshop-edge update forgive {version}», o en la administración."),
        format!("If the cause is gone: \"workshop-edge update forgive {version}\", or in the administration."),
    ))
}

/// That the bucket's metadata end, of which nobody has taken care.
#[must_use]
pub(crate) fn expiring(role: &str, at: Timestamp) -> Text {
    let at = local(at);
    Text::new(
        format!(
            "La información del repositorio de versiones caduca pronto ({role}: {at}), y nadie la ha renovado: avise al fabricante. Hasta que lo haga, después no habrá actualizaciones."
        ),
        format!(
            "What the release bucket says expires soon ({role}: {at}), and nobody has renewed it: tell the maker. From then on there will be no updates until that is done."
        ),
    )
}

/// That a version does not come, for which nothing is in the way.
#[must_use]
pub(crate) fn stuck(version: &Version) -> Text {
    Text::new(
        format!(
            "La versión {version} debería estar instalada desde hace más de un día: reinicie el equipo; si no se instala, compruebe que su línea de internet da para descargarla y avise al fabricante."
        ),
        format!(
            "Version {version} should have been put in place more than a day ago: restart the box; if it does not come, see that the internet line can carry its download, and tell the maker."
        ),
    )
}

/// What is being done.
#[must_use]
pub(crate) fn phase(state: &State) -> Text {
    match &state.phase {
        Phase::Idle | Phase::Other => idle(state),
        Phase::Checking => Text::new("Buscando una versión nueva.", "Looking for a new version."),
        Phase::Downloading { version, done, total } => {
            let percent = percent(*done, *total);
            Text::new(
                format!("Descargando la versión {version}: {percent} %."),
                format!("Version {version} is being downloaded: {percent} %."),
            )
        }
        Phase::Staging { version } => {
            Text::new(format!("Preparando la versión {version}."), format!("Version {version} is being prepared."))
        }
        Phase::Waiting { version, until, wait, is_here } => {
            let until = local(*until);
            match (wait, is_here) {
                (WaitReason::Window, true) => Text::new(
                    format!("La versión {version} está descargada y se instalará en su horario: {until}."),
                    format!("Version {version} is downloaded, and will be put in place at its hour: {until}."),
                ),
                (WaitReason::Window, false) => Text::new(
                    format!("La versión {version} se instalará en su horario: {until}."),
                    format!("Version {version} will be put in place at its hour: {until}."),
                ),
                (WaitReason::Wave | WaitReason::Other, _) => Text::new(
                    format!("A este equipo le toca la versión {version} el {until}."),
                    format!("It is this box's turn for version {version} on {until}."),
                ),
            }
        }
        Phase::Switching { version } => {
            Text::new(format!("Cambiando a la versión {version}."), format!("Changing to version {version}."))
        }
        Phase::OnTrial => {
            let running = &state.running;
            Text::new(
                format!("La versión {running} está a prueba; si algo falla, se vuelve a la anterior."),
                format!("Version {running} is on trial; if anything fails, the one before comes back."),
            )
        }
    }
}

fn idle(state: &State) -> Text {
    let running = &state.running;
    match &state.desired {
        Some(desired) if desired == running => Text::new(
            format!("Está en marcha la versión {running}, la que corresponde al canal {}.", state.channel),
            format!("Version {running} runs, which is the one of the channel {}.", state.channel),
        ),
        Some(desired) if state.slot.is_none() => Text::new(
            format!(
                "Está en marcha la versión {running}; ya existe la {desired}. Este equipo no se actualiza solo: lo hace quien lo instaló (paquete o contenedor)."
            ),
            format!(
                "Version {running} runs; there is a {desired}. This box does not update itself: whoever installed it does (package or container)."
            ),
        ),
        Some(desired) => Text::new(
            format!("Está en marcha la versión {running}; la del canal {} es la {desired}.", state.channel),
            format!("Version {running} runs; the one of the channel {} is {desired}.", state.channel),
        ),
        None if state.checked.is_none() => Text::new(
            format!("Está en marcha la versión {running}; todavía no se sabe cuál es la del canal {}.", state.channel),
            format!("Version {running} runs; it is not known yet which is the one of the channel {}.", state.channel),
        ),
        None => Text::new(
            format!("Está en marcha la versión {running}; el canal {} no ofrece ninguna.", state.channel),
            format!("Version {running} runs; the channel {} wants none.", state.channel),
        ),
    }
}

/// Why nothing is to be done, as a part of a sentence.
#[must_use]
pub(crate) fn why(why: &SkipReason) -> Text {
    Text {
        es: match why {
            SkipReason::UpToDate => "ya tiene la versión del canal".to_owned(),
            SkipReason::ChannelWantsNothing => "el canal no ofrece ninguna versión".to_owned(),
            SkipReason::Pinned(version) => format!("está fijado en la versión {version}"),
            SkipReason::Held => "las actualizaciones están detenidas".to_owned(),
            SkipReason::NotDesiredDowngrade { desired, running } => {
                format!(
                    "la {desired} del canal es anterior a la {running}, y el fabricante no ha ordenado volver a ella"
                )
            }
            SkipReason::BelowMinimum { version, minimum } => {
                format!("la {version} es anterior a la {minimum}, la más baja que se admite")
            }
            SkipReason::Quarantined(version) => format!("la {version} falló en este equipo y no se vuelve a probar"),
            SkipReason::UnknownPlatform { version, platform } => format!("no hay versión {version} para {platform}"),
            SkipReason::NoSteppingStone { version, requires, running } => {
                format!("la {version} necesita antes la {requires}, y ninguna lleva a ella desde la {running}")
            }
            SkipReason::NeedsOs { version, requires, running } => {
                format!("la {version} necesita antes la versión {requires} del sistema, y está en marcha la {running}")
            }
            SkipReason::NoWave(version) => format!("a este equipo todavía no le toca la {version}"),
            SkipReason::DesiredMissing(version) => format!("el canal anuncia la {version}, pero no la tiene"),
            SkipReason::PinMissing(version) => format!("el canal no tiene la {version}, en la que está fijado"),
        },
        en: why.to_string(),
    }
}

/// Why a box that others start does not take a version, as a part of a sentence.
#[must_use]
pub(crate) fn not_own(version: &Version) -> Text {
    Text {
        es: format!(
            "hay una versión {version}, pero este equipo no cambia de versión solo: lo hace quien lo instaló (paquete o contenedor)"
        ),
        en: format!(
            "there is a version {version}, but this box does not change its version itself: whoever installed it does (package or container)"
        ),
    }
}

/// The state of the operating system: sentences.
#[must_use]
pub(crate) fn system(os: &OsState) -> Vec<Text> {
    let OsReport { version: running, quarantined, refused, .. } = &os.report;
    let Text { es, en } = match os.report.state {
        TrialState::Trial => Text::fixed(", a prueba", ", on trial"),
        TrialState::Good | TrialState::Other => Text::fixed("", ""),
    };
    let mut sentences = vec![match &os.step {
        OsStep::Idle | OsStep::Other => {
            Text::new(format!("Sistema: versión {running}{es}."), format!("System: version {running}{en}."))
        }
        OsStep::Downloading { version, done, total } => {
            let percent = percent(*done, *total);
            Text::new(
                format!("Sistema: versión {running}{es}; descargando la {version}: {percent} %."),
                format!("System: version {running}{en}; {version} is being downloaded: {percent} %."),
            )
        }
        OsStep::Waiting { version, until, .. } => {
            let until = local(*until);
            Text::new(
                format!("Sistema: versión {running}{es}; la {version} se instalará en su horario: {until}."),
                format!("System: version {running}{en}; {version} will be put in place at its hour: {until}."),
            )
        }
        OsStep::Offered { version } => Text::new(
            format!("Sistema: versión {running}{es}; se va a instalar la {version} y el equipo se reiniciará solo."),
            format!("System: version {running}{en}; {version} is being installed, and the box restarts by itself."),
        ),
    }];
    if let (Some(why), Some(desired)) = (&os.decision, &os.desired)
        && desired != running
    {
        sentences.push(Text::new(
            format!("La versión {desired} del sistema no se instala, porque {}.", why.es),
            format!("The system's version {desired} is not put in place: {}.", why.en),
        ));
    }
    if let Some(refused) = refused {
        sentences.push(refused.clone());
    }
    for Quarantined { version, reason, .. } in quarantined {
        sentences.push(Text::new(
            format!(
                "La versión {version} del sistema no llegó a funcionar en este equipo y no se vuelve a probar: {reason}"
            ),
            format!("The system's version {version} did not come to work on this box and is not tried again: {reason}"),
        ));
    }
    sentences
}

/// Why a box that others start does not go back, as a part of a sentence.
#[must_use]
pub(crate) fn not_by_itself() -> Text {
    Text {
        es: "este equipo no cambia de versión solo: lo hace quien lo instaló (paquete o contenedor)".to_owned(),
        en: "this box does not change its version itself: whoever installed it does (package or container)".to_owned(),
    }
}

/// Why no order is taken, where too many wait.
#[must_use]
pub(crate) fn busy() -> Text {
    Text {
        es: "Hay demasiadas peticiones de actualización en este momento: vuelva a intentarlo dentro de un minuto."
            .to_owned(),
        en: "The updates take no more orders at present: repeat the order in a minute.".to_owned(),
    }
}

/// Why no order is taken during a trial.
#[must_use]
pub(crate) fn on_trial() -> Text {
    Text {
        es: "La versión en marcha está a prueba: vuelva a intentarlo cuando termine la prueba.".to_owned(),
        en: "The running version is on trial: repeat the order when that is over.".to_owned(),
    }
}

/// Why an order was not finished.
#[must_use]
pub(crate) fn overtaken() -> Text {
    Text {
        es: "Otra orden ha interrumpido esta: repítala si todavía hace falta.".to_owned(),
        en: "Another order came in between: repeat this one if it is still wanted.".to_owned(),
    }
}

/// Why no order is taken once the process is about to be replaced.
#[must_use]
pub(crate) fn switching(version: &Version) -> Text {
    Text {
        es: format!("El equipo está cambiando a la versión {version}: vuelva a intentarlo dentro de un minuto."),
        en: format!("The box is changing to version {version}: repeat the order in a minute."),
    }
}

/// Why there is nothing to be forgiven, as a part of a sentence.
#[must_use]
pub(crate) fn not_refused(version: &Version, os: Option<&OsState>) -> Text {
    let text = version.to_string();
    if os.is_some_and(|os| os.report.quarantined.iter().any(|one| one.version == text)) {
        return Text {
            es: format!(
                "la {version} rechazada es del sistema, no del programa: la siguiente del fabricante se pone como siempre, y a esta la admite otra vez root con «workshop-edge machine os forgive {version}»"
            ),
            en: format!(
                "the {version} that is refused is the system's, not the program's: the maker's next one is put in place as always, and root allows this one again with \"workshop-edge machine os forgive {version}\""
            ),
        };
    }
    Text {
        es: format!("este equipo no rechaza ninguna versión {version}"),
        en: format!("no version {version} is refused on this box"),
    }
}

/// What went wrong with an order, and what to do.
#[must_use]
pub(crate) fn failed(kind: FaultKind, detail: &str) -> Text {
    let fault = Fault { since: Timestamp::UNIX_EPOCH, kind, detail: detail.to_owned() };
    self::fault(&fault)
}

/// Why there is nothing to go back to, as a part of a sentence.
#[must_use]
pub(crate) fn no_previous() -> Text {
    Text {
        es: "no hay una versión anterior en este equipo".to_owned(),
        en: "there is no version before on this box".to_owned(),
    }
}

/// What went wrong, and what to do.
#[must_use]
pub(crate) fn fault(fault: &Fault) -> Text {
    let (Text { es, en }, detail) = (remedy::of(fault.kind), &fault.detail);
    Text::new(format!("{es} Detalle: {detail}"), format!("{en} Detail: {detail}"))
}

/// One change of version, on a line.
#[must_use]
pub(crate) fn entry(entry: &HistoryEntry) -> Text {
    let HistoryEntry { at, from, to, sha256: _, kind, bytes, was_delta, took_ms: _, outcome, votes } = entry;
    let at = local(*at);
    let kind = match kind {
        ChangeKind::Update => Text::fixed("actualización", "update"),
        ChangeKind::Rollback => Text::fixed("vuelta atrás ordenada por el fabricante", "rollback of the maker"),
        ChangeKind::Ordered => Text::fixed("pedida aquí", "asked for here"),
        ChangeKind::Forgiven => {
            return Text::new(
                format!("{at}  la versión {to}, que había fallado, se admite otra vez: pedido aquí"),
                format!("{at}  version {to}, which had failed, may be tried again: asked for here"),
            );
        }
        ChangeKind::Other => Text::fixed("otra", "other"),
    };
    let download = match (bytes, was_delta) {
        (0, _) => Text::new("sin descarga", "no download"),
        (bytes, true) => Text::new(format!("{bytes} B (diferencia)"), format!("{bytes} B (delta)")),
        (bytes, false) => Text::new(format!("{bytes} B"), format!("{bytes} B")),
    };
    let outcome = match outcome {
        ChangeOutcome::OnTrial => Text::new("a prueba", "on trial"),
        ChangeOutcome::Confirmed { .. } => {
            let works = Text::new("funciona", "works");
            votes.as_ref().map(ScreenVotes::text).map_or(works.clone(), |Text { es, en }| {
                Text::new(format!("{} ({es})", works.es), format!("{} ({en})", works.en))
            })
        }
        ChangeOutcome::Reverted { reason, .. } => Text::new(
            format!("falló y volvió la anterior: {reason}"),
            format!("failed, the one before came back: {reason}"),
        ),
    };
    let took = entry.took().as_secs_f64();
    let line = |kind, download, outcome| format!("{at}  {from} → {to}  {kind}, {download}, {took:.1} s  {outcome}");
    Text::new(line(kind.es, download.es, outcome.es), line(kind.en, download.en, outcome.en))
}

/// Whole per cent.
#[must_use]
pub(crate) fn percent(done: u64, total: u64) -> u64 {
    done.saturating_mul(100).checked_div(total).unwrap_or(0).min(100)
}

/// A moment in the machine's time zone.
fn local(at: Timestamp) -> impl Display {
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::lang::Lang;
    use crate::update::order::Override;

    fn said(state: &State, lang: Lang) -> Vec<String> {
        sentences(state).0.iter().map(|sentence| sentence.pick(lang).to_owned()).collect()
    }

    fn state(phase: Phase) -> State {
        State {
            channel: "stable".into(),
            running: Version::new(1, 0, 0),
            slot: Some("a".into()),
            phase,
            desired: Some(Version::new(1, 1, 0)),
            checked: Some(Timestamp::UNIX_EPOCH),
            expires: BTreeMap::new(),
            decision: None,
            order: Override { pin: Some(Version::new(1, 0, 0)), held: true },
            previous: None,
            quarantined: vec![Quarantined { version: "1.0.9".into(), sha256: String::new(), reason: "hung".into() }],
            os: None,
            votes: None,
            fault: Some(Fault { since: Timestamp::UNIX_EPOCH, kind: FaultKind::Expired, detail: "timestamp".into() }),
        }
    }

    #[test]
    fn every_phase_has_words_of_its_own_in_both_languages() {
        let version = Version::new(1, 1, 0);
        let until = Timestamp::UNIX_EPOCH;
        let phases = [
            Phase::Idle,
            Phase::Checking,
            Phase::Downloading { version: version.clone(), done: 1, total: 4 },
            Phase::Staging { version: version.clone() },
            Phase::Waiting { version: version.clone(), until, wait: WaitReason::Window, is_here: false },
            Phase::Waiting { version: version.clone(), until, wait: WaitReason::Window, is_here: true },
            Phase::Waiting { version: version.clone(), until, wait: WaitReason::Wave, is_here: false },
            Phase::Switching { version },
            Phase::OnTrial,
        ];
        let mut seen = std::collections::HashSet::new();
        for phase in phases {
            for lang in [Lang::Es, Lang::En] {
                let sentences = said(&state(phase.clone()), lang);
                assert_eq!(sentences.len(), 6, "{sentences:?}");
                assert!(seen.insert(sentences[0].clone()), "{sentences:?}");
            }
        }
        assert!(seen.contains("Version 1.1.0 is being downloaded: 25 %."), "{seen:?}");
    }

    #[test]
    fn what_is_in_the_way_is_said_once() {
        let why = words_of_why();
        let quiet = State { order: Override::default(), quarantined: Vec::new(), fault: None, ..state(Phase::Idle) };
        let idle = State { decision: Some(why), ..quiet };
        assert_eq!(
            said(&idle, Lang::En)[..2],
            [
                "Version 1.0.0 runs; the one of the channel stable is 1.1.0.",
                "It is not put in place: there is no 1.1.0 for arm."
            ]
        );
        assert_eq!(said(&idle, Lang::Es)[1], "No se instala, porque no hay versión 1.1.0 para arm.");
        let held = State {
            order: Override { pin: None, held: true },
            decision: Some(super::why(&SkipReason::Held)),
            ..idle.clone()
        };
        assert_eq!(said(&held, Lang::En).len(), 3);
        // The hold is not what keeps the box from a version that there is not.
        let pin = Version::new(9, 9, 9);
        let decision = Some(super::why(&SkipReason::PinMissing(pin.clone())));
        let missing = State { order: Override { pin: Some(pin), held: true }, decision, ..idle.clone() };
        assert_eq!(
            said(&missing, Lang::En)[1..4],
            [
                "It is not put in place: the pinned 9.9.9 is not among the channel's releases.",
                "Pinned to version 9.9.9.",
                "Updates are on hold: they are made only when somebody asks for them here."
            ]
        );
        let up_to_date = State { desired: Some(Version::new(1, 0, 0)), ..idle };
        assert_eq!(said(&up_to_date, Lang::En).len(), 2);
    }

    fn words_of_why() -> Text {
        why(&SkipReason::UnknownPlatform { version: Version::new(1, 1, 0), platform: "arm".into() })
    }

    #[test]
    fn a_box_that_others_update_says_so() {
        let unmanaged = State { slot: None, ..state(Phase::Idle) };
        assert!(phase(&unmanaged).es.contains("no se actualiza solo"));
    }
}
