//! What the administration says to people, besides the copy of its templates (`assets/console/admin`).

use super::digits::InvalidPin;
use super::throttle::RetryAfter;
use crate::lang::Text;

/// Copy without anything to fill in.
pub(super) type Fixed = Text<&'static str>;

pub(super) const BACK: Fixed = Text::fixed("Volver", "Back");
pub(super) const LOG_IN_AGAIN: Fixed = Text::fixed("Entrar otra vez", "Log in again");

pub(super) const TOO_MUCH_DATA: Fixed = Text::fixed("Demasiados datos", "Too much");
pub(super) const WRONG_METHOD: Fixed = Text::fixed("Método no permitido", "Not like this");
pub(super) const NOT_FOUND: Fixed = Text::fixed("Esta página no existe", "There is nothing here");

pub(super) const FORGED: Fixed = Text::fixed("Formulario rechazado", "Form refused");
pub(super) const FORGED_WHY: Fixed = Text::fixed(
    "Este formulario no viene de una página del equipo, o la página era antigua. No se ha hecho nada. Vuelva a empezar desde el menú.",
    "This form was not sent by a page of the box, or the page was old. Nothing has been done. Start again from the menu.",
);

pub(super) const FAILED: Fixed = Text::fixed("No se ha podido", "It could not be done");
pub(super) const FAILED_WHY: Fixed = Text::fixed(
    "No se ha podido hacer. El equipo sigue como estaba. La causa, en inglés:",
    "It could not be done. The box is as it was. The cause:",
);

pub(super) const WRONG_PIN: Fixed = Text::fixed("El PIN no es correcto.", "The PIN is wrong.");
pub(super) const PIN_CHANGED: Fixed =
    Text::fixed("El PIN se ha cambiado. Entre con el nuevo.", "The PIN has been changed. Log in with the new one.");
pub(super) const PINS_DIFFER: Fixed = Text::fixed(
    "El PIN nuevo no es el mismo las dos veces. No se ha cambiado nada.",
    "The new PIN is not the same twice. Nothing has been changed.",
);

pub(super) const TOO_EARLY: Fixed = Text::fixed("Hay que esperar", "You have to wait");
pub(super) const TOO_EARLY_WHY: Fixed = Text::fixed(
    "Se ha probado el PIN demasiadas veces. Hasta entonces no se admite ninguno, tampoco el correcto.",
    "The PIN has been tried too many times. Until then none is accepted, not even the right one.",
);

pub(super) const NOT_CONFIRMED: Fixed =
    Text::fixed("Marque la casilla si está seguro.", "Tick the box if you are sure.");

pub(super) const RESTARTING: Fixed = Text::fixed("Reiniciando", "Restarting");
pub(super) const RESTARTING_NEXT: Fixed = Text::fixed(
    "El servicio se reinicia. La pantalla de los televisores vuelve sola en unos segundos.",
    "The service restarts. The TVs' display comes back by itself within seconds.",
);
pub(super) const RESETTING: Fixed = Text::fixed("Restableciendo", "Resetting");
pub(super) const RESETTING_NEXT: Fixed = Text::fixed(
    "El equipo olvida todo menos su configuración y se reinicia. El PIN nuevo aparece en su pantalla (HDMI) y lo dice el comando «workshop-edge pin». El navegador avisará del certificado nuevo.",
    "The box forgets everything but its configuration and restarts. The new PIN is on its screen (HDMI), and the command \"workshop-edge pin\" says it. The browser will warn of the new certificate.",
);

pub(super) const UPDATES_OFF: Fixed = Text::fixed(
    "Este programa no busca actualizaciones: no lleva la dirección de ningún repositorio de versiones, o update.enabled es false.",
    "This program looks for no updates: it carries no bucket's address, or update.enabled is false.",
);

