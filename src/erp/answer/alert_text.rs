//! How an alert is written: in the ERP's shape, with texts of the box's own.

use jiff::civil::Date;
use serde::Serialize;

use super::alert::{About, Alert, AlertType, Severity};
use super::field::Moment;
use crate::lang::{Lang, Text};

/// An alert in one language.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: AlertType,
    severity: Severity,
    /// The subject, where there is one: a display that knows only the ERP's fields shows which one it is.
    title: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<&'a Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<&'a str>,
}

impl<'a> Written<'a> {
    pub(super) fn of(alert: &'a Alert, lang: Lang) -> Self {
        let about = alert.about.as_ref();
        let message = about.map(|about| message(about, alert.kind, alert.severity));
        let stage = match about {
            Some(About::Inspection { stage, .. }) => Some(stage.as_str()),
            _ => None,
        };
        let (left, unit, minimum) = match about {
            Some(About::Stock { left, unit, minimum, .. }) => (Some(&**left), Some(&**unit), Some(&**minimum)),
            _ => (None, None, None),
        };
        Self {
            id: &alert.id,
            kind: alert.kind,
            severity: alert.severity,
            title: alert.subject().unwrap_or_else(|| {
                let title = title(alert.kind, alert.severity);
                lang.pick(title.es, title.en)
            }),
            message: message.map(|message| lang.pick(message.es, message.en)).unwrap_or_default(),
            entity_id: alert.entity_id.as_deref(),
            entity_type: entity_type(alert.kind),
            created_at: alert.created_at.as_ref(),
            subject: alert.subject(),
            due: alert.due(),
            stage,
            left,
            unit,
            minimum,
        }
    }
}

/// What the ERP says that an alert of this type is about.
const fn entity_type(kind: AlertType) -> Option<&'static str> {
    match kind {
        AlertType::LowStock => Some("Material"),
        AlertType::Deadline | AlertType::OrderDelay => Some("ProductionOrder"),
        AlertType::MachineDown => Some("Machine"),
        AlertType::QualityIssue => Some("QualityCheck"),
        AlertType::Unknown => None,
    }
}

/// The ERP's own titles.
const fn title(kind: AlertType, severity: Severity) -> Text<&'static str> {
    match (kind, severity) {
        (AlertType::LowStock, Severity::Critical) => Text::fixed("Stock Crítico", "Critical stock"),
        (AlertType::LowStock, _) => Text::fixed("Stock Bajo", "Low stock"),
        (AlertType::Deadline, _) => Text::fixed("Fecha Límite Cercana", "Due soon"),
        (AlertType::OrderDelay, _) => Text::fixed("Orden Atrasada", "Late order"),
        (AlertType::MachineDown, Severity::Info) => Text::fixed("Máquina en Mantenimiento", "Machine in maintenance"),
        (AlertType::MachineDown, _) => Text::fixed("Máquina Averiada", "Broken machine"),
        (AlertType::QualityIssue, _) => Text::fixed("Problema de Calidad", "Quality issue"),
        (AlertType::Unknown, _) => Text::fixed("Aviso", "Alert"),
    }
}

/// What is wrong with it, to be read beside the subject.
pub(super) fn message(about: &About, kind: AlertType, severity: Severity) -> Text {
    let is_late = kind == AlertType::OrderDelay;
    match about {
        About::Order { due: Some(due), .. } => {
            let (day, month, year) = (due.day(), due.month(), due.year());
            let Text { es, en } = if is_late {
                Text::fixed("Atrasada: venció el", "Late: was due")
            } else {
                Text::fixed("Vence el", "Due")
            };
            Text::new(format!("{es} {day}/{month}/{year}"), format!("{en} {month}/{day}/{year}"))
        }
        About::Order { due: None, .. } if is_late => Text::new("Atrasada", "Late"),
        About::Order { due: None, .. } => Text::new("Vence pronto", "Due soon"),
        About::Inspection { stage, .. } => {
            let stage = stage_name(stage);
            Text::new(format!("Problema de calidad: {}", stage.es), format!("Quality issue: {}", stage.en))
        }
        About::Machine { .. } if severity == Severity::Info => Text::new("En mantenimiento", "In maintenance"),
        About::Machine { .. } => Text::new("Averiada", "Broken"),
        About::Stock { left, unit, minimum, .. } => {
            let Text { es, en } = unit_name(unit);
            let number = |number: &str| Text::new(number.replace('.', ","), number);
            let (left, minimum) = (number(left), number(minimum));
            Text::new(
                format!("Stock: {} {es} (mínimo: {})", left.es, minimum.es),
                format!("Stock: {} {en} (minimum: {})", left.en, minimum.en),
            )
        }
    }
}

/// A stage of production; one that is not known keeps its name.
fn stage_name(stage: &str) -> Text<&str> {
    match stage {
        "CUTTING" => Text::fixed("corte", "cutting"),
        "BENDING" => Text::fixed("doblado", "bending"),
        "WELDING" => Text::fixed("soldadura", "welding"),
        "GRINDING" => Text::fixed("amolado", "grinding"),
        "POLISHING" => Text::fixed("pulido", "polishing"),
        "PAINTING" => Text::fixed("pintura", "painting"),
        "ANODIZING" => Text::fixed("anodizado", "anodizing"),
        "ASSEMBLY" => Text::fixed("armado", "assembly"),
        "PACKAGING" => Text::fixed("embalaje", "packaging"),
        stage => Text { es: stage, en: stage },
    }
}

/// A unit of materials; one that is not known keeps its name.
fn unit_name(unit: &str) -> Text<&str> {
    match unit {
        "METER" => Text::fixed("m", "m"),
        "KILOGRAM" => Text::fixed("kg", "kg"),
        "SHEET" => Text::fixed("planchas", "sheets"),
        "UNIT" => Text::fixed("unidades", "units"),
        unit => Text { es: unit, en: unit },
    }
}
