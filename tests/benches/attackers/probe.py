"""A well-behaved client: a few keep-alive connections that ask for the page at a moderate pace, and how long it waits.

Not wrk: it cannot choose its source address, and whether the attackers share one with this client is what some attacks
are about. And not at full speed: a television does not saturate the box, and a client that does measures
its own queue.
"""

import statistics
import threading
import time
from dataclasses import dataclass

import wire

SOURCE = "127.0.0.2"
CONNECTIONS = 4
PAUSE = 0.005
HEADERS = {"Accept-Encoding": "gzip, deflate"}


@dataclass(frozen=True)
class Latency:
    requests: int
    failures: int
    p50_ms: float
    p99_ms: float
    worst_ms: float

    def __str__(self) -> str:
        return (
            f"p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, worst {self.worst_ms:.1f} ms "
            f"({self.requests} requests, {self.failures} failed)"
        )


class Probe:
    """Runs from `with` to its end."""

    def __init__(self, port: int, source: str = SOURCE):
        self._source = source
        self._port = port
        self._stop = threading.Event()
        self._taken: list[float] = []  # appending is atomic
        self._failures: list[str] = []
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CONNECTIONS)]

    def __enter__(self) -> "Probe":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(15)

    def latency(self) -> Latency:
        taken = sorted(self._taken) or [float("nan")]
        rank = min(len(taken) - 1, int(len(taken) * 0.99))
        return Latency(
            len(self._taken), len(self._failures), statistics.median(taken) * 1e3, taken[rank] * 1e3, taken[-1] * 1e3
        )

    def first_failures(self, count: int = 3) -> list[str]:
        return self._failures[:count]

    def _ask(self) -> None:
        head = wire.request_head(self._port, "/", HEADERS)
        stream = None
        while not self._stop.is_set():
            began = time.perf_counter()
            try:
                # Connecting counts: a client that the attack keeps from connecting is a client that waits.
                stream = stream or wire.connect(self._port, self._source)
                stream.sendall(head)
                answer = wire.read_answer(stream)
                if answer.status != 200:
                    raise wire.WireError(f"status {answer.status}")
                self._taken.append(time.perf_counter() - began)
                if answer.headers.get("connection", "").lower() == "close":
                    stream.close()
                    stream = None
            except (OSError, wire.WireError) as error:
                self._failures.append(repr(error))
                if stream:
                    stream.close()
                stream = None
            self._stop.wait(PAUSE)
        if stream:
            stream.close()
