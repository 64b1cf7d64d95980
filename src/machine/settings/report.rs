//! What there is to say of the settings: as notices, and as a file beside them.

use std::fs;
use std::path::Path;

use super::apply::{Source, for_windows};
use super::files::FileError;
use super::keys::SETTINGS;
use super::last_good::KeepError;
use super::partition::{is_there, while_writable};
use super::secrets::SecretsMove;
use super::types::OwnKeys;
use super::{Checked, NAME, SECRETS_NAME, Secrets, Settings};
use crate::config::{Fault, Warning};
use crate::durable;
use crate::error_chain;
use crate::lang::{Lang, Text};
use crate::machine::Paths;
use crate::machine::notices::{self, Level, Notice};
use crate::schema::HostAddress;

/// The files beside the settings, by language.
const FILES: [(Lang, &str); 2] = [(Lang::Es, "ERRORES.txt"), (Lang::En, "ERRORS.txt")];
/// Findings that a notice has room for; the file has all.
const MAX_IN_A_NOTICE: usize = 5;

/// Everything that there is to say.
#[derive(Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
}

/// Something to say.
pub(super) enum Finding {
    /// The file has mistakes; `text` is what it says, when it is text.
    Findings { faults: Vec<Fault>, warnings: Vec<Warning>, text: Option<String> },
    /// There is no partition with settings.
    NoPartition,
    /// The file cannot be read.
    Unreadable(FileError),
    /// There was none, and one has been put there.
    Missing { is_last_good: bool, written: Result<(), FileError> },
    /// A part of them could not be applied.
    NotApplied { es: &'static str, en: &'static str, error: FileError },
    /// They hold, but are not kept.
    NotKept(KeepError),
    /// The outcome of moving the secrets.
    Secrets(SecretsMove),
    /// A file beside them that is not read, and which one it was probably meant to be.
    Misnamed { name: String, meant: &'static str },
    /// They can be used, but somebody should know.
    Remark { level: Level, es: String, en: String },
}

/// What one notice is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Settings,
    Secrets,
    Remarks,
}

impl Subject {
    const ALL: [Self; 3] = [Self::Settings, Self::Secrets, Self::Remarks];

    fn name(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Secrets => "secrets",
            Self::Remarks => "settings-remarks",
        }
    }
}

impl Report {
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// What the settings ask for and will not have.
    pub(super) fn remarks(&mut self, settings: &Settings, secrets: &Secrets, has_wifi: bool) {
        let OwnKeys { network, wifi, data, .. } = &settings.own;
        let mut remark =
            |level, es: &str, en: &str| self.add(Finding::Remark { level, es: es.to_owned(), en: en.to_owned() });
        if data.erp.is_some() {
            remark(
                Level::Info,
                "Esta versión todavía no usa erp.url: se guarda para las que lo hagan.",
                "This version does not use erp.url yet: it is kept for those that do.",
            );
        }
        if data.screens.is_some() {
            remark(
                Level::Info,
                "Esta versión todavía no usa screens: se guarda para las que lo hagan.",
                "This version does not use screens yet: it is kept for those that do.",
            );
        }
        if network.address != HostAddress::Dhcp
            && (network.gateway.is_none() || network.dns.as_ref().is_none_or(Vec::is_empty))
        {
            remark(
                Level::Info,
                "Con una dirección fija y sin network.gateway o sin network.dns no hay actualizaciones ni hora de internet.",
                "With a fixed address and without network.gateway or network.dns there are no updates and no time from the internet.",
            );
        }
        if secrets.proxy_user.is_some() != secrets.proxy_password.is_some() {
            remark(
                Level::Warning,
                "La cuenta del proxy está a medias: ponga proxy.user y proxy.password en secrets.txt.",
                "The proxy's account is incomplete: put proxy.user and proxy.password into secrets.txt.",
            );
        }
        if wifi.ssid.is_some() && !has_wifi {
            remark(
                Level::Warning,
                "Esta imagen no tiene Wi-Fi: wifi.ssid no vale. Use la imagen con Wi-Fi, o un cable.",
                "This image has no Wi-Fi: wifi.ssid does not hold. Use the image with Wi-Fi, or a cable.",
            );
        } else if wifi.ssid.is_some() && secrets.wifi_passphrase.is_none() {
            remark(
                Level::Warning,
                "Falta la contraseña de la Wi-Fi: ponga wifi.passphrase en secrets.txt, o la red será abierta.",
                "The passphrase of the Wi-Fi is missing: put wifi.passphrase into secrets.txt, or the network is taken as open.",
            );
        }
    }
}

