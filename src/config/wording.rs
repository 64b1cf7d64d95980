//! The words for what is wrong, in Spanish and English.

use super::fault::{Problem, did_you_mean, elsewhere};
use crate::lang::Lang;
use crate::schema::Kind;
use std::io;

impl Problem {
    /// What is wrong, as the rest of a line that begins with where and which key.
    pub(super) fn render(&self, lang: Lang) -> String {
        match self {
            Self::Unreadable(error) => {
                let reason = io_reason(error, lang);
                lang.pick(format!("no se puede leer: {reason}"), format!("cannot be read: {reason}"))
            }
            Self::TooLarge { max } => lang.pick(
                format!("ocupa más de {max} bytes: no es una configuración"),
                format!("is larger than {max} bytes: this is not a configuration"),
            ),
            Self::Utf16 => {
                lang.pick("está en UTF-16: guárdelo como UTF-8", "is in UTF-16: save it as UTF-8").to_owned()
            }
            Self::NotUnicode => lang
                .pick(
                    "contiene bytes que no son UTF-8 (en el editor: guardar como UTF-8)",
                    "contains bytes that are not UTF-8 (in the editor: save as UTF-8)",
                )
                .to_owned(),
            Self::Syntax { column, message, line, corrected } => {
                let reason = syntax_reason(message, lang);
                let column = lang.pick(format!("columna {column}"), format!("column {column}"));
                let corrected = corrected.as_ref().map(|corrected| {
                    lang.pick(format!("   → escriba: {corrected}"), format!("   → write: {corrected}"))
                });
                format!("{column}: {reason}\n    {line}{}", corrected.unwrap_or_default())
            }
            Self::Elsewhere { file, key, is_secret } => elsewhere(file, key, *is_secret, lang),
            Self::Expected { kind, element, found } => {
                let wanted = if *element { describe_element(*kind, lang) } else { describe(*kind, lang) };
                lang.pick(format!("debe ser {wanted}, no {found}"), format!("must be {wanted}, not {found}"))
            }
            Self::TableExpected => lang
                .pick(
                    "es una sección: no puede tener un valor propio",
                    "is a section: it cannot have a value of its own",
                )
                .to_owned(),
            Self::UnknownKey { suggestion } => {
                lang.pick("no existe esa clave", "there is no such key").to_owned()
                    + &did_you_mean(suggestion.as_deref(), lang)
            }
            Self::NotAssignment(found) => lang.pick(
                format!("debe tener la forma CLAVE=VALOR, no {found}"),
                format!("must have the form KEY=VALUE, not {found}"),
            ),
            Self::Missing => lang
                .pick("falta un valor, y no hay ninguno por defecto", "a value is missing, and there is no default")
                .to_owned(),
            Self::RequiredByTls(mode) => lang.pick(
                format!("es necesario con tls.mode = \"{mode}\""),
                format!("is required with tls.mode = \"{mode}\""),
            ),
            Self::HttpNotAllowed => lang
                .pick(
                    "empieza por http://, que solo se admite con update.allow_http = true",
                    "begins with http://, which is allowed only with update.allow_http = true",
                )
                .to_owned(),
            Self::NoAddress => lang
                .pick(
                    "no queda ninguna dirección en la que escuchar: indique una aquí",
                    "no address is left to listen on: give one here",
                )
                .to_owned(),
            Self::RepeatedAddress(address) => lang.pick(
                format!("la dirección {address} aparece dos veces"),
                format!("the address {address} appears twice"),
            ),
            Self::Exceeds { key, limit } => lang.pick(
                format!("no puede ser mayor que {key} ({limit})"),
                format!("cannot be greater than {key} ({limit})"),
            ),
            Self::Rule { es, en } => lang.pick(es, en).clone(),
            Self::NotFile(path) => {
                let path = path.display();
                lang.pick(format!("{path} no es un archivo que exista"), format!("{path} is not an existing file"))
            }
        }
    }
}

