#![allow(clippy::disallowed_methods, reason = "the file of a test need not survive a power cut")]

use super::types::Shutdown;
use super::*;
use crate::discovery::Settings as Discovery;
use crate::display::{Settings as Display, Shift, Targets};
use crate::erp::Settings as Erp;
use crate::http::{AccessLog, Limits, Listen, RequestLog, TlsFiles};
use crate::lang::Lang;
use crate::log::{Format, Level, Settings as Log};
use crate::outbound::Keys as Outbound;
use crate::schema::Kind;
use crate::screens::Settings as Screens;
use crate::site::Settings as Site;
use crate::telemetry::Settings as Telemetry;
use crate::update::{Channel, Settings as Update};
use crate::window::{DAYS, Days, Window, zone};
use proptest::prelude::*;
use std::{ffi::OsString, path::Path, time::Duration};

/// The sources of a test: a file's text, variables (without the prefix) and `--set` assignments.
fn read(file: &[u8], env: &[(&str, &str)], set: &[&str]) -> Result<Loaded, Faults> {
    let sources = Sources {
        overrides: Overrides { set: set.iter().map(OsString::from).collect(), ..Overrides::default() },
        env: env.iter().map(|(name, value)| (format!("WORKSHOP_EDGE_{name}").into(), value.into())).collect(),
        root: true,
        default_file: "absent".into(),
    };
    let mut layers = layers::Layers::default();
    layers.defaults(&sources);
    file::parse(&mut layers, Path::new("config.toml"), file);
    layers.environment(&sources.env);
    layers.flags(&sources.overrides);
    finish(layers)
}

/// The configuration of a file that has no faults.
fn good(file: &str) -> Loaded {
    read(file.as_bytes(), &[], &[]).unwrap_or_else(|faults| panic!("{file}\n{faults}"))
}

/// The faults of a file, a line each, in English.
fn faults(file: &[u8], env: &[(&str, &str)], set: &[&str]) -> Vec<String> {
    match read(file, env, set) {
        Ok(_) => Vec::new(),
        Err(faults) => {
            faults.faults.iter().map(|fault| fault.text().en.lines().next().unwrap_or_default().to_owned()).collect()
        }
    }
}

/// A launcher may be older than the file, and must not be stopped by what stops `serve`.
#[test]
fn the_data_directory_is_found_whatever_else_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    let found = |text: &[u8], env: &[(&str, &str)], data_dir: Option<&str>| {
        std::fs::write(&file, text).unwrap();
        let overrides =
            Overrides { config: Some(file.clone()), data_dir: data_dir.map(Into::into), ..Overrides::default() };
        let env = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
        data_dir_of(overrides, env)
    };
    for text in [
        "data_dir = \"/d\"",
        "data_dir = \"/d\"\n[of-tomorrow]\nx = [1]\n[listen]\nhttp = 7\nhttps = [\"x\"]\n[tls]\nmode = \"quantum\"\n",
        "data_dir = \"/d\"\n[listen\nhttp = =\n\"",
        "x =\ndata_dir = \"/d\"",
        "tls = 1\ndata_dir = \"/d\"\nshutdown = \"never\"",
    ] {
        assert_eq!(found(text.as_bytes(), &[], None), Path::new("/d"), "{text}");
        assert_eq!(
            found(text.as_bytes(), &[("WORKSHOP_EDGE_DATA_DIR", "/e"), ("WORKSHOP_EDGE_X", "1")], None),
            Path::new("/e")
        );
        assert_eq!(found(text.as_bytes(), &[("WORKSHOP_EDGE_DATA_DIR", "/e")], Some("/f")), Path::new("/f"));
    }
    for text in [&b"data_dir = 5"[..], b"data_dir = \"\"", b"\xFF\xFEd", b"data_dir = \"/d", b"\xFF", b""] {
        assert_eq!(found(text, &[], None), Path::new("/var/lib/workshop-edge"), "{}", text.escape_ascii());
        assert_eq!(found(text, &[("STATE_DIRECTORY", "/s")], None), Path::new("/s"));
    }
    assert_eq!(
        data_dir_of(Overrides { config: Some("/absent".into()), ..Overrides::default() }, Vec::new()),
        Path::new("/var/lib/workshop-edge")
    );
}

fn data_dir_of(overrides: Overrides, env: Vec<(OsString, OsString)>) -> PathBuf {
    data_dir(&Sources { overrides, env, root: true, default_file: "absent".into() })
}

