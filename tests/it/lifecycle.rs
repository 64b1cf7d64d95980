//! Start, stop, and what a service manager hands over and hears.

use std::fs;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;

use rustix::process::Signal;

use crate::support::{Edge, PATIENCE, Setup, dist, eventually};

fn film() -> tempfile::TempDir {
    dist(&[("index.html", b"x"), ("film.mp4", &vec![7; 16 * 1024 * 1024])])
}

#[test]
fn sigterm_and_sigint_end_well() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut edge = Edge::start();
        let mut idle = edge.connect();
        assert_eq!(idle.request("GET", "/health/live", &[]).status, 200);
        edge.signal(signal);
        assert_eq!(idle.reply(false), None, "an idle connection is closed");
        assert_eq!(edge.wait().code(), Some(0));
        edge.wait_for_log("\"stopped\"");
    }
}

#[test]
fn what_runs_is_finished_before_the_end() {
    let dist = film();
    let mut edge = Setup::new("").site(dist.path()).start();
    let mut client = edge.connect();
    client.send_request("GET", "/film.mp4", &[]);
    // The answer is under way once its first bytes are counted, and cannot be done: the socket
    // buffers do not hold it.
    edge.wait_for_metric("workshop_edge_http_sent_bytes_total", 100_000.0);
    edge.signal(Signal::TERM);
    edge.wait_for_log("\"stopping\"");
    eventually("no more connections", || std::net::TcpStream::connect(edge.address()).is_err());

    let reply = client.reply(false).expect("the whole answer");
    assert_eq!(reply.body.len(), 16 * 1024 * 1024);
    assert_eq!(edge.wait().code(), Some(0));
    edge.wait_for_log("\"stopped\"");
}

#[test]
fn a_second_signal_does_not_wait() {
    let dist = film();
    let mut edge = Setup::new("[shutdown]\ngrace_s = 600\n").site(dist.path()).start();
    let mut stuck = edge.connect();
    stuck.send_request("GET", "/film.mp4", &[]);
    edge.wait_for_metric("workshop_edge_http_sent_bytes_total", 100_000.0);
    edge.signal(Signal::TERM);
    edge.wait_for_log("\"stopping\"");
    edge.signal(Signal::TERM);
    assert_eq!(edge.wait().code(), Some(0));
    edge.wait_for_log("stopping at once");
    edge.wait_for_log("stopped before all connections had ended");
}

#[test]
fn the_grace_ends() {
    let dist = film();
    let mut edge = Setup::new("[shutdown]\ngrace_s = 1\n").site(dist.path()).start();
    let mut stuck = edge.connect();
    stuck.send_request("GET", "/film.mp4", &[]);
    edge.wait_for_metric("workshop_edge_http_sent_bytes_total", 100_000.0);
    edge.signal(Signal::TERM);
    assert_eq!(edge.wait().code(), Some(0));
    edge.wait_for_log("\"cut_off\":1");
}

#[test]
fn the_default_kind_of_address_takes_both_families() {
    // Reachable from elsewhere, but announced to nobody.
    let edge =
        Setup::new("[discovery]\nenabled = false\n").without_listen().argument("--listen").argument("[::]:0").start();
    let port = edge.address().port();
    let mut families = vec!["127.0.0.1"];
    // A machine without IPv6 is served over IPv4 alone.
    if fs::read_to_string("/proc/net/if_inet6")
        .is_ok_and(|addresses| addresses.contains("00000000000000000000000000000001"))
    {
        families.push("[::1]");
    }
    for host in families {
        let url = format!("http://{host}:{port}/health/live");
        assert_eq!(crate::support::run("curl", &["-sfg", &url]), b"{\"status\":\"ok\"}", "{host}");
    }
}

#[test]
fn a_taken_port_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = taken.local_addr().expect("an address").to_string();
    let mut edge = Setup::new("").without_listen().argument("--listen").argument(&address).spawn(Stdio::null());
    assert_eq!(edge.wait().code(), Some(1));
    edge.wait_for_log("another program has that port");
    assert!(edge.log().contains(&address), "{}", edge.log());
}

/// A shell that moves standard input to descriptor 3, as systemd would pass it, names itself in
/// `LISTEN_PID`, and becomes the box.
const HAND_OVER: &[&str] = &["sh", "-c", "LISTEN_PID=$$ exec \"$0\" \"$@\" 3<&0 </dev/null"];

#[test]
fn a_listener_that_is_handed_over_is_served_and_never_closes() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let address = listener.local_addr().expect("an address");
    let start = || {
        let socket: OwnedFd = listener.try_clone().expect("a copy").into();
        Setup::new("").without_listen().through(HAND_OVER).env("LISTEN_FDS", "1").start_with(Stdio::from(socket))
    };
    let first = start();
    assert_eq!(first.address(), address);
    assert_eq!(first.get("/", &[]).status, 200);
    first.stop();

    // Between two boxes a connection waits in the socket instead of being refused.
    let mut early = crate::support::Client::connect(address);
    early.send_request("GET", "/health/live", &[]);
    let second = start();
    assert_eq!(early.reply(false).expect("an answer").status, 200);
    second.stop();
}

