//! What the kernel and the system say of themselves: read as files, so that it works without any other program.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{Kind, Part};
use crate::bounded_read::{self, read_beginning, read_text_bounded};
use crate::disk_space::DiskSpace;

/// Bytes of one file: routes and connections of a busy router are endless.
const MAX: u64 = 64 * 1024;

/// Files of the network, by their names in the bundle.
const NETWORK: &[(&str, &str)] = &[
    ("addresses-ipv4.txt", "/proc/net/fib_trie"),
    ("addresses-ipv6.txt", "/proc/net/if_inet6"),
    ("arp.txt", "/proc/net/arp"),
    ("counters.txt", "/proc/net/dev"),
    ("hostname.txt", "/proc/sys/kernel/hostname"),
    ("multicast.txt", "/proc/net/igmp"),
    ("resolv.conf", "/etc/resolv.conf"),
    ("routes-ipv4.txt", "/proc/net/route"),
    ("routes-ipv6.txt", "/proc/net/ipv6_route"),
    ("sockets.txt", "/proc/net/sockstat"),
    ("tcp.txt", "/proc/net/tcp"),
    ("tcp6.txt", "/proc/net/tcp6"),
    ("tcp-counters.txt", "/proc/net/netstat"),
    ("udp.txt", "/proc/net/udp"),
    ("udp6.txt", "/proc/net/udp6"),
    ("wireless.txt", "/proc/net/wireless"),
];

/// Files of the system.
const SYSTEM: &[(&str, &str)] = &[
    ("cgroup.txt", "/proc/self/cgroup"),
    ("cpuinfo.txt", "/proc/cpuinfo"),
    ("kernel.txt", "/proc/version"),
    ("limits.txt", "/proc/self/limits"),
    ("load.txt", "/proc/loadavg"),
    ("memory.txt", "/proc/meminfo"),
    ("model.txt", "/proc/device-tree/model"),
    ("mounts.txt", "/proc/self/mounts"),
    ("os-release.txt", "/etc/os-release"),
    ("pressure-cpu.txt", "/proc/pressure/cpu"),
    ("pressure-io.txt", "/proc/pressure/io"),
    ("pressure-memory.txt", "/proc/pressure/memory"),
    ("process.txt", "/proc/self/status"),
    ("temperature.txt", "/sys/class/thermal/thermal_zone0/temp"),
    ("uptime.txt", "/proc/uptime"),
];

pub(super) fn parts(data_dir: &Path) -> Vec<Part> {
    let network = NETWORK.iter().map(|(name, path)| file(Kind::Network, "network", name, path));
    let system = SYSTEM.iter().map(|(name, path)| file(Kind::System, "system", name, path));
    let mut parts: Vec<_> = network.chain(system).collect();
    parts.push(Part::new(Kind::Network, "network/interfaces.txt", interfaces(Path::new("/sys/class/net"))));
    parts.push(Part::new(Kind::System, "system/disks.txt", Ok(disks(&[data_dir, Path::new("/")]))));
    parts
}

fn file(kind: Kind, folder: &str, name: &str, path: &str) -> Part {
    Part::new(kind, format!("{folder}/{name}"), read(Path::new(path)))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    read_beginning(path, MAX).map_err(|error| format!("{}: {error}", path.display()))
}

/// State, hardware address, MTU, carrier and speed of each interface.
fn interfaces(directory: &Path) -> Result<Vec<u8>, String> {
    let entries = fs::read_dir(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    let mut text = String::new();
    for name in names {
        text.push_str(&name.to_string_lossy());
        for fact in ["operstate", "address", "mtu", "carrier", "speed", "type"] {
            // Some cannot be read while the interface is down.
            let value = read_text_bounded(&directory.join(&name).join(fact), bounded_read::SHORT).unwrap_or_default();
            // Writing to a String cannot fail.
            let _ = write!(text, " {fact}={}", value.trim());
        }
        text.push('\n');
    }
    Ok(text.into_bytes())
}

/// Size, free space and free files of the file systems that matter. No others: one of a dead server answers never.
fn disks(paths: &[&Path]) -> Vec<u8> {
    let mut text = String::new();
    for path in paths {
        let _ = match rustix::fs::statvfs(*path) {
            Ok(disk) => {
                let (DiskSpace { total_bytes, free_bytes }, path) = (DiskSpace::of(&disk), path.display());
                let (free, files) = (disk.f_favail, disk.f_files);
                writeln!(text, "{path}: {free_bytes} of {total_bytes} bytes free, {free} of {files} files free")
            }
            Err(error) => writeln!(text, "{}: {error}", path.display()),
        };
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_interfaces_disks_and_memory() {
        let parts = parts(Path::new("/tmp"));
        let text = |name: &str| {
            let part = parts.iter().find(|part| part.name == name).expect("a part");
            String::from_utf8_lossy(part.content.as_ref().expect("readable")).into_owned()
        };
        assert!(text("network/interfaces.txt").contains("lo operstate="));
        assert!(text("network/counters.txt").contains("lo:"));
        assert!(text("system/disks.txt").contains("/tmp: "));
        assert!(text("system/memory.txt").contains("MemTotal:"));
        let absent = read(Path::new("/proc/nothing")).expect_err("absent");
        assert!(absent.starts_with("/proc/nothing: "), "{absent}");
    }
}