#[test]
fn nothing_at_all_gives_the_defaults() {
    let Loaded { config, warnings, effective } = good("");
    assert!(warnings.is_empty());
    assert!(effective.iter().all(|one| one.origin == Origin::Default));
    let expected = Config {
        data_dir: "/var/lib/workshop-edge".into(),
        listen: Listen { http: vec![([0u16; 8], 8080).into()], https: Vec::new(), names: None },
        tls: TlsSettings::Off,
        discovery: Discovery {
            enabled: true,
            name: "taller".into(),
            interface: None,
            reclaim_after: Duration::from_secs(120),
        },
        site: Site { dir: None, max_files: 20_000, max_size_mib: 16 << 10, content_security_policy: None },
        display: Display {
            title: "Taller".into(),
            line: "Línea 1".into(),
            language: Lang::Es,
            demo: None,
            refresh: Duration::from_secs(15),
            targets: Targets { daily: 120, oee_percent: 75.0, reject_percent: 3.0 },
            shift: Shift { start_hour: 6, end_hour: 22 },
        },
        outbound: Outbound { ca_file: None, proxy: None, no_proxy: None, credentials_file: None },
        erp: Erp {
            url: None,
            user: None,
            password_file: None,
            allow_http: false,
            poll: Duration::from_secs(5),
            max_stale_h: 24,
            extra_paths: None,
        },
        screens: Screens {
            agent: true,
            expected: 0,
            hours: None,
            reload_at: None,
            reload_spread: Duration::from_secs(60),
            stale: Duration::from_secs(120),
            keep_awake: false,
        },
        update: Update {
            enabled: true,
            url: None,
            channel: Channel::Stable,
            trusted_root: None,
            ca_file: None,
            allow_http: false,
            check_interval: Duration::from_secs(60),
            hours: None,
            days: Days::parse(DAYS.iter().copied()).unwrap(),
            time_zone: None,
            rate_limit_kib: 1024,
            usb_dir: None,
            trial: Duration::from_secs(30),
            quiet_wait: Duration::from_secs(30),
            gate_screens: 0,
        },
        telemetry: Telemetry {
            heartbeat_url: None,
            heartbeat_key_file: None,
            heartbeat_interval: Duration::from_secs(300),
            otlp_url: None,
            otlp_headers_file: None,
            interval: Duration::from_secs(60),
            traces: true,
            trace_percent: 1,
            allow_http: false,
        },
        machine: Machine { dir: None },
        limits: Limits {
            connections: 1024,
            connections_per_peer: 256,
            header_bytes: 16384,
            header_count: 100,
            header_timeout: Duration::from_secs(10),
            keep_alive_idle: Duration::from_secs(75),
            requests_per_connection: 1000,
            request_body_bytes: 0,
            write_stall: Duration::from_secs(30),
            tls_handshake: Duration::from_secs(10),
        },
        log: Log { level: Level::Info, format: Format::Auto },
        requests: RequestLog { access: AccessLog::Off },
        shutdown: Shutdown { grace: Duration::from_secs(10) },
    };
    assert_eq!(config, expected);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a line for each key")]
fn every_key_reaches_its_own_field() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pem");
    std::fs::write(&file, "").unwrap();
    let (dir, file) = (dir.path().display().to_string(), file.display().to_string());
    let (site, cert, key) =
        (format!("site.dir={dir}"), format!("tls.cert_file={file}"), format!("tls.key_file={dir}/./pem"));
    let (root, ca) = (format!("update.trusted_root={file}"), format!("update.ca_file={file}"));
    let (authority, credentials) = (format!("outbound.ca_file={file}"), format!("proxy.credentials_file={file}"));
    let heartbeat_key = format!("telemetry.heartbeat_key_file={file}");
    let otlp_headers = format!("telemetry.otlp_headers_file={file}");
    let set = [
        "data_dir=/d",
        "listen.http=[::]:1",
        "listen.https=[::]:2",
        "listen.names=n.example",
        &authority,
        &credentials,
        "proxy.url=http://p.example:3128/",
        "proxy.no_proxy=.local,10.0.0.0/8",
        "tls.mode=files",
        &site,
        &cert,
        &key,
        "site.max_files=31",
        "site.max_size_mib=32",
        "site.content_security_policy=p",
        "discovery.enabled=false",
        "discovery.name=Nave-2",
        "discovery.interface=eth7",
        "discovery.reclaim_after_s=5",
        "display.title=t",
        "display.line=l",
        "display.language=en",
        "display.demo=false",
        "display.refresh_s=11",
        "display.targets.daily=12",
        "display.targets.oee_percent=13",
        "display.targets.reject_percent=14",
        "display.shift.start_hour=15",
        "display.shift.end_hour=16",
        "erp.url=http://e.example/v1/",
        "erp.user=tv@e.example",
        "erp.password_file=/p",
        "erp.allow_http=true",
        "erp.poll_s=33",
        "erp.max_stale_h=34",
        "erp.extra_paths=/x?a=1,/y",
        "screens.agent=false",
        "screens.expected=35",
        "screens.hours=3:03-04:04",
        "screens.reload_at=5:05",
        "screens.reload_spread_s=36",
        "screens.stale_s=37",
        "screens.keep_awake=true",
        "update.enabled=false",
        "update.url=http://u.example/",
        "update.channel=staging",
        &root,
        &ca,
        "update.allow_http=true",
        "update.check_interval_s=27",
        "update.window=1:01-02:02",
        "update.days=tue",
        "update.time_zone=UTC",
        "update.rate_limit_kib_s=28",
        "update.usb_dir=/u",
        "machine.dir=/m",
        "telemetry.heartbeat_url=http://h.example/x",
        &heartbeat_key,
        "telemetry.heartbeat_interval_s=38",
        "telemetry.otlp_url=http://o.example",
        &otlp_headers,
        "telemetry.interval_s=39",
        "telemetry.traces=false",
        "telemetry.trace_percent=40",
        "telemetry.allow_http=true",
        "update.trial_s=29",
        "update.quiet_wait_s=30",
        // Of a value that the agent allows to be off; what the rules allow has another.
        "update.gate_screens=0",
        "limits.connections=18",
        "limits.connections_per_peer=17",
        "limits.header_bytes=9000",
        "limits.header_count=19",
        "limits.header_timeout_s=20",
        "limits.keep_alive_idle_s=21",
        "limits.requests_per_connection=22",
        "limits.request_body_bytes=23",
        "limits.write_stall_s=24",
        "limits.tls_handshake_s=25",
        "log.level=debug",
        "log.format=human",
        "log.access=all",
        "shutdown.grace_s=26",
    ];
    let loaded = read(b"", &[], &set).unwrap();
    let expected = Config {
        data_dir: "/d".into(),
        listen: Listen {
            http: vec![([0u16; 8], 1).into()],
            https: vec![([0u16; 8], 2).into()],
            names: Some(vec!["n.example".into()]),
        },
        tls: TlsSettings::Files(TlsFiles { certificate: file.clone().into(), key: format!("{dir}/./pem").into() }),
        discovery: Discovery {
            enabled: false,
            name: "nave-2".into(),
            interface: Some("eth7".into()),
            reclaim_after: Duration::from_secs(5),
        },
        site: Site {
            dir: Some(dir.into()),
            max_files: 31,
            max_size_mib: 32,
            content_security_policy: Some("p".into()),
        },
        display: Display {
            title: "t".into(),
            line: "l".into(),
            language: Lang::En,
            demo: Some(false),
            refresh: Duration::from_secs(11),
            targets: Targets { daily: 12, oee_percent: 13.0, reject_percent: 14.0 },
            shift: Shift { start_hour: 15, end_hour: 16 },
        },
        outbound: Outbound {
            ca_file: Some(file.clone().into()),
            proxy: Some("http://p.example:3128".into()),
            no_proxy: Some(vec![".local".into(), "10.0.0.0/8".into()]),
            credentials_file: Some(file.clone().into()),
        },
        erp: Erp {
            url: Some("http://e.example/v1".into()),
            user: Some("tv@e.example".into()),
            password_file: Some("/p".into()),
            allow_http: true,
            poll: Duration::from_secs(33),
            max_stale_h: 34,
            extra_paths: Some(vec!["/x?a=1".into(), "/y".into()]),
        },
        screens: Screens {
            agent: false,
            expected: 35,
            hours: Some("03:03-04:04".parse().unwrap()),
            reload_at: Some(jiff::civil::time(5, 5, 0, 0)),
            reload_spread: Duration::from_secs(36),
            stale: Duration::from_secs(37),
            keep_awake: true,
        },
        update: Update {
            enabled: false,
            url: Some("http://u.example".into()),
            channel: Channel::Staging,
            trusted_root: Some(file.clone().into()),
            ca_file: Some(file.clone().into()),
            allow_http: true,
            check_interval: Duration::from_secs(27),
            hours: Some("01:01-02:02".parse().unwrap()),
            days: Days::parse(["tue"]).unwrap(),
            time_zone: Some(zone(Some("UTC")).unwrap()),
            rate_limit_kib: 28,
            usb_dir: Some("/u".into()),
            trial: Duration::from_secs(29),
            quiet_wait: Duration::from_secs(30),
            gate_screens: 0,
        },
        telemetry: Telemetry {
            heartbeat_url: Some("http://h.example/x".into()),
            heartbeat_key_file: Some(file.clone().into()),
            heartbeat_interval: Duration::from_secs(38),
            otlp_url: Some("http://o.example".into()),
            otlp_headers_file: Some(file.clone().into()),
            interval: Duration::from_secs(39),
            traces: false,
            trace_percent: 40,
            allow_http: true,
        },
        machine: Machine { dir: Some("/m".into()) },
        limits: Limits {
            connections: 18,
            connections_per_peer: 17,
            header_bytes: 9000,
            header_count: 19,
            header_timeout: Duration::from_secs(20),
            keep_alive_idle: Duration::from_secs(21),
            requests_per_connection: 22,
            request_body_bytes: 23,
            write_stall: Duration::from_secs(24),
            tls_handshake: Duration::from_secs(25),
        },
        log: Log { level: Level::Debug, format: Format::Human },
        requests: RequestLog { access: AccessLog::All },
        shutdown: Shutdown { grace: Duration::from_secs(26) },
    };
    assert_eq!(loaded.config, expected);
    let unset: Vec<_> =
        loaded.effective.iter().filter(|one| one.origin == Origin::Default).map(|one| one.key).collect();
    assert_eq!(unset, ["tls.names"], "the test gives every key but the one that another mode uses");
}

