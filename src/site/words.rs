//! What is wrong with a site and what to do about it, for the people in front of the TV and for those who are called.

use std::io;
use std::path::Path;

use super::directory::DirectoryError;
use super::left_out::{LeftOut, SkipReason};
use crate::lang::Text;

/// How many files a sentence names.
const MAX_IN_SENTENCE: usize = 5;
const MIB: u64 = 1024 * 1024;

impl DirectoryError {
    /// What is wrong.
    #[must_use]
    pub(crate) fn what(&self) -> Text {
        match self {
            Self::Missing(path) => {
                let path = path.display();
                Text::new(format!("El directorio {path} no existe."), format!("The directory {path} does not exist."))
            }
            Self::NotDirectory(path) => {
                let path = path.display();
                Text::new(format!("{path} no es un directorio."), format!("{path} is not a directory."))
            }
            Self::Read { path, source } => {
                let path = path.display();
                let reason = io_reason(source.kind());
                Text::new(
                    format!("El equipo no puede leer {path}: {}.", reason.es),
                    format!("The box cannot read {path}: {}.", reason.en),
                )
            }
            Self::Empty(path) => {
                let path = path.display();
                Text::new(format!("El directorio {path} está vacío."), format!("The directory {path} is empty."))
            }
            Self::NoIndex { path, .. } => {
                let path = path.display();
                Text::new(format!("En {path} no hay index.html."), format!("{path} has no index.html."))
            }
            Self::BadIndex { path, reason } => {
                let (path, reason) = (path.display(), reason.words());
                Text::new(
                    format!("El index.html de {path} no se puede servir: {}.", reason.es),
                    format!("The index.html of {path} cannot be served: {}.", reason.en),
                )
            }
            Self::TooManyFiles { path, files, is_cut, max } => {
                let (path, over) = (path.display(), files.saturating_sub(*max));
                let Text { es, en } = if *is_cut { Text::fixed("al menos ", "at least ") } else { Text::fixed("", "") };
                Text::new(
                    format!("{path} tiene {es}{files} archivos: {over} más de los que permite site.max_files ({max})."),
                    format!("{path} has {en}{files} files: {over} more than site.max_files ({max}) allows."),
                )
            }
            Self::TooLarge { path, bytes, max } => {
                let path = path.display();
                let (size, max) = (bytes.div_ceil(MIB), max / MIB);
                let over = size.saturating_sub(max);
                Text::new(
                    format!("{path} ocupa {size} MiB: {over} MiB más de lo que permite site.max_size_mib ({max})."),
                    format!("{path} holds {size} MiB: {over} MiB more than site.max_size_mib ({max}) allows."),
                )
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn remedy(&self) -> Text {
        match self {
            Self::Missing(path) => hidden_from_service(path).unwrap_or_else(|| {
                Text::new(
                    "Conecte el disco o la unidad de red, copie ahí la web, o corrija site.dir.",
                    "Connect the disk or the network drive, copy the site there, or correct site.dir.",
                )
            }),
            Self::NotDirectory(_) => Text::new(
                "Ponga en site.dir el directorio que contiene index.html.",
                "Set site.dir to the directory that holds index.html.",
            ),
            Self::Read { path, source } => match hidden_from_service(path) {
                Some(words) => words,
                None if source.kind() == io::ErrorKind::PermissionDenied => {
                    let path = path.display();
                    Text::new(
                        format!("Permita a todos leerlo: chmod -R a+rX {path}"),
                        format!("Let everybody read it: chmod -R a+rX {path}"),
                    )
                }
                None => Text::new(
                    "Revise el disco o la unidad de red en que está.",
                    "Check the disk or the network drive that it is on.",
                ),
            },
            Self::Empty(path) => hidden_from_service(path).unwrap_or_else(|| {
                Text::new(
                    "Conecte el disco o la unidad de red, o copie ahí los archivos de la web.",
                    "Connect the disk or the network drive, or copy the site's files there.",
                )
            }),
            Self::NoIndex { elsewhere: Some(elsewhere), .. } => {
                let elsewhere = elsewhere.display();
                Text::new(
                    format!("Hay uno en {elsewhere}: póngalo en site.dir."),
                    format!("There is one in {elsewhere}: set site.dir to it."),
                )
            }
            Self::NoIndex { elsewhere: None, .. } => Text::new(
                "Copie ahí la web ya construida (suele llamarse dist o build), no el proyecto.",
                "Copy the built site there (often called dist or build), not the project.",
            ),
            Self::BadIndex { .. } => Text::new(
                "Ponga ahí un index.html que todos puedan leer.",
                "Put an index.html there that everybody can read.",
            ),
            Self::TooManyFiles { .. } => Text::new(
                "Si es el directorio correcto, suba site.max_files; si no, corrija site.dir.",
                "If this is the right directory, raise site.max_files; if not, correct site.dir.",
            ),
            Self::TooLarge { .. } => Text::new(
                "Si es el directorio correcto, suba site.max_size_mib; si no, corrija site.dir.",
                "If this is the right directory, raise site.max_size_mib; if not, correct site.dir.",
            ),
        }
    }
}

/// The packages' service sees nothing of these (`ProtectHome=yes`, `PrivateTmp=yes`).
fn hidden_from_service(path: &Path) -> Option<Text> {
    ["/home", "/root", "/run/user", "/tmp", "/var/tmp"].iter().any(|hidden| path.starts_with(hidden)).then(|| {
        Text::new(
            "Si existe: el servicio no ve /home, /root, /run/user ni /tmp. Copie la web a /srv, por ejemplo.",
            "If it is there: the service sees nothing of /home, /root, /run/user and /tmp. Copy the site to /srv, say.",
        )
    })
}

impl SkipReason {
    /// As the rest of a sentence.
    #[must_use]
    pub(crate) fn words(self) -> Text {
        match self {
            Self::NotUtf8 => Text::new("su nombre no es UTF-8", "its name is not UTF-8"),
            Self::TooLong => Text::new("su ruta es demasiado larga", "its path is too long"),
            Self::Reserved => Text::new("esa ruta es del propio equipo", "the box keeps that path for itself"),
            Self::OfErp => {
                Text::new("ahí responde el equipo con datos del ERP", "the box answers there with the ERP's figures")
            }
            Self::LinkOut => {
                Text::new("es un enlace que sale del directorio", "it is a link that leads out of the directory")
            }
            Self::BrokenLink => Text::new("es un enlace que no lleva a nada", "it is a link to nothing"),
            Self::LinkToDirectory => Text::new("es un enlace a un directorio", "it is a link to a directory"),
            Self::NoFile => Text::new("no es un archivo normal", "it is not a regular file"),
            Self::TooManyOpen => Text::new(
                "hay más archivos grandes de los que el proceso puede tener abiertos (LimitNOFILE)",
                "there are more large files than the process may keep open (LimitNOFILE)",
            ),
            Self::Changing => Text::new("cambió mientras se leía", "it changed while it was read"),
            Self::Read(kind) => {
                let reason = io_reason(kind);
                Text::new(format!("no se puede leer ({})", reason.es), format!("it cannot be read ({})", reason.en))
            }
        }
    }
}

impl LeftOut {
    /// What is skipped and why; `None` when nothing is.
    #[must_use]
    pub(crate) fn words(&self) -> Option<Text> {
        let shown = self.named().iter().take(MAX_IN_SENTENCE);
        let rest = self.total().saturating_sub(shown.len());
        let shown = shown.map(|(path, reason)| reason.words().map(|reason| format!("{} ({reason})", printable(path))));
        let Text { es, en } = Text::join(shown, ", ");
        let more = |words: &str| if rest > 0 { format!(" {words} {rest}") } else { String::new() };
        (self.total() > 0).then(|| {
            Text::new(
                format!("No se sirve: {es}{}.", more("y otros")),
                format!("Not served: {en}{}.", more("and others:")),
            )
        })
    }
}

/// A name that steers no terminal and breaks no line, cut to what fits into a sentence.
fn printable(path: &str) -> String {
    const LONGEST: usize = 80;
    let visible = |character: char| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character };
    let mut short: String = path.chars().take(LONGEST).map(visible).collect();
    if path.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

fn io_reason(kind: io::ErrorKind) -> Text {
    match kind {
        io::ErrorKind::PermissionDenied => Text::new("falta el permiso", "permission denied"),
        io::ErrorKind::StaleNetworkFileHandle | io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable => {
            Text::new("la unidad de red no responde", "the network drive does not answer")
        }
        kind => Text::new(kind.to_string(), kind.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_a_few_files_and_counts_the_rest() {
        assert_eq!(LeftOut::default().words(), None);
        let many = (0..7).map(|number| (format!("/{number}\n"), SkipReason::NotUtf8)).collect();
        let words = LeftOut::new(many).words().expect("words");
        assert!(words.es.ends_with("/4\u{fffd} (su nombre no es UTF-8) y otros 2."), "{}", words.es);
        assert!(words.en.starts_with("Not served: /0\u{fffd} (its name is not UTF-8), "), "{}", words.en);
    }

    #[test]
    fn a_limit_is_named_with_its_key_and_by_how_much_it_is_exceeded() {
        let large = DirectoryError::TooLarge { path: "/srv/x".into(), bytes: 300 * MIB + 1, max: 256 * MIB };
        assert!(large.what().en.contains("301 MiB: 45 MiB more than site.max_size_mib (256)"), "{}", large.what().en);
        let many = DirectoryError::TooManyFiles { path: "/srv/x".into(), files: 12, is_cut: false, max: 10 };
        assert!(many.what().es.contains("2 más de los que permite site.max_files (10)"), "{}", many.what().es);
        assert_eq!(many.to_string(), many.what().en);
    }

    #[test]
    fn a_directory_that_the_service_cannot_see_is_explained() {
        let remedy = |path: &str| DirectoryError::Missing(path.into()).remedy().en;
        assert!(remedy("/home/maria/dist").contains("/srv"));
        assert!(!remedy("/mnt/dist").contains("/srv"));
    }
}
