//! The records that the box has.

use std::net::IpAddr;

use super::message::{A, AAAA, NSEC, Name, PTR, Record, SRV, TXT};

/// Seconds: of records with an address or the name of a host (RFC 6762 section 10), and of the others.
const HOST_TTL: u32 = 120;
const OTHER_TTL: u32 = 4500;
/// The subtype by which boxes are listed.
const SUBTYPE: &str = "_workshop-edge";

/// A type of service, and where it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::discovery) struct Service {
    /// Its first label: `_http`.
    pub(in crate::discovery) kind: &'static str,
    /// Whether boxes are listed by it.
    pub(in crate::discovery) has_subtype: bool,
    pub(in crate::discovery) port: u16,
}

/// What is announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::discovery) struct Announced {
    /// `<label>.local`.
    pub(in crate::discovery) label: String,
    /// The name of all services.
    pub(in crate::discovery) instance: String,
    /// What stands in TXT, each `key=value`.
    pub(in crate::discovery) txt: Vec<String>,
    pub(in crate::discovery) services: Vec<Service>,
    pub(in crate::discovery) addresses: Vec<IpAddr>,
}

impl Announced {
    pub(super) fn host(&self) -> Name {
        Name::new([&self.label, "local"])
    }

    fn instance_of(&self, service: &Service) -> Name {
        Name::new([&self.instance, service.kind, "_tcp", "local"])
    }

    /// The names that must be nobody else's.
    pub(super) fn unique_names(&self) -> Vec<Name> {
        let instances = self.services.iter().map(|service| self.instance_of(service));
        [self.host()].into_iter().chain(instances).collect()
    }

    pub(super) fn records(&self) -> Vec<Record> {
        let host = self.host();
        let unique = |name: &Name, kind, ttl, data| Record { name: name.clone(), kind, is_unique: true, ttl, data };
        let pointer = |name: Name, to: &Name| Record {
            name,
            kind: PTR,
            is_unique: false,
            ttl: OTHER_TTL,
            data: to.wire().to_vec(),
        };
        let mut records: Vec<Record> = self.addresses.iter().map(|ip| address(&host, *ip)).collect();
        let mut kinds: Vec<u16> = records.iter().map(|record| record.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        records.push(absence(&host, &kinds));
        for service in &self.services {
            let (kind, instance) = (Name::new([service.kind, "_tcp", "local"]), self.instance_of(service));
            records.push(pointer(Name::new(["_services", "_dns-sd", "_udp", "local"]), &kind));
            if service.has_subtype {
                records.push(pointer(subtype(service.kind), &instance));
            }
            records.push(pointer(kind, &instance));
            let mut place = vec![0; 4];
            place.extend(service.port.to_be_bytes());
            place.extend(host.wire());
            records.push(unique(&instance, SRV, HOST_TTL, place));
            records.push(unique(&instance, TXT, OTHER_TTL, strings(&self.txt)));
            records.push(absence(&instance, &[TXT, SRV]));
        }
        records
    }
}

/// By which boxes are listed.
pub(super) fn subtype(kind: &str) -> Name {
    Name::new([SUBTYPE, "_sub", kind, "_tcp", "local"])
}

fn address(host: &Name, ip: IpAddr) -> Record {
    let (kind, data) = match ip {
        IpAddr::V4(ip) => (A, ip.octets().to_vec()),
        IpAddr::V6(ip) => (AAAA, ip.octets().to_vec()),
    };
    Record { name: host.clone(), kind, is_unique: true, ttl: HOST_TTL, data }
}

/// The only types that a name has (RFC 6762 section 6.1); in ascending order.
fn absence(name: &Name, kinds: &[u16]) -> Record {
    let mut map = [0u8; 32];
    for kind in kinds {
        if let Some(byte) = map.get_mut(usize::from(kind / 8)) {
            *byte |= 0x80 >> (kind % 8);
        }
    }
    let length = kinds.last().map_or(0, |kind| usize::from(kind / 8) + 1);
    let mut data = name.wire().to_vec();
    if length > 0 {
        data.extend([0, u8::try_from(length).unwrap_or(0)]);
        data.extend(map.iter().take(length));
    }
    Record { name: name.clone(), kind: NSEC, is_unique: true, ttl: HOST_TTL, data }
}

/// The strings of a TXT record (RFC 6763 section 6.1).
fn strings(texts: &[String]) -> Vec<u8> {
    let mut data = Vec::new();
    for text in texts {
        let bytes = text.as_bytes().get(..255).unwrap_or(text.as_bytes());
        data.push(u8::try_from(bytes.len()).unwrap_or(0));
        data.extend(bytes);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_types_of_a_name_are_a_map_of_bits() {
        let name = Name::new(["a", "local"]);
        let data = absence(&name, &[A, AAAA]).data;
        assert_eq!(data, [name.wire(), &[0, 4, 0x40, 0, 0, 0x08]].concat());
        assert_eq!(absence(&name, &[TXT, SRV]).data, [name.wire(), &[0, 5, 0, 0, 0x80, 0, 0x40]].concat());
        assert_eq!(absence(&name, &[]).data, name.wire());
    }
}
