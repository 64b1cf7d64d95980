//! What the configuration says to people, in Spanish and English.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::problem::{Notice, Problem};
use crate::lang::Text;
use crate::schema::Kind;

/// Copy without anything to fill in.
type Fixed = Text<&'static str>;

pub(super) const BY_DEFAULT: Fixed = Text::fixed("por defecto", "default");
/// Before a valid value.
pub(crate) const EXAMPLE: Fixed = Text::fixed("ejemplo:", "example:");

pub(super) const REFERENCE_HEADING: Fixed = Text::fixed(
    "# Configuración de workshop-edge. Quite la # de una línea para cambiar su valor.\n",
    "# Configuration of workshop-edge. Remove the # of a line to change its value.\n",
);
pub(super) const REFERENCE_EXAMPLE: Fixed = Text::fixed("ejemplo", "example");
pub(super) const REFERENCE_VALUE: Fixed = Text::fixed("Valor", "Value");
pub(super) const REFERENCE_VARIABLE: Fixed = Text::fixed("Variable de entorno", "Environment variable");

/// What asks screens needs them to speak.
pub(super) fn needs_agent(agent: &str) -> Text {
    Text::new(
        format!("necesita {agent} = true: sin eso, las pantallas no pueden decir nada"),
        format!("needs {agent} = true: without it the screens cannot say anything"),
    )
}

/// A trial that ends before all screens can have loaded the page again.
pub(super) fn trial_too_short(trial: &str, needed: u64, spread: &str) -> Text {
    Text::new(
        format!("las pantallas no llegarían a tiempo: ponga {trial} en {needed} o más, o baje {spread}"),
        format!("the screens would come too late: set {trial} to {needed} or more, or lower {spread}"),
    )
}

/// The heading of a list of faults.
pub(super) fn faults(count: usize) -> Text {
    match count {
        1 => Text::new("la configuración tiene un error:", "the configuration has a fault:"),
        n => Text::new(format!("la configuración tiene {n} errores:"), format!("the configuration has {n} faults:")),
    }
}

impl Problem {
    /// The rest of a line that begins with where and which key.
    pub(super) fn text(&self) -> Text {
        match self {
            Self::Unreadable(error) => {
                let Text { es, en } = io_reason(error);
                Text::new(format!("no se puede leer: {es}"), format!("cannot be read: {en}"))
            }
            Self::TooLarge { max } => Text::new(
                format!("ocupa más de {max} bytes: no es una configuración"),
                format!("is larger than {max} bytes: this is not a configuration"),
            ),
            Self::Utf16 => Text::new("está en UTF-16: guárdelo como UTF-8", "is in UTF-16: save it as UTF-8"),
            Self::NotUnicode => Text::new(
                "contiene bytes que no son UTF-8 (en el editor: guardar como UTF-8)",
                "contains bytes that are not UTF-8 (in the editor: save as UTF-8)",
            ),
            Self::Syntax { column, message, line, corrected } => {
                let Text { es, en } = syntax_reason(message);
                let text = Text::new(
                    format!("columna {column}: {es}\n    {line}"),
                    format!("column {column}: {en}\n    {line}"),
                );
                match corrected {
                    Some(corrected) => {
                        text.then(&Text::new(format!("   → escriba: {corrected}"), format!("   → write: {corrected}")))
                    }
                    None => text,
                }
            }
            Self::Elsewhere { file, key, is_secret } => elsewhere(file, key, *is_secret),
            Self::Expected { kind, element, found } => {
                let Text { es, en } = if *element { describe_element(*kind) } else { describe(*kind) };
                Text::new(format!("debe ser {es}, no {found}"), format!("must be {en}, not {found}"))
            }
            Self::TableExpected => Text::new(
                "es una sección: no puede tener un valor propio",
                "is a section: it cannot have a value of its own",
            ),
            Self::UnknownKey { suggestion } => {
                Text::new("no existe esa clave", "there is no such key").then(&did_you_mean(suggestion.as_deref()))
            }
            Self::NotAssignment(found) => Text::new(
                format!("debe tener la forma CLAVE=VALOR, no {found}"),
                format!("must have the form KEY=VALUE, not {found}"),
            ),
            Self::Missing => {
                Text::new("falta un valor, y no hay ninguno por defecto", "a value is missing, and there is no default")
            }
            Self::RequiredByTls(mode) => Text::new(
                format!("es necesario con tls.mode = \"{mode}\""),
                format!("is required with tls.mode = \"{mode}\""),
            ),
            Self::RequiredBy(key) => {
                Text::new(format!("es necesario si se indica {key}"), format!("is required where {key} is given"))
            }
            Self::HttpNotAllowed { unless } => Text::new(
                format!("empieza por http://, que solo se admite con {unless} = true"),
                format!("begins with http://, which is allowed only with {unless} = true"),
            ),
            Self::NotWeb => {
                Text::new("debe empezar por https://, no por file://", "must begin with https://, not file://")
            }
            Self::NoAddress => Text::new(
                "no queda ninguna dirección en la que escuchar: indique una aquí",
                "no address is left to listen on: give one here",
            ),
            Self::RepeatedAddress(address) => Text::new(
                format!("la dirección {address} aparece dos veces"),
                format!("the address {address} appears twice"),
            ),
            Self::Exceeds { key, limit } => Text::new(
                format!("no puede ser mayor que {key} ({limit})"),
                format!("cannot be greater than {key} ({limit})"),
            ),
            Self::Rule(text) => text.clone(),
            Self::NotFile(path) => {
                let path = path.display();
                Text::new(format!("{path} no es un archivo que exista"), format!("{path} is not an existing file"))
            }
        }
    }
}

