//! What people read about the ERP: what is wrong, and what to do.

use std::net::IpAddr;

use crate::lang::Text;
use crate::outbound::{AddressFault, OutboundError, OutboundErrorKind};

use super::answer::ShapeError;
use super::reason::Reason;

impl Reason {
    /// What it is, and what to do.
    pub(crate) fn text(&self) -> Text {
        reason(self)
    }
}

fn reason(reason: &Reason) -> Text {
    match reason {
        Reason::Outbound(kind) => outbound(*kind),
        Reason::Timeout => Text::new(
            "El ERP no responde a tiempo: se vuelve a intentar. Si dura, compruebe la conexión a internet y avise a quien lleva el ERP.",
            "The ERP does not answer in time: it is asked again. If it lasts, check the internet connection and tell whoever runs the ERP.",
        ),
        Reason::Truncated => Text::new(
            "La respuesta del ERP se corta antes de terminar, como cuando falla la red o un proxy: se vuelve a intentar.",
            "The ERP's answer is cut short, as by a bad network or a proxy: it is asked again.",
        ),
        Reason::TooLarge => Text::new(
            "La respuesta del ERP es demasiado grande y no se usa: caben 8 MiB, y 256 KiB de una ruta de erp.extra_paths. Avise a quien lleva el ERP.",
            "The ERP's answer is too large and is not used: 8 MiB are the most, and 256 KiB of a path of erp.extra_paths. Tell whoever runs the ERP.",
        ),
        Reason::LoginRefused => Text::new(
            "El ERP no acepta el usuario o la contraseña: compruebe erp.user y la contraseña. Se vuelve a intentar cada 30 minutos, y en cuanto la contraseña cambie.",
            "The ERP refuses the user or the password: check erp.user and the password. It is tried again every 30 minutes, and as soon as the password changes.",
        ),
        Reason::Unauthorized => Text::new(
            "El ERP ya no acepta la sesión de este equipo, que inicia otra. Si dura más de unos minutos, avise a quien lleva el ERP.",
            "The ERP no longer accepts this box's session; the box signs in again. If it lasts more than some minutes, tell whoever runs the ERP.",
        ),
        Reason::Forbidden => Text::new(
            "El usuario de este equipo no puede leer estos datos: pida a quien lleva el ERP que se lo permita.",
            "This box's user may not read these data: have whoever runs the ERP allow it.",
        ),
        Reason::WrongPrefix => Text::new(
            "El servidor responde, pero el ERP no está en esa dirección: compruebe la ruta de erp.url. Puede faltarle un prefijo, como en https://erp.example.com/v1, o sobrarle.",
            "The server answers, but the ERP is not at that address: check the path of erp.url. A prefix may be missing, as in https://erp.example.com/v1, or be one too many.",
        ),
        Reason::NotFound => Text::new(
            "El servidor no tiene estos datos: compruebe erp.url y erp.extra_paths; si son correctas, avise a quien lleva el ERP.",
            "The server does not have these data: check erp.url and erp.extra_paths; if they are right, tell whoever runs the ERP.",
        ),
        Reason::Redirect(status) => Text::new(
            format!(
                "El servidor remite a otra dirección (HTTP {status}), y este equipo no la sigue: ponga en erp.url la dirección definitiva de la API."
            ),
            format!(
                "The server points to another address (HTTP {status}), which this box does not follow: set erp.url to where the API really is."
            ),
        ),
        Reason::Overloaded { status: 429, .. } => Text::new(
            "El ERP pide menos preguntas (HTTP 429): este equipo espera y pregunta más despacio. Si dura, avise a quien lleva el ERP.",
            "The ERP wants fewer requests (HTTP 429): this box waits, and asks more slowly. If it lasts, tell whoever runs the ERP.",
        ),
        Reason::Overloaded { status, .. } => Text::new(
            format!(
                "El ERP no da abasto o está en mantenimiento (HTTP {status}): este equipo espera y pregunta más despacio. Si dura, avise a quien lleva el ERP."
            ),
            format!(
                "The ERP is overloaded or under maintenance (HTTP {status}): this box waits, and asks more slowly. If it lasts, tell whoever runs the ERP."
            ),
        ),
        Reason::Html(403) => Text::new(
            "Un cortafuegos que protege al ERP rechaza a este equipo (página HTTP 403): pida a quien lleva el ERP que permita la dirección pública del taller.",
            "A firewall before the ERP refuses this box (HTTP 403 page): have whoever runs the ERP allow the workshop's public address.",
        ),
        Reason::Html(404) => Text::new(
            "El servidor responde con una página que dice que ahí no hay nada (HTTP 404): compruebe que erp.url es la dirección de la API del ERP, con su prefijo.",
            "The server answers with a page that says that nothing is there (HTTP 404): check that erp.url is the address of the ERP's API, with its prefix.",
        ),
        Reason::Html(status @ 500..=599) if *status != 511 => Text::new(
            format!(
                "El ERP está caído: responde en su lugar una página de error (HTTP {status}). Se vuelve a intentar; si dura, avise a quien lleva el ERP."
            ),
            format!(
                "The ERP is down: an error page answers in its place (HTTP {status}). It is asked again; if it lasts, tell whoever runs the ERP."
            ),
        ),
        Reason::Html(status) => Text::new(
            format!(
                "Llega una página web en lugar de datos (HTTP {status}): compruebe que erp.url es la dirección de la API del ERP, y que la red no pide iniciar sesión para salir a internet."
            ),
            format!(
                "A web page comes instead of data (HTTP {status}): check that erp.url is the address of the ERP's API, and that the network does not want a login before it lets anything out."
            ),
        ),
        Reason::Status(status @ 500..=599) => Text::new(
            format!(
                "El ERP falla por dentro (HTTP {status}): se vuelve a intentar. Si dura, avise a quien lleva el ERP."
            ),
            format!("The ERP fails inside (HTTP {status}): it is asked again. If it lasts, tell whoever runs the ERP."),
        ),
        Reason::Status(status) => Text::new(
            format!(
                "El ERP responde con un error (HTTP {status}): compruebe erp.url, y que erp.user es el correo del usuario."
            ),
            format!(
                "The ERP answers with an error (HTTP {status}): check erp.url, and that erp.user is the user's e-mail."
            ),
        ),
        Reason::NotJson => Text::new(
            "Lo que responde el servidor no son datos del ERP: compruebe que erp.url es la dirección de su API.",
            "What the server answers are no data of the ERP's: check that erp.url is the address of its API.",
        ),
        Reason::Shape(error) => shape(error),
        Reason::Settings(text) => text.clone(),
    }
}

