//! `workshop-edge man`, the manual page: the commands from the definition of the command line, the keys from the configuration's reference.

use super::program::{self, subcommand};
use super::{EXIT_FAILURE, output};
use crate::{config, lang::Lang};
use clap::Command;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};
use std::{io, process::ExitCode};

/// How it is typed.
pub(super) fn definition(lang: Lang) -> Command {
    subcommand("man", "", lang).about(lang.pick("Escribe la página del manual", "Print the manual page"))
}

pub(super) fn run(lang: Lang) -> ExitCode {
    match page(lang) {
        Ok(page) => output::answer(&page, 0),
        Err(error) => {
            output::print_error(&format!("{error}\n"));
            ExitCode::from(EXIT_FAILURE)
        }
    }
}

/// The page, in roff.
pub(super) fn page(lang: Lang) -> io::Result<String> {
    let mut command = super::definition(lang);
    command.build();
    let man = Man::new(command.clone()).section("8");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    section(lang.pick("ÓRDENES", "COMMANDS")).to_writer(&mut page)?;
    for command in command.get_subcommands() {
        let mut below = command.get_subcommands().peekable();
        if below.peek().is_none() {
            write_command(command, &mut page)?;
        }
        for subcommand in below {
            write_command(subcommand, &mut page)?;
        }
    }
    section(&program::EXIT_CODES_HEADING.pick(lang).to_uppercase()).to_writer(&mut page)?;
    verbatim(program::EXIT_CODES.pick(lang)).to_writer(&mut page)?;
    section(lang.pick("CONFIGURACIÓN", "CONFIGURATION")).to_writer(&mut page)?;
    let mut layers = Roff::new();
    layers.text([roman(lang.pick(
        "Las opciones de la línea de comandos valen más que las variables de entorno, y estas más que el archivo:",
        "Options of the command line count more than environment variables, and these more than the file:",
    ))]);
    layers.to_writer(&mut page)?;
    verbatim(&config::reference(&[lang])).to_writer(&mut page)?;
    let page = String::from_utf8_lossy(&page).into_owned();
    Ok(lang.pick(in_spanish(&page), page))
}

/// The headings that the generator writes, in Spanish.
fn in_spanish(page: &str) -> String {
    [("NOMBRE", "NAME"), ("SINOPSIS", "SYNOPSIS"), ("DESCRIPCIÓN", "DESCRIPTION")]
        .iter()
        .fold(page.to_owned(), |page, (es, en)| page.replacen(&format!(".SH {en}\n"), &format!(".SH {es}\n"), 1))
}

/// A heading.
fn section(heading: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    roff
}

/// Text as it is, line by line.
fn verbatim(text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("PP", []).control("nf", []);
    for line in text.lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
    roff
}

/// A command: how it is typed, what it does, its options.
fn write_command(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let usage = command.get_overridden_usage().map(ToString::to_string).unwrap_or_default();
    let mut roff = Roff::new();
    roff.control("SS", []).text([bold(usage)]);
    roff.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    roff.to_writer(page)?;
    let mut options = Vec::new();
    Man::new(command.clone()).render_options_section(&mut options)?;
    // The options stay inside the command's section, without a heading of their own.
    let options = String::from_utf8_lossy(&options);
    for line in options.lines().filter(|line| !line.starts_with(".SH ")) {
        page.extend_from_slice(line.as_bytes());
        page.push(b'\n');
    }
    Ok(())
}
