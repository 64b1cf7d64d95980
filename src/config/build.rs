//! Values into the typed configuration.

use super::{
    layers::Layers,
    types::{
        Access, Channel, Config, Discovery, Display, Format, Level, Limits, Listen, Log, Machine, Outbound, Shift,
        Shutdown, Site, Targets, Tls, TlsMode, Update,
    },
    value::Value,
};
use crate::lang::Lang;
use crate::window::{self, Days, Hours, Window};
use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

/// The key of a value that is not there, or that the schema gives another kind.
pub(super) struct Absent(pub(super) &'static str);

/// The configuration of values that are right.
pub(super) fn build(layers: &Layers) -> Result<Config, Absent> {
    let values = Values(layers);
    let tls = match values.choice("tls.mode", TlsMode::from_name)? {
        TlsMode::Off => Tls::Off,
        TlsMode::SelfSigned => Tls::SelfSigned { names: values.names("tls.names")? },
        TlsMode::Files => Tls::Files { cert: values.path("tls.cert_file")?, key: values.path("tls.key_file")? },
    };
    let https = if tls == Tls::Off { Vec::new() } else { values.addresses("listen.https")? };
    Ok(Config {
        data_dir: values.path("data_dir")?,
        listen: Listen {
            http: values.addresses("listen.http")?,
            https,
            names: values.optional("listen.names", Values::names)?.unwrap_or_default(),
        },
        tls,
        discovery: Discovery {
            enabled: values.bool("discovery.enabled")?,
            name: values.text("discovery.name")?,
            interface: values.optional("discovery.interface", Values::text)?,
            reclaim_after: values.seconds("discovery.reclaim_after_s")?,
        },
        site: Site {
            dir: values.optional("site.dir", Values::path)?,
            max_files: values.integer("site.max_files")?,
            max_bytes: values.integer::<u64>("site.max_size_mib")?.saturating_mul(1024 * 1024),
            content_security_policy: values.optional("site.content_security_policy", Values::text)?,
        },
        display: Display {
            title: values.text("display.title")?,
            line: values.text("display.line")?,
            language: values.choice("display.language", Lang::from_code)?,
            demo: values.bool("display.demo")?,
            refresh: values.seconds("display.refresh_s")?,
            targets: Targets {
                daily: values.integer("display.targets.daily")?,
                oee_percent: values.number("display.targets.oee_percent")?,
                reject_percent: values.number("display.targets.reject_percent")?,
            },
            shift: Shift {
                start_hour: values.integer("display.shift.start_hour")?,
                end_hour: values.integer("display.shift.end_hour")?,
            },
        },
        outbound: Outbound {
            ca_files: ["outbound.ca_file", "update.ca_file"]
                .into_iter()
                .filter_map(|key| values.optional(key, Values::path).transpose())
                .collect::<Result<_, _>>()?,
            proxy: values.optional("proxy.url", Values::text)?,
            no_proxy: values.optional("proxy.no_proxy", Values::names)?,
            credentials_file: values.optional("proxy.credentials_file", Values::path)?,
        },
        update: Update {
            enabled: values.bool("update.enabled")?,
            url: values.optional("update.url", Values::text)?,
            channel: values.choice("update.channel", Channel::from_name)?,
            trusted_root: values.optional("update.trusted_root", Values::path)?,
            allow_http: values.bool("update.allow_http")?,
            check_interval: values.seconds("update.check_interval_s")?,
            window: Window::new(
                values
                    .optional("update.window", |values, key| values.choice(key, |text| text.parse().ok()))?
                    .unwrap_or(Hours::DAY),
                Days::parse(values.names("update.days")?.iter().map(String::as_str))
                    .map_err(|_| Absent("update.days"))?,
                window::zone(values.optional("update.time_zone", Values::text)?.as_deref())
                    .map_err(|_| Absent("update.time_zone"))?,
            ),
            rate_limit: NonZeroU32::new(values.integer("update.rate_limit_kib_s")?),
            usb_dir: values.optional("update.usb_dir", Values::path)?,
            trial: values.seconds("update.trial_s")?,
            quiet_wait: values.seconds("update.quiet_wait_s")?,
        },
        machine: Machine { dir: values.optional("machine.dir", Values::path)? },
        limits: Limits {
            connections: values.integer("limits.connections")?,
            connections_per_peer: values.integer("limits.connections_per_peer")?,
            header_bytes: values.integer("limits.header_bytes")?,
            header_count: values.integer("limits.header_count")?,
            header_timeout: values.seconds("limits.header_timeout_s")?,
            keep_alive_idle: values.seconds("limits.keep_alive_idle_s")?,
            requests_per_connection: values.integer("limits.requests_per_connection")?,
            request_body_bytes: values.integer("limits.request_body_bytes")?,
            write_stall: values.seconds("limits.write_stall_s")?,
            tls_handshake: values.seconds("limits.tls_handshake_s")?,
        },
        log: Log {
            level: values.choice("log.level", Level::from_name)?,
            format: values.choice("log.format", Format::from_name)?,
            access: values.choice("log.access", Access::from_name)?,
        },
        shutdown: Shutdown { grace: values.seconds("shutdown.grace_s")? },
    })
}

/// The values, by key and type.
struct Values<'l>(&'l Layers);

impl Values<'_> {
    /// The value of a key, as `take` takes it out.
    fn get<T>(&self, key: &'static str, take: impl FnOnce(&Value) -> Option<T>) -> Result<T, Absent> {
        let value = self.0.get(key).and_then(|(value, _)| take(value));
        value.ok_or(Absent(key))
    }

    /// The value of a key that may have none.
    fn optional<T>(
        &self,
        key: &'static str,
        get: fn(&Self, &'static str) -> Result<T, Absent>,
    ) -> Result<Option<T>, Absent> {
        if self.0.is_absent(key) { Ok(None) } else { get(self, key).map(Some) }
    }

    fn path(&self, key: &'static str) -> Result<PathBuf, Absent> {
        self.get(key, |value| if let Value::Path(path) = value { Some(path.clone()) } else { None })
    }

    fn text(&self, key: &'static str) -> Result<String, Absent> {
        self.choice(key, |text| Some(text.to_owned()))
    }

    fn choice<T>(&self, key: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Absent> {
        self.get(key, |value| if let Value::Text(name) = value { parse(name) } else { None })
    }

    fn bool(&self, key: &'static str) -> Result<bool, Absent> {
        self.get(key, |value| if let Value::Bool(bool) = value { Some(*bool) } else { None })
    }

    fn integer<T: TryFrom<u64>>(&self, key: &'static str) -> Result<T, Absent> {
        self.get(key, |value| if let Value::Integer(integer) = value { T::try_from(*integer).ok() } else { None })
    }

    fn seconds(&self, key: &'static str) -> Result<Duration, Absent> {
        self.integer(key).map(Duration::from_secs)
    }

    fn number(&self, key: &'static str) -> Result<f64, Absent> {
        self.get(key, |value| if let Value::Number(number) = value { Some(*number) } else { None })
    }

    fn addresses(&self, key: &'static str) -> Result<Vec<SocketAddr>, Absent> {
        self.get(key, |value| if let Value::Addresses(list) = value { Some(list.clone()) } else { None })
    }

    fn names(&self, key: &'static str) -> Result<Vec<String>, Absent> {
        self.get(key, |value| if let Value::Names(list) = value { Some(list.clone()) } else { None })
    }
}