#[test]
fn a_layer_takes_the_place_of_those_below_it() {
    let file = b"[display]\ntitle = 'file'\nline = 'file'\nrefresh_s = 20";
    let env = [("DISPLAY_LINE", "env"), ("DISPLAY_REFRESH_S", "30")];
    let loaded = read(file, &env, &["display.refresh_s=39", "display.refresh_s=40"]).unwrap();
    assert_eq!(loaded.config.display.title, "file");
    assert_eq!(loaded.config.display.line, "env");
    assert_eq!(loaded.config.display.refresh, Duration::from_secs(40));
    let origin = |key| loaded.effective.iter().find(|one| one.key == key).unwrap().origin.text().en;
    assert_eq!(origin("display.title"), "config.toml:2");
    assert_eq!(origin("display.line"), "WORKSHOP_EDGE_DISPLAY_LINE");
    assert_eq!(origin("display.refresh_s"), "--set");
    assert_eq!(origin("display.demo"), "default");
}

#[test]
fn flags_with_a_name_of_their_own_set_their_keys() {
    let overrides = Overrides {
        config: None,
        data_dir: Some("/d".into()),
        listen: vec!["127.0.0.1:0".into(), "[::1]:0".into()],
        site: Some("/".into()),
        set: Vec::new(),
    };
    let sources = Sources { overrides, env: Vec::new(), root: false, default_file: "absent".into() };
    let config = load(&sources).unwrap().config;
    assert_eq!(config.data_dir, Path::new("/d"));
    assert_eq!(config.listen.http, ["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()]);
    assert_eq!(config.site.dir.as_deref(), Some(Path::new("/")));
}

#[test]
fn a_wrong_value_is_reported_by_the_layer_that_has_it_even_when_another_takes_its_place() {
    let told = faults(b"[log]\nlevel = 'loud'", &[("LOG_LEVEL", "louder")], &["log.level=info"]);
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].starts_with("config.toml:2: log.level: must be one of: error, warn, info, debug, trace"));
    assert!(told[1].starts_with("WORKSHOP_EDGE_LOG_LEVEL: log.level: "));
}

