//! What can be typed, and its help in both languages.

use super::{
    machine,
    shape::{self, json, parent},
};
use crate::{config::DEFAULT_FILE, lang::Lang};
use clap::{Arg, ArgAction, Command, ValueEnum, ValueHint, value_parser};
use clap_complete::Shell;
use std::ffi::OsString;

/// The name of the program.
pub(super) const NAME: &str = "workshop-edge";

/// The exit codes, as the help and the manual tell them.
pub(super) const fn exit_codes(lang: Lang) -> &'static str {
    match lang {
        Lang::Es => {
            "0   todo bien\n1   fallo durante la ejecución\n2   la línea de comandos no es válida\n78  la configuración no es válida"
        }
        Lang::En => {
            "0   all is well\n1   failure while running\n2   the command line is not valid\n78  the configuration is not valid"
        }
    }
}

/// The heading of the list of exit codes.
pub(super) const fn exit_codes_heading(lang: Lang) -> &'static str {
    match lang {
        Lang::Es => "Códigos de salida",
        Lang::En => "Exit codes",
    }
}

/// The whole command line.
pub(super) fn command(lang: Lang) -> Command {
    let codes = exit_codes(lang).replace('\n', "\n  ");
    let root = shape::program(NAME, lang)
        .about(lang.pick(
            "Sirve la pantalla del taller a los televisores de la red local.",
            "Serves the workshop's display to the Smart TVs of the local network.",
        ))
        .after_help(format!("{}:\n  {codes}", exit_codes_heading(lang)))
        .subcommand(serve(lang))
        .subcommand(launch(lang))
        .subcommand(config(lang))
        .subcommand(status(lang))
        .subcommand(console(lang))
        .subcommand(pin(lang))
        .subcommand(update(lang))
        .subcommand(restart(lang))
        .subcommand(support_bundle(lang))
        .subcommand(factory_reset(lang))
        .subcommand(machine::definition(|name, path, arguments| order(name, path, arguments, lang), lang))
        .subcommand(
            order("version", "version", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
                .about(lang.pick("Muestra qué binario es este", "Say which binary this is"))
                .arg(json(lang)),
        )
        .subcommand(
            order("completions", "completions", "<SHELL>", lang)
                .about(lang.pick("Escribe el autocompletado para un shell", "Print the completions for a shell"))
                .arg(
                    Arg::new("shell")
                        .value_name("SHELL")
                        .help_heading(lang.pick("Argumentos", "Arguments"))
                        .help(Shell::value_variants().iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
                        .required(true)
                        .hide_possible_values(true)
                        .value_parser(value_parser!(Shell)),
                ),
        )
        .subcommand(
            order("man", "man", "", lang).about(lang.pick("Escribe la página del manual", "Print the manual page")),
        );
    parent(root, lang)
}

/// An order of this program; `path` is how it is typed after its name.
fn order(name: &'static str, path: &str, arguments: &str, lang: Lang) -> Command {
    shape::order(name, &[NAME, path], arguments, lang)
}

/// `serve`
fn serve(lang: Lang) -> Command {
    let order = order("serve", "serve", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick("Sirve la pantalla hasta que se le pide parar", "Serve the display until asked to stop"));
    configured(order, lang)
}

/// `launch`
fn launch(lang: Lang) -> Command {
    order("launch", "launch", lang.pick("[OPCIONES DE SERVE]", "[OPTIONS OF SERVE]"), lang)
        .about(lang.pick(
            "Arranca la versión instalada que toca (así lo hace el servicio), y vuelve a la anterior si no funciona",
            "Start the installed version that is due (as the service does), and go back to the one before if it fails",
        ))
        .arg(
            Arg::new("options")
                .value_name(lang.pick("OPCIONES", "OPTIONS"))
                .help_heading(lang.pick("Argumentos", "Arguments"))
                .help(lang.pick(
                    "Las de serve, que se le pasan tal cual: pueden ser de otra versión",
                    "Those of serve, passed on as they are: they may be another version's",
                ))
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .value_parser(value_parser!(OsString)),
        )
}

/// `status`
fn status(lang: Lang) -> Command {
    let order =
        order("status", "status", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
            .about(lang.pick(
                "Muestra el estado del equipo: dirección, código QR, red, reloj, disco y fallos",
                "Say how the box is: address, QR code, network, clock, disk and faults",
            ))
            .arg(
                Arg::new("watch").long("watch").action(ArgAction::SetTrue).conflicts_with("json").help(
                    lang.pick("Lo repite cuando cambia, hasta Ctrl-C", "Repeat it when it changes, until Ctrl-C"),
                ),
            )
            .arg(json(lang));
    configured(order, lang)
}

/// `console`
fn console(lang: Lang) -> Command {
    let order =
        order("console", "console", lang.pick("--tty <TERMINAL> [OPCIONES]", "--tty <TERMINAL> [OPTIONS]"), lang)
            .about(lang.pick(
                "Muestra la dirección y el estado en la pantalla del propio equipo",
                "Show the address and the status on the box's own screen",
            ))
            .arg(
                Arg::new("tty")
                    .long("tty")
                    .value_name("TERMINAL")
                    .value_hint(ValueHint::FilePath)
                    .value_parser(value_parser!(OsString))
                    .required(true)
                    .help(
                        lang.pick(
                            "Terminal que la muestra, como /dev/tty1",
                            "Terminal that shows it, such as /dev/tty1",
                        ),
                    ),
            );
    configured(order, lang)
}

/// `pin`
fn pin(lang: Lang) -> Command {
    let order = order("pin", "pin", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick("Dice el PIN de la administración", "Say the PIN of the administration"))
        .arg(
            Arg::new("new")
                .long("new")
                .action(ArgAction::SetTrue)
                .help(lang.pick("Hace otro, si se ha olvidado", "Make another, if it is forgotten")),
        );
    configured(order, lang)
}

/// `update` and what is below it.
fn update(lang: Lang) -> Command {
    let of_version = lang.pick("<VERSIÓN> [OPCIONES]", "<VERSION> [OPTIONS]");
    let options = lang.pick("[OPCIONES]", "[OPTIONS]");
    let below = |name: &'static str, path: &'static str, arguments: &str, es: &'static str, en: &'static str| {
        configured(order(name, path, arguments, lang), lang).about(lang.pick(es, en)).arg(json(lang))
    };
    let root = order("update", "update", lang.pick("<ORDEN>", "<COMMAND>"), lang)
        .about(lang.pick(
            "Actualiza el programa del equipo, o vuelve a una versión anterior",
            "Update the box's program, or take it back",
        ))
        .subcommand(below(
            "status",
            "update status",
            options,
            "Muestra qué versión está en marcha y cuál viene",
            "Say which version runs and what is awaited",
        ))
        .subcommand(below(
            "check",
            "update check",
            options,
            "Busca ahora si hay otra versión",
            "Ask now whether there is another version",
        ))
        .subcommand(
            below(
                "apply",
                "update apply",
                options,
                "Instala ahora la versión del canal, sin esperar turno ni horario",
                "Take the channel's version now, without waiting for turn or hour",
            )
            .arg(
                Arg::new("from")
                    .long("from")
                    .value_name("DIR")
                    .value_hint(ValueHint::DirPath)
                    .value_parser(value_parser!(OsString))
                    .help(lang.pick(
                        "Directorio con un repositorio de versiones, como el de una memoria USB",
                        "Directory with a release bucket, as on a USB stick",
                    )),
            ),
        )
        .subcommand(below(
            "rollback",
            "update rollback",
            options,
            "Vuelve a la versión anterior y se queda en ella",
            "Go back to the version before, and stay there",
        ))
        .subcommand(
            below(
                "pin",
                "update pin",
                of_version,
                "Se queda en una versión, o va a ella",
                "Stay on a version, or go to it",
            )
            .arg(version(lang.pick("Una de las del canal, como 1.2.3", "One of the channel's, such as 1.2.3"), lang)),
        )
        .subcommand(below("unpin", "update unpin", options, "Vuelve a seguir el canal", "Follow the channel again"))
        .subcommand(below(
            "hold",
            "update hold",
            options,
            "No cambia nada hasta que alguien lo pida («unpin» lo anula)",
            "Change nothing until somebody asks for it (\"unpin\" lifts it)",
        ))
        .subcommand(
            below(
                "forgive",
                "update forgive",
                of_version,
                "Admite otra vez una versión que falló en este equipo",
                "Allow a version again that has failed on this box",
            )
            .arg(version(lang.pick("La que nombra «update status»", "The one that \"update status\" names"), lang)),
        )
        .subcommand(below(
            "history",
            "update history",
            options,
            "Muestra qué se actualizó y cómo fue",
            "Say what was updated and how it went",
        ));
    parent(root, lang)
}

/// The version that an order is about.
fn version(help: &'static str, lang: Lang) -> Arg {
    Arg::new("version")
        .value_name(lang.pick("VERSIÓN", "VERSION"))
        .help_heading(lang.pick("Argumentos", "Arguments"))
        .help(help)
        .required(true)
        .value_parser(value_parser!(semver::Version))
}

/// `restart`
fn restart(lang: Lang) -> Command {
    let order = order("restart", "restart", lang.pick("[OPCIONES]", "[OPTIONS]"), lang).about(lang.pick(
        "Reinicia el servicio sin cerrar sus puertos: lee la configuración otra vez",
        "Restart the service without closing its ports: it reads the configuration again",
    ));
    configured(order, lang)
}

/// `support-bundle`
fn support_bundle(lang: Lang) -> Command {
    let order = order("support-bundle", "support-bundle", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
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
    configured(order, lang)
}

/// `factory-reset`
fn factory_reset(lang: Lang) -> Command {
    let order = order("factory-reset", "factory-reset", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick(
            "Olvida el PIN, la identidad, el nombre, el certificado y todo lo guardado; conserva la configuración y la versión",
            "Forget the PIN, the identity, the name, the certificate and everything stored; keep configuration and version",
        ))
        .arg(
            Arg::new("yes")
                .long("yes")
                .action(ArgAction::SetTrue)
                .help(lang.pick("No pregunta antes", "Do not ask first")),
        );
    configured(order, lang)
}

/// `config` and what is below it.
fn config(lang: Lang) -> Command {
    let options = lang.pick("[OPCIONES]", "[OPTIONS]");
    let root = order("config", "config", lang.pick("<ORDEN>", "<COMMAND>"), lang)
        .about(lang.pick("Comprueba o muestra la configuración", "Check or show the configuration"))
        .subcommand(
            configured(order("check", "config check", options, lang), lang)
                .about(lang.pick(
                    "Comprueba la configuración y dice todo lo que está mal",
                    "Check the configuration and say everything that is wrong",
                ))
                .arg(json(lang)),
        )
        .subcommand(
            configured(order("show", "config show", options, lang), lang)
                .about(lang.pick("Muestra cada valor y de dónde viene", "Show every value and where it comes from"))
                .arg(json(lang)),
        )
        .subcommand(
            order("example", "config example", options, lang)
                .about(lang.pick(
                    "Escribe un config.toml comentado con todas las claves",
                    "Print a commented config.toml with every key",
                ))
                .arg(Arg::new("bilingual").long("bilingual").action(ArgAction::SetTrue).help(lang.pick(
                    "Escribe los comentarios en español y en inglés, como en el paquete de Debian",
                    "Write the comments in Spanish and English, as in the Debian package",
                ))),
        );
    parent(root, lang)
}

/// Adds the options that say something about the configuration.
fn configured(order: Command, lang: Lang) -> Command {
    let option = |name: &'static str, hint: ValueHint, value: &'static str| {
        Arg::new(name).long(name).value_name(value).value_hint(hint).value_parser(value_parser!(OsString))
    };
    order
        .arg(option("config", ValueHint::FilePath, lang.pick("ARCHIVO", "FILE")).help(lang.pick(
            format!("Archivo de configuración [por defecto: {DEFAULT_FILE}]"),
            format!("Configuration file [default: {DEFAULT_FILE}]"),
        )))
        .arg(
            option("data-dir", ValueHint::DirPath, "DIR").help(
                lang.pick("Directorio de los datos del equipo (data_dir)", "Directory of the box's data (data_dir)"),
            ),
        )
        .arg(option("listen", ValueHint::Other, lang.pick("DIRECCIÓN", "ADDRESS")).action(ArgAction::Append).help(
            lang.pick(
                "Dirección con puerto para HTTP, en lugar de listen.http; se puede repetir",
                "Address with a port for HTTP, instead of listen.http; repeatable",
            ),
        ))
        .arg(option("site", ValueHint::DirPath, "DIR").help(lang.pick(
            "Directorio que se sirve en lugar de la pantalla incluida (site.dir)",
            "Directory to serve instead of the built-in display (site.dir)",
        )))
        .arg(option("set", ValueHint::Other, lang.pick("CLAVE=VALOR", "KEY=VALUE")).action(ArgAction::Append).help(
            lang.pick(
                "Valor de cualquier clave de la configuración; se puede repetir",
                "Value of any key of the configuration; repeatable",
            ),
        ))
}
