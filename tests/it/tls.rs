//! HTTPS, with curl and openssl as the other side.

use std::fs;
use std::path::Path;

use crate::support::lab::Lab;
use crate::support::{Client, Edge, Setup, eventually, run};

fn https(edge: &Edge, path: &str) -> String {
    format!("https://127.0.0.1:{}{path}", edge.address_of("https").port())
}

const SELF_SIGNED: &str =
    "listen.https = [\"127.0.0.1:0\"]\ntls.mode = \"self-signed\"\ntls.names = [\"taller.local\", \"127.0.0.1\"]\n";

#[test]
fn the_boxs_own_certificate_is_kept_and_fits_its_names() {
    let data = tempfile::tempdir().expect("a directory");
    let mut certificates = Vec::new();
    for _ in 0..2 {
        let edge = Setup::new(SELF_SIGNED).data(data.path()).start();
        let certificate = edge.data().join("tls/certificate.pem");
        let authority = certificate.to_str().expect("text");
        // Trusting exactly this certificate is enough: name and dates are checked by curl.
        let page = run("curl", &["-sf", "--cacert", authority, &https(&edge, "/")]);
        assert_eq!(page, edge.get("/", &[]).body);
        let port = edge.address_of("https").port();
        run(
            "curl",
            &[
                "-sf",
                "--cacert",
                authority,
                "--resolve",
                &format!("taller.local:{port}:127.0.0.1"),
                &format!("https://taller.local:{port}/health/live"),
            ],
        );
        certificates.push(fs::read(&certificate).expect("readable"));
        edge.stop();
    }
    assert_eq!(certificates[0], certificates[1]);
}

#[test]
fn the_fingerprint_that_is_shown_is_the_one_that_others_compute() {
    let edge = Setup::new(SELF_SIGNED).start();
    let certificate = edge.data().join("tls/certificate.pem");
    let told =
        run("openssl", &["x509", "-noout", "-fingerprint", "-sha256", "-in", certificate.to_str().expect("text")]);
    let told = String::from_utf8(told).expect("text");
    let (_, fingerprint) = told.trim_end().split_once('=').expect("a fingerprint");
    let status: serde_json::Value = serde_json::from_slice(&edge.get("/_edge/status.json", &[]).body).expect("JSON");
    assert_eq!(status["https"]["certificate_sha256"], fingerprint);
    assert!(edge.get("/_edge/", &[]).text().contains(fingerprint));
}

#[test]
fn old_and_new_tls_but_no_http_2() {
    let edge = Setup::new(SELF_SIGNED).start();
    for version in ["1.2", "1.3"] {
        let told = run(
            "curl",
            &[
                "-skf",
                "--http2",
                &format!("--tlsv{version}"),
                "--tls-max",
                version,
                "-w",
                "%{http_version}",
                "-o",
                "/dev/null",
                &https(&edge, "/"),
            ],
        );
        assert_eq!(told, b"1.1", "TLS {version}");
    }
}

/// What a peer sees of the certificate: its public key and its life in days.
fn seen(certificate: &Path) -> (Vec<u8>, i64) {
    let path = certificate.to_str().expect("text");
    let key = run("openssl", &["x509", "-noout", "-pubkey", "-in", path]);
    let dates = run(
        "sh",
        &[
            "-c",
            "for which in startdate enddate; do date +%s -d \"$(openssl x509 -noout -$which -in \"$0\" | cut -d= -f2)\"; done",
            path,
        ],
    );
    let dates: Vec<i64> =
        String::from_utf8(dates).expect("text").lines().map(|line| line.parse().expect("a time")).collect();
    (key, (dates[1] - dates[0]) / (24 * 60 * 60))
}

#[test]
fn a_certificate_of_an_older_version_is_issued_again_with_its_key() {
    let data = tempfile::tempdir().expect("a directory");
    let tls = data.path().join("tls");
    fs::create_dir(&tls).expect("made");
    make_certificate(&tls, "workshop-edge");
    fs::rename(tls.join("cert.pem"), tls.join("certificate.pem")).expect("renamed");
    fs::write(tls.join("names"), "taller.local\n127.0.0.1\n").expect("written");
    let (key, _) = seen(&tls.join("certificate.pem"));
    let old = fs::read(tls.join("certificate.pem")).expect("readable");

    let edge = Setup::new(SELF_SIGNED).data(data.path()).start();
    assert_ne!(fs::read(tls.join("certificate.pem")).expect("readable"), old);
    let (same, days) = seen(&tls.join("certificate.pem"));
    assert_eq!(same, key);
    assert!((700..=825).contains(&days), "{days}");
    // An older version keeps it: these are the names that it looks at.
    assert_eq!(fs::read_to_string(tls.join("names")).expect("readable"), "taller.local\n127.0.0.1\n");
    let port = edge.address_of("https").port();
    let authority = tls.join("certificate.pem");
    for host in ["localhost", "127.0.0.1", "taller.local", "taller"] {
        let (resolve, url) = (format!("{host}:{port}:127.0.0.1"), format!("https://{host}:{port}/health/live"));
        run("curl", &["-sf", "--cacert", authority.to_str().expect("text"), "--resolve", &resolve, &url]);
    }
}