#[test]
fn every_kind_of_value_is_held_to_its_limits() {
    for (key, good, bad) in [
        ("display.title", &["x", "ñ¡é 🏭"][..], &["", "  ", "a\u{7}b"][..]),
        ("display.demo", &["true", "false", "1", "0"], &["yes", "TRUE", ""]),
        (
            "display.refresh_s",
            &["2", "3600", " 15 ", "+5"],
            &["1", "3601", "-5", "1.5", "2e1", "", "99999999999999999999"],
        ),
        ("display.targets.daily", &["1", "1000000"], &["0", "1000001"]),
        ("display.targets.oee_percent", &["0", "100", "82.5"], &["-0.1", "100.1", "NaN", "inf", "82,5", ""]),
        ("display.language", &["es", "en"], &["fr", "ES", ""]),
        (
            "listen.http",
            &["0.0.0.0:80", "[::]:80,127.0.0.1:81", "[fe80::1%2]:80"],
            &["8080", ":8080", "localhost:80", "::1", "1.2.3.4", "1.2.3.4:65536", "0.0.0.0:80,", ""],
        ),
        (
            "tls.names",
            &["taller", "taller.local", "a-1.b.c", "192.168.1.2", "::1", "taller.local,10.0.0.1"],
            &["-a", "a-", "a..b", "a_b", "ñ.local", "*.local", "1.2.3", "a b", "taller.", "http://a"],
        ),
        ("site.content_security_policy", &["", "default-src 'self'; img-src *"], &["a\nb", "é", "\u{7f}"]),
        ("log.access", &["off", "sampled", "all"], &["some"]),
        ("limits.request_body_bytes", &["0", "1048576"], &["1048577"]),
        (
            "erp.extra_paths",
            &["", "/x", "/x?a=1&b=2", "/a,/b,/c,/d,/e,/f,/g,/h"],
            &["x", "/a b", "/é", "/a#b", "https://erp.example/x", "/a,/b,/c,/d,/e,/f,/g,/h,/i"],
        ),
        ("erp.poll_s", &["2", "300"], &["1", "301"]),
        ("screens.reload_at", &["0:00", "23:59", " 4:30 "], &["24:00", "4", "4:3", "4:60", "-1:00", "4:30-5:00", ""]),
        ("screens.reload_spread_s", &["0", "600"], &["601"]),
        ("screens.stale_s", &["10", "86400"], &["9", "86401"]),
        ("screens.expected", &["0", "512"], &["513"]),
        ("erp.max_stale_h", &["1", "720"], &["0", "721"]),
        ("data_dir", &["/x", "x"], &[""]),
    ] {
        for value in good {
            let told = faults(b"", &[], &[&format!("{key}={value}")]);
            assert!(told.is_empty(), "{key}={value}: {told:#?}");
        }
        for value in bad {
            let told = faults(b"", &[], &[&format!("{key}={value}")]);
            assert_eq!(told.len(), 1, "{key}={value}: {told:#?}");
            assert!(told[0].starts_with(&format!("--set: {key}: ")), "{told:#?}");
        }
    }
    assert!(faults(b"", &[], &[&format!("display.title={}", "ñ".repeat(60))]).is_empty());
    assert_eq!(faults(b"", &[], &[&format!("display.title={}", "ñ".repeat(61))]).len(), 1);
}

#[test]
fn values_of_toml_are_of_the_type_that_the_key_wants() {
    for (file, told) in [
        ("display.title = 1", "must be a text of 1 to 60 characters, not 1"),
        ("display.title.x = 1", "must be a text of 1 to 60 characters, not {…}"),
        ("display.refresh_s = '15'", "must be a whole number from 2 to 3600, not \"15\""),
        ("display.refresh_s = 15.0", "must be a whole number from 2 to 3600, not 15.0"),
        ("display.refresh_s = 1979-05-27", "must be a whole number from 2 to 3600, not 1979-05-27"),
        ("display.targets.oee_percent = nan", "must be a number from 0 to 100, not nan"),
        ("display.demo = 1", "must be true or false, not 1"),
        ("listen.http = '[::]:80'", "must be a list of addresses with a port, not \"[::]:80\""),
        ("listen.http = [80]", "must be an IP address with a port, not 80"),
        (
            "erp.extra_paths = '/x'",
            "must be a list of at most 8 paths that begin with /, with their query (/path?key=value), not \"/x\"",
        ),
        ("erp.extra_paths = ['/x', 1]", "must be a path that begins with /, in ASCII, without spaces or #, not 1"),
        (
            "erp.extra_paths = ['/1','/2','/3','/4','/5','/6','/7','/8','/9']",
            "must be a list of at most 8 paths that begin with /, with their query (/path?key=value), not […] (9)",
        ),
        ("display.targets = []", "is a section: it cannot have a value of its own"),
        ("data_dir = \"a\\u0000b\"", "must be a path, not \"a\u{FFFD}b\""),
    ] {
        let given = faults(file.as_bytes(), &[], &[]);
        assert_eq!(given.len(), 1, "{file}: {given:#?}");
        assert!(given[0].ends_with(told), "{file}: {given:#?}");
    }
    let config =
        good("display.targets.oee_percent = 80\nlimits.header_bytes = 0x4000\nlimits.connections = 1_000").config;
    assert!((config.display.targets.oee_percent - 80.0).abs() < f64::EPSILON);
    assert_eq!((config.limits.header_bytes, config.limits.connections), (0x4000, 1000));
}

