#!/usr/bin/env python3
"""How fast the box is found, on networks made of namespaces; run as root, with a release binary.

  measure.py start BINARY [RUNS]   seconds from the start of the process until its name is resolved: by a
                                   question every 20 ms, and by one avahi-resolve
  measure.py merge BINARY [RUNS]   seconds from the moment that two networks with a box each, both named
                                   taller, become one, until both names are distinct, lead to one box each,
                                   and are what the boxes show
  measure.py flood BINARY          MiB of memory at most, under datagrams as fast as they can be sent, and the longest
                                   time in seconds for which the name is not answered meanwhile
"""

import os
import re
import select
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2] / "it" / "discovery"
BUS = """<busconfig><type>session</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context='default'><allow user='*'/><allow own='*'/><allow send_destination='*'/><allow receive_sender='*'/>
</policy></busconfig>"""
LIMIT = 60


class Namespace:
    """A process that keeps a network and a /run of its own."""

    def __init__(self, inside=None):
        words = inside.entry() if inside else []
        script = "mount --make-rprivate / && mount -t tmpfs run /run && ip link set lo up && echo ready && exec cat"
        self.process = subprocess.Popen(
            [*words, "unshare", "--mount", "--net", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout.readline() == b"ready\n"

    def entry(self):
        return ["nsenter", "--target", str(self.process.pid), "--mount", "--net"]

    def run(self, *words, check=True):
        return subprocess.run([*self.entry(), *words], check=check, capture_output=True, text=True).stdout

    def start(self, *words):
        return subprocess.Popen([*self.entry(), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def close(self):
        self.process.kill()
        self.process.wait()


class Lab(Namespace):
    """Switches, and hosts that are plugged into them."""

    def __init__(self, *switches):
        super().__init__()
        self.hosts = []
        for switch in switches:
            self.run("ip", "link", "add", "name", switch, "type", "bridge", "mcast_snooping", "0")
            self.run("ip", "link", "set", switch, "up")

    def host(self, switch, address):
        host = Namespace(self)
        port = f"port{len(self.hosts)}"
        self.hosts.append(host)
        pid = str(host.process.pid)
        self.run("ip", "link", "add", "name", port, "type", "veth", "peer", "name", "eth0", "netns", pid)
        self.run("ip", "link", "set", port, "master", switch, "up")
        host.run("ip", "link", "set", "eth0", "up")
        host.run("ip", "address", "add", address, "dev", "eth0")
        return host

    def close(self):
        for host in self.hosts:
            host.close()
        super().close()


class Box:
    def __init__(self, host, binary):
        self.host, self.data = host, tempfile.mkdtemp()
        self.process = host.start(binary, "serve", "--data-dir", self.data, "--listen", "[::]:80")

    def shows(self):
        """The name that it has, once the network has confirmed it."""
        text = self.host.run("curl", "--silent", "http://127.0.0.1/metrics", check=False)
        if "workshop_edge_discovery_resolvable 1\n" not in text:
            return None
        return re.search(r'discovery_info{name="([^"]*)"', text)[1]

    def most_memory(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1024

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.data)


def question(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack(">6H", 7, 0, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)


def asks(name, window):
    """Who answers a question, in this process's network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        index = socket.if_nametoindex("eth0")
        one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"", b"", index))
        one.sendto(question(name), ("224.0.0.251", 5353))
        end, found = time.monotonic() + window, set()
        while (left := end - time.monotonic()) > 0:
            one.settimeout(left)
            try:
                found.add(one.recvfrom(9000)[1][0])
            except TimeoutError:
                break
        return found


def until_answered(name, address):
    """Prints the moment of the first answer from an address."""
    while address not in asks(name, 0.02):
        pass
    print(time.monotonic(), flush=True)


def until_distinct():
    """Prints each moment at which exactly one box has each name."""
    while True:
        owners = [asks(name, 0.2) for name in ("taller.local", "taller-2.local")]
        if all(len(one) == 1 for one in owners) and len(set.union(*owners)) == 2:
            print(time.monotonic(), flush=True)


def silence(name, address):
    """Asks until the end of its standard input; prints for how long there was no answer at most."""
    until_answered(name, address)
    last, longest = time.monotonic(), 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        if address in asks(name, 0.02):
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
    print(max(longest, time.monotonic() - last))


def me(host, *words):
    return [*host.entry(), sys.executable, __file__, *words]


def wait_for(condition):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def start(binary):
    lab = Lab("switch")
    host, peer = lab.host("switch", "10.9.0.1/24"), lab.host("switch", "10.9.0.2/24")
    waiting = subprocess.Popen(me(peer, "until-answered", "taller.local", "10.9.0.1"), stdout=subprocess.PIPE)
    time.sleep(0.5)
    before = time.monotonic()
    box = Box(host, binary)
    by_question = float(waiting.communicate(timeout=LIMIT)[0]) - before
    box.close()

    # avahi waits for the announcement, or repeats its question after 1 s.
    with tempfile.TemporaryDirectory() as files:
        Path(files, "bus.conf").write_text(BUS)
        Path(files, "avahi.conf").write_text("[server]\nhost-name=peer\nallow-interfaces=eth0\n")
        peer.run("mkdir", "/run/dbus")
        helpers = [peer.start("dbus-daemon", f"--config-file={files}/bus.conf", "--nofork", "--nopidfile")]
        wait_for(lambda: peer.run("ls", "/run/dbus").strip())
        words = ("--no-drop-root", "--no-chroot", "--no-rlimits")
        helpers.append(peer.start("avahi-daemon", "--file", f"{files}/avahi.conf", *words))
        wait_for(lambda: peer.run("avahi-resolve", "-4", "-n", "peer.local", check=False))
        before = time.monotonic()
        box = Box(host, binary)
        assert "10.9.0.1" in peer.run("avahi-resolve", "-4", "-n", "taller.local")
        by_avahi = time.monotonic() - before
        box.close()
        for helper in reversed(helpers):
            helper.terminate()
            helper.wait()
    lab.close()
    return {"question": by_question, "avahi": by_avahi}


def merge(binary):
    lab = Lab("north", "south")
    hosts = lab.host("north", "10.9.0.1/24"), lab.host("south", "10.9.0.2/24")
    peer = lab.host("north", "10.9.0.3/24")
    boxes = [Box(host, binary) for host in hosts]
    wait_for(lambda: all(box.shows() == "taller.local" for box in boxes))
    # Any phase of the boxes' own checks, which come every 5 s.
    time.sleep(5 + 5 * int.from_bytes(os.urandom(2)) / 65536)
    waiting = subprocess.Popen(me(peer, "until-distinct"), stdout=subprocess.PIPE)
    lab.run("ip", "link", "add", "name", "join0", "type", "veth", "peer", "name", "join1")
    lab.run("ip", "link", "set", "join0", "master", "north", "up")
    before = time.monotonic()
    lab.run("ip", "link", "set", "join1", "master", "south", "up")
    resolvable = float(waiting.stdout.readline()) - before
    wait_for(lambda: sorted(str(box.shows()) for box in boxes) == ["taller-2.local", "taller.local"])
    shown = time.monotonic() - before
    waiting.kill()
    waiting.wait()
    for box in boxes:
        box.close()
    lab.close()
    return {"resolvable": resolvable, "shown": shown}


def flood(binary):
    found = {}
    for kind, count in (("malformed", "80000"), ("unsolicited", "15000"), ("unsolicited", "200000")):
        lab = Lab("switch")
        host, peer = lab.host("switch", "10.9.0.1/24"), lab.host("switch", "10.9.0.2/24")
        box = Box(host, binary)
        wait_for(lambda: box.shows() == "taller.local")
        before = box.most_memory()
        asker = lab.host("switch", "10.9.0.3/24")
        asking = subprocess.Popen(
            me(asker, "silence", "taller.local", "10.9.0.1"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        asking.stdout.readline()
        peer.run(sys.executable, str(TESTS / "peer.py"), "flood", kind, count)
        wait_for(lambda: box.shows() == "taller.local")
        time.sleep(5)
        found[f"{count} {kind}"] = box.most_memory()
        found[f"silent {count} {kind}"] = float(asking.communicate(b"end")[0])
        found[f"before {count} {kind}"] = before
        box.close()
        lab.close()
    return found


def table(results):
    for name in results[0]:
        values = sorted(result[name] for result in results)
        median = statistics.median(values)
        print(f"{name:24} runs {len(values):3}  least {values[0]:6.2f}  median {median:6.2f}  most {values[-1]:6.2f}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["start", binary, *runs]:
            table([start(binary) for _ in range(int(runs[0] if runs else 20))])
        case ["merge", binary, *runs]:
            table([merge(binary) for _ in range(int(runs[0] if runs else 10))])
        case ["flood", binary]:
            table([flood(binary)])
        case ["until-answered", name, address]:
            until_answered(name, address)
        case ["silence", name, address]:
            silence(name, address)
        case ["until-distinct"]:
            until_distinct()
        case _:
            sys.exit(__doc__)
