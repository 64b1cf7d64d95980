//! What is wrong with the hardware, and what to do.

use super::temperature::Temperature;
use crate::lang::Text;

/// The voltage is too low.
pub(crate) const UNDERVOLTED: Text<&'static str> = Text::fixed(
    "Al equipo le llega poca tensión: puede colgarse y dañar su tarjeta. Use la fuente de alimentación y el cable originales, y desconecte de sus USB lo que no haga falta.",
    "The box gets too little voltage: it may hang, and damage its card. Use the original power supply and cable, and unplug what is not needed from its USB ports.",
);

/// The memory is nearly worn out.
pub(crate) const WORN: Text<&'static str> = Text::fixed(
    "La memoria interna del equipo (eMMC) está casi gastada: dejará de guardar datos. Prepare otro equipo y cámbielo antes de que falle.",
    "The box's built-in memory (eMMC) is nearly worn out: it will stop keeping data. Prepare another box, and replace this one before it fails.",
);

impl Temperature {
    /// That it is too warm.
    #[must_use]
    pub(crate) fn words(&self) -> Text {
        let Self { sensor, limit, celsius: _ } = self;
        let what = Text::new(
            format!("El equipo se calienta demasiado: {sensor} ha pasado de {limit:.0} °C."),
            format!("The box is too warm: {sensor} has been above {limit:.0} °C."),
        );
        what.and(&Text::from(Text::fixed(
            "Quite el polvo de sus ranuras y de su ventilador, déjele sitio, y apártelo del sol y de las máquinas que dan calor.",
            "Clean the dust from its vents and its fan, leave it some room, and keep it away from the sun and from machines that give off heat.",
        )))
    }
}
