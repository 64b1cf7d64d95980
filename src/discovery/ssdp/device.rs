//! What is announced, as text.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::Ipv4Addr;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::socket::{GROUP, PORT};

/// How long an announcement is valid, seconds; the architecture's least.
pub(super) const MAX_AGE: u64 = 1800;
pub(super) const ROOT: &str = "upnp:rootdevice";
pub(super) const KIND: &str = "urn:schemas-upnp-org:device:Basic:1";

/// The box as a `UPnP` device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    uuid: String,
    pub(super) name: String,
    pub(super) ip: Ipv4Addr,
    pub(super) port: u16,
    /// Greater each time that the device is announced again: seconds since 1970.
    boot: u32,
}

impl Device {
    pub(super) fn new(uuid: &str, name: &str, ip: Ipv4Addr, port: u16) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        // 31 bits (section 1.2.2).
        let boot = u32::try_from(since & 0x7fff_ffff).unwrap_or(0);
        Self { uuid: uuid.to_owned(), name: name.to_owned(), ip, port, boot }
    }

    /// The device's description (section 2.3), for `/_edge/ssdp.xml`. The name is one label, so
    /// that nothing needs escaping.
    pub(super) fn description(&self) -> Bytes {
        let Self { uuid, name, ip, port, .. } = self;
        let (version, config) = (crate::VERSION, self.config());
        format!(
            "<?xml version=\"1.0\"?>\n<root xmlns=\"urn:schemas-upnp-org:device-1-0\" configId=\"{config}\">\n\
             <specVersion><major>1</major><minor>1</minor></specVersion>\n<device>\n<deviceType>{KIND}</deviceType>\n\
             <friendlyName>{name}</friendlyName>\n<manufacturer>workshop-edge</manufacturer>\n\
             <modelName>workshop-edge</modelName>\n<modelNumber>{version}</modelNumber>\n<UDN>uuid:{uuid}</UDN>\n\
             <presentationURL>http://{ip}:{port}/</presentationURL>\n</device>\n</root>\n"
        )
        .into()
    }

    /// Another number for another description: 24 bits.
    fn config(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.uuid, &self.name, self.ip, self.port, crate::VERSION).hash(&mut hasher);
        hasher.finish() & 0x00ff_ffff
    }

    /// Each target with its unique service name.
    pub(super) fn targets(&self) -> [(String, String); 3] {
        let uuid = format!("uuid:{}", self.uuid);
        [
            (ROOT.to_owned(), format!("{uuid}::{ROOT}")),
            (uuid.clone(), uuid.clone()),
            (KIND.to_owned(), format!("{uuid}::{KIND}")),
        ]
    }

    fn place(&self) -> String {
        let Self { ip, port, .. } = self;
        let version = crate::VERSION;
        format!(
            "CACHE-CONTROL: max-age={MAX_AGE}\r\nLOCATION: http://{ip}:{port}/_edge/ssdp.xml\r\n\
             SERVER: Linux UPnP/1.1 workshop-edge/{version}\r\n"
        )
    }

    fn state(&self) -> String {
        format!("BOOTID.UPNP.ORG: {}\r\nCONFIGID.UPNP.ORG: {}\r\n", self.boot, self.config())
    }

    /// The answers to a search for this, or for all.
    pub(super) fn answers(&self, wanted: &str) -> Vec<String> {
        let targets = self.targets().into_iter();
        targets
            .filter(|(target, _)| wanted == "ssdp:all" || wanted == *target)
            .map(|(target, usn)| {
                let (place, state) = (self.place(), self.state());
                format!("HTTP/1.1 200 OK\r\n{place}EXT:\r\nST: {target}\r\nUSN: {usn}\r\n{state}\r\n")
            })
            .collect()
    }

    /// What it says when it comes.
    pub(super) fn alive(&self) -> Vec<String> {
        self.notices("ssdp:alive", &self.place())
    }

    /// What it says when it goes.
    pub(super) fn byebye(&self) -> Vec<String> {
        self.notices("ssdp:byebye", "")
    }

    fn notices(&self, kind: &str, place: &str) -> Vec<String> {
        let targets = self.targets().into_iter();
        targets
            .map(|(target, usn)| {
                let state = self.state();
                format!(
                    "NOTIFY * HTTP/1.1\r\nHOST: {GROUP}:{PORT}\r\n{place}NT: {target}\r\nNTS: {kind}\r\nUSN: {usn}\r\n\
                     {state}\r\n"
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str) -> Device {
        Device::new("u", name, Ipv4Addr::new(10, 0, 0, 1), 80)
    }

    #[test]
    fn each_target_is_answered_once() {
        let count = |wanted| device("taller").answers(wanted).len();
        assert_eq!(["ssdp:all", ROOT, KIND, "uuid:u", "uuid:v", ""].map(count), [3, 1, 1, 1, 0, 0]);
        let all = device("taller").answers("ssdp:all");
        for answer in &all {
            assert!(answer.contains("\r\nLOCATION: http://10.0.0.1:80/_edge/ssdp.xml\r\n"), "{answer}");
            assert!(answer.contains("\r\nBOOTID.UPNP.ORG: ") && answer.ends_with("\r\n\r\n"), "{answer}");
        }
    }

    #[test]
    fn a_farewell_gives_no_place() {
        assert!(device("taller").alive().iter().all(|notice| notice.contains("LOCATION")));
        assert!(device("taller").byebye().iter().all(|notice| !notice.contains("LOCATION")));
    }

    #[test]
    fn another_description_has_another_number() {
        let number = |name| device(name).config();
        assert_eq!(number("taller"), number("taller"));
        assert_ne!(number("taller"), number("taller-2"));
    }
}
