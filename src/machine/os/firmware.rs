//! What the boot loader says of this start (<https://systemd.io/BOOT_LOADER_INTERFACE/>).

use crate::machine::Places;

/// Its vendor, in the names of its variables.
const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// Whether this start is counted, as those of a version on trial are.
pub(super) fn is_counted(places: &Places) -> bool {
    places.efi_variables().join(format!("LoaderBootCountPath-{VENDOR}")).exists()
}
