//! A small SSDP responder (`UPnP` Device Architecture 1.1 section 1), for clients that look for
//! devices instead of names. IPv4 only, as most of those clients.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use bytes::Bytes;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::lan::Lan;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
const PORT: u16 = 1900;
/// How long an announcement is valid, seconds; the architecture's least.
const MAX_AGE: u64 = 1800;
/// Searches answered in one second, from all peers together.
const ANSWERS_PER_SECOND: u32 = 20;
const ROOT: &str = "upnp:rootdevice";
const DEVICE: &str = "urn:schemas-upnp-org:device:Basic:1";

/// What is announced.
#[derive(Debug, Clone)]
pub(super) struct Device {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) ip: Ipv4Addr,
    pub(super) port: u16,
}

impl Device {
    /// The device's description, for `/_edge/ssdp.xml`. The name is one label, so that nothing
    /// needs escaping.
    pub(super) fn description(&self) -> Bytes {
        let Self { uuid, name, ip, port } = self;
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "<?xml version=\"1.0\"?>\n<root xmlns=\"urn:schemas-upnp-org:device-1-0\"><specVersion><major>1</major>\
             <minor>1</minor></specVersion><device><deviceType>{DEVICE}</deviceType><friendlyName>{name}</friendlyName>\
             <manufacturer>workshop-edge</manufacturer><modelName>workshop-edge</modelName><modelNumber>{version}\
             </modelNumber><UDN>uuid:{uuid}</UDN><presentationURL>http://{ip}:{port}/</presentationURL></device></root>\n"
        )
        .into()
    }

    /// Each target with its unique service name.
    fn targets(&self) -> [(String, String); 3] {
        let uuid = format!("uuid:{}", self.uuid);
        [
            (ROOT.to_owned(), format!("{uuid}::{ROOT}")),
            (uuid.clone(), uuid.clone()),
            (DEVICE.to_owned(), format!("{uuid}::{DEVICE}")),
        ]
    }

    fn fields(&self) -> String {
        format!(
            "CACHE-CONTROL: max-age={MAX_AGE}\r\nLOCATION: http://{}:{}/_edge/ssdp.xml\r\n\
             SERVER: Linux UPnP/1.1 workshop-edge/{}\r\n",
            self.ip,
            self.port,
            env!("CARGO_PKG_VERSION")
        )
    }

    /// The answers to a datagram; none unless it is a search for this device.
    fn answers(&self, datagram: &[u8]) -> Vec<String> {
        let Some(wanted) = search_target(datagram) else { return Vec::new() };
        self.targets()
            .into_iter()
            .filter(|(target, _)| wanted == "ssdp:all" || wanted == *target)
            .map(|(target, usn)| {
                format!("HTTP/1.1 200 OK\r\n{}EXT: \r\nST: {target}\r\nUSN: {usn}\r\n\r\n", self.fields())
            })
            .collect()
    }

    fn notices(&self, kind: &str) -> Vec<String> {
        let fields = if kind == "ssdp:alive" { self.fields() } else { String::new() };
        self.targets()
            .into_iter()
            .map(|(target, usn)| {
                format!(
                    "NOTIFY * HTTP/1.1\r\nHOST: {GROUP}:{PORT}\r\nNT: {target}\r\nNTS: {kind}\r\nUSN: {usn}\r\n{fields}\r\n"
                )
            })
            .collect()
    }
}

/// What an `M-SEARCH` looks for.
fn search_target(datagram: &[u8]) -> Option<&str> {
    let mut lines = std::str::from_utf8(datagram).ok()?.split("\r\n");
    if lines.next()? != "M-SEARCH * HTTP/1.1" {
        return None;
    }
    let (mut discover, mut target) = (false, None);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match (name.trim(), value.trim()) {
            (name, value) if name.eq_ignore_ascii_case("man") => discover = value.trim_matches('"') == "ssdp:discover",
            (name, value) if name.eq_ignore_ascii_case("st") => target = Some(value),
            _ => {}
        }
    }
    target.filter(|_| discover)
}

fn open(lan: &Lan, ip: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddrV4::new(GROUP, PORT).into())?;
    socket.set_multicast_all_v4(false)?;
    socket.join_multicast_v4_n(&GROUP, &InterfaceIndexOrAddress::Index(lan.index))?;
    socket.set_multicast_if_v4(&ip)?;
    socket.set_multicast_ttl_v4(2)?;
    UdpSocket::from_std(socket.into())
}

/// Answers and announces until it is cancelled, then says goodbye.
pub(super) async fn run(lan: Lan, device: Device, stop: CancellationToken) -> io::Result<()> {
    let socket = open(&lan, device.ip)?;
    let group = SocketAddr::from((GROUP, PORT));
    let mut announce = interval(Duration::from_secs(MAX_AGE / 3));
    let (mut second, mut left) = (Instant::now(), ANSWERS_PER_SECOND);
    let mut buffer = [0; 1500];
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            _ = announce.tick() => for notice in device.notices("ssdp:alive") {
                // A lost datagram is like one that was never sent.
                let _ = socket.send_to(notice.as_bytes(), group).await;
            },
            received = socket.recv_from(&mut buffer) => {
                let (length, from) = received?;
                let SocketAddr::V4(peer) = from else { continue };
                if !lan.is_neighbour(*peer.ip()) {
                    continue;
                }
                if second.elapsed() >= Duration::from_secs(1) {
                    (second, left) = (Instant::now(), ANSWERS_PER_SECOND);
                }
                let answers = device.answers(buffer.get(..length).unwrap_or_default());
                if answers.is_empty() || left == 0 {
                    continue;
                }
                left -= 1;
                for answer in answers {
                    let _ = socket.send_to(answer.as_bytes(), from).await;
                }
            }
        }
    }
    for notice in device.notices("ssdp:byebye") {
        let _ = socket.send_to(notice.as_bytes(), group).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_searches_for_it_are_answered() {
        let device = Device { uuid: "u".into(), name: "taller".into(), ip: Ipv4Addr::new(10, 0, 0, 1), port: 80 };
        let search = |target: &str| {
            let text = format!("M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: {target}\r\n\r\n");
            device.answers(text.as_bytes()).len()
        };
        assert_eq!(["ssdp:all", ROOT, DEVICE, "uuid:u", "uuid:v", ""].map(search), [3, 1, 1, 1, 0, 0]);
        assert!(device.answers(b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n").is_empty(), "no MAN");
        assert!(device.answers(&[0xff; 100]).is_empty());
        assert!(
            device.answers(b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nST: ssdp:all\r\n\r\n")[0]
                .contains("LOCATION: http://10.0.0.1:80/_edge/ssdp.xml\r\n")
        );
    }
}
