//! Where everything is, below one root, so that a test can have a machine in a directory.

use std::path::{Path, PathBuf};

/// The paths of the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    root: PathBuf,
}

/// Declares a method for each path, relative to the root.
macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)+) => {
        impl Paths {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(&self) -> PathBuf {
                    self.root.join($path)
                }
            )+
        }
    };
}

impl Paths {
    /// Those below this directory: `/` on a box.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The directory below which all of them are.
    #[must_use]
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self::below(Path::new("/"))
    }
}

paths! {
    /// Which OS this is (os-release(5)): `IMAGE_VERSION=` is its version.
    os_release = "etc/os-release";
    /// Where the units of systemd-networkd are that hold until the next start.
    network_units = "run/systemd/network";

    /// The partition `TALLER` (FAT), mounted read-only: what a technician edits.
    settings_partition = "media/settings";
    /// The settings, on that partition.
    settings = "media/settings/workshop-edge.txt";
    /// The secrets that somebody has put beside the settings: they are moved away.
    secrets = "media/settings/secrets.txt";
    /// A foreign stick with the label `WORKSHOP`, mounted read-only.
    stick = "media/stick";
    /// The EFI system partition, mounted when it is looked at.
    esp = "efi";
    /// Where the EFI variables are (efivarfs).
    efi_variables = "sys/firmware/efi/efivars";

    /// The data partition.
    data = "data";
    /// What only root keeps there, mode 0700.
    data_machine = "data/machine";
    /// The settings that last worked, and the secrets.
    data_settings = "data/machine/settings";
    /// What is known of OS updates: trust, floor, quarantined versions.
    data_os = "data/machine/os";

    /// What root reports to the appliance until the next start: root's, mode 0755.
    run = "run/workshop-machine";
    /// The appliance's configuration, made from the settings; `/etc/workshop-edge/config.toml` is a link to it.
    run_config = "run/workshop-machine/config.toml";
    /// What the appliance enters the proxy with; its `proxy.credentials_file`.
    run_proxy_credentials = "run/workshop-machine/proxy-credentials";
    /// The password with which the appliance enters the ERP; its `erp.password_file`.
    run_erp_password = "run/workshop-machine/erp-password";
    /// One file for each subject on which there is something to say: see [`super::notices`].
    run_notices = "run/workshop-machine/notices";
    /// The state of the OS updates.
    run_os = "run/workshop-machine/os.json";
    /// The release bucket of a stick; the appliance's `update.usb_dir`.
    run_stick = "run/workshop-machine/stick";
    /// Exists if HTTPS is configured: its socket is opened only then.
    run_https = "run/workshop-machine/https";
    /// Held while a stick is handled.
    run_stick_lock = "run/workshop-machine/stick.lock";
    /// The device of that stick.
    run_stick_holder = "run/workshop-machine/stick.device";
    /// The lock for writing the system: to the boot partition, with a restart at the end, or to another disk.
    run_system_lock = "run/workshop-machine/system.lock";
    /// Settings that a stick has brought and that wait for somebody at the keyboard, mode 0600.
    run_pending = "run/workshop-machine/pending.txt";
    /// The keys (sshd(8), "Authorized keys file format") with which support may log in.
    run_authorized_keys = "run/workshop-machine/authorized_keys";

    /// The appliance's data directory.
    appliance = "var/lib/workshop-edge";
    /// What is offered to root of it.
    offer = "var/lib/workshop-edge/update/os/offer";
    /// Metadata (TUF) of an OS version that the appliance asks root to install.
    offered_metadata = "var/lib/workshop-edge/update/os/offer/metadata";
    /// The targets of that offer.
    offered_targets = "var/lib/workshop-edge/update/os/offer/targets";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_below_the_root() {
        assert_eq!(Paths::default().run_notices(), Path::new("/run/workshop-machine/notices"));
        let here = Paths::below(Path::new("/tmp/box"));
        assert_eq!(here.settings(), Path::new("/tmp/box/media/settings/workshop-edge.txt"));
        assert!(here.offered_targets().starts_with(here.appliance()));
    }
}
