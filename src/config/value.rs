//! One value: from text (environment, flags, defaults) or from TOML, by the kind of its key.

use super::{
    host_address::host_address,
    problem::{Problem, excerpt, quoted},
};
use crate::schema::{Kind, Value};
use crate::window;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use std::{
    ffi::OsStr,
    net::{IpAddr, SocketAddr},
    ops::Range,
    path::PathBuf,
};
use toml::{
    Spanned,
    de::{DeArray, DeValue},
};

/// Bytes of a path with its query.
const MAX_REQUEST_PATH: usize = 256;

/// The value that a text has, as environment variables and flags give it: lists are separated by commas.
pub(super) fn from_text(kind: Kind, text: &OsStr) -> Result<Value, Vec<Problem>> {
    if kind == Kind::Path {
        return path(text);
    }
    let Some(text) = text.to_str() else { return Err(vec![Problem::NotUnicode]) };
    let elements = || text.split(',').map(str::trim).filter(|_| !text.trim().is_empty());
    match kind {
        Kind::Addresses => list(kind, elements(), address).map(Value::Addresses),
        Kind::Names => list(kind, elements(), name).map(Value::Names),
        Kind::Choices(names) => list(kind, elements(), |text| one_of(names, text)).map(Value::Names),
        Kind::Ips => list(kind, elements(), ip).map(Value::Names),
        Kind::HostAddress => host_address(text.trim()).map(Value::Text).map_err(|problem| vec![problem]),
        Kind::Destinations => list(kind, elements(), destination).map(Value::Names),
        Kind::RequestPaths { max } => {
            at_most(max, kind, list(kind, elements(), request_path)?).map_err(|problem| vec![problem])
        }
        _ => scalar(kind, text).ok_or_else(|| vec![Problem::expected(kind, quoted(text))]),
    }
}

/// A path from a text: anything but nothing.
fn path(text: &OsStr) -> Result<Value, Vec<Problem>> {
    // A zero byte cannot reach the file system; TOML can write one.
    if text.is_empty() || text.as_encoded_bytes().contains(&0) {
        return Err(vec![Problem::expected(Kind::Path, quoted(&text.to_string_lossy()))]);
    }
    Ok(Value::Path(PathBuf::from(text)))
}

/// Every element of a list, or what is wrong with each that is.
fn list<'t, T>(
    kind: Kind,
    elements: impl Iterator<Item = &'t str>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Vec<Problem>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for element in elements {
        match parse(element) {
            Some(value) => good.push(value),
            None => bad.push(Problem::element(kind, quoted(element))),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

/// A value that is not a list.
fn scalar(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Text { max } => {
            let fits = !text.trim().is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control);
            fits.then(|| Value::Text(text.to_owned()))
        }
        Kind::Header => text.bytes().all(|byte| matches!(byte, b' '..=b'~')).then(|| Value::Text(text.to_owned())),
        Kind::Bool => match text.trim() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Integer { min, max } => integer(text.trim().parse().ok()?, min, max),
        Kind::Number { min, max } => number(text.trim().parse().ok()?, min, max),
        Kind::Choice(names) => one_of(names, text.trim()).map(Value::Text),
        Kind::Label => label(text.trim()).then(|| Value::Text(text.trim().to_ascii_lowercase())),
        Kind::Url => url(text.trim()).map(Value::Text),
        Kind::Proxy => proxy(text.trim()).map(Value::Text),
        Kind::Hours => text.trim().parse::<window::Hours>().ok().map(|hours| Value::Text(hours.to_string())),
        Kind::TimeOfDay => {
            let time = window::time_of_day(text.trim())?;
            Some(Value::Text(format!("{:02}:{:02}", time.hour(), time.minute())))
        }
        // Of the machine's database: a name that it does not know has no hours.
        Kind::TimeZone => {
            let zone = window::zone(Some(text.trim())).ok()?;
            // As the database spells it: whoever opens its file needs every letter.
            Some(Value::Text(zone.iana_name().unwrap_or(text.trim()).to_owned()))
        }
        Kind::Ip => ip(text.trim()).map(Value::Text),
        Kind::SshKey => ssh_key(text.trim()).then(|| Value::Text(text.trim().to_owned())),
        Kind::WifiPassphrase => {
            let is_good = (8..=63).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            is_good.then(|| Value::Text(text.to_owned()))
        }
        Kind::Path
        | Kind::Addresses
        | Kind::Names
        | Kind::Choices(_)
        | Kind::Ips
        | Kind::HostAddress
        | Kind::Destinations
        | Kind::RequestPaths { .. } => None,
    }
}

