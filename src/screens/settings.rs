//! What the configuration says of the screens.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::identity::MAX_SCREENS;
use crate::schema::{hours, integer, key, optional, seconds, settings, switch, time_of_day};
use crate::window::{Days, Hours, Window};

settings! {
    /// What the box does about the TVs.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Settings {
        agent: bool = key("screens.agent", switch(), "true",
            "Si el equipo añade a cada página un pequeño programa con el que cada pantalla dice cómo está y recibe órdenes.",
            "Whether the box adds to each page a small program by which each screen says how it is, and takes orders.");
        expected: usize = key("screens.expected", integer(0, MAX_SCREENS as u64), "0",
            "Pantallas que deben mostrar la página; si son menos, el equipo avisa. Con 0 no las cuenta: avisa de las que tienen nombre y llevan 15 minutos apagadas en horas de trabajo, mientras otras muestran la página.",
            "Screens that should show the page; with fewer the box says so. With 0 it does not count them: it tells of those with a name that have been off for 15 minutes in working hours, while others show the page.");
        hours: Option<Hours> = optional("screens.hours", hours(), "06:00-22:00",
            "Horas en las que deben mostrarla, en hora local. Sin valor: todo el día; con screens.expected = 0, las de display.shift.",
            "Hours at which they should show it, local time. Without a value: all day; with screens.expected = 0, those of display.shift.");
        reload_at: Option<Time> = optional("screens.reload_at", time_of_day(), "04:30",
            "Hora local a la que cada pantalla vuelve a cargar la página, una vez al día. Sin valor: nunca.",
            "Local time at which each screen loads the page again, once a day. Without a value: never.");
        reload_spread: Duration = key("screens.reload_spread_s", seconds(0, 600), "60",
            "Segundos entre los que se reparten las pantallas cuando todas vuelven a cargar la página.",
            "Seconds over which the screens are spread when all of them load the page again.");
        stale: Duration = key("screens.stale_s", seconds(10, 86_400), "120",
            "Segundos a partir de los que los datos de una pantalla son viejos.",
            "Seconds from which on the data of a screen are old.");
        keep_awake: bool = key("screens.keep_awake", switch(), "false",
            "Si la página evita que la pantalla se apague sola; se puede cambiar en cada pantalla.",
            "Whether the page keeps the screen from switching itself off; each screen may have it otherwise.");
    }
}

impl Settings {
    /// When the screens should show the page.
    pub(super) fn window(&self) -> Window {
        Window::new(self.hours.unwrap_or(Hours::DAY), Days::default(), TimeZone::system())
    }

    /// When the workshop works, where these are the hours of its shift.
    #[must_use]
    pub(crate) fn working_hours(&self, shift: Hours) -> Window {
        Window::new(self.hours.unwrap_or(shift), Days::default(), TimeZone::system())
    }
}
