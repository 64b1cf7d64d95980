//! The web as the publisher's program uses it: through the proxy of its environment, one request after the other.

use std::future::Future;
use std::path::{Path, PathBuf};

use ring::digest::{Context, SHA256};
use tokio::runtime::{Builder, LocalOptions};

use super::error::{ReleaseError, file, reach};
use super::repository::MAX_METADATA;
use crate::bounded_read::read_bounded;
use crate::outbound::{self, Limits, Outbound, Proxies, ProxySettings};
use crate::update::transport::{Source, Transport};

/// Carries out what waits for servers.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, ReleaseError>>) -> Result<T, ReleaseError> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    runtime.map_err(file("start a runtime for", Path::new("the network")))?.block_on(work)
}

/// What leads there, with certification authorities of one's own beside those of the web.
pub(super) fn outbound(ca_file: Option<&Path>, limits: Limits) -> Result<Outbound, ReleaseError> {
    let ca = ca_file.map(|path| read_bounded(path, MAX_METADATA).map_err(file("read", path))).transpose()?;
    let proxies = Proxies::new(&ProxySettings::default(), |name| std::env::var(name).ok());
    let proxies = proxies.map_err(reach("the proxy"))?;
    Outbound::new(outbound::Settings { ca, proxies, limits, ..outbound::Settings::default() })
        .map_err(reach("the network"))
}

/// What fetches from an address, or a directory.
pub(super) fn transport(from: &str, allow_http: bool, ca_file: Option<&Path>) -> Result<Transport, ReleaseError> {
    let source = if from.contains("://") {
        let outbound = outbound(ca_file, Limits::default())?;
        Source::Web { url: from.to_owned(), allow_http, outbound }
    } else {
        Source::Directory(PathBuf::from(from))
    };
    Transport::new(source).map_err(reach(from))
}

/// The SHA-256 of a target as it is served, of which no more than `length` bytes are read; in hexadecimal digits.
pub(super) async fn digest(transport: &Transport, path: &str, length: u64) -> Result<Option<String>, ReleaseError> {
    let mut body = match transport.target(path, 0, None).await {
        Err(crate::update::transport::TransportError::Missing { .. }) => return Ok(None),
        body => body.map_err(reach(path))?,
    };
    let (mut context, mut read) = (Context::new(&SHA256), 0_u64);
    while let Some(piece) = body.next().await.map_err(reach(path))? {
        read = read.saturating_add(piece.len() as u64);
        if read > length {
            return Ok(Some("more than was signed".to_owned()));
        }
        context.update(&piece);
    }
    Ok(Some(hex::encode(context.finish())))
}
