//! What the screens' room says to people.

use std::time::Duration;

use super::state::Reason;
use crate::lang::Text;

impl Reason {
    /// The sentence for people.
    pub(super) const fn text(self) -> Text<&'static str> {
        match self {
            Self::NeverHeard => Text::fixed(
                "No se sabe nada de ella desde que arrancó este equipo: compruebe que está encendida y con la página abierta.",
                "Nothing has been heard of it since this box started: make sure that it is on, with the page open.",
            ),
            Self::Silent => Text::fixed(
                "No responde: compruebe que está encendida y conectada a la red.",
                "It does not answer: make sure that it is on and connected to the network.",
            ),
            Self::NotVisible => Text::fixed(
                "Tiene delante otra aplicación u otra pestaña.",
                "Another app or another tab is in front of the page.",
            ),
            Self::NoReports => Text::fixed(
                "Está conectada, pero su página no responde: parece bloqueada.",
                "It is connected, but its page does not answer: it seems to hang.",
            ),
            Self::NoFrames => {
                Text::fixed("Su página no dibuja nada: parece bloqueada.", "Its page draws nothing: it seems to hang.")
            }
            Self::EmptyBody => Text::fixed("Su página está en blanco.", "Its page is blank."),
            Self::ScriptErrors => Text::fixed(
                "Su página ha tenido errores en el último minuto.",
                "Its page has had errors within the last minute.",
            ),
            Self::OtherVersion => Text::fixed(
                "Muestra otra versión de la página, no la que sirve este equipo.",
                "It shows another version of the page than this box serves.",
            ),
            Self::OldData => Text::fixed("Los datos que muestra son viejos.", "The data that it shows are old."),
            Self::AllWell => Text::fixed("Muestra la página.", "It shows the page."),
        }
    }
}

/// What the health check says.
pub(super) fn too_few(lit: usize, expected: usize) -> Text {
    Text::new(
        format!("Solo {lit} de las {expected} pantallas previstas muestran la página. Mire cuáles en /_edge/screens."),
        format!("Only {lit} of the {expected} screens that should show the page do. See which at /_edge/screens."),
    )
}

/// That these screens have been off for so long while others are on.
pub(super) fn off(names: &Text, time: Duration) -> Text {
    let (minutes, Text { es, en }) = (time.as_secs() / 60, names);
    Text::new(
        format!(
            "En horas de trabajo llevan apagadas más de {minutes} minutos, mientras otras muestran la página: {es}. Enciéndalas; la que ya no exista, olvídela en /_edge/screens."
        ),
        format!(
            "In working hours, while others show the page, these have been off for more than {minutes} minutes: {en}. Switch them on; forget at /_edge/screens what is no longer there."
        ),
    )
}

/// What is wrong with a change that a person wants.
pub(super) const NO_SUCH_SCREEN: Text<&'static str> = Text::fixed(
    "Esa pantalla ya no está en la lista: vuelva a cargar la página.",
    "That screen is no longer in the list: load the page again.",
);

pub(super) const BAD_NAME: Text<&'static str> = Text::fixed(
    "El nombre debe tener de 1 a 40 caracteres visibles.",
    "The name must have 1 to 40 visible characters.",
);

pub(super) fn name_taken(name: &str) -> Text {
    Text::new(
        format!("Ya hay otra pantalla que se llama {name}: póngale otro nombre, u olvide antes la otra."),
        format!("Another screen has the name {name} already: choose another one, or forget that screen first."),
    )
}

pub(super) const BAD_VIEW: Text<&'static str> = Text::fixed(
    "La ruta debe empezar por / y tener como mucho 200 caracteres, sin espacios ni acentos.",
    "The path must begin with / and have at most 200 characters, in ASCII and without spaces.",
);

pub(super) const BAD_MESSAGE: Text<&'static str> = Text::fixed(
    "El mensaje debe tener de 1 a 200 caracteres, y mostrarse entre 1 segundo y 1 hora.",
    "The message must have 1 to 200 characters, and be shown for 1 second to 1 hour.",
);

pub(super) const NOT_KEPT: Text<&'static str> = Text::fixed(
    "No se ha podido guardar en el disco de este equipo, y no ha cambiado nada:",
    "It could not be kept on this box's disk, and nothing has changed:",
);
