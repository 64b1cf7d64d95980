"""Thousands of malformed requests against workshop-edge, and what must hold whatever they are."""

import re
import socket
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import generator
from server import Server, megabytes

WORKERS = 8  # below any limit per peer, which would hide the parser behind a refusal
QUIET = 0.02  # a server that says nothing for so long has said all, or waits for more
GIVE_UP = 5.0
MAX_ANSWER = 4 * 1024 * 1024
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
# Not implemented, too busy, version not supported: the only faults that are the client's doing.
ALLOWED_5XX = {"501", "503", "505"}


def run(binary: Path, scratch: Path, count: int, seed: int, most_growth: float) -> list[str]:
    print(f"\n{count} malformed requests, seed {seed}, default limits", flush=True)
    with Server(binary, scratch, {}, "malformed") as server:
        by_kind: dict[str, Counter] = defaultdict(Counter)
        faults = []
        began = time.monotonic()
        warm = server.base_memory
        with ThreadPoolExecutor(WORKERS) as pool:
            todo = list(generator.requests(seed, count))
            jobs = pool.map(lambda item: (item, _send(server.port, item[1])), todo)
            for number, ((kind, request), outcomes) in enumerate(jobs, 1):
                by_kind[kind].update(outcomes)
                bad = [o for o in outcomes if o.startswith("5") and o not in ALLOWED_5XX]
                if bad and len(faults) < 10:
                    faults.append(f"{bad[0]} for number {number} ({kind}): {request[:160]!r}")
                if number == count // 10:
                    warm = server.process.memory()
                if not server.process.alive():
                    pool.shutdown(wait=False, cancel_futures=True)
                    break
        print(f"  took {time.monotonic() - began:.0f} s; outcomes by kind:")
        for kind, outcomes in by_kind.items():
            print(f"    {kind:14}", "  ".join(f"{name}: {n}" for name, n in sorted(outcomes.items())))
        faults += server.faults()
        if server.process.alive():
            after = server.process.memory()
            print(
                f"  memory          RSS {megabytes(server.base_memory.rss)} before, {megabytes(warm.rss)} after a tenth, "
                f"{megabytes(after.rss)} at the end, high water {megabytes(after.high_water)}"
            )
            growth = (after.rss - warm.rss) * 1024 / 1e6
            # The first tenth grows whatever buffers there are; from then on a server that frees what it takes is level.
            if growth > most_growth:
                faults.append(f"RSS grew by {growth:.1f} MB after the first tenth (at most {most_growth:g})")
        print(f"  afterwards      {'alive, answering, no panic, nothing left open' if not faults else ''}", flush=True)
    for fault in faults:
        print(f"  FAULT {fault}", file=sys.stderr)
    return [f"malformed: {fault}" for fault in faults]


def _send(port: int, request: bytes) -> list[str]:
    """The statuses that came back, and how the connection ended."""
    received = bytearray()
    end = "held open"
    with socket.socket() as stream:
        stream.settimeout(GIVE_UP)
        try:
            stream.connect(("127.0.0.1", port))
            try:
                stream.sendall(request)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before all was sent; the answer may be there to read all the same
            stream.settimeout(QUIET)
            said_all = False
            deadline = time.monotonic() + GIVE_UP
            while time.monotonic() < deadline and len(received) < MAX_ANSWER:
                try:
                    data = stream.recv(65536)
                except TimeoutError:
                    if not said_all:
                        # No more will come from here: a server that waits for the rest now knows.
                        said_all = True
                        stream.shutdown(socket.SHUT_WR)
                        stream.settimeout(GIVE_UP)
                    continue
                if not data:
                    end = "closed"
                    break
                received += data
        except TimeoutError:
            end = "no connection"
        except OSError:
            end = "reset"
    statuses = [status.decode() for status in STATUS.findall(bytes(received))]
    return statuses or [f"{end} without an answer"]
