//! HTTPS, with curl and openssl as the other side.

use std::fs;
use std::path::Path;

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
