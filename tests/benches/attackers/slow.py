"""slowhttptest's three attacks against workshop-edge, while a well-behaved client measures what it feels of them."""

import csv
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import wire
from probe import SOURCE as probe_source
from probe import Probe
from server import Server, megabytes


@dataclass(frozen=True)
class Attack:
    name: str
    options: tuple[str, ...]
    limits: dict[str, int]
    big_file: bool = False  # asked of the biggest script: a slow reader needs something that takes long to send
    source: str = probe_source  # the client's address; the attacker's is 127.0.0.1
    must_close: bool = False  # the server must not hold these until the attacker tires


def attacks(connections: int) -> list[Attack]:
    # slowhttptest has one source address. To see the time-outs at work, and not only the limit per peer, that limit is
    # lifted for all but the last two. In the very last the client is a neighbour of the attacker: both have one address,
    # as behind an access point with NAT.
    lifted = {"connections": 4 * connections, "connections_per_peer": 4 * connections}
    headers = ("-H", "-i", "4", "-x", "24")
    return [
        Attack("slow headers", headers, lifted, must_close=True),
        Attack("slow body", ("-B", "-i", "4", "-s", "8192", "-x", "24"), lifted),
        Attack("slow read", ("-X", "-w", "16", "-y", "64", "-n", "4", "-z", "16", "-k", "8"), lifted, big_file=True),
        Attack("slow headers, default limits", headers, {}, must_close=True),
        Attack("slow headers from the client's address", headers, {}, must_close=True, source="127.0.0.1"),
    ]


def run(binary: Path, scratch: Path, connections: int, seconds: int, calm: float, only: str) -> list[str]:
    faults = []
    for number, attack in enumerate(attacks(connections)):
        if only not in attack.name:
            continue
        with Server(binary, scratch, attack.limits, f"slow-{number}") as server:
            found = _one(attack, server, scratch / f"slow-{number}", connections, seconds, calm)
        faults += [f"{attack.name}: {fault}" for fault in found]
    return faults


def _one(attack: Attack, server: Server, directory: Path, connections: int, seconds: int, calm: float) -> list[str]:
    limits = ", ".join(f"{k} = {v}" for k, v in attack.limits.items()) or "none changed"
    print(f"\n{attack.name}: {connections} connections for at most {seconds} s (limits: {limits})", flush=True)
    with Probe(server.port, attack.source) as probe:
        time.sleep(calm)
    print(f"  client before   {probe.latency()}")

    path = _biggest_script(server.port) if attack.big_file else "/"
    prefix = directory / "slowhttptest"
    command = [
        "slowhttptest", *attack.options, "-c", str(connections), "-r", str(connections), "-l", str(seconds),
        "-u", f"http://127.0.0.1:{server.port}{path}", "-g", "-o", str(prefix), "-v", "1",
    ]  # fmt: skip
    most_files = last_files = server.base_files
    with Probe(server.port, attack.source) as probe:
        began = time.monotonic()
        attacker = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + seconds + 20
            while attacker.poll() is None and time.monotonic() < deadline and server.process.alive():
                last_files = server.process.open_files()
                most_files = max(most_files, last_files)
                time.sleep(0.25)
        finally:
            attacker.kill()
            attacker.wait()
    during = probe.latency()
    print(f"  client during   {during}")

    # slowhttptest ends before its time only when it has no connection left.
    early = lasted if (lasted := time.monotonic() - began) < seconds - 1 else None
    life = _lifetimes(prefix.with_suffix(".csv"), early)
    print(f"  attackers       {life}")
    # The attacker does not see the server close a connection while there are bytes that it has not read.
    print(
        f"  descriptors     at most {most_files - server.base_files} beyond the base, "
        f"{max(0, last_files - server.base_files)} when the attack ended"
    )
    faults = server.faults()
    if server.process.alive():
        after = server.process.memory()
        print(
            f"  memory          RSS {megabytes(server.base_memory.rss)} before, {megabytes(after.rss)} after, "
            f"high water {megabytes(after.high_water)}"
        )
    if during.failures:
        faults.append(f"{during.failures} requests of the well-behaved client failed: {probe.first_failures()}")
    if attack.must_close and life.held:
        faults.append(f"{life.held} connections were held until the attacker gave up")
    print(f"  afterwards      {'alive, answering, nothing left open' if not faults else '; '.join(faults)}", flush=True)
    return faults


@dataclass(frozen=True)
class Lifetimes:
    most: int
    mean: float
    gone_after: float | None  # seconds until none was left
    held: int  # at the end

    def __str__(self) -> str:
        end = f"none left after {self.gone_after:.0f} s" if self.gone_after is not None else f"{self.held} held to the end"
        return f"at most {self.most} connected at once, for {self.mean:.1f} s on average, {end}"


def _lifetimes(path: Path, early: float | None) -> Lifetimes:
    """From slowhttptest's table, one line per second: how many of its connections stood."""
    with open(path, newline="") as file:
        rows = [[int(cell) for cell in row[:4]] for row in csv.reader(file) if row and row[0].strip().isdigit()]
    # Columns: seconds, closed, pending, connected. The last second is missing when it ends early.
    connected = [row[3] for row in rows]
    total = max((row[1] + row[3] for row in rows), default=0) or 1
    held = 0 if early is not None or not connected else connected[-1]
    return Lifetimes(max(connected, default=0), sum(connected) / total, early, held)


def _biggest_script(port: int) -> str:
    page = wire.exchange(port, "/", {}).body.decode("utf-8", "replace")
    paths = re.findall(r'(?:src|href)="(/[^"]+\.js)"', page)
    if not paths:
        return "/"
    return max(paths, key=lambda path: len(wire.exchange(port, path, {}).body))
