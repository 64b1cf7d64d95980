//! What the boot loader says of this start (<https://systemd.io/BOOT_LOADER_INTERFACE/>).

use semver::Version;

use super::entries::{Entry, Partition};
use super::version;
use crate::machine::Places;

/// Its vendor, in the names of its variables.
const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// Whether what runs is on trial: this start is counted, and its file has not got the name of one that works. The variable
/// alone stays until the next start, since systemd-bless-boot.service(8) only renames the file. Where the partition cannot
/// be read, the trial is not over.
#[must_use]
pub fn is_on_trial(places: &Places) -> bool {
    is_counted(places) && !version::running(places).is_ok_and(|running| is_blessed(places, &running))
}

/// Whether this start is counted.
pub(super) fn is_counted(places: &Places) -> bool {
    places.efi_variables().join(format!("LoaderBootCountPath-{VENDOR}")).exists()
}

fn is_blessed(places: &Places, running: &Version) -> bool {
    let entries = Partition::at(&places.esp()).entries().unwrap_or_default();
    let mut own = entries.iter().filter(|entry| entry.version == *running).peekable();
    own.peek().is_some() && own.all(Entry::is_good)
}