/// Says it all, and gives it back. What cannot be said in one place is said in the others.
pub(super) fn publish(paths: &Paths, report: &Report, source: &Source) -> Vec<Text> {
    let mut lines = Vec::new();
    for subject in Subject::ALL {
        let mut level = Level::Info;
        let (mut es, mut en) = (Vec::new(), Vec::new());
        for finding in report.findings.iter().filter(|finding| finding.subject() == subject) {
            level = level.max(finding.level());
            es.extend(finding.sentences(source, Lang::Es));
            en.extend(finding.sentences(source, Lang::En));
        }
        let directory = paths.run_notices();
        let done = if es.is_empty() {
            notices::clear(&directory, subject.name())
        } else {
            notices::put(&directory, subject.name(), &Notice { level, text: Text::new(es.join("\n"), en.join("\n")) })
        };
        if let Err(error) = done {
            let detail = error_chain(&error);
            es.push(format!("El aviso no se puede mostrar: {detail}"));
            en.push(format!("The notice cannot be shown: {detail}"));
        }
        lines.extend(es.into_iter().zip(en).map(|(es, en)| Text { es, en }));
    }
    if let Err(error) = write_beside(paths, report, source) {
        let detail = error_chain(&error);
        lines.push(Text::new(
            format!("Los errores no se pueden escribir junto a {NAME}: {detail}"),
            format!("What is wrong cannot be written beside {NAME}: {detail}"),
        ));
    }
    lines
}

impl Finding {
    fn subject(&self) -> Subject {
        match self {
            Self::Secrets(_) => Subject::Secrets,
            Self::Misnamed { meant, .. } if *meant == SECRETS_NAME => Subject::Secrets,
            Self::Remark { .. } => Subject::Remarks,
            _ => Subject::Settings,
        }
    }

    fn level(&self) -> Level {
        match self {
            Self::Remark { level, .. } => *level,
            Self::Missing { .. } | Self::Secrets(SecretsMove::Done | SecretsMove::Nothing) => Level::Info,
            // It may be a copy that somebody wants to keep.
            Self::Misnamed { meant, .. } if *meant == NAME => Level::Info,
            Self::NotApplied { .. } => Level::Fault,
            _ => Level::Warning,
        }
    }

    /// In sentences, as many in one language as in the other.
    fn sentences(&self, source: &Source, lang: Lang) -> Vec<String> {
        match self {
            Self::Findings { faults, warnings, text: _ } => {
                let lines = found(faults, warnings, lang);
                let left = lines.len().saturating_sub(MAX_IN_A_NOTICE);
                let more = lang.pick(
                    format!("y {left} más: vea ERRORES.txt junto al archivo."),
                    format!("and {left} more: see ERRORS.txt beside the file."),
                );
                let first = if faults.is_empty() { Vec::new() } else { vec![instead(source, faults.len(), lang)] };
                let lines = lines.into_iter().take(MAX_IN_A_NOTICE).map(|(_, line)| format!("{NAME}, {line}"));
                first.into_iter().chain(lines).chain((left > 0).then_some(more)).collect()
            }
            other => vec![other.sentence(source, lang)],
        }
    }

