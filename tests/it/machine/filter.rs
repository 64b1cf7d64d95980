//! The packet filter of the image, in networks of their own.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::super::support::eventually;
use super::super::support::lab::{Host, Lab};

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/usb-image/rootfs/etc/nftables.conf");
const BOX: [&str; 2] = ["192.168.7.2", "fd07::2"];
const OTHER: [&str; 2] = ["192.168.7.3/24", "fd07::3/64"];

/// Opens a port, asks the group if it is to, and says whether something comes before its input ends.
const LISTEN: &str = "
import select, socket, sys
family = socket.AF_INET6 if sys.argv[1] == '6' else socket.AF_INET
group = ('ff02::fb', 5353, 0, socket.if_nametoindex('eth0')) if sys.argv[1] == '6' else ('224.0.0.251', 5353)
listening = socket.socket(family, socket.SOCK_DGRAM)
listening.bind(('', 0))
print(listening.getsockname()[1], flush=True)
ready = []
while not ready:
    if sys.argv[2] == 'ask':
        listening.sendto(b'who', group)
    ready = select.select([listening, sys.stdin], [], [], 0.1)[0]
# What was sent before the input ended is there already.
heard = select.select([listening], [], [], 0)[0]
print('heard' if heard else 'silence')
";

/// Sends from port 5353 to a port again and again.
const SEND: &str = "
import socket, sys, time
sending = socket.socket(socket.AF_INET6 if sys.argv[1] == '6' else socket.AF_INET, socket.SOCK_DGRAM)
sending.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
sending.bind(('', int(sys.argv[4])))
for _ in range(int(sys.argv[5])):
    sending.sendto(b'it is me', (sys.argv[2], int(sys.argv[3])))
    time.sleep(float(sys.argv[6]))
";

/// A box with its filter, and somebody else.
fn network(lab: &Lab) -> (Host, Host) {
    let [v4, v6] = BOX.map(str::to_owned);
    let host = lab.host("switch", &[&format!("{v4}/24"), &format!("{v6}/64")]);
    let other = lab.host("switch", &OTHER);
    host.run("ip", &["route", "add", "224.0.0.0/4", "dev", "eth0"]);
    host.run("nft", &["-f", RULES]);
    (host, other)
}

/// Whether the box hears what somebody sends from port 5353 to a port of its own. It listens as long as the other sends,
/// however slowly the machine starts either.
fn hears(host: &Host, other: &Host, family: &str, asks: &str, datagrams: &str) -> bool {
    let (sending_ended, sends) = std::io::pipe().expect("a pipe");
    let mut listening = host.command("python3");
    let mut listening = listening
        .args(["-c", LISTEN, family, asks])
        .stdin(sending_ended)
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is there");
    let mut lines = BufReader::new(listening.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    let port = lines.next().expect("a port");
    let to = if family == "6" { BOX[1] } else { BOX[0] };
    let mut sending = other.command("python3");
    let mut child = sending
        .args(["-c", SEND, family, to, &port, "5353", datagrams, "0.1"])
        .stdout(sends)
        .spawn()
        .expect("python3 is there");
    // It has the pipe's end: the child alone is to hold that.
    drop(sending);
    let heard = lines.next().expect("an answer");
    child.kill().expect("ended");
    child.wait().expect("ended");
    listening.wait().expect("ended");
    heard == "heard"
}

#[test]
fn an_answer_reaches_the_port_that_has_asked_and_no_other() {
    let lab = Lab::new(&["switch"]);
    let (host, other) = network(&lab);
    for family in ["4", "6"] {
        assert!(hears(&host, &other, family, "ask", "600"), "the box does not find out about others: IPv{family}");
        assert!(!hears(&host, &other, family, "silent", "25"), "anybody reaches any port: IPv{family}");
    }
}

/// Makes the filter count the questions that have passed it.
fn count(host: &Host, condition: &str) {
    let later = format!(
        "add chain inet workshop later {{ type filter hook input priority 10; }}\n\
         add rule inet workshop later {condition} counter\n"
    );
    host.run("sh", &["-c", &format!("printf '{later}' | nft -f -")]);
}

fn counted(host: &Host) -> Vec<u64> {
    let listed = host.run("nft", &["list", "chain", "inet", "workshop", "later"]);
    let counts = listed.lines().filter_map(|line| line.split_once("packets ")?.1.split(' ').next()?.parse().ok());
    counts.collect()
}

#[test]
fn one_host_that_floods_leaves_the_others_their_share() {
    let lab = Lab::new(&["switch"]);
    let (host, other) = network(&lab);
    let asker = lab.host("switch", &["192.168.7.4/24"]);
    count(&host, "ip saddr 192.168.7.3 udp dport 5353");
    count(&host, "ip saddr 192.168.7.4 udp dport 5353");
    let mut flood = other.command("python3");
    let mut flood = flood.args(["-c", SEND, "4", BOX[0], "5353", "4000", "100000000", "0"]).spawn().expect("python3");
    eventually("it has had its share", || counted(&host)[0] >= 500);
    asker.run("python3", &["-c", SEND, "4", BOX[0], "5353", "4000", "400", "0"]);
    let passed = counted(&host)[1];
    assert!(flood.try_wait().expect("a child").is_none(), "it still floods");
    flood.kill().expect("ended");
    flood.wait().expect("ended");
    assert_eq!(passed, 400, "of the others, all have passed");
}

#[test]
fn a_flood_of_questions_is_cut_down() {
    let lab = Lab::new(&["switch"]);
    let (host, other) = network(&lab);
    count(&host, "udp dport 1900");
    other.run("python3", &["-c", SEND, "4", BOX[0], "1900", "4000", "500", "0"]);
    let passed = || counted(&host)[0];
    assert_eq!(passed(), 500, "as many as there may be");
    other.run("python3", &["-c", SEND, "4", BOX[0], "1900", "4000", "50000", "0"]);
    assert!(passed() < 20_000, "{} packets have passed", passed());
}
