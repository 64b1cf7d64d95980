//! The sockets that the box listens on: handed over, or bound for the configuration.

use std::sync::Arc;

use super::AppError;
use crate::discovery;
use crate::http::{Inherited, Listen, Listener, Names, Scheme, TlsSettings};
use crate::restart::{self, Socket};

/// Those of the service manager, if it has handed over any. Otherwise those of the configuration, of which the process
/// before this one may have handed over some: the rest is closed before anything is bound, since it may have the port.
pub(super) fn listeners(listen: &Listen) -> Result<Vec<Listener>, AppError> {
    let http = listen.http.iter().map(|address| (*address, Scheme::Http));
    let https = listen.https.iter().map(|address| (*address, Scheme::Https));
    let wanted: Vec<_> = http.chain(https).collect();
    restart::reserve_descriptors(wanted.len()).map_err(AppError::HandOver)?;
    let mut inherited = Inherited::from_env().map_err(AppError::Inherit)?.listeners;
    restart::reserve_descriptors(wanted.len().max(inherited.len())).map_err(AppError::HandOver)?;
    if inherited.iter().any(|listener| listener.wanted().is_none()) {
        inherited.retain(|listener| listener.wanted().is_none());
        return Ok(inherited);
    }
    inherited.retain(|listener| {
        wanted.iter().any(|(address, scheme)| listener.wanted() == Some(*address) && listener.scheme() == *scheme)
    });
    let mut listeners = Vec::with_capacity(wanted.len());
    for (address, scheme) in wanted {
        let found =
            inherited.iter().position(|listener| listener.wanted() == Some(address) && listener.scheme() == scheme);
        listeners.push(match found {
            Some(index) => inherited.swap_remove(index),
            None => Listener::bind(address, scheme)?,
        });
    }
    Ok(listeners)
}

/// Other descriptors of the same sockets, for the process after this one.
pub(super) fn duplicate(listeners: &[Listener]) -> Result<Vec<Socket>, AppError> {
    let hand_over = |listener: &Listener| {
        let (name, descriptor) = listener.hand_over().map_err(AppError::HandOver)?;
        Ok(Socket { name, descriptor })
    };
    listeners.iter().map(hand_over).collect()
}

/// The names of the box that do not change while it runs, and all names that it answers to, which begin with them.
pub(super) fn names(listen: &Listen, tls: &TlsSettings, discovery: &discovery::Settings) -> (Vec<String>, Arc<Names>) {
    let mut own = listen.names.clone().unwrap_or_default();
    if let TlsSettings::SelfSigned { names: certified } = tls {
        own.extend_from_slice(certified);
    }
    own.push(format!("{}.local", discovery.name));
    let names = Arc::new(Names::default());
    names.replace(own.iter().map(String::as_str));
    (own, names)
}