impl Notice {
    /// The rest of a line that begins with where and which name.
    pub(super) fn text(&self) -> Text {
        match self {
            Self::Unknown { suggestion } => Text::new("no se conoce y se ignora", "is not known and is ignored")
                .then(&did_you_mean(suggestion.as_deref())),
            Self::Elsewhere { file, key, is_secret } => elsewhere(file, key, *is_secret),
            Self::Invisible(invisible) => invisible.text(),
            Self::Unused { modes } => Text::new(
                format!("no tiene efecto: solo se usa con tls.mode = {modes}"),
                format!("has no effect: it is only used with tls.mode = {modes}"),
            ),
            Self::UnusedWithout(key) => Text::new(
                format!("no tiene efecto: solo se usa si se indica {key}"),
                format!("has no effect: it is only used where {key} is given"),
            ),
            Self::NoPassword(path) => {
                let path = path.display();
                Text::new(
                    format!("{path} no es un archivo que exista; mientras no lo sea, el equipo no entra en el ERP"),
                    format!("{path} is not an existing file; until it is, the box does not sign in to the ERP"),
                )
            }
            Self::Unusable(text) => text.clone(),
            Self::ShownToAll => Text::new(
                "lo que responden estas rutas se sirve entero y sin contraseña a toda la red: compruebe que no lleva datos personales",
                "what these paths answer is served whole and without a password to the whole network: make sure that there is no personal data in it",
            ),
            Self::StopsAgent(key) => Text::new(
                format!(
                    "impide el programa de {key}: el equipo no sabrá si las pantallas muestran la página; añada 'self' a script-src y connect-src"
                ),
                format!(
                    "stops the program of {key}: the box will not know whether the screens show the page; add 'self' to script-src and connect-src"
                ),
            ),
            Self::NotDirectory(path) => {
                let path = path.display();
                Text::new(
                    format!(
                        "{path} no es un directorio que exista; mientras no lo sea, las pantallas muestran un aviso"
                    ),
                    format!("{path} is not an existing directory; until it is, the displays show a page that says so"),
                )
            }
        }
    }
}

/// Where a key of this file belongs.
fn elsewhere(file: &str, key: &str, is_secret: bool) -> Text {
    if is_secret {
        return Text::new(
            format!(
                "va en {file}, como {key}: bórrelo de este archivo, que cualquiera puede leer, y escríbalo en {file}"
            ),
            format!(
                "belongs into {file}, as {key}: delete it from this file, which anybody can read, and write it to {file}"
            ),
        );
    }
    Text::new(format!("va en {file}, como {key}"), format!("belongs into {file}, as {key}"))
}