#[test]
fn the_rules_between_keys_hold() {
    for (set, told) in [
        (
            &["limits.connections=10", "limits.connections_per_peer=11"][..],
            &["limits.connections_per_peer: cannot be greater than limits.connections (10)"][..],
        ),
        (&["listen.http="], &["listen.http: no address is left to listen on: give one here"]),
        (
            &["listen.http=", "listen.https=", "tls.mode=self-signed"],
            &["listen.https: no address is left to listen on: give one here"],
        ),
        (&["listen.http=[::]:80,[::]:80"], &["listen.http: the address [::]:80 appears twice"]),
        (&["listen.http=[::]:8443", "tls.mode=self-signed"], &["listen.https: the address [::]:8443 appears twice"]),
        (&["tls.mode=self-signed", "tls.names="], &["tls.names: is required with tls.mode = \"self-signed\""]),
        (
            &["tls.mode=files"],
            &[
                "tls.cert_file: is required with tls.mode = \"files\"",
                "tls.key_file: is required with tls.mode = \"files\"",
            ],
        ),
        (
            &["tls.mode=files", "tls.cert_file=/nope", "tls.key_file=/"],
            &["tls.cert_file: /nope is not an existing file", "tls.key_file: / is not an existing file"],
        ),
        (&["erp.url=https://erp.example"], &["erp.user: is required where erp.url is given"]),
        (&["erp.user=a@b.example"], &["erp.url: is required where erp.user is given"]),
        (
            &["erp.url=http://erp.example", "erp.user=a@b.example"],
            &["erp.url: begins with http://, which is allowed only with erp.allow_http = true"],
        ),
        (&["erp.url=file:///srv", "erp.user=a@b.example"], &["erp.url: must begin with https://, not file://"]),
        (&["erp.extra_paths=/x,/y,/x"], &["erp.extra_paths: /x appears twice"]),
        (
            &["update.url=http://u.example"],
            &["update.url: begins with http://, which is allowed only with update.allow_http = true"],
        ),
        (
            &["update.gate_screens=2", "screens.agent=false", "screens.reload_spread_s=61"],
            &[
                "update.gate_screens: needs screens.agent = true: without it the screens cannot say anything",
                "update.gate_screens: the screens would come too late: set update.trial_s to 31 or more, or lower screens.reload_spread_s",
            ],
        ),
        (
            &["update.gate_screens=1", "update.trial_s=9", "screens.reload_spread_s=0"],
            &[
                "update.gate_screens: the screens would come too late: set update.trial_s to 10 or more, or lower screens.reload_spread_s",
            ],
        ),
        // What is wrong by itself is not said to be wrong with respect to another, too.
        (
            &["limits.connections=0", "limits.connections_per_peer=65536"],
            &["limits.connections: must be a whole number from 1 to 65536, not \"0\""],
        ),
        (
            &["erp.url=erp.example", "erp.user=a@b.example"],
            &["erp.url: must be a web address (https://…), without user or query, not \"erp.example\""],
        ),
        (
            &["tls.mode=files", "tls.cert_file=", "tls.key_file=/"],
            &["tls.cert_file: must be a path, not \"\"", "tls.key_file: / is not an existing file"],
        ),
    ] {
        let given = faults(b"", &[], set);
        assert_eq!(given.len(), told.len(), "{set:?}: {given:#?}");
        for (given, told) in given.iter().zip(told) {
            assert!(given.ends_with(told), "{set:?}: {given}");
        }
    }
}

#[test]
fn what_the_rules_allow_is_built() {
    let few = good("limits.connections = 10").config.limits;
    assert_eq!((few.connections, few.connections_per_peer), (10, 10), "a default gives way");
    let own = good("tls = { mode = 'self-signed', names = ['Taller.LOCAL', '10.0.0.1'] }\nlisten.http = []").config;
    assert_eq!(own.tls, TlsSettings::SelfSigned { names: vec!["taller.local".into(), "10.0.0.1".into()] });
    assert_eq!((own.listen.http.len(), own.listen.https.len()), (0, 1));
    assert!(good("listen.http = ['[::]:0', '[::]:0']").config.listen.http.len() == 2, "port 0 is any port");
    let asked = good("update.gate_screens = 2").config;
    assert_eq!(
        (asked.update.gate_screens, asked.update.trial),
        (2, Duration::from_secs(30)),
        "by default the trial lasts"
    );
    good("update.trial_s = 1\nscreens.agent = false");
    let none = good("site.content_security_policy = ''").config.site;
    assert_eq!(none.content_security_policy.as_deref(), Some(""));
    assert_eq!(good("listen.https = ['[::]:1']").config.listen.https, [], "without TLS there is no HTTPS");
}