fn shape(error: &ShapeError) -> Text {
    let Text { es, en } = match error {
        ShapeError::NotJson | ShapeError::TooLarge => Text::default(),
        ShapeError::Other { line, column } => {
            Text::new(format!(" (línea {line}, columna {column})"), format!(" (line {line}, column {column})"))
        }
    };
    Text::new(
        format!(
            "El ERP responde en una forma que este equipo no conoce{es}: puede ser otra versión del ERP. Actualice este equipo; si no basta, avise al fabricante."
        ),
        format!(
            "The ERP answers in a form that this box does not know{en}: it may be another version of the ERP. Update this box; if that does not help, tell the maker."
        ),
    )
}

fn outbound(kind: OutboundErrorKind) -> Text {
    match kind {
        OutboundErrorKind::Settings => Text::new(
            "Este equipo no puede preguntar al ERP así: compruebe erp.url, outbound.ca_file y proxy.url.",
            "This box cannot ask the ERP like that: check erp.url, outbound.ca_file and proxy.url.",
        ),
        OutboundErrorKind::UnknownName => Text::new(
            "No se encuentra el servidor del ERP por su nombre: compruebe que erp.url está bien escrita y que hay conexión a internet.",
            "The ERP's server is not found by its name: check the spelling of erp.url and the internet connection.",
        ),
        OutboundErrorKind::Unreachable => Text::new(
            "No se llega al servidor del ERP: compruebe la conexión a internet, y el servidor y el puerto de erp.url.",
            "The ERP's server cannot be reached: check the internet connection, and the server and the port of erp.url.",
        ),
        OutboundErrorKind::Blocked => Text::new(
            "Nada responde en la dirección del ERP, como cuando lo impide un cortafuegos: si la red del taller sale a internet por un proxy, póngalo en proxy.url; si no, pida que permitan la salida a ese servidor.",
            "Nothing answers at the ERP's address, as when a firewall is in the way: if the workshop's network has a proxy, set proxy.url; otherwise have that server allowed.",
        ),
        OutboundErrorKind::NotTls => Text::new(
            "El servidor responde, pero no con una conexión cifrada: compruebe que el puerto de erp.url es el de https://.",
            "The server answers, but not with an encrypted connection: check that the port of erp.url is that of https://.",
        ),
        OutboundErrorKind::UnknownAuthority => Text::new(
            "Este equipo no conoce a la autoridad que firma el certificado del ERP: si la red inspecciona las conexiones cifradas, o el ERP es de la empresa, ponga el certificado de su autoridad en outbound.ca_file.",
            "This box does not know the authority that signed the ERP's certificate: if the network inspects encrypted connections, or the ERP is the company's own, set its authority's certificate in outbound.ca_file.",
        ),
        OutboundErrorKind::Certificate => Text::new(
            "El certificado del ERP no vale: compruebe la hora de este equipo y que erp.url es correcta; si lo son, avise a quien lleva el ERP.",
            "The ERP's certificate is not valid: check this box's clock and erp.url; if both are right, tell whoever runs the ERP.",
        ),
        OutboundErrorKind::ProxyUnreachable => Text::new(
            "No se llega al proxy de la red: compruebe proxy.url, o las variables HTTPS_PROXY y HTTP_PROXY, con quien lleva la red.",
            "The network's proxy cannot be reached: check proxy.url, or the variables HTTPS_PROXY and HTTP_PROXY, with whoever runs the network.",
        ),
        OutboundErrorKind::ProxyLogin => Text::new(
            "El proxy de la red pide usuario y contraseña, o no acepta los que tiene: póngalos en el archivo que indica proxy.credentials_file.",
            "The network's proxy wants a user and a password, or refuses those that it was given: write them into the file that proxy.credentials_file names.",
        ),
        OutboundErrorKind::ProxyRefused => Text::new(
            "El proxy de la red no deja llegar al ERP: pida a quien lleva la red que lo permita.",
            "The network's proxy does not let the box reach the ERP: have whoever runs the network allow it.",
        ),
    }
}