#[test]
fn a_tls_socket_without_a_certificate_is_explained() {
    let listener: OwnedFd = TcpListener::bind("127.0.0.1:0").expect("bound").into();
    let setup =
        Setup::new("").without_listen().through(HAND_OVER).env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "https");
    let mut edge = setup.spawn(Stdio::from(listener));
    assert_eq!(edge.wait().code(), Some(1));
    edge.wait_for_log("tls.mode is off");
}

#[test]
fn a_certificate_without_a_tls_socket_is_a_fault_that_is_reported() {
    let listener: OwnedFd = TcpListener::bind("127.0.0.1:0").expect("bound").into();
    let setup = Setup::new("[tls]\nmode = \"self-signed\"\n").without_listen();
    let edge = setup.through(HAND_OVER).env("LISTEN_FDS", "1").start_with(Stdio::from(listener));
    assert!(edge.health()["checks"]["https"]["reason"].as_str().expect("words").contains("workshop-edge-https.socket"));
    assert_eq!(edge.get("/", &[]).status, 200);
}

#[test]
fn the_service_manager_is_notified() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("bound");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    let heard = || {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..length]).trim().to_owned()
    };
    let edge =
        Setup::new("[shutdown]\ngrace_s = 600\n").env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000").start();
    assert_eq!(heard(), "READY=1");
    assert_eq!(heard(), "WATCHDOG=1");
    assert_eq!(heard(), "WATCHDOG=1");
    edge.signal(Signal::TERM);
    loop {
        match heard().as_str() {
            "WATCHDOG=1" => {}
            other => {
                // The unit's own time-out is shorter than the longest drain.
                assert_eq!(other, "STOPPING=1\nEXTEND_TIMEOUT_USEC=620000000");
                break;
            }
        }
    }
}

#[test]
fn a_data_directory_that_cannot_be_written_stops_no_display() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("not-a-directory");
    fs::write(&file, "").expect("a file");
    let edge = Setup::new("").data(&file).start();
    assert_eq!(edge.get("/", &[]).status, 200);
    // Other parts have their faults with it, and some of them sooner.
    eventually("the fault", || {
        let health = edge.health();
        let reason = health["checks"]["site"]["reason"].as_str().unwrap_or_default();
        health["status"] == "degraded" && reason.contains("not-a-directory")
    });
}

#[test]
fn a_second_box_on_one_data_directory_refuses_and_names_the_first() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = Setup::new("").data(directory.path()).start();
    let mut second = Setup::new("").data(directory.path()).spawn(Stdio::null());
    assert_eq!(second.wait().code(), Some(1));
    second.wait_for_log(&format!("(process {})", first.pid()));
    assert_eq!(first.get("/", &[]).status, 200);

    // The process goes on as another program, and there is no moment in which somebody else could have the directory.
    let box_id = || fs::read(directory.path().join("box-id")).expect("readable");
    let before = box_id();
    for times in 1..=3 {
        let restart = std::process::Command::new(env!("CARGO_BIN_EXE_workshop-edge"))
            .args(["restart", "--data-dir"])
            .arg(directory.path())
            .output()
            .expect("started");
        assert!(restart.status.success(), "{restart:?}");
        eventually("it is ready again", || first.logged("ready").len() > times);
        let mut second = Setup::new("").data(directory.path()).spawn(Stdio::null());
        assert_eq!(second.wait().code(), Some(1));
        second.wait_for_log(&format!("(process {})", first.pid()));
    }
    let open = fs::read_dir(format!("/proc/{}/fd", first.pid())).expect("listed").flatten();
    let locks = open.filter(|entry| fs::read_link(entry.path()).is_ok_and(|path| path.ends_with("lock")));
    assert_eq!(locks.count(), 1, "a restart leaves none behind");
    assert_eq!(box_id(), before);
    first.stop();
    Setup::new("").data(directory.path()).start().stop();
}

#[test]
fn a_program_that_knows_of_no_lock_keeps_the_data_directory_when_the_box_becomes_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (data, program) = (directory.path().join("data"), directory.path().join("edge"));
    let start = format!("cp \"$0\" '{0}' && exec '{0}' \"$@\"", program.display());
    let https = "listen.https = [\"127.0.0.1:0\"]\ntls.mode = \"self-signed\"\n";
    let first = Setup::new(https).data(&data).through(&["sh", "-c", &start]).start();

    let other = directory.path().join("other");
    fs::write(&other, "#!/bin/sh\nexec sleep 3600\n").expect("written");
    fs::set_permissions(&other, fs::Permissions::from_mode(0o755)).expect("executable");
    fs::rename(&other, &program).expect("in its place");
    crate::support::run(env!("CARGO_BIN_EXE_workshop-edge"), &["restart", "--data-dir", data.to_str().expect("text")]);
    let name = format!("/proc/{}/comm", first.pid());
    eventually("it is the other program", || fs::read_to_string(&name).is_ok_and(|name| name == "sleep\n"));

    let mut second = Setup::new("").data(&data).spawn(Stdio::null());
    assert_eq!(second.wait().code(), Some(1));
    second.wait_for_log(&format!("(process {})", first.pid()));
}
