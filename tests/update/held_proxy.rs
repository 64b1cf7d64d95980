//! A TCP proxy in front of the bucket that accepts connections and forwards nothing until it is opened.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// Closed at first.
pub(crate) struct HeldProxy {
    address: SocketAddr,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl HeldProxy {
    /// In front of a server.
    pub(crate) fn before(server: SocketAddr) -> Self {
        // At the address that its certificate names.
        let listener = TcpListener::bind((server.ip(), 0)).expect("bound");
        let address = listener.local_addr().expect("an address");
        let gate = Arc::<(Mutex<bool>, Condvar)>::default();
        let at = Arc::clone(&gate);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, at) = (client.expect("a client"), Arc::clone(&at));
                thread::spawn(move || {
                    let (is_open, opened) = &*at;
                    drop(
                        opened
                            .wait_while(is_open.lock().expect("unpoisoned"), |is_open| !*is_open)
                            .expect("unpoisoned"),
                    );
                    // The client may have gone.
                    let _ = carry(&client, server);
                });
            }
        });
        Self { address, gate }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn open(&self) {
        *self.gate.0.lock().expect("unpoisoned") = true;
        self.gate.1.notify_all();
    }
}

fn carry(client: &TcpStream, server: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &*client, &mut &server);
            let _ = server.shutdown(std::net::Shutdown::Write);
        });
        let done = io::copy(&mut &server, &mut &*client).map(|_| ());
        let _ = client.shutdown(std::net::Shutdown::Both);
        done
    })
}
