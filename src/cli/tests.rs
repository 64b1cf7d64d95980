use super::*;
use super::{
    config::ConfigArgs,
    machine::{MachineArgs, MachineCommand},
    status::{Form, StatusArgs},
};
use clap::error::ErrorKind;
use clap_complete::Shell;
use std::{path::Path, time::Duration};

/// What a command line means; words are separated by spaces.
fn typed(line: &str, lang: Lang) -> Result<Command, Exit> {
    parse(std::iter::once("workshop-edge").chain(line.split_whitespace()).map(OsString::from), lang)
}

#[test]
fn the_definition_holds_in_both_languages() {
    definition(Lang::Es).debug_assert();
    definition(Lang::En).debug_assert();
}

#[test]
fn every_command_is_understood() {
    let set = || Overrides { set: vec!["log.level=warn".into(), "a=b".into()], ..Overrides::default() };
    let all = Overrides {
        config: Some("/c".into()),
        data_dir: Some("/d".into()),
        listen: vec!["[::]:80".into(), "[::]:81".into()],
        site: Some("/s".into()),
        set: Vec::new(),
    };
    understood([
        ("serve", Command::Serve(Overrides::default())),
        ("serve --config /c --data-dir=/d --listen [::]:80 --site /s --listen [::]:81", Command::Serve(all)),
        ("launch", Command::Launch(launch::LaunchArgs { options: Vec::new() })),
        (
            "launch --config /c --of-tomorrow=1 -x y --help --set a=b -- z",
            Command::Launch(launch::LaunchArgs {
                options: ["--config", "/c", "--of-tomorrow=1", "-x", "y", "--help", "--set", "a=b", "--", "z"]
                    .map(OsString::from)
                    .to_vec(),
            }),
        ),
        (
            "config check --set log.level=warn --set a=b",
            Command::Config(ConfigArgs::Check { overrides: set(), json: false }),
        ),
        ("config check --json", Command::Config(ConfigArgs::Check { overrides: Overrides::default(), json: true })),
        (
            "config show --set log.level=warn --json --set a=b",
            Command::Config(ConfigArgs::Show { overrides: set(), json: true }),
        ),
        ("config example", Command::Config(ConfigArgs::Example { bilingual: false })),
        ("config example --bilingual", Command::Config(ConfigArgs::Example { bilingual: true })),
        ("status", Command::Status(StatusArgs { overrides: Overrides::default(), form: Form::Summary })),
        ("status --watch", Command::Status(StatusArgs { overrides: Overrides::default(), form: Form::Watch })),
        (
            "status --json --set log.level=warn --set a=b",
            Command::Status(StatusArgs { overrides: set(), form: Form::Json }),
        ),
        ("fleet", Command::Fleet(fleet::FleetArgs { wait: Duration::from_secs(3), json: false })),
        ("fleet --json --wait 60", Command::Fleet(fleet::FleetArgs { wait: Duration::from_secs(60), json: true })),
        (
            "console --tty /dev/tty1",
            Command::Console(console::ConsoleArgs { overrides: Overrides::default(), tty: "/dev/tty1".into() }),
        ),
        ("pin", Command::Pin(pin::PinArgs { overrides: Overrides::default(), new: false })),
        ("pin --new --set log.level=warn --set a=b", Command::Pin(pin::PinArgs { overrides: set(), new: true })),
        ("restart", Command::Restart(Overrides::default())),
        (
            "support-bundle",
            Command::SupportBundle(support_bundle::SupportBundleArgs { overrides: Overrides::default(), output: None }),
        ),
        (
            "support-bundle -o - --set log.level=warn --set a=b",
            Command::SupportBundle(support_bundle::SupportBundleArgs { overrides: set(), output: Some("-".into()) }),
        ),
        (
            "factory-reset",
            Command::FactoryReset(factory_reset::FactoryResetArgs { overrides: Overrides::default(), yes: false }),
        ),
        (
            "factory-reset --yes",
            Command::FactoryReset(factory_reset::FactoryResetArgs { overrides: Overrides::default(), yes: true }),
        ),
        ("version", Command::Version(version::VersionArgs { json: false })),
        ("version --json", Command::Version(version::VersionArgs { json: true })),
        ("completions zsh", Command::Completions(completions::CompletionsArgs { shell: Shell::Zsh })),
        ("man", Command::Man),
    ]);
}