/// What is wrong with the ERP's address.
pub(super) fn address(url: &str, error: &OutboundError) -> Text {
    let OutboundError::Address { why, .. } = error else { return outbound(error.kind()) };
    let why = match why {
        AddressFault::NotEncrypted => Text::new(
            "no va cifrada. Póngala con https://; si el ERP está en la red del taller y no lo tiene, permita http:// con erp.allow_http = true",
            "it is not encrypted. Write it with https://; if the ERP is in the workshop's network and does not have that, allow http:// with erp.allow_http = true",
        ),
        AddressFault::Scheme | AddressFault::FileForm => {
            Text::new("no empieza por https://", "it does not begin with https://")
        }
        AddressFault::NoServer => Text::new("no nombra un servidor", "it names no server"),
        AddressFault::Fragment => Text::new("tiene un fragmento (#)", "it has a fragment (#)"),
        AddressFault::Query => Text::new("tiene una consulta (?)", "it has a query (?)"),
        AddressFault::UserName => Text::new(
            "lleva un usuario: póngalo en erp.user, y la contraseña en su archivo",
            "it holds a user name: set erp.user, and write the password into its file",
        ),
        AddressFault::ServerName => {
            Text::new("el nombre de su servidor no puede serlo", "its server's name cannot be one")
        }
        AddressFault::Unparsable | AddressFault::NotUtf8 => {
            Text::new("no es una dirección web", "it is not a web address")
        }
    };
    // A password that was written into it is not repeated.
    let shown = if url.contains('@') { "…" } else { url };
    Text::new(
        format!("La dirección del ERP, erp.url = {shown}, no se puede usar: {}.", why.es),
        format!("The ERP's address, erp.url = {shown}, cannot be used: {}.", why.en),
    )
}

/// What a check says of the settings.
pub(super) fn settings(address: &str) -> Text {
    Text::new(
        format!("Ajustes: dirección {address}, con usuario y contraseña."),
        format!("Settings: address {address}, with a user and a password."),
    )
}

pub(super) const NO_USER: Text<&'static str> = Text::fixed(
    "Falta el usuario del ERP: ponga su correo en erp.user.",
    "The ERP's user is missing: set erp.user to its e-mail.",
);

/// What a check says of the server's name.
pub(super) fn found(host: &str, addresses: &[IpAddr]) -> Text {
    let shown = addresses.iter().take(4).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Text::new(format!("Nombre: {host} es {shown}."), format!("Name: {host} is {shown}."))
}

pub(super) fn found_by_proxy(host: &str, proxy: &str) -> Text {
    Text::new(format!("Nombre: a {host} llega el proxy {proxy}."), format!("Name: the proxy {proxy} leads to {host}."))
}

pub(super) fn is_address(address: IpAddr) -> Text {
    Text::new(
        format!("Nombre: no hace falta buscarlo, {address} es una dirección."),
        format!("Name: none to look for, {address} is an address."),
    )
}

