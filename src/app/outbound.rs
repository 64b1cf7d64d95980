//! The one client for all that the box fetches from others, as the configuration and the environment have it.

use std::path::Path;

use crate::outbound::{LocalNames, Outbound, Proxies, ProxySettings, Settings};
use crate::{config, discovery, error_chain};

/// Bytes of the file with the proxy's credentials at most.
const MAX_CREDENTIALS: u64 = 4096;

/// Multicast knows names that DNS does not.
const LOCAL_NAMES: LocalNames = |name| Box::pin(async move { discovery::resolve(&name).await });

/// The client; in words why there is none otherwise.
pub(super) fn build(settings: &config::Outbound) -> Result<Outbound, String> {
    let config::Outbound { ca_files, proxy, no_proxy, credentials_file } = settings;
    let mut ca = Vec::new();
    for file in ca_files {
        ca.extend(super::updates::read(file)?);
        ca.push(b'\n');
    }
    let proxies = Proxies::new(
        &ProxySettings {
            url: proxy.clone(),
            no_proxy: no_proxy.clone(),
            credentials: credentials_file.as_deref().map(credentials).transpose()?,
        },
        |name| std::env::var(name).ok(),
    );
    let proxies = proxies.map_err(|error| error.to_string())?;
    for proxy in proxies.shown() {
        tracing::info!(proxy, "what is fetched from others goes through a proxy");
    }
    let ca = (!ca_files.is_empty()).then_some(ca);
    let settings = Settings { ca, proxies, local_names: Some(LOCAL_NAMES), ..Settings::default() };
    Outbound::new(settings).map_err(|error| error_chain(&error))
}

fn credentials(file: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = std::fs::File::open(file).and_then(|file| file.take(MAX_CREDENTIALS).read_to_string(&mut text));
    read.map(|_| text).map_err(|error| format!("cannot read {}: {error}", file.display()))
}