#[test]
fn the_certificate_follows_the_addresses_of_a_running_box_with_the_same_key() {
    let lab = Lab::new(&["lan"]);
    let (host, visitor) = (lab.host("lan", &["192.0.2.1/24"]), lab.host("lan", &["192.0.2.2/24"]));
    let entry = host.entry();
    let edge = Setup::new("listen.https = [\"[::]:8443\"]\ntls.mode = \"self-signed\"\n")
        .without_listen()
        .argument("--listen")
        .argument("[::]:8080")
        .through(&entry.iter().map(String::as_str).collect::<Vec<_>>())
        .start();
    let certificate = edge.data().join("tls/certificate.pem");
    let names = |address: &str| {
        let text = run("openssl", &["x509", "-noout", "-text", "-in", certificate.to_str().expect("text")]);
        String::from_utf8(text).expect("text").contains(&format!("IP Address:{address}"))
    };
    eventually("the address that it has", || names("192.0.2.1"));
    let (key, _) = seen(&certificate);
    host.add_address("192.0.2.9/24");
    eventually("the address that it gets", || names("192.0.2.9"));
    assert_eq!(seen(&certificate).0, key);
    let authority = certificate.to_str().expect("text");
    for address in ["192.0.2.1", "192.0.2.9"] {
        visitor.run("curl", &["-sf", "--cacert", authority, &format!("https://{address}:8443/health/live")]);
    }
}

fn make_certificate(directory: &Path, name: &str) {
    let path = |file: &str| directory.join(file).to_str().expect("text").to_owned();
    run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            &format!("/CN={name}"),
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            &path("key.pem"),
            "-out",
            &path("cert.pem"),
        ],
    );
}

fn subject(edge: &Edge) -> String {
    let address = edge.address_of("https").to_string();
    let script = format!("openssl s_client -connect {address} </dev/null 2>/dev/null | openssl x509 -noout -subject");
    String::from_utf8(run("sh", &["-c", &script])).expect("text").trim().to_owned()
}

#[test]
fn changed_files_are_used_and_broken_ones_are_not() {
    let files = tempfile::tempdir().expect("a directory");
    make_certificate(files.path(), "first");
    let path = |name: &str| files.path().join(name).display().to_string();
    let config = format!(
        "listen.https = [\"127.0.0.1:0\"]\n[tls]\nmode = \"files\"\ncert_file = {:?}\nkey_file = {:?}\n",
        path("cert.pem"),
        path("key.pem")
    );
    let edge = Setup::new(&config).start();
    assert!(subject(&edge).ends_with("first"));

    make_certificate(files.path(), "second");
    eventually("the new certificate", || subject(&edge).ends_with("second"));

    fs::write(files.path().join("cert.pem"), "nonsense").expect("written");
    eventually("the fault", || edge.health()["checks"]["certificate"]["status"] == "degraded");
    assert!(subject(&edge).ends_with("second"));

    make_certificate(files.path(), "third");
    eventually("the recovery", || edge.health()["checks"]["certificate"]["status"] == "ok");
    assert!(subject(&edge).ends_with("third"));
}

#[test]
fn a_peer_that_shakes_no_hand_is_cut_off_and_holds_nobody_up() {
    let edge = Setup::new(&format!("{SELF_SIGNED}limits.tls_handshake_s = 1\n")).start();
    let mut silent = Client::connect(edge.address_of("https"));
    let mut plain = Client::connect(edge.address_of("https"));
    plain.send(b"GET / HTTP/1.1\r\nHost: tv\r\n\r\n");
    run("curl", &["-skf", "-o", "/dev/null", &https(&edge, "/")]);
    silent.wait_for_close();
    plain.wait_for_close();
    edge.wait_for_metric("workshop_edge_http_connections_rejected_total{reason=\"tls\"}", 2.0);
}

#[test]
fn the_slow_head_rule_holds_inside_tls_too() {
    let edge = Setup::new(&format!("{SELF_SIGNED}limits.header_timeout_s = 1\n")).start();
    let address = edge.address_of("https").to_string();
    // Standard input stays open, so only the box can end it.
    let script =
        format!("(printf 'GET / HTTP/1.1\\r\\nHost'; cat) | openssl s_client -quiet -connect {address} 2>/dev/null");
    let mut child = std::process::Command::new("sh")
        .args(["-c", &script])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("started");
    edge.wait_for_metric("workshop_edge_http_connections_rejected_total{reason=\"header_timeout\"}", 1.0);
    drop(child.stdin.take());
    child.wait().expect("ended");
}

#[test]
fn a_stopping_box_waits_for_no_handshake() {
    let mut edge = Setup::new(&format!("{SELF_SIGNED}limits.tls_handshake_s = 300\nshutdown.grace_s = 600\n")).start();
    let mut silent = Client::connect(edge.address_of("https"));
    edge.wait_for_metric("workshop_edge_http_connections_open", 2.0);
    edge.signal(rustix::process::Signal::TERM);
    silent.wait_for_close();
    assert_eq!(edge.wait().code(), Some(0));
}