pub(super) const ERP_INCOMPLETE: Fixed = Text::fixed(
    "Faltan datos: hacen falta la dirección, el usuario y la contraseña. No se ha cambiado nada.",
    "Something is missing: address, user and password are needed. Nothing has been changed.",
);
pub(super) const ERP_TOO_LONG: Fixed = Text::fixed(
    "La dirección, el usuario o la contraseña son demasiado largos. No se ha cambiado nada.",
    "The address, the user or the password is too long. Nothing has been changed.",
);
pub(super) const ERP_CONTROL: Fixed = Text::fixed(
    "La dirección, el usuario o la contraseña tienen un carácter que no se ve. Escríbalos a mano, sin pegarlos. No se ha cambiado nada.",
    "The address, the user or the password has an invisible character. Type them instead of pasting. Nothing has been changed.",
);
pub(super) const ERP_CHECK_FAILED: Fixed = Text::fixed(
    "La comprobación ha fallado. No se ha cambiado nada: siguen los datos de antes.",
    "The check has failed. Nothing has been changed: what was there before still holds.",
);
pub(super) const ERP_CHECK_RUNS: Fixed = Text::fixed(
    "Ya hay otra comprobación en marcha. Espere un minuto y vuelva a probar.",
    "Another check is running. Wait a minute and try again.",
);
pub(super) const ERP_CHECK_TOO_LONG: Fixed = Text::fixed(
    "La comprobación no ha terminado a tiempo. No se ha cambiado nada. Vuelva a probar.",
    "The check has not ended in time. Nothing has been changed. Try again.",
);
pub(super) const ERP_NOT_CHECKED: Fixed = Text::fixed(
    "Esa comprobación ya no vale: han pasado más de diez minutos, o se ha hecho otra. No se ha cambiado nada. Vuelva a empezar.",
    "That check does not hold any more: more than ten minutes have passed, or there was another. Nothing has been changed. Start again.",
);
pub(super) const ERP_CONFIGURED: Fixed = Text::fixed(
    "La cuenta está en la configuración del equipo, y desde aquí no se puede cambiar. No se ha cambiado nada.",
    "The account is in the box's configuration, and cannot be changed from here. Nothing has been changed.",
);
pub(super) const ERP_STEP_OK: Fixed = Text::fixed("Bien:", "OK:");
pub(super) const ERP_STEP_WARNING: Fixed = Text::fixed("Atención:", "Note:");
pub(super) const ERP_STEP_FAILED: Fixed = Text::fixed("Mal:", "Failed:");
pub(super) const ERP_KEPT: Fixed = Text::fixed(
    "La cuenta se ha guardado y ya se usa. En unos segundos, los televisores muestran los datos del ERP.",
    "The account has been kept and is in use. Within seconds, the TVs show the ERP's figures.",
);
pub(super) const ERP_FORGOTTEN: Fixed = Text::fixed("La cuenta se ha olvidado.", "The account has been forgotten.");

pub(super) const SCREEN_NAMED: Fixed = Text::fixed("El nombre se ha guardado.", "The name has been kept.");
pub(super) const SCREEN_FORGOTTEN: Fixed = Text::fixed("La pantalla se ha olvidado.", "The screen has been forgotten.");
pub(super) const SCREEN_KEPT: Fixed = Text::fixed("El cambio se ha guardado.", "The change has been kept.");
pub(super) const SCREEN_ASKED: Fixed = Text::fixed(
    "Se ha pedido. Si la pantalla responde, lo hace en unos segundos; abajo, en «Última orden», dice cómo ha ido.",
    "It has been asked for. If the screen answers, it does so within seconds; below, \"Last order\" says how it went.",
);
pub(super) const SCREEN_PICTURE_ASKED: Fixed = Text::fixed(
    "Se ha pedido una captura. Vuelva a cargar esta página en unos segundos.",
    "A picture has been asked for. Load this page again in a few seconds.",
);
pub(super) const SCREENS_ASKED: Fixed =
    Text::fixed("Se ha pedido a todas las pantallas que responden.", "All screens that answer have been asked.");

