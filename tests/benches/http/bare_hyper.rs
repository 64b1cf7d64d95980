//! hyper alone, for `tests/benches/http/instructions.py`.
//!
//! It answers every request with one canned answer, whose header fields were parsed once: no routing, no conditions, no
//! limits, no time-outs, no figures. The distance between it and workshop-edge is what the appliance itself costs. It is a
//! measuring stick, not an example to follow, and must never face a network.
//!
//! Usage: `bare-hyper 127.0.0.1:PORT ANSWER_FILE`, where the file holds the whole answer, head and body. It prints the
//! address at which it listens.

#![allow(clippy::disallowed_methods, reason = "whoever measures gives the files")]

use std::{convert::Infallible, env, fs, io, io::Write as _, net::SocketAddr, rc::Rc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, runtime::Builder, task::LocalSet};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = env::args().skip(1);
    let (Some(address), Some(file)) = (args.next(), args.next()) else {
        return Err("usage: bare-hyper 127.0.0.1:PORT ANSWER_FILE".into());
    };
    let address: SocketAddr = address.parse()?;
    if !address.ip().is_loopback() {
        return Err("bare-hyper has no limits at all and listens on loopback only".into());
    }
    let answer = Rc::new(parse(&fs::read(file)?)?);

    // The same shape as one worker of workshop-edge: one current-thread runtime, one task per connection.
    let runtime = Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, accept(address, answer))?;
    Ok(())
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

fn parse(answer: &[u8]) -> Result<Answer, Box<dyn std::error::Error>> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = head.parse(answer)? else { return Err("half a head".into()) };
    let mut headers = HeaderMap::new();
    for field in head.headers.iter() {
        headers.append(HeaderName::from_bytes(field.name.as_bytes())?, HeaderValue::from_bytes(field.value)?);
    }
    // hyper adds its own.
    headers.remove(header::DATE);
    let status = StatusCode::from_u16(head.code.unwrap_or_default())?;
    Ok(Answer { status, headers, body: Bytes::copy_from_slice(answer.get(length..).unwrap_or_default()) })
}

async fn accept(address: SocketAddr, answer: Rc<Answer>) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    writeln!(io::stdout(), "{}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = Rc::clone(&answer);
        let service = service_fn(move |_| {
            let mut response = Response::new(Full::new(answer.body.clone()));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers.clone();
            async { Ok::<_, Infallible>(response) }
        });
        tokio::task::spawn_local(async move {
            if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
                let _ = writeln!(io::stderr(), "a connection failed: {error}");
            }
        });
    }
}