    fn sentence(&self, source: &Source, lang: Lang) -> String {
        match self {
            Self::Findings { .. } => String::new(),
            Self::NoPartition => lang.pick(
                format!("No se encuentra la unidad TALLER con {NAME}. {}", holds(source, lang)),
                format!("The drive TALLER with {NAME} is not found. {}", holds(source, lang)),
            ),
            Self::Unreadable(error) => lang.pick(
                format!("{NAME} no se puede leer. {} Detalle: {}", holds(source, lang), error_chain(error)),
                format!("{NAME} cannot be read. {} Details: {}", holds(source, lang), error_chain(error)),
            ),
            Self::Missing { is_last_good: true, written: Ok(()) } => lang.pick(
                format!("Faltaba {NAME}: se ha vuelto a escribir el último bueno."),
                format!("{NAME} was missing: the last good one has been put back."),
            ),
            Self::Missing { is_last_good: false, written: Ok(()) } => lang.pick(
                format!("Faltaba {NAME}: se ha escrito uno nuevo. Se usa DHCP."),
                format!("{NAME} was missing: a new one has been written. DHCP is used."),
            ),
            Self::Missing { written: Err(error), .. } => lang.pick(
                format!(
                    "Falta {NAME}, y no se puede escribir otro. {} Detalle: {}",
                    holds(source, lang),
                    error_chain(error)
                ),
                format!(
                    "{NAME} is missing, and no other can be written. {} Details: {}",
                    holds(source, lang),
                    error_chain(error)
                ),
            ),
            Self::NotApplied { es, en, error } => lang.pick(
                format!("De los ajustes no se ha podido aplicar: {es}. Detalle: {}", error_chain(error)),
                format!("Of the settings, this could not be applied: {en}. Details: {}", error_chain(error)),
            ),
            Self::NotKept(error) => lang.pick(
                format!("Los ajustes valen, pero no se puede guardar copia de ellos. Detalle: {}", error_chain(error)),
                format!("The settings hold, but no copy of them can be kept. Details: {}", error_chain(error)),
            ),
            Self::Secrets(moved) => secrets(moved, lang),
            Self::Misnamed { name, meant } => misnamed(name, meant, lang),
            Self::Remark { es, en, .. } => lang.pick(es, en).clone(),
        }
    }
}

/// Which settings hold.
fn holds(source: &Source, lang: Lang) -> String {
    match source {
        Source::File => lang.pick("Valen los del archivo.", "Those of the file hold.").to_owned(),
        Source::LastGood { applied } => {
            let day = applied.split('T').next().unwrap_or(applied);
            lang.pick(
                format!("Valen los últimos ajustes buenos, del {day}."),
                format!("The last good settings hold, of {day}."),
            )
        }
        Source::Defaults => {
            lang.pick("Valen los ajustes de fábrica, con DHCP.", "The factory settings hold, with DHCP.").to_owned()
        }
    }
}

fn instead(source: &Source, faults: usize, lang: Lang) -> String {
    let holds = holds(source, lang);
    if faults == 1 {
        return lang.pick(format!("{NAME} tiene un error. {holds}"), format!("{NAME} has a fault. {holds}"));
    }
    lang.pick(format!("{NAME} tiene {faults} errores. {holds}"), format!("{NAME} has {faults} faults. {holds}"))
}

/// Everything that was found, one line each, in the order of the file; with the line's number.
fn found(faults: &[Fault], warnings: &[Warning], lang: Lang) -> Vec<(Option<usize>, String)> {
    let faults = faults.iter().map(|fault| {
        let key = fault.key.as_ref().map(|key| format!("{}: ", key.escape_debug())).unwrap_or_default();
        let problem = fault.problem(lang).replace("\n    ", ": ");
        let example = fault.example().map(|example| format!(" ({} {example})", lang.pick("ejemplo:", "example:")));
        (fault.origin.line(), format!("{key}{problem}{}", example.unwrap_or_default()))
    });
    let warnings = warnings
        .iter()
        .map(|warning| (warning.origin.line(), format!("{}: {}", warning.name.escape_debug(), warning.text(lang))));
    let mut lines: Vec<_> = faults
        .chain(warnings)
        .map(|(line, words)| match line {
            Some(number) => (line, format!("{} {number}: {words}", lang.pick("línea", "line"))),
            None => (line, words),
        })
        .collect();
    lines.sort_by_key(|(line, _)| *line);
    lines
}

fn misnamed(name: &str, meant: &str, lang: Lang) -> String {
    let name = name.escape_debug();
    let still = if meant == SECRETS_NAME {
        lang.pick(
            " Las contraseñas que tenga siguen en la unidad TALLER, donde cualquiera las lee.",
            " Passwords in it stay on the drive TALLER, where anybody reads them.",
        )
    } else {
        ""
    };
    lang.pick(
        format!("El archivo \"{name}\" no se lee: ¿debe llamarse {meant}? Windows puede ocultar cómo termina un nombre.{still}"),
        format!("The file \"{name}\" is not read: is it to be called {meant}? Windows may hide how a name ends.{still}"),
    )
}