#[test]
fn every_order_of_the_machine_is_understood() {
    understood([
        (
            "machine os settle",
            Command::Machine(MachineArgs {
                root: "/".into(),
                command: MachineCommand::Os(machine::os::OsCommand::Settle),
            }),
        ),
        (
            "machine notices",
            Command::Machine(MachineArgs { root: "/".into(), command: MachineCommand::Notices { json: false } }),
        ),
        (
            "machine notices --json --root /t",
            Command::Machine(MachineArgs { root: "/t".into(), command: MachineCommand::Notices { json: true } }),
        ),
        (
            "machine settings",
            Command::Machine(MachineArgs {
                root: "/".into(),
                command: MachineCommand::Settings(machine::settings::SettingsCommand::Apply),
            }),
        ),
        (
            "machine settings --check /f --json",
            Command::Machine(MachineArgs {
                root: "/".into(),
                command: MachineCommand::Settings(machine::settings::SettingsCommand::Check {
                    file: "/f".into(),
                    json: true,
                }),
            }),
        ),
        (
            "machine settings --template",
            Command::Machine(MachineArgs {
                root: "/".into(),
                command: MachineCommand::Settings(machine::settings::SettingsCommand::Template),
            }),
        ),
        (
            "machine stick --device /dev/sdb1 --removed",
            Command::Machine(MachineArgs {
                root: "/".into(),
                command: MachineCommand::Stick(machine::stick::Stick::Removed("/dev/sdb1".into())),
            }),
        ),
        (
            "machine stick --directory /d --root /t",
            Command::Machine(MachineArgs {
                root: "/t".into(),
                command: MachineCommand::Stick(machine::stick::Stick::Directory("/d".into())),
            }),
        ),
        (
            "machine install --disk /dev/sda --yes",
            Command::Machine(MachineArgs {
                root: "/".into(),
                command: MachineCommand::Install(machine::install::Install {
                    disk: Some("/dev/sda".into()),
                    yes: true,
                }),
            }),
        ),
    ]);
}

fn understood<const N: usize>(cases: [(&str, Command); N]) {
    for (line, command) in cases {
        assert_eq!(typed(line, Lang::Es).ok().as_ref(), Some(&command), "{line}");
    }
}

#[test]
fn what_is_not_understood_is_said_in_the_persons_language() {
    for (line, es, en) in [
        ("servve", "no existe el comando «servve»\n  ¿quería decir «serve»?", "unrecognized subcommand 'servve'"),
        ("serve --sit x", "no existe la opción «--sit»\n  ¿quería decir «--site»?", "unexpected argument '--sit'"),
        ("serve x", "sobra el argumento «x»", "unexpected argument 'x'"),
        ("serve --site", "a «--site <DIR>» le falta un valor", "a value is required for '--site <DIR>'"),
        ("serve --site a --site b", "«--site <DIR>» no se puede repetir", "cannot be used multiple times"),
        ("config show --json=x", "«--json» no admite un valor", "unexpected value 'x'"),
        ("completions", "falta: <SHELL>", "were not provided"),
        ("console", "falta: --tty <TERMINAL>", "were not provided"),
        ("status --json --watch", "«--json» no se puede usar con «--watch»", "cannot be used with"),
        ("fleet --wait 61", "«61» no es un valor de «--wait <SEGUNDOS>»", "invalid value '61'"),
        ("completions ksh", "«ksh» no es un valor de «<SHELL>»\n  posibles: bash, ", "invalid value 'ksh'"),
    ] {
        for (lang, told) in [(Lang::Es, es), (Lang::En, en)] {
            let exit = typed(line, lang).unwrap_err();
            assert_eq!(exit.code, EXIT_USAGE, "{line}");
            assert!(exit.text.contains(told), "{line}: {}", exit.text);
        }
        let spanish = typed(line, Lang::Es).unwrap_err().text;
        assert!(spanish.ends_with("Más información con --help.\n"), "{spanish}");
        assert!(!spanish.contains("Usage"), "{spanish}");
    }
}

