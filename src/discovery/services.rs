//! What the box announces.

use super::lan::Lan;
use super::mdns::{Announced, Service};
use super::reach::Reach;

/// What the box announces, wherever it is.
#[derive(Debug, Clone)]
pub(super) struct Services {
    /// The instance's name.
    pub(super) instance: String,
    /// The box's id, for the TXT record.
    pub(super) id: String,
    /// HTTP.
    pub(super) http: Reach,
    /// HTTPS.
    pub(super) https: Reach,
}

impl Services {
    /// On one interface, under a name.
    pub(super) fn announced(&self, lan: &Lan, label: &str) -> Announced {
        Announced {
            label: label.to_owned(),
            instance: self.instance.clone(),
            txt: ["path=/".to_owned(), format!("version={}", crate::VERSION), format!("id={}", self.id)].into(),
            services: self.on(lan),
            addresses: lan.ips().collect(),
        }
    }

    /// Those that are served on an interface.
    pub(super) fn on(&self, lan: &Lan) -> Vec<Service> {
        // Browsers of `_http._tcp` find it, and boxes find boxes.
        [("_http", true, &self.http), ("_https", false, &self.https)]
            .into_iter()
            .filter_map(|(kind, has_subtype, reach)| {
                Some(Service { kind, has_subtype, port: lan.ips().find_map(|ip| reach.port(ip))? })
            })
            .collect()
    }
}
