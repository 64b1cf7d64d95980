//! Starting the machine again, or switching it off.

use crate::lang::Text;
use crate::machine::Paths;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the service manager is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    Reboot,
    Off,
}

/// Asks for it. A machine in a directory has no power to switch.
pub(super) fn switch(paths: &Paths, power: Power) -> Result<(), Text> {
    if paths.root() != Path::new("/") {
        return Ok(());
    }
    let order = match power {
        Power::Reboot => "reboot",
        Power::Off => "poweroff",
    };
    let status = Command::new("systemctl").arg(order).stdin(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(cannot(&status.to_string())),
        Err(error) => Err(cannot(&error.to_string())),
    }
}

fn cannot(detail: &str) -> Text {
    Text::about(
        "El equipo no se puede reiniciar ni apagar: desenchúfelo. Detalle:",
        "The machine can be neither restarted nor switched off: pull its plug. Detail:",
        detail,
    )
}
