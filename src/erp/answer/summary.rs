//! An answer in one line, for a technician who wants to see that it was understood.

use super::{Answer, MachineStatus, Severity};
use crate::lang::Text;

impl Answer {
    /// What was understood of it.
    pub(crate) fn summary(&self) -> Text {
        match self {
            Self::Dashboard(dashboard) => {
                let (oee, done) = (&dashboard.oee.oee, dashboard.production.completed.get());
                let in_progress = dashboard.production.in_progress.get();
                Text::new(
                    format!("OEE {oee} %; órdenes de hoy: {done} terminadas, {in_progress} en curso"),
                    format!("OEE {oee} %; orders of today: {done} completed, {in_progress} in progress"),
                )
            }
            Self::WeeklyThroughput(throughput) | Self::MonthlyThroughput(throughput) => {
                let (done, in_progress) = (throughput.completed.get(), throughput.in_progress.get());
                Text::new(
                    format!("órdenes: {done} terminadas, {in_progress} en curso"),
                    format!("orders: {done} completed, {in_progress} in progress"),
                )
            }
            Self::MachineUtilization(machines) => {
                let Text { es, en } = number_of_machines(machines.len());
                Text::new(format!("uso de {es}"), format!("utilization of {en}"))
            }
            Self::Machines(machines) => {
                let count = |status| machines.iter().filter(|machine| machine.status == status).count() as u64;
                by_status(
                    machines.len() as u64,
                    count(MachineStatus::InUse),
                    count(MachineStatus::Available),
                    count(MachineStatus::Maintenance),
                    count(MachineStatus::Broken),
                )
            }
            Self::MachineStats(stats) => by_status(
                stats.total.get(),
                stats.in_use.get(),
                stats.available.get(),
                stats.maintenance.get(),
                stats.broken.get(),
            ),
            Self::Alerts(alerts) => {
                let count = |severity| alerts.iter().filter(|alert| alert.severity == severity).count() as u64;
                by_severity(
                    alerts.len() as u64,
                    count(Severity::Critical),
                    count(Severity::Warning),
                    count(Severity::Info),
                )
            }
            Self::AlertSummary(summary) => {
                by_severity(summary.total.get(), summary.critical.get(), summary.warning.get(), summary.info.get())
            }
            Self::OrderStats(stats) => {
                let (total, done, in_progress) =
                    (stats.total_orders.get(), stats.completed.get(), stats.in_progress.get());
                Text::new(
                    format!("órdenes: {total}, en curso: {in_progress}, terminadas: {done}"),
                    format!("orders: {total}, in progress: {in_progress}, completed: {done}"),
                )
            }
            Self::QualityStats(stats) => {
                let (total, passed, failed, rework) =
                    (stats.total.get(), stats.passed.get(), stats.failed.get(), stats.rework.get());
                Text::new(
                    format!("inspecciones: {total}, aprobadas: {passed}, rechazadas: {failed}, por rehacer: {rework}"),
                    format!("inspections: {total}, passed: {passed}, failed: {failed}, to rework: {rework}"),
                )
            }
        }
    }
}

fn number_of_machines(count: usize) -> Text {
    match count {
        1 => Text::new("1 máquina", "1 machine"),
        _ => Text::new(format!("{count} máquinas"), format!("{count} machines")),
    }
}

fn by_status(total: u64, in_use: u64, available: u64, maintenance: u64, broken: u64) -> Text {
    Text::new(
        format!(
            "máquinas: {total}, en uso: {in_use}, disponibles: {available}, en mantenimiento: {maintenance}, averiadas: {broken}"
        ),
        format!(
            "machines: {total}, in use: {in_use}, available: {available}, in maintenance: {maintenance}, broken: {broken}"
        ),
    )
}

fn by_severity(total: u64, critical: u64, warning: u64, info: u64) -> Text {
    Text::new(
        format!("alertas: {total}, críticas: {critical}, advertencias: {warning}, informativas: {info}"),
        format!("alerts: {total}, critical: {critical}, warnings: {warning}, for information: {info}"),
    )
}