/// The question after an unknown name; empty where nothing is like it.
fn did_you_mean(suggestion: Option<&str>) -> Text {
    suggestion
        .map(|name| Text::new(format!("; ¿quería decir {name}?"), format!("; did you mean {name}?")))
        .unwrap_or_default()
}

pub(super) fn prefix_missing_v4(address: Ipv4Addr) -> Text {
    Text::new(
        format!("falta la longitud de la red: casi siempre es /24, así: {address}/24"),
        format!("the length of the network is missing: nearly always it is /24, as in {address}/24"),
    )
}

pub(super) fn prefix_missing_v6(address: Ipv6Addr) -> Text {
    Text::new(
        format!("falta la longitud de la red, como en {address}/64"),
        format!("the length of the network is missing, as in {address}/64"),
    )
}

/// Of the first address of a network.
pub(super) fn network_is_no_host(address: Ipv4Addr, prefix: u32, example: Ipv4Addr) -> Text {
    Text::new(
        format!(
            "{address}/{prefix} es la red entera, no la dirección de un equipo: escriba una suya, como {example}/{prefix}"
        ),
        format!(
            "{address}/{prefix} is the whole network, not the address of a host: write one of its own, as {example}/{prefix}"
        ),
    )
}

/// Of the last address of a network.
pub(super) fn broadcast_is_no_host(address: Ipv4Addr, prefix: u32, example: Ipv4Addr) -> Text {
    Text::new(
        format!(
            "{address} es la dirección de difusión (broadcast) de su red, que ningún equipo puede tener: escriba otra, como {example}/{prefix}"
        ),
        format!(
            "{address} is the broadcast address of its network, which no host can have: write another, as {example}/{prefix}"
        ),
    )
}

/// The kind of a value, with its bounds.
pub(super) fn describe(kind: Kind) -> Text {
    match kind {
        Kind::Path => Text::new("una ruta", "a path"),
        Kind::Text { max } => {
            Text::new(format!("un texto de 1 a {max} caracteres"), format!("a text of 1 to {max} characters"))
        }
        Kind::Header => Text::new(
            "un texto en una línea, sin acentos ni otros caracteres que no sean ASCII",
            "a text on one line, in ASCII",
        ),
        Kind::Bool => Text::new("true o false", "true or false"),
        Kind::Integer { min, max } => {
            Text::new(format!("un número entero de {min} a {max}"), format!("a whole number from {min} to {max}"))
        }
        Kind::Number { min, max } => {
            Text::new(format!("un número de {min} a {max}"), format!("a number from {min} to {max}"))
        }
        Kind::Choice(names) => {
            let names = names.join(", ");
            Text::new(format!("uno de: {names}"), format!("one of: {names}"))
        }
        Kind::Addresses => Text::new("una lista de direcciones con puerto", "a list of addresses with a port"),
        Kind::Names => {
            Text::new("una lista de nombres de equipo o direcciones IP", "a list of host names or IP addresses")
        }
        Kind::Proxy => Text::new(
            "la dirección de un proxy con su puerto (http://…:3128), sin usuario",
            "the address of a proxy with its port (http://…:3128), without a user",
        ),
        Kind::Destinations => Text::new(
            "una lista de nombres, direcciones IP o redes (10.0.0.0/8), o *",
            "a list of names, IP addresses or networks (10.0.0.0/8), or *",
        ),
        Kind::RequestPaths { max } => Text::new(
            format!("una lista de hasta {max} rutas que empiecen por /, con su consulta (/ruta?clave=valor)"),
            format!("a list of at most {max} paths that begin with /, with their query (/path?key=value)"),
        ),
        Kind::Label => Text::new(
            "un nombre de equipo sin puntos: letras, cifras y guiones",
            "a host name without dots: letters, digits and hyphens",
        ),
        Kind::Url => Text::new(
            "una dirección web (https://…), sin usuario ni consulta",
            "a web address (https://…), without user or query",
        ),
        Kind::Hours => Text::new("de una hora a otra, como 22:00-05:00", "from one time to another, as 22:00-05:00"),
        Kind::TimeOfDay => Text::new("una hora del día, como 22:00", "a time of the day, as 22:00"),
        Kind::Choices(names) => {
            let names = names.join(", ");
            Text::new(format!("una lista de algunos de: {names}"), format!("a list of some of: {names}"))
        }
        Kind::TimeZone => Text::new(
            "una zona horaria que el sistema conozca, como Europe/Madrid",
            "a time zone that the system knows, as Europe/Madrid",
        ),
        Kind::HostAddress => Text::new(
            "dhcp, o una dirección IP con la longitud de la red, como 192.168.1.50/24",
            "dhcp, or an IP address with the length of the network, as 192.168.1.50/24",
        ),
        Kind::Ip => Text::new("una dirección IP", "an IP address"),
        Kind::Ips => Text::new("una lista de direcciones IP", "a list of IP addresses"),
        Kind::SshKey => {
            Text::new("una clave pública de SSH (ssh-ed25519 AAAA…)", "a public key of SSH (ssh-ed25519 AAAA…)")
        }
        Kind::WifiPassphrase => Text::new(
            "de 8 a 63 letras, cifras, signos o espacios, sin acentos",
            "8 to 63 ASCII letters, digits, signs or spaces",
        ),
    }
}

