//! What the box tells the display: the body of `/_edge/display.json`.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::lang::Lang;
use crate::schema::{integer, key, one_of, optional, percent, seconds, settings, switch, text};

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
        demo: Option<bool> = optional("display.demo", switch(), "true",
            "Si la pantalla muestra datos inventados. Sin valor: mientras no haya ningún ERP.",
            "Whether the display shows invented data. Without a value: as long as there is no ERP.");
        refresh: Duration = key("display.refresh_s", seconds(2, 3600), "15",
            "Cada cuántos segundos debe pedir datos un sitio propio que los pida; la pantalla del equipo los recibe sin pedirlos.",
            "How often a site of your own that asks for data should ask, in seconds; the box's display is sent them.");
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
            "Objetivo de órdenes terminadas al día.",
            "Orders to complete a day.");
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

/// The body of `/_edge/display.json`.
#[derive(Serialize)]
struct Body<'a> {
    title: &'a str,
    line: &'a str,
    language: &'static str,
    demo: bool,
    /// Whether there is an ERP to take figures from; without one the display says so instead of waiting.
    erp: bool,
    refresh_s: u64,
    targets: Targets,
    shift: Shift,
}

impl Settings {
    /// The body of `/_edge/display.json`. Invented figures give way to an ERP's, unless somebody wants them.
    pub(crate) fn body(&self, has_erp: bool) -> Result<Bytes, serde_json::Error> {
        let Self { title, line, language, demo, refresh, targets, shift } = self;
        let body = Body {
            title,
            line,
            language: language.code(),
            demo: demo.unwrap_or(!has_erp),
            erp: has_erp,
            refresh_s: refresh.as_secs(),
            targets: *targets,
            shift: *shift,
        };
        serde_json::to_vec(&body).map(Bytes::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invented_figures_give_way_to_an_erp_unless_somebody_wants_them() {
        let settings = |demo| Settings {
            title: "Taller".into(),
            line: "Línea 1".into(),
            language: Lang::Es,
            demo,
            refresh: Duration::from_secs(15),
            targets: Targets { daily: 120, oee_percent: 75.0, reject_percent: 3.0 },
            shift: Shift { start_hour: 6, end_hour: 22 },
        };
        for (demo, has_erp, shown) in
            [(None, false, true), (None, true, false), (Some(true), true, true), (Some(false), false, false)]
        {
            let body = settings(demo).body(has_erp).expect("JSON");
            let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!((&body["demo"], &body["erp"]), (&shown.into(), &has_erp.into()));
            assert_eq!((&body["refresh_s"], &body["shift"]["end_hour"]), (&15.into(), &22.into()));
        }
    }
}
