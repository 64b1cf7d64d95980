//! What can be typed, and its help in both languages.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, ValueHint, value_parser};
use semver::Version;

use crate::cli::shape::{self, json, parent};
use crate::lang::Lang;
use crate::release::ROLES;
use crate::update::STATE_SCHEMA;

/// The name of the program.
const NAME: &str = "workshop-release";

/// The whole command line.
pub(super) fn command(lang: Lang) -> Command {
    let codes = lang.pick(
        "Códigos de salida:\n  0   todo bien, también cuando no había nada que cambiar\n  1   rechazado o fallido: el repositorio sigue como estaba\n  2   la línea de órdenes no es válida",
        "Exit codes:\n  0   all is well, also when there was nothing to change\n  1   refused or failed: the repository is as it was\n  2   the command line is not valid",
    );
    let root = shape::program(NAME, lang)
        .about(lang.pick(
            "Publica versiones firmadas de workshop-edge en un directorio que cualquier servidor estático puede ofrecer.",
            "Publishes signed releases of workshop-edge in a directory that any static host can serve.",
        ))
        .after_help(codes)
        .subcommand(init(lang))
        .subcommand(publish(lang))
        .subcommand(publish_os(lang))
        .subcommand(promote(lang))
        .subcommand(rollback(lang))
        .subcommand(yank(lang))
        .subcommand(refresh(lang))
        .subcommand(rotate(lang))
        .subcommand(sign(lang))
        .subcommand(fetch(lang))
        .subcommand(sync(lang))
        .subcommand(verify(lang))
        .subcommand(fleet_check(lang))
        .subcommand(status(lang));
    parent(root, lang)
}

