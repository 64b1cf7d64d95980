//! What the boot loader says of this start (<https://systemd.io/BOOT_LOADER_INTERFACE/>).

use semver::Version;

use super::entries::{BootEntry, Partition};
use super::version;
use crate::machine::Paths;

/// Its vendor, in the names of its variables.
const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// Whether what runs is on trial: this start is counted, and its file has not got the name of one that works. The variable
/// alone stays until the next start, since systemd-bless-boot.service(8) only renames the file. Where the partition cannot
/// be read, the trial is not over.
#[must_use]
pub(crate) fn is_on_trial(paths: &Paths) -> bool {
    is_counted(paths) && !version::running(paths).is_ok_and(|running| is_blessed(paths, &running))
}

/// Whether this start is counted.
pub(super) fn is_counted(paths: &Paths) -> bool {
    paths.efi_variables().join(format!("LoaderBootCountPath-{VENDOR}")).exists()
}

fn is_blessed(paths: &Paths, running: &Version) -> bool {
    let entries = Partition::at(&paths.esp()).entries().unwrap_or_default();
    let mut own = entries.iter().filter(|entry| entry.version == *running).peekable();
    own.peek().is_some() && own.all(BootEntry::is_good)
}