#[test]
fn a_shift_may_end_on_the_next_day() {
    for (start, end) in [(22, 6), (16, 0), (6, 6), (0, 24), (6, 22)] {
        let file = format!("display.shift = {{ start_hour = {start}, end_hour = {end} }}");
        assert_eq!(good(&file).config.display.shift, Shift { start_hour: start, end_hour: end });
    }
    // It excuses nothing beside it.
    let file =
        "[display]\ntargets = { daily = \"120\", oee_percent = 175 }\nshift = { start_hour = 22, end_hour = 6 }\n";
    assert_eq!(
        faults(file.as_bytes(), &[], &[]),
        [
            "config.toml:2: display.targets.daily: must be a whole number from 1 to 1000000, not \"120\"",
            "config.toml:2: display.targets.oee_percent: must be a number from 0 to 100, not 175",
        ]
    );
}

#[test]
fn what_this_version_does_not_know_is_a_warning() {
    let file = "plc.base_url = 'x'\n[limits]\nconections = 1\n[limit]\nx = 1\ny = 2";
    let loaded = read(file.as_bytes(), &[("LOG_LEVLE", "info"), ("COMMIT", "of the build")], &[]).unwrap();
    let told: Vec<_> = loaded.warnings.iter().map(|warning| warning.text().en).collect();
    assert_eq!(
        told,
        [
            "config.toml:1: plc: is not known and is ignored",
            "config.toml:3: limits.conections: is not known and is ignored; did you mean limits.connections?",
            "config.toml:4: limit: is not known and is ignored; did you mean limits?",
            "WORKSHOP_EDGE_LOG_LEVLE: is not known and is ignored; did you mean WORKSHOP_EDGE_LOG_LEVEL?",
        ]
    );
}

#[test]
fn a_site_that_is_not_there_yet_is_a_warning() {
    let loaded = read(b"", &[], &["site.dir=/nope"]).unwrap();
    assert_eq!(loaded.config.site.dir.as_deref(), Some(Path::new("/nope")));
    let told: Vec<_> = loaded.warnings.iter().map(|warning| warning.text().en).collect();
    assert!(
        matches!(told.as_slice(), [one] if one.contains("site.dir: /nope is not an existing directory")),
        "{told:?}"
    );
}

#[test]
fn what_has_no_effect_is_a_warning() {
    let loaded = good("[tls]\ncert_file = 'c'\nnames = ['x']\n[listen]\nhttps = ['[::]:1']");
    let told: Vec<_> = loaded.warnings.iter().map(|warning| (warning.name.as_str(), warning.origin.line())).collect();
    assert_eq!(told, [("tls.cert_file", Some(2)), ("tls.names", Some(3)), ("listen.https", Some(5))]);
}

#[test]
fn a_policy_that_stops_the_agent_is_a_warning_as_long_as_there_is_one() {
    let strict = "site.content_security_policy = \"default-src 'none'; script-src 'self'\"";
    let told: Vec<_> = good(strict).warnings.iter().map(|warning| warning.text().en).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("site.content_security_policy") && told[0].contains("screens.agent"), "{told:?}");
    assert!(good(&format!("screens.agent = false\n{strict}")).warnings.is_empty());
    assert!(good("site.content_security_policy = \"default-src 'self'\"").warnings.is_empty());
}

#[test]
fn header_fields_that_cannot_be_used_are_a_warning_without_them() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "DD-API-KEY s3cr3t").unwrap();
    let text = format!("telemetry = {{ otlp_headers_file = {:?}, otlp_url = \"https://o.example\" }}", file.path());
    let told: Vec<_> = good(&text).warnings.iter().map(|warning| warning.text().en).collect();
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert!(told.contains("telemetry.otlp_headers_file: line 1 of ") && !told.contains("s3cr3t"), "{told}");
    std::fs::write(file.path(), "DD-API-KEY: s3cr3t").unwrap();
    assert!(good(&text).warnings.is_empty());
}

#[test]
fn a_password_that_is_not_there_yet_and_answers_for_everybody_are_warnings() {
    let loaded =
        good("[erp]\nurl = 'https://erp.example'\nuser = 'a@b.example'\npassword_file = '/nope'\nextra_paths = ['/x']");
    let told: Vec<_> = loaded.warnings.iter().map(|warning| warning.text().en).collect();
    assert_eq!(
        told,
        [
            "config.toml:4: erp.password_file: /nope is not an existing file; until it is, the box does not sign in to the ERP",
            "config.toml:5: erp.extra_paths: what these paths answer is served whole and without a password to the whole network: make sure that there is no personal data in it",
        ]
    );
    let unused = good("erp.password_file = '/nope'").warnings;
    assert_eq!(unused.len(), 1);
    assert!(unused[0].text().es.ends_with("no tiene efecto: solo se usa si se indica erp.url"));
}

#[test]
fn an_unknown_key_of_the_command_line_is_a_fault() {
    assert_eq!(
        faults(b"", &[], &["log.levle=info", "log=info", "nonsense", "=x"]),
        [
            "--set: log.levle: there is no such key; did you mean log.level?",
            "--set: log: is a section: it cannot have a value of its own",
            "--set: must have the form KEY=VALUE, not \"nonsense\"",
            "--set: : there is no such key",
        ]
    );
}