fn init(lang: Lang) -> Command {
    changing(
        subcommand("init", "init", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
            .about(lang.pick(
                "Crea un repositorio sin versiones, con los canales stable y staging",
                "Make a repository without releases, with the channels stable and staging",
            ))
            .arg(path("new-keys", "DIR", ValueHint::DirPath).conflicts_with_all(["keys", "key"]).help(lang.pick(
                "Crea en DIR claves Ed25519 para todos los roles y su keys.toml, si no están",
                "Make in DIR Ed25519 keys for all roles and their keys.toml, unless they are there",
            ))),
        lang,
    )
}

fn publish(lang: Lang) -> Command {
    rolling(
        subcommand(
            "publish",
            "publish",
            lang.pick(
                "--channel <CANAL> --version <VERSIÓN> [OPCIONES] <[PLATAFORMA=]BINARIO>...",
                "--channel <CHANNEL> --version <VERSION> [OPTIONS] <[PLATFORM=]BINARY>...",
            ),
            lang,
        )
        .about(lang.pick("Publica una versión en un canal", "Publish a release in a channel"))
        .arg(
            Arg::new("binary")
                .value_name(lang.pick("[PLATAFORMA=]BINARIO", "[PLATFORM=]BINARY"))
                .help_heading(lang.pick("Argumentos", "Arguments"))
                .required(true)
                .action(ArgAction::Append)
                .value_hint(ValueHint::FilePath)
                .help(lang.pick(
                    "Binario estático; sin PLATAFORMA, la musl de su arquitectura",
                    "Static binary; without PLATFORM, the musl one of its architecture",
                )),
        )
        .arg(channel(lang))
        .arg(version("version", lang).required(true).help(lang.pick("Su número", "Its number")))
        .arg(Arg::new("state-schema").long("state-schema").value_name("N").value_parser(value_parser!(u32)).help(
            lang.pick(
                format!("Forma de los datos que escribe [por defecto: {STATE_SCHEMA}]"),
                format!("Form of the state that it writes [default: {STATE_SCHEMA}]"),
            ),
        ))
        .arg(Arg::new("version-unchecked").long("version-unchecked").action(ArgAction::SetTrue).help(
            lang.pick(
                "No ejecuta los binarios para comprobar su versión: para arquitecturas que no se pueden ejecutar aquí",
                "Do not run the binaries to check their version: for architectures that cannot be run here",
            ),
        )),
        lang,
    )
}

fn publish_os(lang: Lang) -> Command {
    rolling(
        subcommand(
            "publish-os",
            "publish-os",
            lang.pick(
                "--channel <CANAL> --version <VERSIÓN> [OPCIONES] <ARCHIVO.efi>...",
                "--channel <CHANNEL> --version <VERSION> [OPTIONS] <FILE.efi>...",
            ),
            lang,
        )
        .about(lang.pick(
            "Publica en un canal una versión del sistema operativo de la imagen USB",
            "Publish a version of the USB image's operating system in a channel",
        ))
        .arg(
            Arg::new("file")
                .value_name(lang.pick("ARCHIVO.efi", "FILE.efi"))
                .help_heading(lang.pick("Argumentos", "Arguments"))
                .required(true)
                .action(ArgAction::Append)
                .value_hint(ValueHint::FilePath)
                .value_parser(value_parser!(PathBuf))
                .help(lang.pick(
                    "Núcleo y sistema en un archivo EFI (UKI), uno por variante de la imagen",
                    "Kernel and system in one EFI file (UKI), one for each variant of the image",
                )),
        )
        .arg(channel(lang))
        .arg(version("version", lang).required(true).help(lang.pick("Su número", "Its number"))),
        lang,
    )
}

fn promote(lang: Lang) -> Command {
    rolling(
        subcommand("promote", "promote", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
            .about(lang.pick(
                "Pasa una versión de un canal a otro, con los mismos archivos",
                "Take a release from one channel to another, with the same files",
            ))
            .arg(
                named("from", lang.pick("CANAL", "CHANNEL"))
                    .default_value("staging")
                    .hide_default_value(true)
                    .help(lang.pick("De qué canal [por defecto: staging]", "From which channel [default: staging]")),
            )
            .arg(
                named("to", lang.pick("CANAL", "CHANNEL"))
                    .default_value("stable")
                    .hide_default_value(true)
                    .help(lang.pick("A qué canal [por defecto: stable]", "To which channel [default: stable]")),
            )
            .arg(version("version", lang).help(lang.pick(
                "Cuál [por defecto: la que quiere el primer canal]",
                "Which [default: the one that the first channel wants]",
            )))
            .arg(system(lang)),
        lang,
    )
}

fn rollback(lang: Lang) -> Command {
    changing(
        subcommand(
            "rollback",
            "rollback",
            lang.pick("--channel <CANAL> --to <VERSIÓN> [OPCIONES]", "--channel <CHANNEL> --to <VERSION> [OPTIONS]"),
            lang,
        )
        .about(lang.pick(
            "Hace volver los equipos de un canal a una versión anterior",
            "Have the boxes of a channel go back to an older release",
        ))
        .arg(channel(lang))
        .arg(version("to", lang).required(true).help(lang.pick("A cuál", "To which")))
        .arg(system(lang)),
        lang,
    )
}

fn yank(lang: Lang) -> Command {
    changing(
        subcommand(
            "yank",
            "yank",
            lang.pick(
                "--channel <CANAL> --version <VERSIÓN> [OPCIONES]",
                "--channel <CHANNEL> --version <VERSION> [OPTIONS]",
            ),
            lang,
        )
        .about(lang.pick("Retira una versión de un canal", "Remove a release from a channel"))
        .arg(channel(lang))
        .arg(version("version", lang).required(true).help(lang.pick("Cuál", "Which")))
        .arg(version("desired", lang).help(lang.pick(
            "Cuál se quiere en su lugar; los equipos con una más nueva vuelven a ella",
            "Which one is wanted instead; boxes with a newer one go back to it",
        )))
        .arg(system(lang)),
        lang,
    )
}

fn refresh(lang: Lang) -> Command {
    changing(
        subcommand("refresh", "refresh", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
            .about(lang.pick(
                "Firma otra vez snapshot y timestamp, con otra caducidad: a diario, con cron",
                "Sign snapshot and timestamp again, with another expiry: daily, from cron",
            ))
            .arg(
                named("role", lang.pick("ROL", "ROLE"))
                    .action(ArgAction::Append)
                    .value_parser(ROLES)
                    .hide_possible_values(true)
                    .help(lang.pick(
                        "Qué roles, en lugar de esos dos; se puede repetir",
                        "Which roles, instead of those two; repeatable",
                    )),
            ),
        lang,
    )
}

fn rotate(lang: Lang) -> Command {
    changing(
        subcommand("rotate", "rotate", lang.pick("[OPCIONES] <ROL>", "[OPTIONS] <ROLE>"), lang)
            .about(lang.pick(
                "Da a un rol las claves que dice keys.toml; las anteriores van en su lista retired",
                "Give a role the keys that keys.toml says; the ones before go into its list \"retired\"",
            ))
            .arg(role(lang)),
        lang,
    )
}

fn sign(lang: Lang) -> Command {
    let command = subcommand("sign", "sign", lang.pick("[OPCIONES] <ROL> <ARCHIVO>", "[OPTIONS] <ROLE> <FILE>"), lang)
        .about(lang.pick(
            "Añade las firmas de las claves que hay aquí a un archivo de --to-sign, y dice qué se firma",
            "Add the signatures of the keys that are here to a file of --to-sign, and say what is signed",
        ))
        .arg(role(lang))
        .arg(
            Arg::new("file")
                .value_name(lang.pick("ARCHIVO", "FILE"))
                .help_heading(lang.pick("Argumentos", "Arguments"))
                .required(true)
                .value_hint(ValueHint::FilePath)
                .value_parser(value_parser!(PathBuf))
                .help(lang.pick("El que hizo --to-sign", "The one that --to-sign made")),
        );
    signing(command, lang).arg(dry_run(lang)).arg(json(lang))
}

fn role(lang: Lang) -> Arg {
    Arg::new("role")
        .value_name(lang.pick("ROL", "ROLE"))
        .help_heading(lang.pick("Argumentos", "Arguments"))
        .required(true)
        .value_parser(ROLES)
        .hide_possible_values(true)
        .help(ROLES.join(", "))
}

fn fetch(lang: Lang) -> Command {
    subcommand(
        "fetch",
        "fetch",
        lang.pick("--root <ARCHIVO> [OPCIONES] <URL> <DIR>", "--root <FILE> [OPTIONS] <URL> <DIR>"),
        lang,
    )
    .about(lang.pick(
        "Hace una copia de un repositorio publicado, para seguir desde ella",
        "Make a copy of a published repository, to go on from it",
    ))
    .arg(argument("from", "URL", lang).value_hint(ValueHint::Url).help(
        lang.pick(
            "Desde dónde leen los equipos; la copia lo recuerda",
            "Where boxes fetch from; the copy remembers it",
        ),
    ))
    .arg(directory(lang).help(lang.pick("Directorio nuevo para la copia", "New directory for the copy")))
    .arg(path("root", lang.pick("ARCHIVO", "FILE"), ValueHint::FilePath).required(true).help(
        lang.pick("El root en el que se confía, como 1.root.json", "The root that is trusted, such as 1.root.json"),
    ))
    .arg(Arg::new("metadata-only").long("metadata-only").action(ArgAction::SetTrue).help(lang.pick(
        "Sin los binarios, que refresh, rollback y yank no necesitan",
        "Without the binaries, which refresh, rollback and yank do not need",
    )))
    .arg(ca_file(lang))
    .arg(json(lang))
}

fn sync(lang: Lang) -> Command {
    let after = lang.pick(
        "Entorno: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION y, para un almacén que no es de AWS, AWS_ENDPOINT_URL_S3.",
        "Environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, and AWS_ENDPOINT_URL_S3 for a store that is not of AWS.",
    );
    subcommand(
        "sync",
        "sync",
        lang.pick("[OPCIONES] <DIR> <s3://BUCKET/CARPETA>", "[OPTIONS] <DIR> <s3://BUCKET/FOLDER>"),
        lang,
    )
    .about(lang.pick(
        "Sube un repositorio a S3 en su orden, y comprueba que los equipos lo reciben",
        "Upload a repository to S3 in its order, and check that boxes are given it",
    ))
    .after_help(after)
    .arg(directory(lang).help(lang.pick("Directorio del repositorio", "The repository's directory")))
    .arg(
        argument("to", lang.pick("s3://BUCKET/CARPETA", "s3://BUCKET/FOLDER"), lang)
            .help(lang.pick("A dónde", "Where to")),
    )
    .arg(named("through", "URL").value_hint(ValueHint::Url).help(lang.pick(
        "Desde dónde leen los equipos; el repositorio lo recuerda",
        "Where boxes fetch from; the repository remembers it",
    )))
    .arg(named("invalidate", lang.pick("PROGRAMA ARGUMENTOS", "PROGRAM ARGUMENTS")).help(lang.pick(
        "Hace que las cachés olviden la ruta que se le añade, la de timestamp.json; no pasa por un shell",
        "Has caches forget the path that is added to it, which is that of timestamp.json; no shell is involved",
    )))
    .arg(
        named("patience", lang.pick("SEGUNDOS", "SECONDS"))
            .value_parser(value_parser!(u16))
            .default_value("120")
            .hide_default_value(true)
            .help(
                lang.pick(
                    "Cuánto pueden tardar las cachés [por defecto: 120]",
                    "How long caches may take [default: 120]",
                ),
            ),
    )
    .arg(ca_file(lang))
    .arg(dry_run(lang))
    .arg(json(lang))
}

fn verify(lang: Lang) -> Command {
    reading("verify", lang).about(lang.pick(
        "Lee un repositorio como lo hace un equipo, y dice qué da cada canal",
        "Read a repository as a box does, and say what each channel gives",
    ))
}

fn fleet_check(lang: Lang) -> Command {
    reading("fleet-check", lang)
        .about(lang.pick(
            "Dice qué de un repositorio publicado necesita a alguien, y termina entonces con 1: a diario, con cron",
            "Say what of a published repository needs a person, and end with 1 then: daily, from cron",
        ))
        .arg(named("days", lang.pick("DÍAS", "DAYS")).value_parser(value_parser!(u16)).help(lang.pick(
            "Cuántos días antes se avisa de una caducidad [por defecto: 1 para snapshot y timestamp, 30 para los demás]",
            "How many days before an expiry is told [default: 1 for snapshot and timestamp, 30 for the others]",
        )))
}

/// A command that reads a repository as a box does.
fn reading(name: &'static str, lang: Lang) -> Command {
    subcommand(name, name, lang.pick("[OPCIONES] <URL|DIR>", "[OPTIONS] <URL|DIR>"), lang)
        .arg(
            Arg::new("from")
                .value_name("URL|DIR")
                .help_heading(lang.pick("Argumentos", "Arguments"))
                .required(true)
                .value_hint(ValueHint::AnyPath)
                .help(lang.pick("Dónde está", "Where it is")),
        )
        .arg(path("root", lang.pick("ARCHIVO", "FILE"), ValueHint::FilePath).help(lang.pick(
            "El root en el que se confía, como 1.root.json [por defecto: el de DIR]",
            "The root that is trusted, such as 1.root.json [default: the one of DIR]",
        )))
        .arg(ca_file(lang))
        .arg(
            Arg::new("allow-http")
                .long("allow-http")
                .action(ArgAction::SetTrue)
                .help(lang.pick("Admite una URL http://", "Accept an http:// URL")),
        )
        .arg(json(lang))
}

fn status(lang: Lang) -> Command {
    subcommand("status", "status", lang.pick("[OPCIONES]", "[OPTIONS]"), lang)
        .about(lang.pick("Dice qué hay en un repositorio", "Say what a repository holds"))
        .arg(repository(lang))
        .arg(json(lang))
}

/// A command of this program; `typed` is how it is typed after its name.
fn subcommand(name: &'static str, typed: &str, arguments: &str, lang: Lang) -> Command {
    shape::command(name, &[NAME, typed], arguments, lang)
}

/// Adds the options that say where keys are.
fn signing(command: Command, lang: Lang) -> Command {
    command
        .arg(path("keys", lang.pick("ARCHIVO", "FILE"), ValueHint::FilePath).help(lang.pick(
            "keys.toml, que dice dónde están las claves de cada rol",
            "keys.toml, which says where the keys of each role are",
        )))
        .arg(named("key", lang.pick("ROL=CLAVE", "ROLE=KEY")).action(ArgAction::Append).help(lang.pick(
            "Clave de un rol en lugar de las de keys.toml, se puede repetir: un archivo, o cmd:CLAVE_PÚBLICA:PROGRAMA ARGUMENTOS",
            "Key of a role instead of those of keys.toml, repeatable: a file, or cmd:PUBLIC-KEY-FILE:PROGRAM ARGUMENTS",
        )))
}

/// Adds the options of a command that changes a repository.
fn changing(command: Command, lang: Lang) -> Command {
    signing(command.arg(repository(lang)), lang)
        .arg(path("to-sign", lang.pick("ARCHIVO", "FILE"), ValueHint::FilePath).help(lang.pick(
            "Si a un rol le faltan firmas, lo deja en ARCHIVO para «sign» en otras máquinas, y no cambia nada",
            "If a role lacks signatures, put it into FILE for \"sign\" on other machines, and change nothing",
        )))
        .arg(path("signed", lang.pick("ARCHIVO", "FILE"), ValueHint::FilePath).action(ArgAction::Append).help(lang.pick(
            "Lo que se firmó en otras máquinas, con la misma orden; se puede repetir, y las firmas se juntan",
            "What was signed on other machines, with the same command; repeatable, and the signatures are merged",
        )))
        .arg(named("expires", lang.pick("ROL=PLAZO", "ROLE=WHEN")).action(ArgAction::Append).help(lang.pick(
            "Caducidad de lo que se firme de un rol, como 7d o 2027-01-31T00:00Z [por defecto: root 730d, targets y stable 365d, staging 90d, snapshot 14d, timestamp 7d]",
            "Expiry of what is signed of a role, such as 7d or 2027-01-31T00:00Z [default: root 730d, targets and stable 365d, staging 90d, snapshot 14d, timestamp 7d]",
        )))
        .arg(named("published", "URL|none").help(lang.pick(
            "Dónde está publicado, que se compara antes; el repositorio lo recuerda, y «none» no compara esta vez",
            "Where it is published, which is compared before; the repository remembers it, and \"none\" does not compare this time",
        )))
        .arg(dry_run(lang))
        .arg(json(lang))
}

/// Adds the options of a command that gives a release to boxes.
fn rolling(command: Command, lang: Lang) -> Command {
    let command = command
        .arg(named("wave", lang.pick("HORA=POR_MIL", "TIME=PERMILLE")).action(ArgAction::Append).help(lang.pick(
            "Desde cuándo para cuántos de cada mil equipos, como 2026-11-24T20:00Z=10 o +24h=1000; se puede repetir",
            "From when on for how many boxes of a thousand, such as 2026-11-24T20:00Z=10 or +24h=1000; repeatable",
        )))
        .arg(Arg::new("urgent").long("urgent").action(ArgAction::SetTrue).help(
            lang.pick(
                "Se instala también fuera del horario de cada equipo",
                "Installed outside of each box's window too",
            ),
        ))
        .arg(version("requires-from", lang).help(
            lang.pick("La más antigua desde la que se llega directamente", "The oldest one that can go to it at once"),
        ))
        .arg(version("requires-os", lang).help(lang.pick(
            "La versión más antigua del sistema de la imagen USB con la que funciona",
            "The oldest version of the USB image's system that it runs on",
        )))
        .arg(version("min-version", lang).help(lang.pick(
            "Ningún equipo del canal instala una más antigua, nunca más",
            "No box of the channel installs an older one, ever again",
        )))
        .arg(
            Arg::new("deltas")
                .long("deltas")
                .value_name("N")
                .value_parser(value_parser!(u8))
                .default_value("3")
                .hide_default_value(true)
                .help(lang.pick(
                    "Diferencias con cuántas de las versiones anteriores [por defecto: 3]",
                    "Deltas against how many of the versions before [default: 3]",
                )),
        )
        .arg(Arg::new("keep-desired").long("keep-desired").action(ArgAction::SetTrue).help(lang.pick(
            "La ofrece como paso intermedio; el canal sigue queriendo la de ahora",
            "Offer it as a stepping stone; the channel goes on wanting the one it has",
        )));
    changing(command, lang)
}

fn dry_run(lang: Lang) -> Arg {
    Arg::new("dry-run").long("dry-run").action(ArgAction::SetTrue).help(
        lang.pick(
            "Dice qué cambiaría, y no escribe ni firma nada",
            "Say what would change, and write and sign nothing",
        ),
    )
}

fn ca_file(lang: Lang) -> Arg {
    path("ca-file", lang.pick("ARCHIVO", "FILE"), ValueHint::FilePath)
        .help(lang.pick("Autoridades certificadoras propias, en PEM", "Certification authorities of one's own, in PEM"))
}

/// What has to be typed, without a name before it.
fn argument(name: &'static str, value: &'static str, lang: Lang) -> Arg {
    Arg::new(name).value_name(value).help_heading(lang.pick("Argumentos", "Arguments")).required(true)
}

/// The repository's directory, as an argument.
fn directory(lang: Lang) -> Arg {
    argument("repository", "DIR", lang).value_hint(ValueHint::DirPath).value_parser(value_parser!(PathBuf))
}

fn repository(lang: Lang) -> Arg {
    path("repository", "DIR", ValueHint::DirPath)
        .short('r')
        .required(true)
        .help(lang.pick("Directorio del repositorio", "The repository's directory"))
}

fn channel(lang: Lang) -> Arg {
    named("channel", lang.pick("CANAL", "CHANNEL"))
        .required(true)
        .help(lang.pick("stable o staging", "stable or staging"))
}

fn system(lang: Lang) -> Arg {
    Arg::new("os").long("os").action(ArgAction::SetTrue).help(lang.pick(
        "Del sistema operativo de la imagen USB, en lugar del programa",
        "Of the USB image's operating system, instead of the program",
    ))
}

fn named(name: &'static str, value: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value)
}

fn path(name: &'static str, value: &'static str, hint: ValueHint) -> Arg {
    named(name, value).value_hint(hint).value_parser(value_parser!(PathBuf))
}

fn version(name: &'static str, lang: Lang) -> Arg {
    named(name, lang.pick("VERSIÓN", "VERSION")).value_parser(value_parser!(Version))
}
