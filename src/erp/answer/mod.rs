//! What a wall may show of an answer. Each part has a type with these fields alone; whatever else the ERP says is dropped
//! while it is read, before it can be kept, logged or sent.

mod alert;
mod alert_read;
mod alert_text;
mod field;
mod figures;
mod list;
mod machine;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io::{BufReader, Read};

use serde::{Deserialize, Serialize};
use serde_json::de::IoRead;
use serde_json::error::Category;
use thiserror::Error;

use super::api::View;
use super::part::Part;
use crate::lang::Lang;
use field::Moment;

pub(crate) use alert::{Alert, Severity};
pub(super) use field::clean;
pub(crate) use figures::{AlertSummary, Dashboard, MachineStats, OrderStats, Period, QualityStats, Throughput};
pub(crate) use machine::{Machine, MachineStatus, Utilization};

/// An answer that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ShapeError {
    /// Not JSON, or cut short.
    #[error("it is not JSON")]
    NotJson,
    /// More than the box reads of it.
    #[error("it is too large")]
    TooLarge,
    /// Another shape; never a value of the answer, which may be somebody's name.
    #[error("it has another shape at line {line}, column {column}")]
    Other { line: usize, column: usize },
}

/// The one reader of JSON for all answers: each type that reads anything from it is compiled once.
type Json<'a> = serde_json::Deserializer<IoRead<BufReader<&'a mut dyn Read>>>;

/// The fields that a wall may show, of one part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Dashboard(Dashboard),
    WeeklyThroughput(Throughput),
    MonthlyThroughput(Throughput),
    MachineUtilization(Vec<Utilization>),
    Machines(Vec<Machine>),
    MachineStats(MachineStats),
    /// The worst first.
    Alerts(Vec<Alert>),
    AlertSummary(AlertSummary),
    OrderStats(OrderStats),
    QualityStats(QualityStats),
}

impl Answer {
    /// Reads the ERP's answer, or what [`Answer::json`] wrote, in either language.
    pub(crate) fn read(part: Part, body: &mut dyn Read) -> Result<Self, ShapeError> {
        let mut json = Json::new(IoRead::new(BufReader::new(body)));
        let answer = Self::of(part, &mut json).and_then(|answer| json.end().map(|()| answer))?;
        answer.is_of_its_period().then_some(answer).ok_or(ShapeError::Other { line: 1, column: 1 })
    }

    fn of(part: Part, json: &mut Json<'_>) -> Result<Self, serde_json::Error> {
        Ok(match part {
            Part::Dashboard => Self::Dashboard(Dashboard::deserialize(json)?),
            Part::WeeklyThroughput => Self::WeeklyThroughput(Throughput::deserialize(json)?.by_the_day()),
            Part::MonthlyThroughput => Self::MonthlyThroughput(Throughput::deserialize(json)?.by_the_day()),
            Part::MachineUtilization => Self::MachineUtilization(list::first(json, machine::MAX)?),
            Part::Machines => Self::Machines(list::first(json, machine::MAX)?),
            Part::MachineStats => Self::MachineStats(MachineStats::deserialize(json)?),
            Part::Alerts => Self::Alerts(alert_read::worst(json)?),
            Part::AlertSummary => Self::AlertSummary(AlertSummary::deserialize(json)?),
            Part::OrderStats => Self::OrderStats(OrderStats::deserialize(json)?),
            Part::QualityStats => Self::QualityStats(QualityStats::deserialize(json)?),
        })
    }

    /// The period is in the query, and a server that does not know it answers with another one.
    fn is_of_its_period(&self) -> bool {
        match self {
            Self::Dashboard(dashboard) => dashboard.production.period == Period::Daily,
            Self::WeeklyThroughput(throughput) => throughput.period == Period::Weekly,
            Self::MonthlyThroughput(throughput) => throughput.period == Period::Monthly,
            _ => true,
        }
    }

    /// In the ERP's own shape, with the texts in this language.
    pub(crate) fn json(&self, lang: Lang) -> String {
        match self {
            Self::Dashboard(value) => written(value),
            Self::WeeklyThroughput(value) | Self::MonthlyThroughput(value) => written(value),
            Self::MachineUtilization(value) => written(value),
            Self::Machines(value) => written(value),
            Self::MachineStats(value) => written(value),
            Self::Alerts(value) => {
                written(&value.iter().map(|alert| alert_text::Written::of(alert, lang)).collect::<Vec<_>>())
            }
            Self::AlertSummary(value) => written(value),
            Self::OrderStats(value) => written(value),
            Self::QualityStats(value) => written(value),
        }
    }

    /// What a path of the ERP's API answers from this part; `None` where the view is not one of this part.
    pub(crate) fn view(&self, view: View, lang: Lang) -> Option<String> {
        match (view, self) {
            (View::Whole, answer) => Some(answer.json(lang)),
            (View::Oee, Self::Dashboard(dashboard)) => Some(written(&dashboard.oee)),
            (View::DailyThroughput, Self::Dashboard(dashboard)) => Some(written(&dashboard.production)),
            (View::Oee | View::DailyThroughput, _) => None,
        }
    }

    /// What keeps its first moment keeps it: an alert that was there before. The ERP gives every alert the moment of the
    /// request, so without this no two answers would be equal.
    pub(crate) fn carry_over(&mut self, before: &Self) {
        if let (Self::Alerts(alerts), Self::Alerts(before)) = (self, before) {
            let moments: HashMap<&str, &Moment> =
                before.iter().filter_map(|alert| Some((alert.id.as_str(), alert.created_at.as_ref()?))).collect();
            for alert in alerts {
                if let Some(moment) = moments.get(alert.id.as_str()) {
                    alert.created_at = Some((*moment).clone());
                }
            }
        }
    }

    /// Orders that were completed since the server's midnight, and that midnight as the ERP gives it; of the dashboard.
    pub(crate) fn completed_today(&self) -> Option<(u64, &str)> {
        match self {
            Self::Dashboard(Dashboard { production, .. }) => {
                Some((production.completed.get(), production.start_date.as_str()))
            }
            _ => None,
        }
    }

    /// Whether the ERP says OEE 0 because every machine is in use, and so none is available. The wall shows it as it is; a
    /// technician wants to know why.
    pub(crate) fn is_oee_zero_with_all_in_use(dashboard: &Self, machine_stats: &Self) -> bool {
        match (dashboard, machine_stats) {
            (Self::Dashboard(dashboard), Self::MachineStats(machines)) => {
                dashboard.oee.oee.is_zero() && machines.in_use.get() > 0 && machines.in_use == machines.total
            }
            _ => false,
        }
    }
}

fn written<T: Serialize>(value: &T) -> String {
    // Fails only for maps with keys that are no texts, of which there are none.
    serde_json::to_string(value).unwrap_or_default()
}

impl From<serde_json::Error> for ShapeError {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            Category::Data => Self::Other { line: error.line(), column: error.column() },
            Category::Io | Category::Syntax | Category::Eof => Self::NotJson,
        }
    }
}
