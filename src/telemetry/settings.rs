//! What the configuration says of who hears from the box.

use std::path::PathBuf;
use std::time::Duration;

use crate::schema::{integer, key, optional, path, seconds, settings, switch, url};

settings! {
    /// Who is told how the box is. Without an address nobody is.
    #[derive(Clone, Debug)]
    #[cfg_attr(test, derive(PartialEq))]
    pub(crate) struct Settings {
        heartbeat_url: Option<String> = optional("telemetry.heartbeat_url", url(), "https://events.pagerduty.com/v2/enqueue",
            "Dirección a la que el equipo envía cómo está: cada heartbeat_interval_s, y en el acto cuando cambia. Si deja de llegar, el equipo no funciona.",
            "Address to which the box sends how it is: every heartbeat_interval_s, and at once when that changes. When nothing comes any more, the box does not work.");
        heartbeat_key_file: Option<PathBuf> = optional("telemetry.heartbeat_key_file", path(), "/etc/workshop-edge/heartbeat-key",
            "Archivo con la clave de integración (routing key) de PagerDuty en su primera línea.",
            "File with PagerDuty's integration key (routing key) on its first line.");
        heartbeat_interval: Duration = key("telemetry.heartbeat_interval_s", seconds(1, 86_400), "300",
            "Cada cuántos segundos lo envía mientras nada cambia.",
            "How often it is sent while nothing changes, in seconds.");
        otlp_url: Option<String> = optional("telemetry.otlp_url", url(), "https://otlp.example.com",
            "Dirección de un receptor de OpenTelemetry (OTLP sobre HTTP), sin /v1/metrics: a ella envía el equipo sus métricas, y las trazas de lo que pide al ERP, cada interval_s.",
            "Address of a receiver of OpenTelemetry (OTLP over HTTP), without /v1/metrics: the box sends its metrics there, and the traces of what it asks of the ERP, every interval_s.");
        otlp_headers_file: Option<PathBuf> = optional("telemetry.otlp_headers_file", path(), "/etc/workshop-edge/otlp-headers",
            "Archivo con los campos que pide el receptor, uno por línea: \"Authorization: Bearer clave\".",
            "File with the header fields that the receiver asks for, one a line: \"Authorization: Bearer key\".");
        interval: Duration = key("telemetry.interval_s", seconds(1, 3600), "60",
            "Cada cuántos segundos envía el equipo sus métricas y trazas.",
            "How often the box sends its metrics and traces, in seconds.");
        traces: bool = key("telemetry.traces", switch(), "true",
            "Si el equipo envía a otlp_url trazas de sus peticiones al ERP, a las que entonces añade el campo traceparent.",
            "Whether the box sends traces of its requests to the ERP to otlp_url; it then adds the field traceparent to them.");
        trace_percent: u8 = key("telemetry.trace_percent", integer(0, 100), "1",
            "De cada cien peticiones al ERP, cuántas se envían como traza; las que fallan o tardan más de 3 s se envían siempre.",
            "Of a hundred requests to the ERP, how many are sent as traces; those that fail or take more than 3 s always are.");
        allow_http: bool = key("telemetry.allow_http", switch(), "false",
            "Si las direcciones de telemetry pueden empezar por http://; lo que se envía va entonces sin cifrar.",
            "Whether the addresses of telemetry may begin with http://; what is sent is then in cleartext.");
    }
}
