//! What is lost with a disk, what still works, and what to do.

use super::StorageFault;
use crate::lang::Text;

/// What kind of machine the disk is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// The USB image's, whose system is in memory and starts from the same disk.
    Image,
    /// Somebody's own.
    Plain,
}

/// What is lost with any of these faults, and what still works.
const NOTHING_IS_KEPT: Text<&'static str> = Text::fixed(
    "Las pantallas siguen funcionando, pero ya no se guarda nada: ni PIN, ni registros, ni actualizaciones.",
    "The screens go on working, but nothing is kept any more: no PIN, no records, no updates.",
);

/// That fewer than these bytes are free, and what to do.
#[must_use]
pub(crate) fn nearly_full(bytes: u64, home: Home) -> Text {
    let mib = bytes.div_ceil(1024 * 1024);
    let what = Text::new(
        format!(
            "El disco de datos está casi lleno: quedan libres menos de {mib} MiB, y no cabrá la próxima actualización."
        ),
        format!("The data disk is nearly full: less than {mib} MiB are free, and the next update will not fit."),
    );
    what.and(&Text::from(match home {
        Home::Image => Text::fixed(
            "Haga un restablecimiento de fábrica, que conserva la configuración, o pase el equipo a un disco mayor.",
            "Do a factory reset, which keeps the configuration, or move the box to a larger disk.",
        ),
        Home::Plain => Text::fixed(
            "Borre de ese disco lo que no haga falta (df y du dicen qué ocupa), o ponga data_dir en otro mayor.",
            "Delete from that disk what is not needed (df and du say what takes the room), or set data_dir to a larger one.",
        ),
    }))
}

impl StorageFault {
    /// In three sentences or more.
    #[must_use]
    pub(crate) fn words(&self, home: Home) -> Text {
        self.what().and(&Text::from(NOTHING_IS_KEPT)).and(&Text::from(self.remedy(home)))
    }

    fn what(&self) -> Text {
        match self {
            Self::Gone => Text::new(
                "El disco de datos ya no está: se ha retirado o ha fallado.",
                "The data disk is gone: it was pulled out or has failed.",
            ),
            Self::ReadOnly => Text::new(
                "En el disco de datos no se puede escribir: tiene errores, está agotado o protegido.",
                "The data disk cannot be written to: it has errors, is worn out or write-protected.",
            ),
            Self::Forbidden => Text::new(
                "La carpeta de datos pertenece a otra cuenta y el servicio no puede usarla.",
                "The data directory belongs to another account, and the service cannot use it.",
            ),
            Self::Failing(detail) => {
                Text::new(format!("El disco de datos falla ({detail})."), format!("The data disk fails ({detail})."))
            }
            Self::Silent => Text::new("El disco de datos no responde.", "The data disk does not answer."),
        }
    }

    fn remedy(&self, home: Home) -> Text<&'static str> {
        match (self, home) {
            (Self::Gone, Home::Image) => Text::fixed(
                "Vuelva a conectar la memoria USB y reinicie el equipo, que sin ella no arranca; si ha fallado, grabe otra.",
                "Plug the USB stick in again and restart the box, which does not start without it; if it has failed, flash another.",
            ),
            (_, Home::Image) => Text::fixed(
                "Reinicie el equipo; si vuelve a ocurrir, cambie la memoria USB o el disco.",
                "Restart the box; if it happens again, replace the USB stick or the disk.",
            ),
            (Self::Forbidden, Home::Plain) => Text::fixed(
                "Devuelva la carpeta a la cuenta del servicio (chown).",
                "Give the directory back to the service's account (chown).",
            ),
            (_, Home::Plain) => Text::fixed(
                "Revise el disco y su montaje; después reinicie el servicio.",
                "Check the disk and its mount; then restart the service.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loss_says_what_is_lost_what_works_and_what_to_do() {
        let losses = [
            StorageFault::Gone,
            StorageFault::ReadOnly,
            StorageFault::Forbidden,
            StorageFault::Failing("Input/output error".into()),
            StorageFault::Silent,
        ];
        let mut said = Vec::new();
        for home in [Home::Image, Home::Plain] {
            for fault in &losses {
                let Text { es, en } = fault.words(home);
                assert!(es.contains("siguen funcionando") && es.contains("no se guarda nada"), "{es}");
                assert!(en.contains("go on working") && en.contains("nothing is kept"), "{en}");
                assert!(!said.contains(&es), "{es}");
                said.push(es);
            }
            let Text { es, en } = nearly_full(128 * 1024 * 1024, home);
            assert!(es.contains("menos de 128 MiB") && en.contains("less than 128 MiB"), "{es} {en}");
            assert!(!said.contains(&es), "{es}");
            said.push(es);
        }
    }
}
