//! `workshop-edge support-bundle`: what support needs, from the running box, or else from its disk.

use super::configuration::{configured, load_configuration, overrides};
use super::program::subcommand;
use super::{control, output};
use crate::bounded_read::{self, read_text_bounded};
use crate::control::{Client, ControlCommand, MAX_BODY};
use crate::support_bundle::{self, BundleInputs};
use crate::{
    config::{self, Loaded, Overrides},
    durable, error_chain,
    lang::{Lang, Text},
};
use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};
use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The service whose journal is read.
const UNIT: &str = "workshop-edge.service";

#[derive(Debug, PartialEq, Eq)]
pub struct SupportBundleArgs {
    pub(super) overrides: Overrides,
    /// The file; `-` for standard output, `None` for a new one.
    pub(super) output: Option<PathBuf>,
}

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    let command = subcommand("support-bundle", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick(
            "Reúne en un archivo lo que hace falta para averiguar qué falla, sin secretos",
            "Collect in one file what is needed to find out what is wrong, without secrets",
        ))
        .arg(
            Arg::new("output")
                .short('o')
                .long("output")
                .value_name(lang.pick("ARCHIVO", "FILE"))
                .value_hint(ValueHint::FilePath)
                .value_parser(value_parser!(OsString))
                .help(lang.pick(
                    "Archivo tar.gz que se escribe; - es la salida estándar [por defecto: uno nuevo aquí]",
                    "File to write, a tar.gz; - is standard output [default: a new one here]",
                )),
        );
    configured(command, lang)
}

impl SupportBundleArgs {
    pub(super) fn of(matches: &ArgMatches) -> Self {
        let output = matches.get_one::<OsString>("output").map(PathBuf::from);
        Self { overrides: overrides(matches), output }
    }
}

/// Writes a bundle, and says where it is and what it contains.
pub(super) fn run(args: SupportBundleArgs, lang: Lang) -> ExitCode {
    let SupportBundleArgs { overrides, output } = args;
    let loaded = match load_configuration(overrides, lang) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let (bytes, remark) = match collect(&loaded.config.data_dir, Ok(effective(&loaded))) {
        Ok(collected) => collected,
        Err(words) => return output::failure(words.pick(lang)),
    };
    if let Some(Text { es, en }) = remark {
        output::print_error(Text::new(format!("aviso: {es}\n"), format!("warning: {en}\n")).pick(lang));
    }
    if output.as_deref() == Some(Path::new("-")) {
        return output::bytes(&bytes, 0);
    }
    let path = output.unwrap_or_else(|| PathBuf::from(support_bundle::file_name(&bytes)));
    if let Err(error) = durable::write(&path, &bytes, 0o600) {
        return output::failure(&error_chain(&error));
    }
    output::answer(describe(&path, bytes.len()).pick(lang), 0)
}

/// Where it is and what it contains.
fn describe(path: &Path, size: usize) -> Text {
    let path = path.display();
    let heading = Text::new(format!("{path} ({size} bytes) contiene:\n"), format!("{path} ({size} bytes) contains:\n"));
    let contents = support_bundle::contents();
    let contents = contents.iter().map(|line| line.map(|line| format!("  {line}\n")));
    let promise = Text::new(
        "MANIFEST.txt dice qué falta. Nunca contiene el PIN, claves privadas ni contraseñas.\n",
        "MANIFEST.txt says what is missing. It never contains the PIN, private keys or passwords.\n",
    );
    Text::join([heading].into_iter().chain(contents).chain([promise]), "")
}

/// The configuration that holds, as the bundle has it.
pub(super) fn effective(loaded: &Loaded) -> Vec<u8> {
    format!("{:#}\n", config::effective_json(&loaded.effective)).into_bytes()
}

/// The bundle of the box that keeps its data there, and what is to be said of how it was made. The configuration is for
/// a box that does not answer.
pub(super) fn collect(data_dir: &Path, config: Result<Vec<u8>, String>) -> Result<(Vec<u8>, Option<Text>), Text> {
    let journal = support_bundle::journal(UNIT);
    let client = Client::new(data_dir).max_body(support_bundle::MAX_BYTES);
    let body = journal.as_ref().map(|text| tail(text, MAX_BODY)).unwrap_or_default();
    // A bundle is always made: it may be the box that does not work.
    let Text { es, en } = match client.send(ControlCommand::SupportBundle, body) {
        Ok(reply) => match control::accepted(&reply) {
            Ok(()) => return Ok((reply.body, None)),
            Err(fault) => fault,
        },
        Err(error) => control::words(&error),
    };
    let absent = || Err("the service did not answer".to_owned());
    let id = read_text_bounded(&data_dir.join("box-id"), bounded_read::SHORT);
    let id = id.map_or_else(|_| "unknown".into(), |id| id.trim().to_owned());
    let given = BundleInputs {
        id,
        data_dir: data_dir.to_owned(),
        status: absent(),
        health: absent(),
        updates: absent(),
        config,
        log: absent(),
        journal,
    };
    let bundle = support_bundle::gather(given).map_err(|error| Text::same(error_chain(&error)))?;
    let remark = Text::new(
        format!("reunido del disco, sin el servicio: {es}"),
        format!("collected from the disk, without the service: {en}"),
    );
    Ok((bundle.bytes, Some(remark)))
}

/// The last bytes of a text, from the beginning of a line.
fn tail(text: &[u8], most: usize) -> &[u8] {
    let Some(start) = text.len().checked_sub(most).filter(|start| *start > 0) else { return text };
    let end = text.get(start..).unwrap_or_default();
    let newline = end.iter().position(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    end.get(newline..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_journal_the_last_whole_lines_are_sent() {
        assert_eq!(tail(b"one\ntwo\n", 8), b"one\ntwo\n");
        assert_eq!(tail(b"one\ntwo\n", 7), b"two\n");
        assert_eq!(tail(b"one\ntwo\n", 2), b"");
        assert_eq!(tail(b"", 2), b"");
    }

    #[test]
    fn it_says_what_it_contains_in_both_languages() {
        let text = describe(Path::new("/tmp/a.tar.gz"), 7);
        for (lang, word) in [(Lang::Es, "contiene:"), (Lang::En, "contains:")] {
            let text = text.pick(lang);
            assert!(text.starts_with(&format!("/tmp/a.tar.gz (7 bytes) {word}\n")), "{text}");
            assert!(support_bundle::contents().iter().all(|line| text.contains(line.pick(lang))));
        }
    }
}