#[test]
fn help_is_in_the_persons_language_throughout() {
    for line in [
        "-h",
        "serve --help",
        "launch --help",
        "config -h",
        "config check -h",
        "config show -h",
        "config example -h",
        "status -h",
        "fleet -h",
        "console -h",
        "machine -h",
        "machine notices -h",
        "machine settings -h",
        "machine install -h",
        "machine menu -h",
        "machine stick -h",
        "version -h",
        "completions -h",
        "man -h",
    ] {
        let es = typed(line, Lang::Es).unwrap_err();
        let en = typed(line, Lang::En).unwrap_err();
        assert_eq!((es.code, en.code), (0, 0), "{line}");
        assert!(es.text.contains("\nUso: workshop-edge") && es.text.contains("\nOpciones:\n"), "{}", es.text);
        assert!(en.text.contains("\nUsage: workshop-edge") && en.text.contains("\nOptions:\n"), "{}", en.text);
        for english in
            ["Usage", "Options", "Commands", "Arguments", "Print", "default", "possible values", "OPTIONS", "FILE"]
        {
            assert!(!es.text.contains(english), "{line}: {english}: {}", es.text);
        }
    }
    for nothing in ["", "config", "machine"] {
        let help = typed(nothing, Lang::Es).unwrap_err();
        assert_eq!(help.code, EXIT_USAGE);
        assert!(help.text.contains("Órdenes:"), "{}", help.text);
    }
}

#[test]
fn every_kind_of_error_that_clap_has_leads_to_spanish_words() {
    for kind in [ErrorKind::NoEquals, ErrorKind::TooFewValues, ErrorKind::InvalidUtf8, ErrorKind::MissingSubcommand] {
        let exit = usage::exit(&clap::Error::new(kind), Lang::Es);
        assert!(exit.text.starts_with("error: "), "{}", exit.text);
    }
}

#[test]
fn the_manual_has_the_orders_the_codes_and_the_keys_in_both_languages() {
    for (lang, headings) in [
        (Lang::Es, ["NOMBRE", "SINOPSIS", "DESCRIPCIÓN", "ÓRDENES", "CÓDIGOS DE SALIDA", "CONFIGURACIÓN"]),
        (Lang::En, ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "EXIT CODES", "CONFIGURATION"]),
    ] {
        let page = man::page(lang).unwrap();
        let found: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix(".SH "))
            .map(|heading| heading.trim_matches('"'))
            .collect();
        assert_eq!(found, headings);
        for text in ["workshop\\-edge config show", "\\-\\-data\\-dir", "WORKSHOP_EDGE_LIMITS_CONNECTIONS"] {
            assert!(page.contains(text), "{text}");
        }
    }
}

#[test]
fn every_subcommand_is_the_file_of_its_name() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli");
    let whole = definition(Lang::En);
    let below_machine = whole.find_subcommand("machine").unwrap().get_subcommands();
    let rooms = whole.get_subcommands().map(|command| (sources.clone(), command));
    for (directory, command) in rooms.chain(below_machine.map(|command| (sources.join("machine"), command))) {
        let name = command.get_name().replace('-', "_");
        let file = [directory.join(format!("{name}.rs")), directory.join(&name).join("mod.rs")]
            .into_iter()
            .find_map(|file| std::fs::read_to_string(file).ok())
            .unwrap_or_else(|| panic!("{name} has no file in {}", directory.display()));
        assert!(file.contains("fn definition("), "{name} is defined elsewhere");
        // `main` runs the appliance itself.
        assert!(name == "serve" || file.contains("fn run("), "{name} is carried out elsewhere");
    }
}
