//! A tunnel through a proxy (RFC 9110 section 9.3.6). The proxy finds the addresses of the name: the box may not know it.

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::proxy::Proxy;
use super::{Limits, OutboundError, USER_AGENT_NAME};

/// Bytes of the head of the proxy's answer at most.
const MAX_HEAD: usize = 16 * 1024;
/// Its fields.
const MAX_FIELDS: usize = 64;

/// Has the proxy connect to `authority`, which is a host and its port.
pub(super) async fn open<S>(mut stream: S, proxy: &Proxy, authority: &str, limits: &Limits) -> Result<S, OutboundError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let broken = |source| OutboundError::ProxyBroken { proxy: proxy.to_string(), source };
    let mut head =
        format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {USER_AGENT_NAME}\r\n").into_bytes();
    if let Some(authorization) = proxy.authorization() {
        head.extend(b"Proxy-Authorization: ");
        head.extend(authorization.as_bytes());
        head.extend(b"\r\n");
    }
    head.extend(b"\r\n");
    let exchange = async {
        stream.write_all(&head).await?;
        stream.flush().await?;
        answer(&mut stream).await
    };
    let status = match timeout(limits.head, exchange).await {
        Ok(status) => status.map_err(broken)?,
        Err(_) => return Err(broken(super::reach::late(limits.head))),
    };
    match status {
        status if status.is_success() => Ok(stream),
        // Some proxies, such as tinyproxy, answer 401 to a wrong password.
        StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED => Err(proxy.wants_login()),
        status => Err(OutboundError::ProxyRefused { proxy: proxy.to_string(), to: authority.to_owned(), status }),
    }
}

/// The status of the proxy's answer. Nothing may come after its head: the server waits for the client's TLS.
async fn answer<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<StatusCode> {
    let mut head = Vec::new();
    loop {
        if head.len() > MAX_HEAD {
            return Err(std::io::Error::other("the head of its answer is too long"));
        }
        if stream.read_buf(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        if let httparse::Status::Complete(length) = response.parse(&head).map_err(std::io::Error::other)? {
            let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
            let status = status.ok_or_else(|| std::io::Error::other("its answer has no status"))?;
            if status.is_success() && length < head.len() {
                return Err(std::io::Error::other("something came through the tunnel that nobody asked for"));
            }
            return Ok(status);
        }
    }
}