/// A list of no more than this.
fn at_most(max: usize, kind: Kind, list: Vec<String>) -> Result<Value, Problem> {
    let found = list.len();
    if found > max { Err(Problem::expected(kind, format!("[…] ({found})"))) } else { Ok(Value::Names(list)) }
}

/// The path of a request with its query, in the characters that a head may hold (RFC 3986).
fn request_path(text: &str) -> Option<String> {
    let is_path =
        text.starts_with('/') && text.len() <= MAX_REQUEST_PATH && text.bytes().all(|byte| byte.is_ascii_graphic());
    (is_path && !text.contains(['#', '"', '<', '>', '\\', '^', '`', '{', '|', '}'])).then(|| text.to_owned())
}

/// An IP address as text in its usual form.
fn ip(text: &str) -> Option<String> {
    text.parse::<IpAddr>().ok().map(|address| address.to_string())
}

/// Whether this is a public key: its blob (RFC 4253 section 6.6) begins with the name of its type.
fn ssh_key(text: &str) -> bool {
    const TYPES: &[&str] = &[
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ];
    let mut words = text.split(' ');
    let (Some(kind), Some(blob)) = (words.next(), words.next()) else { return false };
    let Ok(blob) = BASE64.decode(blob) else { return false };
    let length = u32::try_from(kind.len()).unwrap_or_default().to_be_bytes();
    let named = blob.strip_prefix(&length[..]).and_then(|rest| rest.strip_prefix(kind.as_bytes()));
    text.len() <= 4096
        && !text.chars().any(char::is_control)
        && TYPES.contains(&kind)
        && named.is_some_and(|key| key.len() >= 32)
}

/// A whole number, if it is within its limits.
fn integer(integer: u64, min: u64, max: u64) -> Option<Value> {
    (min..=max).contains(&integer).then_some(Value::Integer(integer))
}

/// A number, if it is within its limits.
fn number(number: f64, min: f64, max: f64) -> Option<Value> {
    (min..=max).contains(&number).then_some(Value::Number(number))
}

/// One of these names.
fn one_of(names: &[&str], text: &str) -> Option<String> {
    names.contains(&text).then(|| text.to_owned())
}

/// A web address without a query, or one of a directory (RFC 8089), without a slash at its end: paths are added to it.
fn url(text: &str) -> Option<String> {
    let url = text.trim_end_matches('/');
    if url.strip_prefix("file:///").is_some_and(|path| !path.is_empty()) {
        return Some(url.to_owned());
    }
    let uri: http::Uri = url.parse().ok()?;
    let is_web = matches!(uri.scheme_str(), Some("https" | "http")) && uri.host().is_some_and(|host| !host.is_empty());
    let is_plain = uri.query().is_none() && !uri.authority()?.as_str().contains('@') && !url.contains('#');
    (is_web && is_plain).then(|| url.to_owned())
}

/// `http://host:port`. Credentials have a file of their own: this value is shown.
fn proxy(text: &str) -> Option<String> {
    let uri: http::Uri = text.trim_end_matches('/').parse().ok()?;
    let is_proxy = uri.scheme_str() == Some("http") && uri.port().is_some() && matches!(uri.path(), "" | "/");
    let is_plain =
        uri.query().is_none() && uri.host().is_some_and(|host| !host.is_empty()) && !text.contains(['@', '#']);
    (is_proxy && is_plain).then(|| text.trim_end_matches('/').to_owned())
}

/// What may be reached without a proxy: `*`, an IP address, a network, or a name, perhaps with a port.
fn destination(text: &str) -> Option<String> {
    let is_network = text.trim_matches(['[', ']']).split_once('/').map_or_else(
        || text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok(),
        |(address, prefix)| {
            let (address, prefix) = (address.trim_end_matches(']').parse::<IpAddr>().ok(), prefix.parse::<u8>().ok());
            address.zip(prefix).is_some_and(|(ip, prefix)| prefix <= if ip.is_ipv4() { 32 } else { 128 })
        },
    );
    let host = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(text, |(host, _)| host);
    let host = host.strip_prefix('*').unwrap_or(host).trim_matches('.');
    (text == "*" || is_network || name(host).is_some()).then(|| text.to_ascii_lowercase())
}