#[test]
fn marks_and_line_endings_of_other_systems_are_read() {
    let config = read(b"\xEF\xBB\xBF# x\r\n[display]\r\ntitle = \"L\xC3\xADnea\"\r\n", &[], &[]).unwrap().config;
    assert_eq!(config.display.title, "Línea");
    assert_eq!(
        faults(b"\xEF\xBB\xBF[log]\r\n\r\nlevel = 1\r\n", &[], &[]).concat().split(' ').next(),
        Some("config.toml:3:")
    );
    assert_eq!(
        faults(b"[display]\ntitle = 'L\xEDnea'", &[], &[]),
        ["config.toml:2: contains bytes that are not UTF-8 (in the editor: save as UTF-8)"]
    );
    assert_eq!(faults(b"\xFF\xFEa\0", &[], &[]), ["config.toml: is in UTF-16: save it as UTF-8"]);
}

#[test]
fn every_line_that_is_not_toml_is_reported_and_the_others_are_still_checked() {
    let file =
        b"[display]\ntitle = \xC3\xA9\nrefresh_s =\n[limits]\nconnections = 0\nconnections = 1\n[tls]\nmode = 'files'";
    assert_eq!(
        faults(file, &[], &[]),
        [
            "config.toml:2: column 9: a text is written in quotation marks",
            "config.toml:3: column 12: the value is missing",
            "config.toml:5: limits.connections: must be a whole number from 1 to 65536, not 0",
            "config.toml:6: column 1: the key is repeated",
        ]
    );
    let endless = format!("a = [\n{}", "b = 1\n".repeat(1000));
    assert_eq!(faults(endless.as_bytes(), &[], &[]).len(), 20);
}

#[test]
fn a_file_that_cannot_be_read_is_a_fault_unless_it_is_the_default_and_absent() {
    let dir = tempfile::tempdir().unwrap();
    let load_from = |named: Option<&Path>, default: &Path| {
        let overrides = Overrides { config: named.map(Path::to_owned), ..Overrides::default() };
        load(&Sources { overrides, env: Vec::new(), root: true, default_file: default.to_owned() })
    };
    let (absent, present, huge) = (dir.path().join("absent"), dir.path().join("present"), dir.path().join("huge"));
    std::fs::write(&present, "display.title = 'here'").unwrap();
    std::fs::write(&huge, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert!(load_from(None, &absent).is_ok());
    assert_eq!(load_from(None, &present).unwrap().config.display.title, "here");
    assert_eq!(load_from(Some(&present), &absent).unwrap().config.display.title, "here");
    for bad in [&absent, dir.path(), &huge] {
        assert_eq!(load_from(Some(bad), &present).unwrap_err().faults.len(), 1, "{}", bad.display());
    }
    assert!(load_from(None, dir.path()).is_err());
}

#[test]
fn a_data_directory_that_nothing_gives_is_a_fault() {
    let sources =
        Sources { overrides: Overrides::default(), env: Vec::new(), root: false, default_file: "absent".into() };
    let wrong = load(&sources).unwrap_err();
    assert_eq!(wrong.faults.len(), 1);
    assert!(wrong.text().en.contains("default: data_dir: a value is missing, and there is no default"));
    assert!(wrong.text().es.contains("--set 'data_dir=/var/lib/workshop-edge'"));
}

#[test]
#[cfg(unix)]
fn paths_may_be_any_bytes_and_other_values_may_not() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(b"/\xFF".to_vec());
    let env = |name: &str| vec![(OsString::from(name), odd.clone())];
    let read = |env| load(&Sources { overrides: Overrides::default(), env, root: true, default_file: "absent".into() });
    assert_eq!(read(env("WORKSHOP_EDGE_DATA_DIR")).unwrap().config.data_dir.as_os_str(), odd);
    assert_eq!(read(env("WORKSHOP_EDGE_DISPLAY_TITLE")).unwrap_err().faults.len(), 1);
}

#[test]
fn the_example_of_every_fault_is_valid_where_it_is_given() {
    for key in Config::KEYS.iter().filter(|key| key.kind != Kind::Path) {
        let parent = key.path.rsplit_once('.').map_or(String::new(), |(parent, _)| format!("[{parent}]\n"));
        let fault = |origin| Fault::of(key.path, origin, problem::Problem::Missing).example().unwrap();
        let file = fault(Origin::File { path: "x".into(), line: None });
        // A key that requires another one is right by itself.
        let is_wrong = |fault: &String| fault.contains(&format!(": {}: ", key.path));
        assert!(!faults(format!("{parent}{file}").as_bytes(), &[], &[]).iter().any(is_wrong), "{file}");
        let env = fault(Origin::Env(key.env_name()));
        let (name, value) = env.split_once('=').unwrap();
        let told = faults(b"", &[(name.strip_prefix("WORKSHOP_EDGE_").expect("a variable of the box's"), value)], &[]);
        assert!(!told.iter().any(is_wrong), "{env}");
    }
}

#[test]
fn a_name_is_one_label() {
    for name in ["a.b", "", "-a", "a-", "ñ", "a b", &"a".repeat(64)] {
        assert_eq!(faults(b"", &[("DISCOVERY_NAME", name)], &[]).len(), 1, "{name}");
    }
    assert_eq!(good("[discovery]\nname = \"TALLER\"\n").config.discovery.name, "taller");
}

