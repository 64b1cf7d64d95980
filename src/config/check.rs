//! The rules between keys, and between the configuration and the file system.

use super::{
    fault::{Fault, Notice, Problem, Warning},
    layers::Layers,
    origin::Origin,
    schema::Key,
    types::TlsMode,
    value::Value,
};
use std::{collections::HashSet, net::SocketAddr, path::Path};

/// Finds what is wrong with values that are right by themselves. What is wrong by itself is left out here: one
/// mistake is one fault.
pub(super) fn check(layers: &mut Layers) {
    if layers.is_absent("data_dir") {
        fault(layers, "data_dir", Origin::Default, Problem::Missing);
    }
    at_most_all_connections(layers);
    tls(layers);
    addresses(layers);
    site(layers);
    existing(layers, "update.trusted_root", Path::is_file, Problem::NotFile);
    for path in ["update.ca_file", "outbound.ca_file", "proxy.credentials_file"] {
        existing(layers, path, Path::is_file, Problem::NotFile);
    }
    cleartext(layers);
}

/// The number that a key has, and its origin.
fn integer(layers: &Layers, path: &str) -> Option<(u64, Origin)> {
    match layers.get(path)? {
        (Value::Integer(integer), origin) => Some((*integer, origin.clone())),
        _ => None,
    }
}

/// Reports something about a key of the schema.
fn fault(layers: &mut Layers, path: &'static str, origin: Origin, problem: Problem) {
    layers.faults.push(Fault::in_schema(layers.schema, path, origin, problem));
}

/// One peer cannot have more connections than there are. A default gives way; a number that somebody chose does not.
fn at_most_all_connections(layers: &mut Layers) {
    const PER_PEER: &str = "limits.connections_per_peer";
    let (Some((all, _)), Some((one, origin))) = (integer(layers, "limits.connections"), integer(layers, PER_PEER))
    else {
        return;
    };
    match (one > all, &origin, Key::find(PER_PEER)) {
        (false, ..) => {}
        (true, Origin::Default, Some(key)) => layers.put(key, origin, Value::Integer(all)),
        _ => fault(layers, PER_PEER, origin, Problem::Exceeds { key: "limits.connections", limit: all }),
    }
}

/// Every mode has what it needs, and what only another mode uses is told.
fn tls(layers: &mut Layers) {
    let Some((mode, mode_origin)) = mode(layers) else { return };
    for path in ["tls.cert_file", "tls.key_file"] {
        if mode == TlsMode::Files {
            if layers.is_absent(path) {
                fault(layers, path, mode_origin.clone(), Problem::RequiredByTls(mode.name()));
            }
            existing(layers, path, Path::is_file, Problem::NotFile);
        } else {
            unused(layers, path, TlsMode::Files.name());
        }
    }
    match (mode, layers.get("tls.names")) {
        (TlsMode::SelfSigned, Some((Value::Names(names), origin))) if names.is_empty() => {
            let origin = origin.clone();
            fault(layers, "tls.names", origin, Problem::RequiredByTls(mode.name()));
        }
        (TlsMode::SelfSigned, _) => {}
        _ => unused(layers, "tls.names", TlsMode::SelfSigned.name()),
    }
    if mode == TlsMode::Off {
        unused(layers, "listen.https", "self-signed | files");
    }
}

/// Whoever wants updates over cleartext says so.
fn cleartext(layers: &mut Layers) {
    let allowed = matches!(layers.get("update.allow_http"), Some((Value::Bool(true), _)));
    let Some((Value::Text(url), origin)) = layers.get("update.url") else { return };
    if url.starts_with("http:") && !allowed {
        let origin = origin.clone();
        fault(layers, "update.url", origin, Problem::HttpNotAllowed);
    }
}

/// A directory that is not there may be on a disk that is plugged in later: the box starts, and says so on the displays.
fn site(layers: &mut Layers) {
    let Some((Value::Path(dir), origin)) = layers.get("site.dir") else { return };
    if !dir.is_dir() {
        let notice = Notice::NotDirectory(dir.clone());
        layers.warnings.push(Warning { origin: origin.clone(), name: "site.dir".to_owned(), notice });
    }
}

/// The mode of TLS.
fn mode(layers: &Layers) -> Option<(TlsMode, Origin)> {
    match layers.get("tls.mode")? {
        (Value::Text(name), origin) => Some((TlsMode::from_name(name)?, origin.clone())),
        _ => None,
    }
}

/// Tells about a value that somebody gave and nothing uses.
fn unused(layers: &mut Layers, path: &str, modes: &'static str) {
    let Some((_, origin)) = layers.get(path) else { return };
    if *origin != Origin::Default {
        let warning = Warning { origin: origin.clone(), name: path.to_owned(), notice: Notice::Unused { modes } };
        layers.warnings.push(warning);
    }
}

/// There is something to listen on, and nothing twice.
fn addresses(layers: &mut Layers) {
    let Some((mode, _)) = mode(layers) else { return };
    let used: &[&'static str] = match mode {
        TlsMode::Off => &["listen.http"],
        TlsMode::SelfSigned | TlsMode::Files => &["listen.http", "listen.https"],
    };
    let mut seen = HashSet::<SocketAddr>::new();
    for path in used {
        let Some((Value::Addresses(list), origin)) = layers.get(path) else { continue };
        let (list, origin) = (list.clone(), origin.clone());
        // With HTTPS, cleartext may be given up, but not HTTPS itself.
        if list.is_empty() && used.last() == Some(path) {
            fault(layers, path, origin.clone(), Problem::NoAddress);
        }
        for address in list {
            // Port 0 asks for any free one, as often as wanted.
            if address.port() != 0 && !seen.insert(address) {
                fault(layers, path, origin.clone(), Problem::RepeatedAddress(address));
            }
        }
    }
}

/// A path that is given leads to something that exists.
fn existing(
    layers: &mut Layers,
    path: &'static str,
    exists: fn(&Path) -> bool,
    problem: fn(std::path::PathBuf) -> Problem,
) {
    let Some((Value::Path(given), origin)) = layers.get(path) else { return };
    if !exists(given) {
        let (given, origin) = (given.clone(), origin.clone());
        fault(layers, path, origin, problem(given));
    }
}