/// An address with a port.
fn address(text: &str) -> Option<SocketAddr> {
    text.parse().ok()
}

/// An IP address, or a host name (RFC 1123, in lower case).
fn name(text: &str) -> Option<String> {
    // A last label of digits is an IPv4 address, or a mistyped one.
    let digits = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let host = text.len() <= 253 && text.split('.').all(label) && !text.rsplit('.').next().is_some_and(digits);
    host.then(|| text.to_ascii_lowercase())
}

/// Whether this is one label of a host name (RFC 1123 section 2.1).
fn label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// What is wrong at a place (a range of bytes) of a TOML document.
pub(super) type Misplaced = (Range<usize>, Problem);

/// The value that TOML gives.
pub(super) fn from_toml(kind: Kind, given: &Spanned<DeValue<'_>>) -> Result<Value, Vec<Misplaced>> {
    let wrong = || vec![(given.span(), Problem::expected(kind, written(given.get_ref())))];
    match (kind, given.get_ref()) {
        (Kind::Addresses, DeValue::Array(array)) => array_of(kind, array, address).map(Value::Addresses),
        (Kind::Names, DeValue::Array(array)) => array_of(kind, array, name).map(Value::Names),
        (Kind::Choices(names), DeValue::Array(array)) => {
            array_of(kind, array, |text| one_of(names, text)).map(Value::Names)
        }
        (Kind::Ips, DeValue::Array(array)) => array_of(kind, array, ip).map(Value::Names),
        (Kind::Destinations, DeValue::Array(array)) => array_of(kind, array, destination).map(Value::Names),
        (Kind::RequestPaths { max }, DeValue::Array(array)) => {
            let paths = array_of(kind, array, request_path)?;
            at_most(max, kind, paths).map_err(|problem| vec![(given.span(), problem)])
        }
        (Kind::Bool, DeValue::Boolean(bool)) => Ok(Value::Bool(*bool)),
        (Kind::Integer { min, max }, DeValue::Integer(digits)) => u64::from_str_radix(digits.as_str(), digits.radix())
            .ok()
            .and_then(|value| integer(value, min, max))
            .ok_or_else(wrong),
        (Kind::Number { min, max }, DeValue::Float(float)) => {
            float.as_str().parse().ok().and_then(|value| number(value, min, max)).ok_or_else(wrong)
        }
        (Kind::Number { min, max }, DeValue::Integer(digits)) => u32::from_str_radix(digits.as_str(), digits.radix())
            .ok()
            .and_then(|value| number(value.into(), min, max))
            .ok_or_else(wrong),
        (
            Kind::Path
            | Kind::Text { .. }
            | Kind::Header
            | Kind::Choice(_)
            | Kind::Label
            | Kind::Url
            | Kind::Proxy
            | Kind::Hours
            | Kind::TimeOfDay
            | Kind::TimeZone
            | Kind::HostAddress
            | Kind::Ip
            | Kind::SshKey
            | Kind::WifiPassphrase,
            DeValue::String(text),
        ) => from_text(kind, OsStr::new::<str>(text.as_ref()))
            .map_err(|problems| problems.into_iter().map(|problem| (given.span(), problem)).collect()),
        _ => Err(wrong()),
    }
}

/// Every element of an array of texts, or what is wrong with each that is.
fn array_of<T>(kind: Kind, array: &DeArray<'_>, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, Vec<Misplaced>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for element in array {
        match element.get_ref().as_str().and_then(&parse) {
            Some(value) => good.push(value),
            None => bad.push((element.span(), Problem::element(kind, written(element.get_ref())))),
        }
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

/// How a value of TOML is quoted in a message.
fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(integer) => excerpt(&integer.to_string()),
        DeValue::Float(float) => excerpt(&float.to_string()),
        DeValue::Boolean(bool) => bool.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::Array(_) => "[…]".to_owned(),
        DeValue::Table(_) => "{…}".to_owned(),
    }
}