#[test]
fn an_address_of_the_bucket_is_one_to_which_paths_can_be_added() {
    let url = |text: &str| good(&format!("[update]\nurl = \"{text}\"\n")).config.update.url.unwrap();
    assert_eq!(url("https://updates.example/edge/"), "https://updates.example/edge");
    assert_eq!(url("https://[2001:db8::1]:8443"), "https://[2001:db8::1]:8443");
    assert_eq!(url("file:///srv/releases/"), "file:///srv/releases");
    for text in [
        "updates.example",
        "file:///",
        "file://host/a",
        "ftp://a/b",
        "https://",
        "https://a/b?c",
        "https://user:word@a/b",
        "https://a/#b",
        "",
    ] {
        assert_eq!(faults(b"", &[("UPDATE_URL", text)], &[]).len(), 1, "{text}");
    }
    let cleartext = [("UPDATE_URL", "http://updates.example")];
    assert_eq!(faults(b"", &cleartext, &[]).len(), 1);
    assert!(faults(b"", &cleartext, &["update.allow_http=true"]).is_empty());
}

#[test]
fn an_update_window_is_hours_of_days_in_a_zone() {
    let update = good("[update]\nwindow = \"22:00-5:30\"\ndays = [\"sat\", \"sun\"]\ntime_zone = \"Europe/Madrid\"\n")
        .config
        .update;
    let days = Days::parse(["sat", "sun"]).unwrap();
    let zone = zone(Some("Europe/Madrid")).unwrap();
    assert_eq!(update.window(), Window::new("22:00-05:30".parse().unwrap(), days, zone));
    for (name, text) in [
        ("UPDATE_WINDOW", "22:00"),
        ("UPDATE_WINDOW", "24:00-05:00"),
        ("UPDATE_WINDOW", "05:60-06:00"),
        ("UPDATE_WINDOW", "05:00-05:00"),
        ("UPDATE_WINDOW", "+5:00-06:00"),
        ("UPDATE_DAYS", "sat,lunes"),
        ("UPDATE_TIME_ZONE", "Europe/Madriz"),
    ] {
        assert_eq!(faults(b"", &[(name, text)], &[]).len(), 1, "{name} {text}");
    }
}

#[test]
fn the_reference_is_a_valid_file_with_every_key() {
    for langs in [&[Lang::Es][..], &[Lang::En], &[Lang::Es, Lang::En]] {
        let reference = reference(langs);
        for key in Config::KEYS {
            assert_eq!(reference.contains(key.doc.es), langs.contains(&Lang::Es), "{}", key.path);
            assert_eq!(reference.contains(key.doc.en), langs.contains(&Lang::En), "{}", key.path);
        }
        assert!(good(&reference).effective.iter().all(|one| one.origin == Origin::Default));
        // A key's line is a comment without a space after the mark.
        let lines =
            reference.lines().map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line));
        // What has to exist.
        let absent = [
            "dir =",
            "trusted_root =",
            "ca_file =",
            "credentials_file =",
            "heartbeat_key_file =",
            "otlp_headers_file =",
        ];
        let live = lines.filter(|line| !absent.iter().any(|key| line.starts_with(key))).collect::<Vec<_>>().join("\n");
        let loaded = good(&live);
        let given = loaded.effective.iter().filter(|one| one.origin != Origin::Default).count();
        let is_there = |key: &&crate::schema::Key| !absent.contains(&format!("{} =", key.name()).as_str());
        assert_eq!(given, Config::KEYS.iter().filter(is_there).count());
    }
}

#[test]
fn messages_carry_no_control_characters() {
    let wrong = read("display.demo = \"\\u001b[2J\"\n\"\\u001b[1m\" = 1".as_bytes(), &[], &["\u{1b}[0m=1", "\u{1b}x"])
        .unwrap_err();
    let warnings: String = wrong.warnings.iter().map(|warning| warning.text().es).collect();
    assert!(!(wrong.text().es + &warnings).contains('\u{1b}'));
}

proptest! {
    #[test]
    fn no_file_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &[], &[]).map_err(|faults| faults.text().es);
    }

    #[test]
    fn no_text_that_looks_like_toml_panics(text in r#"([\[\]={}"'#,.\n\r\t éa0-9_-]|limits|connections|display|title|listen|http|tls|names){0,40}"#) {
        let _ = read(text.as_bytes(), &[], &[]).map_err(|faults| faults.text().en);
    }

    #[test]
    fn no_value_panics_and_a_good_one_is_read_back(at in 0..Config::KEYS.len(), value in r"[ -~é\n]{0,12}|[0-9]{1,7}|[a-z.,:0-9\[\]-]{0,20}") {
        let key = &Config::KEYS[at];
        if let Ok(read) = value::from_text(key.kind, value.as_ref()) {
            let line = format!("x = {}", read.to_toml());
            let document = toml::de::DeTable::parse(&line).expect("valid TOML");
            prop_assert_eq!(value::from_toml(key.kind, &document.get_ref()["x"]).ok(), Some(read));
        }
    }

    #[test]
    fn every_value_of_the_environment_is_read_or_reported(at in 0..Config::KEYS.len(), value in ".{0,20}") {
        let name = Config::KEYS[at].env_name();
        let name = name.strip_prefix("WORKSHOP_EDGE_").expect("a variable of the box's");
        if let Err(wrong) = read(b"", &[(name, &value)], &[]) {
            prop_assert!(!wrong.faults.is_empty());
        }
    }
}
