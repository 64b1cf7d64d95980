//! The one client for all that the box fetches from others, as the configuration and the environment have it.

use std::path::Path;

use crate::bounded_read::read_bounded;
use crate::config::Config;
use crate::outbound::{Keys, LocalNames, Outbound, Proxies, ProxySettings, Settings};
use crate::{discovery, error_chain};

/// Bytes of the file with the proxy's credentials at most.
const MAX_CREDENTIALS: u64 = 4096;
/// Bytes of a file with certification authorities at most: all those of the web are a quarter of it.
const MAX_CERTIFICATES: u64 = 1 << 20;

/// Multicast knows names that DNS does not.
const LOCAL_NAMES: LocalNames = |name| Box::pin(async move { discovery::resolve(&name).await });

/// The client that the box with this configuration has; in words why there is none otherwise.
///
/// # Errors
/// A file that cannot be read, or a proxy that is none.
pub fn outbound_client(config: &Config) -> Result<Outbound, String> {
    build(config.outbound.clone(), config.update.ca_file.as_deref())
}

/// The client; in words why there is none otherwise. `other_ca_file` is what `outbound.ca_file` was called before.
pub(super) fn build(keys: Keys, other_ca_file: Option<&Path>) -> Result<Outbound, String> {
    let Keys { ca_file, proxy, no_proxy, credentials_file } = keys;
    let mut ca = Vec::new();
    for file in [ca_file.as_deref(), other_ca_file].into_iter().flatten() {
        ca.extend(read(file, MAX_CERTIFICATES)?);
        ca.push(b'\n');
    }
    let proxies = Proxies::new(
        &ProxySettings { url: proxy, no_proxy, credentials: credentials_file.as_deref().map(credentials).transpose()? },
        |name| std::env::var(name).ok(),
    );
    let proxies = proxies.map_err(|error| error.to_string())?;
    for proxy in proxies.shown() {
        tracing::info!(proxy, "what is fetched from others goes through a proxy");
    }
    let ca = (!ca.is_empty()).then_some(ca);
    let settings = Settings { ca, proxies, local_names: Some(LOCAL_NAMES), ..Settings::default() };
    Outbound::new(settings).map_err(|error| error_chain(&error))
}

/// Reads a file that the configuration names.
pub(super) fn read(file: &Path, max: u64) -> Result<Vec<u8>, String> {
    read_bounded(file, max).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

fn credentials(file: &Path) -> Result<String, String> {
    String::from_utf8(read(file, MAX_CREDENTIALS)?).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its beginning is another password, with which a proxy may lock the account.
    #[test]
    fn credentials_that_are_too_long_are_refused_and_not_cut() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("credentials");
        std::fs::write(&file, "taller:secreta\n").expect("written");
        assert_eq!(credentials(&file).expect("read"), "taller:secreta\n");
        std::fs::write(&file, "a".repeat(5000)).expect("written");
        let error = credentials(&file).expect_err("refused");
        assert_eq!(error, format!("cannot read {}: it is larger than 4096 bytes", file.display()));
    }
}
