//! What needs somebody before it fails: it is said in `/health`, on the page and by the command line, and is a figure of `/metrics`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Disk, Edge, Nginx, Setup, SmallRepository, eventually, run, with_clock};

/// Waits until a part says this, everywhere and in both languages.
fn says(edge: &Edge, part: &str, es: &str, en: &str) {
    let check = || edge.health()["checks"][part].clone();
    eventually(en, || check()["reason"].as_str().is_some_and(|reason| reason.contains(en)));
    assert!(check()["status"] == "degraded" && check()["since_s"].is_u64(), "{}", check());
    edge.wait_for_metric_of(&format!("workshop_edge_health{{part=\"{part}\"}}"), 0.0);
    eventually(es, || edge.get("/_edge/", &[("accept-language", "es")]).text().contains(es));
    let status = run(env!("CARGO_BIN_EXE_workshop-edge"), &["status", "--json", "--data-dir", data(edge)]);
    assert!(String::from_utf8(status).expect("text").contains(es), "{es}");
}

/// Waits until a part has nothing to say.
fn is_well(edge: &Edge, part: &str) {
    eventually(part, || edge.health()["checks"][part]["status"] == "ok");
    edge.wait_for_metric_of(&format!("workshop_edge_health{{part=\"{part}\"}}"), 1.0);
}

fn data(edge: &Edge) -> &str {
    edge.data().to_str().expect("text")
}

#[test]
fn a_disk_that_is_nearly_full_is_said_until_there_is_room_again() {
    const MIB: u64 = 1024 * 1024;
    let disk = Disk::new(64);
    let edge = Setup::new("").data(&disk.path.join("data")).start();
    is_well(&edge, "storage");
    edge.wait_for_metric_of("workshop_edge_storage_total_bytes", 64.0 * 1024.0 * 1024.0);
    disk.fill(4 * MIB);
    says(&edge, "storage", "está casi lleno: quedan libres menos de 7 MiB", "is nearly full: less than 7 MiB");
    assert!(edge.metric("workshop_edge_storage_free_bytes") < 6.4 * 1024.0 * 1024.0);
    disk.empty();
    is_well(&edge, "storage");
}

/// A certificate that has begun so many days ago and ends in so many.
fn certify(directory: &Path, days_ago: u32, days: i64) {
    let mut params = rcgen::CertificateParams::new(vec!["taller.local".to_owned()]).expect("a name");
    let now = time::OffsetDateTime::now_utc();
    params.not_before = now - Duration::from_secs(86_400) * days_ago;
    params.not_after = now + time::Duration::days(days);
    let key = rcgen::KeyPair::generate().expect("a key");
    let certificate = params.self_signed(&key).expect("a certificate");
    fs::write(directory.join("key.pem"), key.serialize_pem()).expect("written");
    fs::write(directory.join("cert.pem"), certificate.pem()).expect("written");
}

#[test]
fn a_certificate_is_said_to_end_until_it_is_renewed() {
    let files = tempfile::tempdir().expect("a directory");
    certify(files.path(), 70, 20);
    let path = |name: &str| files.path().join(name).display().to_string();
    let config = format!(
        "listen.https = [\"127.0.0.1:0\"]\n[tls]\nmode = \"files\"\ncert_file = {:?}\nkey_file = {:?}\n",
        path("cert.pem"),
        path("key.pem")
    );
    let edge = Setup::new(&config).start();
    is_well(&edge, "certificate");
    certify(files.path(), 80, 10);
    says(&edge, "certificate", "El certificado de HTTPS caduca el 20", "The certificate for HTTPS ends on 20");
    let left = edge.metric("workshop_edge_certificate_expiry_timestamp_seconds") - unix_now();
    assert!((9.9 * 86_400.0..=10.0 * 86_400.0).contains(&left), "{left}");
    certify(files.path(), 90, -1);
    says(&edge, "certificate", "El certificado de HTTPS caducó el 20", "The certificate for HTTPS ended on 20");
    certify(files.path(), 0, 90);
    is_well(&edge, "certificate");
}

fn unix_now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after it").as_secs_f64()
}

#[test]
fn the_boxs_own_certificate_has_its_end_in_the_metrics_and_needs_nobody() {
    let edge =
        Setup::new("listen.https = [\"127.0.0.1:0\"]\ntls.mode = \"self-signed\"\ntls.names = [\"taller.local\"]\n")
            .start();
    is_well(&edge, "certificate");
    let left = edge.metric("workshop_edge_certificate_expiry_timestamp_seconds") - unix_now();
    assert!((822.0 * 86_400.0..=823.0 * 86_400.0).contains(&left), "{left}");
}

