"""The time from starting a server to its first 200, and what a connection costs that only waits."""

import socket
import statistics
import time
from dataclasses import dataclass

import wire
from process import Memory
from servers import RAW, Setting, prepare, spawn, start

IDLE_REQUEST = {"Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True)
class Start:
    median_ms: float
    fastest_ms: float
    slowest_ms: float


def first_answers(names: list[str], setting: Setting, times: int) -> dict[str, Start]:
    """Interleaved, so that a busy moment of the machine hits every server alike. Each keeps its one port."""
    ports = {name: setting.ports.take() for name in names}
    ready = {name: prepare(name, setting, ports[name]) for name in names}
    taken: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(times):
        for name in names:
            taken[name].append(_time_one(name, setting, ports[name], *ready[name]))
    return {name: Start(statistics.median(t), min(t), max(t)) for name, t in taken.items()}


def _time_one(name: str, setting: Setting, port: int, argv: list[str], env: dict[str, str]) -> float:
    head = wire.request_head(port, "/", {"Connection": "close"})
    began = time.perf_counter()
    process = spawn(name, setting, argv, env)
    try:
        while not _answers(port, head):
            if time.perf_counter() - began > 20 or not process.alive():
                raise RuntimeError(f"{name} did not answer after its start:\n{process.tail()}")
        return (time.perf_counter() - began) * 1000
    finally:
        process.stop()


def _answers(port: int, head: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as stream:
            stream.sendall(head)
            return stream.recv(4096).startswith(b"HTTP/1.1 200")
    except (ConnectionError, TimeoutError):
        return False


# Displays ask every 15 s; a connection is called idle after a fifth of that.
IDLE_SECONDS = 3


@dataclass(frozen=True)
class Idle:
    connections: int
    at_once_rss_bytes: float  # per connection, right after its answer
    rss_bytes: float  # per connection, after IDLE_SECONDS of silence
    anonymous_bytes: float
    fresh: Memory  # of a server that has answered a few requests and nothing else


def idle_connections(name: str, setting: Setting, count: int) -> Idle:
    """A fresh server: one that was under load has pages to give away and would seem to need none."""
    server = start(name, setting)
    streams: list[socket.socket] = []
    try:
        for _ in range(8):
            wire.exchange(server.port, "/", IDLE_REQUEST)
        settle(server.process)
        before = server.process.memory()
        head = wire.request_head(server.port, "/", IDLE_REQUEST)
        for _ in range(count):
            stream = wire.connect(server.port)
            streams.append(stream)
            stream.sendall(head)
            wire.read_answer(stream)
        settle(server.process)
        at_once = server.process.memory()
        time.sleep(IDLE_SECONDS)
        after = server.process.memory()
        if server.process.open_files() < count:
            raise RuntimeError(f"{name} did not keep {count} connections open")
        return Idle(
            count,
            (at_once.rss - before.rss) * 1024 / count,
            (after.rss - before.rss) * 1024 / count,
            (after.anonymous - before.anonymous) * 1024 / count,
            before,
        )
    finally:
        for stream in streams:
            stream.close()
        server.process.stop()


def settle(process, quiet: float = 0.5, limit: float = 60) -> None:
    """Waits until the server spends no more processor time, as while it makes representations in the background."""
    deadline = time.monotonic() + limit
    spent = process.cpu_seconds()
    while time.monotonic() < deadline:
        time.sleep(quiet)
        now = process.cpu_seconds()
        if now - spent < 0.02:
            return
        spent = now


def names_for_start(names: list[str]) -> list[str]:
    """Raw tokio is no server that anyone starts."""
    return [name for name in names if name != RAW]