pub(super) const fn invalid_pin(invalid: InvalidPin) -> Fixed {
    match invalid {
        InvalidPin::Shape => Text::fixed(
            "El PIN nuevo tiene que ser de ocho cifras. No se ha cambiado nada.",
            "The new PIN has to be eight digits. Nothing has been changed.",
        ),
        InvalidPin::Trivial => Text::fixed(
            "Ese PIN es de los primeros que se prueban (una serie o una repetición). Elija otro: no se ha cambiado nada.",
            "That PIN is one of the first to be tried (a run or a repetition). Choose another: nothing has been changed.",
        ),
    }
}

/// `reason` is a part of a sentence.
pub(super) fn nothing_to_do(reason: &Text) -> Text {
    Text::new(format!("No hay nada que hacer: {}.", reason.es), format!("There is nothing to do: {}.", reason.en))
}

pub(super) fn wait(wait: RetryAfter) -> Text {
    let seconds = wait.seconds();
    if seconds > 120 {
        let minutes = seconds.div_ceil(60);
        Text::new(
            format!("Espere {minutes} minutos antes de volver a probar."),
            format!("Wait {minutes} minutes before you try again."),
        )
    } else {
        Text::new(
            format!("Espere {seconds} s antes de volver a probar."),
            format!("Wait {seconds} s before you try again."),
        )
    }
}

/// An entry of the menu.
pub(super) struct Section {
    /// Below [`super::respond::ROOT`].
    pub(super) path: &'static str,
    pub(super) title: Fixed,
    pub(super) about: Fixed,
}

/// In the order of the menu.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        path: "screens",
        title: Text::fixed("Pantallas", "Screens"),
        about: Text::fixed(
            "Ponerles nombre y vista, identificarlas, recargarlas y mostrar un mensaje.",
            "Give them names and views, identify them, reload them and show a message.",
        ),
    },
    Section {
        path: "update",
        title: Text::fixed("Actualizaciones", "Updates"),
        about: Text::fixed(
            "Qué versión está en marcha; instalar otra, volver a la anterior o fijarla.",
            "Which version runs; take another, go back, or pin it.",
        ),
    },
    Section {
        path: "erp",
        title: Text::fixed("Cuenta del ERP", "ERP account"),
        about: Text::fixed(
            "De dónde vienen los datos de la pantalla: dirección, usuario y contraseña.",
            "Where the display's figures come from: address, user and password.",
        ),
    },
    Section {
        path: "support-bundle",
        title: Text::fixed("Paquete de soporte", "Support bundle"),
        about: Text::fixed(
            "Un archivo con lo necesario para averiguar qué falla.",
            "Download a file with what is needed to find out what is wrong.",
        ),
    },
    Section {
        path: "pin",
        title: Text::fixed("Cambiar el PIN", "Change the PIN"),
        about: Text::fixed("Elegir otro PIN de ocho cifras.", "Choose another PIN of eight digits."),
    },
    Section {
        path: "restart",
        title: Text::fixed("Reiniciar el servicio", "Restart the service"),
        about: Text::fixed(
            "El equipo vuelve a leer la configuración. Los televisores no pierden la conexión.",
            "Reads the configuration again. The TVs lose no connection.",
        ),
    },
    Section {
        path: "factory-reset",
        title: Text::fixed("Restablecer de fábrica", "Factory reset"),
        about: Text::fixed(
            "El equipo olvida el PIN, el nombre, el certificado y todo lo guardado, y conserva la configuración.",
            "Forgets the PIN, the name, the certificate and everything stored. Keeps the configuration.",
        ),
    },
];

pub(super) fn not_a_version(version: &str) -> Text {
    Text::new(
        format!("«{version}» no es una versión como 1.2.3."),
        format!("{version:?} is not a version such as 1.2.3."),
    )
}
