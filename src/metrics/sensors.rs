//! The figures of the machine's sensors: each is there only where there is a sensor.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::optional::OptionalGauge;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SensorLabels {
    sensor: String,
}

type Float = Gauge<f64, AtomicU64>;

/// The figures themselves. The names of sensors are the kernel's; the sensors' room bounds them.
#[derive(Default)]
pub(super) struct Sensors {
    temperature: Family<SensorLabels, Float>,
    limit: Family<SensorLabels, Float>,
    undervoltage: OptionalGauge<i64>,
    wear: OptionalGauge<f64>,
}

impl Sensors {
    pub(super) fn register(&self, registry: &mut Registry) {
        let Self { temperature, limit, undervoltage, wear } = self;
        registry.register_with_unit("temperature", "What a sensor says", Unit::Celsius, temperature.clone());
        registry.register_with_unit(
            "temperature_limit",
            "From which on that is too warm",
            Unit::Celsius,
            limit.clone(),
        );
        registry.register("undervoltage", "1 when the voltage was too low within ten minutes", undervoltage.clone());
        registry.register_with_unit(
            "storage_wear",
            "Part of the built-in memory's life that is used, in tenths, rounded up",
            Unit::Other("ratio".to_owned()),
            wear.clone(),
        );
    }
}

impl super::Metrics {
    /// What a sensor says and from which on that is too warm, in °C; `None` when it is gone.
    pub(crate) fn temperature(&self, sensor: &str, reading: Option<(f64, f64)>) {
        let (Sensors { temperature, limit, .. }, labels) = (&self.sensors, SensorLabels { sensor: sensor.to_owned() });
        if let Some((celsius, too_warm)) = reading {
            temperature.get_or_create(&labels).set(celsius);
            limit.get_or_create(&labels).set(too_warm);
        } else {
            temperature.remove(&labels);
            limit.remove(&labels);
        }
    }

    /// Whether the voltage was too low lately; `None` without a sensor.
    pub(crate) fn undervoltage(&self, is_low: Option<bool>) {
        self.sensors.undervoltage.set(is_low.map(i64::from));
    }

    /// The part of the built-in memory's life that is used; `None` where nobody says it.
    pub(crate) fn storage_wear(&self, ratio: Option<f64>) {
        self.sensors.wear.set(ratio);
    }
}