pub(super) const ENCRYPTED: Text<&'static str> = Text::fixed(
    "Conexión: cifrada, y el certificado del servidor vale.",
    "Connection: encrypted, and the server's certificate is valid.",
);

pub(super) const NOT_ENCRYPTED: Text<&'static str> = Text::fixed(
    "Conexión: sin cifrar (http://). La contraseña se puede leer en la red: si el ERP tiene https://, úselo en erp.url.",
    "Connection: not encrypted (http://). The password can be read in the network: if the ERP has https://, use that in erp.url.",
);

/// What a check says of the prefix.
pub(super) fn prefix(address: &str) -> Text {
    Text::new(format!("Prefijo: el ERP está en {address}."), format!("Prefix: the ERP is at {address}."))
}

pub(super) const SIGNED_IN: Text<&'static str> = Text::fixed(
    "Sesión: el ERP acepta el usuario y la contraseña.",
    "Login: the ERP accepts the user and the password.",
);

/// What a check says of the right role.
pub(super) fn role(role: &str) -> Text {
    Text::new(format!("Rol: {role}."), format!("Role: {role}."))
}

/// What a check says of the workshop.
pub(super) fn workshop(name: &str) -> Text {
    Text::new(
        format!("Taller: {name}. Compruebe que es este."),
        format!("Workshop: {name}. Make sure that it is this one."),
    )
}

pub(super) const NO_WORKSHOP: Text<&'static str> = Text::fixed(
    "Taller: el usuario no tiene ninguno, y sin él no hay datos. Pida a quien lleva el ERP que se lo asigne.",
    "Workshop: the user has none, and without one there are no data. Have whoever runs the ERP assign it.",
);

/// A path that is none.
pub(super) fn path(path: &str) -> Text {
    Text::new(
        format!("{path} no es una ruta que se pueda pedir: compruebe erp.extra_paths."),
        format!("{path} is not a path that can be asked for: check erp.extra_paths."),
    )
}

/// Why a workshop at full work shows an OEE of zero.
pub(super) const OEE_ZERO: Text<&'static str> = Text::fixed(
    "El ERP da un OEE de 0 con todas las máquinas en uso, porque solo cuenta como disponibles las que están libres. La pantalla muestra lo que dice el ERP.",
    "The ERP gives an OEE of 0 with every machine in use, since it counts only idle ones as available. The display shows what the ERP says.",
);

/// What a person should know about the role of the box's account; `None` for the one that it should have.
pub(crate) fn role_warning(role: &str) -> Option<Text> {
    match role {
        "OPERATOR" => None,
        "" => Some(Text::new(
            "El ERP no dice qué rol tiene el usuario de este equipo: lo adecuado es OPERATOR.",
            "The ERP does not say which role this box's user has: it should be OPERATOR.",
        )),
        "ADMIN" | "MANAGER" => Some(Text::new(
            format!(
                "El usuario de este equipo tiene el rol {role}: quien se lleve el equipo puede cambiar datos del taller. Pida a quien lleva el ERP un usuario con el rol OPERATOR solo para la pantalla."
            ),
            format!(
                "This box's user has the role {role}: whoever takes the box away can change the workshop's data. Have whoever runs the ERP make a user with the role OPERATOR for the display alone."
            ),
        )),
        role => Some(Text::new(
            format!(
                "El usuario de este equipo tiene el rol {role}, que puede más de lo que la pantalla necesita. Pida a quien lleva el ERP un usuario con el rol OPERATOR solo para la pantalla."
            ),
            format!(
                "This box's user has the role {role}, which may do more than the display needs. Have whoever runs the ERP make a user with the role OPERATOR for the display alone."
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_what_is_wrong_with_it_and_no_password() {
        let of = |url: &str, why| address(url, &OutboundError::Address { url: url.to_owned(), why });
        let text = of("http://erp.taller.local", AddressFault::NotEncrypted);
        assert!(text.es.contains("http://erp.taller.local") && text.es.contains("erp.allow_http"), "{text:?}");
        let text = of("https://ana:secreta@erp.example.com", AddressFault::UserName);
        assert!(text.es.contains("erp.user") && !format!("{text:?}").contains("secreta"), "{text:?}");
    }

    #[test]
    fn every_role_but_the_least_is_warned_about() {
        assert_eq!(role_warning("OPERATOR"), None);
        for role in ["ADMIN", "MANAGER", "SUPERVISOR", "QUALITY_INSPECTOR", "", "operator"] {
            assert!(role_warning(role).is_some_and(|text| text.es.contains("OPERATOR")), "{role}");
        }
    }
}
