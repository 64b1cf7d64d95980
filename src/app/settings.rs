//! The configuration, taken apart into the settings of each room.

use std::path::Path;

use crate::http::{Listener, Scheme};
use crate::identity::BoxId;
use crate::{config, discovery, display, http};

/// What a peer may take.
pub(super) fn http_limits(limits: &config::Limits) -> http::Limits {
    let config::Limits {
        connections,
        connections_per_peer,
        header_bytes,
        header_count,
        header_timeout,
        keep_alive_idle,
        requests_per_connection,
        request_body_bytes,
        write_stall,
        tls_handshake,
    } = *limits;
    http::Limits {
        connections,
        connections_per_peer,
        header_bytes,
        header_count,
        header_timeout,
        keep_alive_idle,
        requests_per_connection,
        request_body_bytes,
        write_stall,
        tls_handshake,
    }
}

/// Which requests are logged; the rest of the log's settings is for whoever starts the logs.
pub(super) fn access_log(log: config::Log) -> http::AccessLog {
    let config::Log { level: _, format: _, access } = log;
    match access {
        config::Access::Off => http::AccessLog::Off,
        config::Access::Sampled => http::AccessLog::Sampled,
        config::Access::All => http::AccessLog::All,
    }
}

/// What the display is told.
pub(super) fn display(display: config::Display) -> display::Settings {
    let config::Display { title, line, language, demo, refresh, targets, shift } = display;
    let config::Targets { daily, oee_percent, reject_percent } = targets;
    let config::Shift { start_hour, end_hour } = shift;
    display::Settings {
        title,
        line,
        language: language.code(),
        demo,
        // No setting of this version names an ERP.
        erp: false,
        refresh_s: refresh.as_secs(),
        targets: display::Targets { daily, oee_percent, reject_percent },
        shift: display::Shift { start_hour, end_hour },
    }
}

/// What discovery announces; nothing when only this machine can reach the box.
pub(super) fn discovery(
    discovery: config::Discovery,
    data_dir: &Path,
    id: &BoxId,
    listeners: &[Listener],
) -> Option<discovery::Settings> {
    let config::Discovery { enabled, name, interface, reclaim_after } = discovery;
    let reachable = |scheme| {
        let addresses = listeners.iter().filter(|listener| listener.scheme() == scheme).map(Listener::address);
        addresses.filter(|address| !address.ip().to_canonical().is_loopback()).collect::<Vec<_>>()
    };
    let (http, https) = (reachable(Scheme::Http), reachable(Scheme::Https));
    let is_on = enabled && !(http.is_empty() && https.is_empty());
    is_on.then(|| discovery::Settings {
        data_dir: data_dir.to_owned(),
        id: id.as_str().to_owned(),
        name,
        interface,
        http,
        https,
        reclaim_after,
    })
}

/// The names of the box that do not change while it runs.
pub(super) fn names(listen: &config::Listen, tls: &config::Tls, discovery: &config::Discovery) -> Vec<String> {
    let mut names = listen.names.clone();
    if let config::Tls::SelfSigned { names: certified } = tls {
        names.extend_from_slice(certified);
    }
    names.push(format!("{}.local", discovery.name));
    names
}
