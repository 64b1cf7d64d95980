//! What the box tells the display: the body of `/_edge/display.json`.

use std::time::Duration;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use crate::lang::Lang;
use crate::schema::{integer, key, one_of, percent, seconds, settings, switch, text};

settings! {
    /// The display's settings.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Settings {
        title: String = key("display.title", text(60), "Taller",
            "Nombre del taller en la pantalla.",
            "Name of the workshop on the display.");
        line: String = key("display.line", text(60), "Línea 1",
            "Nombre de la línea en la pantalla.",
            "Name of the line on the display.");
        language: Lang = key("display.language", one_of(), "es",
            "Idioma de la pantalla.",
            "Language of the display.");
        demo: bool = key("display.demo", switch(), "true",
            "Si la pantalla muestra datos inventados.",
            "Whether the display shows invented data.");
        refresh: Duration = key("display.refresh_s", seconds(2, 3600), "15",
            "Cada cuántos segundos pide datos la pantalla.",
            "How often the display asks for data, in seconds.");
        ..targets: Targets;
        ..shift: Shift;
    }
}

settings! {
    /// What the workshop wants to reach.
    #[derive(Clone, Copy, Debug, Serialize)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Targets {
        daily: u32 = key("display.targets.daily", integer(1, 1_000_000), "120",
            "Objetivo de piezas al día.",
            "Pieces a day to reach.");
        oee_percent: f64 = key("display.targets.oee_percent", percent(), "75.0",
            "Objetivo de OEE (eficiencia general), en porcentaje.",
            "Overall equipment effectiveness to reach, per cent.");
        reject_percent: f64 = key("display.targets.reject_percent", percent(), "3.0",
            "Rechazo máximo admitido, en porcentaje.",
            "Rejected pieces at most, per cent.");
    }
}

settings! {
    /// Working hours, local time: `start_hour` included, `end_hour` not. An end that is not after the start is on the next
    /// day: the same hour twice is around the clock.
    #[derive(Clone, Copy, Debug, Serialize)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Shift {
        start_hour: u8 = key("display.shift.start_hour", integer(0, 23), "6",
            "Hora a la que empieza la jornada.",
            "Hour at which work starts.");
        end_hour: u8 = key("display.shift.end_hour", integer(0, 24), "22",
            "Hora a la que termina la jornada. Si no es posterior a la de inicio, termina al día siguiente: 22 y 6 es un turno de noche; 6 y 6, las 24 horas.",
            "Hour at which work ends. Unless it is after the start, work ends the next day: 22 and 6 is a night shift; 6 and 6, all 24 hours.");
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { title, line, language, demo, refresh, targets, shift } = self;
        let mut body = serializer.serialize_struct("Settings", 8)?;
        body.serialize_field("title", title)?;
        body.serialize_field("line", line)?;
        body.serialize_field("language", language.code())?;
        body.serialize_field("demo", demo)?;
        // Whether there is an ERP to take data from; without one the display says so instead of waiting. No key names one.
        body.serialize_field("erp", &false)?;
        body.serialize_field("refresh_s", &refresh.as_secs())?;
        body.serialize_field("targets", targets)?;
        body.serialize_field("shift", shift)?;
        body.end()
    }
}