fn secrets(moved: &SecretsMove, lang: Lang) -> String {
    const FILE: &str = SECRETS_NAME;
    match moved {
        SecretsMove::Nothing => String::new(),
        SecretsMove::Done => lang.pick(
            format!("Las contraseñas de {FILE} se han guardado en el equipo, y se han borrado del archivo."),
            format!("The secrets of {FILE} are kept in the box, and have been wiped from the file."),
        ),
        SecretsMove::Stays(error) => lang.pick(
            format!(
                "Las contraseñas se han guardado, pero {FILE} no se puede borrar: bórrelo. Detalle: {}",
                error_chain(error)
            ),
            format!("The secrets are kept, but {FILE} cannot be wiped: delete it. Details: {}", error_chain(error)),
        ),
        SecretsMove::NotKept(error) => {
            let detail = error.as_ref().map(|error| format!(" ({})", error_chain(error))).unwrap_or_default();
            lang.pick(
                format!("Las contraseñas no se pueden guardar{detail}: {FILE} se queda donde está."),
                format!("The secrets cannot be kept{detail}: {FILE} stays where it is."),
            )
        }
        SecretsMove::Wrong(Checked { faults, warnings, .. }) => {
            let lines = found(faults, warnings, lang).into_iter().map(|(_, line)| line).collect::<Vec<_>>().join("; ");
            lang.pick(
                format!("{FILE} tiene errores y se queda donde está: corríjalo. {lines}"),
                format!("{FILE} has faults and stays where it is: put it right. {lines}"),
            )
        }
        SecretsMove::Unreadable(error) => lang.pick(
            format!("{FILE} no se puede leer. Detalle: {}", error_chain(error)),
            format!("{FILE} cannot be read. Details: {}", error_chain(error)),
        ),
    }
}

/// Writes what is wrong beside the files that it is about, or removes what was written there before. A partition that
/// says the same already is not written to.
fn write_beside(paths: &Paths, report: &Report, source: &Source) -> Result<(), FileError> {
    if !is_there(paths) {
        return Ok(());
    }
    let partition = paths.settings_partition();
    let wanted = FILES.map(|(lang, name)| (partition.join(name), rendered(report, source, lang)));
    if wanted.iter().all(|(path, report)| is_written(path, report.as_deref())) {
        return Ok(());
    }
    while_writable(&partition, || {
        for (path, report) in &wanted {
            match report {
                Some(report) => durable::write(path, report.as_bytes(), 0o644)?,
                None => durable::remove(path)?,
            }
        }
        Ok(())
    })
}

fn is_written(path: &Path, report: Option<&str>) -> bool {
    match (fs::read(path), report) {
        (Ok(found), Some(report)) => found == report.as_bytes(),
        (Err(error), None) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

/// What is wrong with the files, for an editor of Windows; `None` when nothing is.
fn rendered(report: &Report, source: &Source, lang: Lang) -> Option<String> {
    let mut text = String::new();
    for finding in &report.findings {
        match finding {
            Finding::Findings { faults, warnings, text: file } => {
                if faults.is_empty() {
                    text += &lang.pick(
                        format!("{NAME} vale, pero tiene algo que el equipo no conoce.\n\n"),
                        format!("{NAME} holds, but has something that the box does not know.\n\n"),
                    );
                } else {
                    text += &(instead(source, faults.len(), lang) + "\n\n");
                }
                for (number, line) in found(faults, warnings, lang) {
                    let quoted = number.and_then(|number| file.as_ref()?.lines().nth(number.checked_sub(1)?));
                    let quoted = quoted.filter(|line| !SETTINGS.holds_secret(line));
                    text += &(line + "\n");
                    if let Some(quoted) = quoted {
                        text += &["    ", quoted.trim(), "\n"].concat();
                    }
                    text.push('\n');
                }
            }
            Finding::Secrets(moved @ (SecretsMove::Wrong(_) | SecretsMove::Stays(_) | SecretsMove::Unreadable(_))) => {
                text += &(secrets(moved, lang) + "\n\n");
            }
            Finding::Misnamed { name, meant } => text += &(misnamed(name, meant, lang) + "\n\n"),
            _ => {}
        }
    }
    (!text.is_empty()).then(|| for_windows(&text))
}