/// What a kind of value is called.
pub(super) fn describe(kind: Kind, lang: Lang) -> String {
    match kind {
        Kind::Path => lang.pick("una ruta", "a path").to_owned(),
        Kind::Text { max } => {
            lang.pick(format!("un texto de 1 a {max} caracteres"), format!("a text of 1 to {max} characters"))
        }
        Kind::Header => lang
            .pick(
                "un texto en una línea, sin acentos ni otros caracteres que no sean ASCII",
                "a text on one line, in ASCII",
            )
            .to_owned(),
        Kind::Bool => lang.pick("true o false", "true or false").to_owned(),
        Kind::Integer { min, max } => {
            lang.pick(format!("un número entero de {min} a {max}"), format!("a whole number from {min} to {max}"))
        }
        Kind::Number { min, max } => {
            lang.pick(format!("un número de {min} a {max}"), format!("a number from {min} to {max}"))
        }
        Kind::Choice(names) => {
            let names = names.join(", ");
            lang.pick(format!("uno de: {names}"), format!("one of: {names}"))
        }
        Kind::Addresses => {
            lang.pick("una lista de direcciones con puerto", "a list of addresses with a port").to_owned()
        }
        Kind::Names => lang
            .pick("una lista de nombres de equipo o direcciones IP", "a list of host names or IP addresses")
            .to_owned(),
        Kind::Proxy => lang
            .pick(
                "la dirección de un proxy con su puerto (http://…:3128), sin usuario",
                "the address of a proxy with its port (http://…:3128), without a user",
            )
            .to_owned(),
        Kind::Destinations => lang
            .pick(
                "una lista de nombres, direcciones IP o redes (10.0.0.0/8), o *",
                "a list of names, IP addresses or networks (10.0.0.0/8), or *",
            )
            .to_owned(),
        Kind::Label => lang
            .pick(
                "un nombre de equipo sin puntos: letras, cifras y guiones",
                "a host name without dots: letters, digits and hyphens",
            )
            .to_owned(),
        Kind::Url => lang
            .pick(
                "una dirección web (https://…), sin usuario ni consulta",
                "a web address (https://…), without user or query",
            )
            .to_owned(),
        Kind::Hours => {
            lang.pick("de una hora a otra, como 22:00-05:00", "from one time to another, as 22:00-05:00").to_owned()
        }
        Kind::Choices(names) => {
            let names = names.join(", ");
            lang.pick(format!("una lista de algunos de: {names}"), format!("a list of some of: {names}"))
        }
        Kind::TimeZone => lang
            .pick(
                "una zona horaria que el sistema conozca, como Europe/Madrid",
                "a time zone that the system knows, as Europe/Madrid",
            )
            .to_owned(),
        Kind::HostAddress => lang
            .pick(
                "dhcp, o una dirección IP con la longitud de la red, como 192.168.1.50/24",
                "dhcp, or an IP address with the length of the network, as 192.168.1.50/24",
            )
            .to_owned(),
        Kind::Ip => lang.pick("una dirección IP", "an IP address").to_owned(),
        Kind::Ips => lang.pick("una lista de direcciones IP", "a list of IP addresses").to_owned(),
        Kind::SshKey => lang
            .pick("una clave pública de SSH (ssh-ed25519 AAAA…)", "a public key of SSH (ssh-ed25519 AAAA…)")
            .to_owned(),
        Kind::WifiPassphrase => lang
            .pick(
                "de 8 a 63 letras, cifras, signos o espacios, sin acentos",
                "8 to 63 ASCII letters, digits, signs or spaces",
            )
            .to_owned(),
    }
}

/// What an element of a list is called.
fn describe_element(kind: Kind, lang: Lang) -> String {
    match kind {
        Kind::Addresses => lang.pick("una dirección IP con puerto", "an IP address with a port").to_owned(),
        Kind::Names => lang.pick("un nombre de equipo o una dirección IP", "a host name or an IP address").to_owned(),
        Kind::Choices(names) => describe(Kind::Choice(names), lang),
        Kind::Ips => describe(Kind::Ip, lang),
        kind => describe(kind, lang),
    }
}

/// Why a file cannot be read.
fn io_reason(error: &io::Error, lang: Lang) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => lang.pick("no existe", "there is no such file").to_owned(),
        io::ErrorKind::PermissionDenied => lang.pick("falta el permiso", "permission denied").to_owned(),
        io::ErrorKind::IsADirectory => lang.pick("es un directorio", "it is a directory").to_owned(),
        _ => error.to_string(),
    }
}

/// How the parser's most frequent messages begin, in Spanish and in plain English.
const SYNTAX: &[(&str, &str, &str)] = &[
    ("string values must be quoted", "los textos se escriben entre comillas", "a text is written in quotation marks"),
    ("duplicate key", "la clave está repetida", "the key is repeated"),
    ("key with no value", "falta el signo = y el valor", "the = sign and the value are missing"),
    ("missing value", "falta el valor", "the value is missing"),
    ("invalid basic string", "faltan las comillas que cierran el texto", "the closing quotation mark is missing"),
    ("missing assignment", "falta el signo =", "the = sign is missing"),
    ("missing comma", "falta una coma", "a comma is missing"),
    ("extra comma", "sobra una coma", "there is a comma too many"),
    ("extra `=`", "sobra un signo =", "there is an = sign too many"),
    ("unclosed array", "falta el ] que cierra la lista", "the ] that closes the list is missing"),
    ("unclosed table", "falta el ] que cierra la sección", "the ] that closes the section's name is missing"),
    ("unclosed inline table", "falta la } que cierra la sección", "the } that closes the section is missing"),
    ("unexpected leading zero", "un número no empieza por 0", "a number does not begin with 0"),
    ("invalid unquoted key", "el nombre de la clave no es válido", "the name of the key is not valid"),
    ("unexpected key or value", "sobra texto en la línea", "there is something too much on the line"),
];

/// What the parser says, in plain words as far as they are known.
fn syntax_reason(message: &str, lang: Lang) -> String {
    match SYNTAX.iter().find(|(begins, ..)| message.starts_with(begins)) {
        Some((_, es, en)) => lang.pick(*es, *en).to_owned(),
        None => lang.pick(format!("no es TOML válido ({message})"), format!("this is not TOML ({message})")),
    }
}