#[test]
fn metadata_that_nobody_renews_are_said_until_somebody_does() {
    let mut repository = SmallRepository::new();
    repository.lasts.insert("timestamp".into(), Duration::from_secs(11 * 3600));
    repository.publish_timestamp();
    let nginx = Nginx::start(repository.path(), 2020..2999);
    let files = tempfile::tempdir().expect("a directory");
    let path = |name: &str| files.path().join(name).display().to_string();
    fs::write(path("root.json"), repository.root()).expect("written");
    fs::write(path("ca.pem"), nginx.certificate()).expect("written");
    let config = format!(
        "outbound.ca_file = {:?}\nupdate.url = {:?}\nupdate.trusted_root = {:?}\nupdate.check_interval_s = 604800\n",
        path("ca.pem"),
        nginx.url(),
        path("root.json"),
    );
    let edge = Setup::new(&config).start();
    let check = || run(env!("CARGO_BIN_EXE_workshop-edge"), &["update", "check", "--data-dir", data(&edge)]);
    check();
    says(&edge, "update", "caduca pronto (timestamp: ", "expires soon (timestamp: ");
    let expiry = |role: &str| {
        edge.metric(&format!("workshop_edge_update_metadata_expiry_timestamp_seconds{{role=\"{role}\"}}")) - unix_now()
    };
    assert!((10.0 * 3600.0..=11.0 * 3600.0).contains(&expiry("timestamp")), "{}", expiry("timestamp"));
    for role in ["root", "snapshot", "targets", "stable"] {
        assert!((29.0 * 86_400.0..=30.0 * 86_400.0).contains(&expiry(role)), "{role}: {}", expiry(role));
    }
    repository.lasts.remove("timestamp");
    repository.publish_timestamp();
    check();
    is_well(&edge, "update");
}

/// A box whose kernel says these things in sysfs.
fn with_sensors(sys: &Path, files: &[(&str, &str)]) -> Edge {
    for (path, content) in files {
        fs::create_dir_all(sys.join(path).parent().expect("below it")).expect("made");
        say(sys, path, content);
    }
    let mount = format!("mount --bind {} /sys && exec \"$@\"", sys.display());
    let mut enter = vec!["unshare"];
    if !rustix::process::geteuid().is_root() {
        enter.extend(["--user", "--map-root-user"]);
    }
    enter.extend(["--mount", "sh", "-c", &mount, "sh"]);
    Setup::new("").through(&enter).start()
}

fn say(sys: &Path, path: &str, content: &str) {
    fs::write(sys.join(path), format!("{content}\n")).expect("written");
}

#[test]
fn what_the_kernel_says_of_the_hardware_is_said() {
    let sys = tempfile::tempdir().expect("a directory");
    let edge = with_sensors(
        sys.path(),
        &[
            ("class/thermal/thermal_zone0/type", "cpu-thermal"),
            ("class/thermal/thermal_zone0/temp", "80500"),
            ("class/thermal/thermal_zone0/trip_point_0_type", "critical"),
            ("class/thermal/thermal_zone0/trip_point_0_temp", "90000"),
            ("class/hwmon/hwmon1/name", "rpi_volt"),
            ("class/hwmon/hwmon1/in0_lcrit_alarm", "0"),
            ("block/mmcblk0/device/life_time", "0x02 0x03"),
            ("block/mmcblk0/device/pre_eol_info", "0x01"),
        ],
    );
    for part in ["power", "wear"] {
        is_well(&edge, part);
    }
    edge.wait_for_metric_of("workshop_edge_temperature_celsius{sensor=\"cpu_thermal\"}", 80.5);
    edge.wait_for_metric_of("workshop_edge_temperature_limit_celsius{sensor=\"cpu_thermal\"}", 80.0);
    edge.wait_for_metric_of("workshop_edge_undervoltage", 0.0);
    edge.wait_for_metric_of("workshop_edge_storage_wear_ratio", 0.3);

    // The kernel forgets it after two seconds; people should know for longer.
    say(sys.path(), "class/hwmon/hwmon1/in0_lcrit_alarm", "1");
    says(&edge, "power", "llega poca tensión", "gets too little voltage");
    say(sys.path(), "class/hwmon/hwmon1/in0_lcrit_alarm", "0");
    say(sys.path(), "block/mmcblk0/device/life_time", "0x0a 0x03");
    says(&edge, "wear", "(eMMC) está casi gastada", "is nearly worn out");
    edge.wait_for_metric_of("workshop_edge_storage_wear_ratio", 1.0);
    edge.wait_for_metric_of("workshop_edge_undervoltage", 1.0);
    // It has been so from the start.
    says(&edge, "temperature", "cpu_thermal ha pasado de 80 °C", "cpu_thermal has been above 80 °C");
    say(sys.path(), "class/thermal/thermal_zone0/temp", "75000");
    is_well(&edge, "temperature");
}

#[test]
fn a_machine_without_sensors_says_nothing_of_them() {
    let sys = tempfile::tempdir().expect("a directory");
    let edge = with_sensors(sys.path(), &[]);
    edge.wait_for_metric("workshop_edge_health{part=\"storage\"}", 1.0);
    let checks = edge.health()["checks"].clone();
    for part in ["temperature", "power", "wear"] {
        assert_eq!(checks[part], Value::Null);
    }
    let reply = edge.get("/metrics", &[]);
    let text = reply.text();
    for metric in ["temperature", "undervoltage", "storage_wear"] {
        assert!(!text.contains(metric), "{metric}");
    }
}

#[test]
fn a_clock_before_the_build_is_said() {
    let edge = with_clock(Setup::new(""), "@2020-01-01 00:00:00").start();
    says(&edge, "clock", "La hora es anterior a este programa", "The time is before this program was made");
    edge.wait_for_metric_of("workshop_edge_clock_doubt{reason=\"before_build\"}", 1.0);
    edge.wait_for_metric_of("workshop_edge_clock_doubt{reason=\"not_synchronised\"}", 0.0);
}