/// The kind of a list's element.
fn describe_element(kind: Kind) -> Text {
    match kind {
        Kind::Addresses => Text::new("una dirección IP con puerto", "an IP address with a port"),
        Kind::Names => Text::new("un nombre de equipo o una dirección IP", "a host name or an IP address"),
        Kind::Choices(names) => describe(Kind::Choice(names)),
        Kind::Ips => describe(Kind::Ip),
        Kind::RequestPaths { .. } => Text::new(
            "una ruta que empiece por /, sin espacios, acentos ni #",
            "a path that begins with /, in ASCII, without spaces or #",
        ),
        kind => describe(kind),
    }
}

/// Why a file cannot be read.
fn io_reason(error: &io::Error) -> Text {
    match error.kind() {
        io::ErrorKind::NotFound => Text::new("no existe", "there is no such file"),
        io::ErrorKind::PermissionDenied => Text::new("falta el permiso", "permission denied"),
        io::ErrorKind::IsADirectory => Text::new("es un directorio", "it is a directory"),
        _ => Text::new(error.to_string(), error.to_string()),
    }
}

/// How the parser's most frequent messages begin, in plain words.
const SYNTAX: &[(&str, Fixed)] = &[
    (
        "string values must be quoted",
        Text::fixed("los textos se escriben entre comillas", "a text is written in quotation marks"),
    ),
    ("duplicate key", Text::fixed("la clave está repetida", "the key is repeated")),
    ("key with no value", Text::fixed("falta el signo = y el valor", "the = sign and the value are missing")),
    ("missing value", Text::fixed("falta el valor", "the value is missing")),
    (
        "invalid basic string",
        Text::fixed("faltan las comillas que cierran el texto", "the closing quotation mark is missing"),
    ),
    ("missing assignment", Text::fixed("falta el signo =", "the = sign is missing")),
    ("missing comma", Text::fixed("falta una coma", "a comma is missing")),
    ("extra comma", Text::fixed("sobra una coma", "there is a comma too many")),
    ("extra `=`", Text::fixed("sobra un signo =", "there is an = sign too many")),
    ("unclosed array", Text::fixed("falta el ] que cierra la lista", "the ] that closes the list is missing")),
    (
        "unclosed table",
        Text::fixed("falta el ] que cierra la sección", "the ] that closes the section's name is missing"),
    ),
    (
        "unclosed inline table",
        Text::fixed("falta la } que cierra la sección", "the } that closes the section is missing"),
    ),
    ("unexpected leading zero", Text::fixed("un número no empieza por 0", "a number does not begin with 0")),
    ("invalid unquoted key", Text::fixed("el nombre de la clave no es válido", "the name of the key is not valid")),
    ("unexpected key or value", Text::fixed("sobra texto en la línea", "there is something too much on the line")),
];

/// The parser's message, in plain words as far as they are known.
fn syntax_reason(message: &str) -> Text {
    match SYNTAX.iter().find(|(begins, _)| message.starts_with(begins)) {
        Some((_, plain)) => (*plain).into(),
        None => Text::new(format!("no es TOML válido ({message})"), format!("this is not TOML ({message})")),
    }
}
