//! The practical limit of the socket, for `tests/benches/http`.
//!
//! It looks only for the end of each request head and writes one canned answer: no parser, no routing, no headers to
//! build. What it reaches is what any server on this runtime could reach at most, so the distance between it and
//! workshop-edge is the price of being a real HTTP server. It is a measuring stick, not an example to follow: it has
//! no limits and no time-outs, reads a request body as more heads, and must never face a network.
//!
//! Usage: `raw-tokio 127.0.0.1:PORT ANSWER_FILE`, where the file holds the whole answer, head and body.

#![allow(clippy::disallowed_methods, reason = "whoever measures gives the files")]

use std::{env, fs, io, net::SocketAddr, rc::Rc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    task::LocalSet,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = env::args().skip(1);
    let (Some(address), Some(file)) = (args.next(), args.next()) else {
        return Err("usage: raw-tokio 127.0.0.1:PORT ANSWER_FILE".into());
    };
    let address: SocketAddr = address.parse()?;
    if !address.ip().is_loopback() {
        return Err("raw-tokio has no limits at all and listens on loopback only".into());
    }
    let answer: Rc<[u8]> = fs::read(file)?.into();

    // The same shape as one worker of workshop-edge: one current-thread runtime, one task per connection.
    let runtime = Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, accept(address, answer))?;
    Ok(())
}

async fn accept(address: SocketAddr, answer: Rc<[u8]>) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = Rc::clone(&answer);
        tokio::task::spawn_local(async move {
            // A client that went away is the normal end of a benchmark connection.
            let _ = answer_all(stream, &answer).await;
        });
    }
}

async fn answer_all(mut stream: TcpStream, answer: &[u8]) -> io::Result<()> {
    let mut buffer = [0; 8192];
    let mut matched = 0;
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        for _ in 0..heads_ended(&mut matched, buffer.get(..read).unwrap_or_default()) {
            stream.write_all(answer).await?;
        }
    }
}

/// How many heads end in `bytes`; `matched` carries how much of `\r\n\r\n` the bytes before have shown already.
fn heads_ended(matched: &mut u8, bytes: &[u8]) -> usize {
    let mut ended = 0;
    for &byte in bytes {
        *matched = match (*matched, byte) {
            (0 | 2, b'\r') | (1 | 3, b'\n') => *matched + 1,
            (_, b'\r') => 1,
            _ => 0,
        };
        if *matched == 4 {
            ended += 1;
            *matched = 0;
        }
    }
    ended
}
