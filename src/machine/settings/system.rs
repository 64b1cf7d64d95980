//! The machine itself: its name, its time zone, its time servers.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::files::{FileError, link, other, put};
use crate::machine::Paths;

/// The host's name, for the logs and for DHCP; on the network the appliance announces its own.
pub(super) fn hostname(paths: &Paths, name: &str) -> Result<(), FileError> {
    put(&paths.root().join("etc/hostname"), Some(&format!("{name}\n")), 0o644)?;
    // The service manager has read that file long ago.
    let running = paths.root().join("proc/sys/kernel/hostname");
    match OpenOptions::new().write(true).open(&running) {
        Ok(mut file) => file.write_all(name.as_bytes()).map_err(other("write", &running)),
        // No /proc: no machine, but a directory.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(other("open", &running)(error)),
    }
}

/// The local time (localtime(5)); without one it is the image's.
pub(super) fn time_zone(paths: &Paths, zone: Option<&str>) -> Result<(), FileError> {
    let Some(zone) = zone else { return Ok(()) };
    let database = Path::new("usr/share/zoneinfo").join(zone);
    let file = paths.root().join(&database);
    fs::metadata(&file).map_err(other("find", &file))?;
    link(&paths.root().join("etc/localtime"), &PathBuf::from("..").join(database))
}

/// Time servers besides those of the links (timesyncd.conf(5)).
pub(super) fn time_servers(paths: &Paths, servers: &[String]) -> Result<(), FileError> {
    let content = (!servers.is_empty()).then(|| format!("[Time]\nNTP={}\n", servers.join(" ")));
    put(&paths.root().join("run/systemd/timesyncd.conf.d/50-workshop.conf"), content.as_deref(), 0o644)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::settings::check;

    #[test]
    fn a_zone_that_is_written_in_other_letters_is_found() {
        let root = tempfile::tempdir().expect("a directory");
        for directory in ["usr/share/zoneinfo/Europe", "etc"] {
            fs::create_dir_all(root.path().join(directory)).expect("made");
        }
        fs::write(root.path().join("usr/share/zoneinfo/Europe/Madrid"), "TZif2").expect("written");
        let settings = check(b"time_zone = \"europe/MADRID\"\n").value.expect("valid");
        time_zone(&Paths::below(root.path()), settings.own.time_zone.as_deref()).expect("found");
        let link = fs::read_link(root.path().join("etc/localtime")).expect("a link");
        assert_eq!(link, Path::new("../usr/share/zoneinfo/Europe/Madrid"));
    }
}
