"""Displays: with a live channel, and polling."""

import json
import selectors
import time
import zlib

import wire

PATHS = [
    "/analytics/dashboard",
    "/analytics/throughput?period=weekly",
    "/analytics/throughput?period=monthly",
    "/analytics/machine-utilization",
    "/machines",
    "/machines/stats",
    "/alerts",
    "/alerts/summary",
    "/production/orders/stats",
    "/quality/stats",
]
# As browsers ask.
GZIP = {"Accept-Encoding": "gzip, deflate"}
# Connections that one address can have to one port.
PER_ADDRESS = 20_000


class Display:
    """One connection, what has come on it, and what it shows."""

    def __init__(self, port: int, index: int):
        self.stream = wire.connect(port, f"127.0.{1 + index // PER_ADDRESS}.1", timeout=60)
        self.stream.setblocking(False)
        self.buffer = bytearray()
        self.machines: dict[str, str] = {}
        self.is_begun = False
        self.is_alive = True


class Displays:
    """Many of them, in one thread."""

    def __init__(self, port: int, count: int):
        self._port, self._count = port, count
        self._selector = selectors.DefaultSelector()
        self.displays: list[Display] = []
        self.received = self.requests = 0
        self._arrivals: dict[int, float] = {}
        self._wanted: tuple[str, str] | None = None

    def __enter__(self):
        for index in range(self._count):
            display = Display(self._port, index)
            self.displays.append(display)
            self._selector.register(display.stream, selectors.EVENT_READ, display)
            self.begin(display)
            if index % 100 == 99:
                self._turn(0)
        return self

    def __exit__(self, *_: object) -> None:
        for display in self.displays:
            display.stream.close()

    def reset(self) -> None:
        self.received = self.requests = 0

    def alive(self) -> int:
        return sum(display.is_alive for display in self.displays)

    def wait_for_first(self) -> None:
        deadline = time.monotonic() + 120
        while not all(display.is_begun for display in self.displays):
            if time.monotonic() > deadline:
                raise RuntimeError("not every display has its first figures")
            self._turn(0.1)

    def run(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._turn(min(left, 0.1))

    def wait_for(self, machine: str, status: str, seconds: float) -> list[float]:
        """When each display has shown that machine so."""
        self._wanted, self._arrivals = (machine, status), {}
        until = time.monotonic() + seconds
        while len(self._arrivals) < len(self.displays):
            if time.monotonic() > until:
                raise RuntimeError(f"only {len(self._arrivals)} of {len(self.displays)} displays have seen it")
            self._turn(0.05)
        return list(self._arrivals.values())

    def shown(self, display: Display, machines: list[dict], now: float) -> None:
        display.machines = {each["code"]: each["status"] for each in machines}
        self.look(display, now)

    def look(self, display: Display, now: float) -> None:
        if self._wanted and display.machines.get(self._wanted[0]) == self._wanted[1]:
            self._arrivals.setdefault(id(display), now)

    def _turn(self, seconds: float) -> None:
        self.tick()
        for key, _ in self._selector.select(seconds):
            display = key.data
            try:
                piece = display.stream.recv(1 << 18)
            except BlockingIOError:
                continue
            except ConnectionError:
                piece = b""
            if not piece:
                display.is_alive = False
                self._selector.unregister(display.stream)
                continue
            self.received += len(piece)
            display.buffer += piece
            self.read(display, time.time())

    def begin(self, display: Display) -> None:
        raise NotImplementedError

    def read(self, display: Display, now: float) -> None:
        raise NotImplementedError

    def tick(self) -> None:
        pass


class Channels(Displays):
    """`/_edge/live`."""

    def begin(self, display: Display) -> None:
        self.requests += 1
        display.inflate, display.text, display.has_head = zlib.decompressobj(zlib.MAX_WBITS | 16), bytearray(), False
        display.stream.send(wire.request_head(self._port, "/_edge/live", {"Accept": "text/event-stream", **GZIP}))

    def read(self, display: Display, now: float) -> None:
        if not display.has_head:
            if (end := display.buffer.find(b"\r\n\r\n")) < 0:
                return
            if b"content-encoding: gzip" not in display.buffer[:end]:
                raise RuntimeError("the channel is not compressed")
            del display.buffer[: end + 4]
            display.has_head = True
        while (end := display.buffer.find(b"\r\n")) >= 0:
            size = int(display.buffer[:end], 16)
            if len(display.buffer) < end + 2 + size + 2:
                break
            display.text += display.inflate.decompress(display.buffer[end + 2 : end + 2 + size])
            del display.buffer[: end + 2 + size + 2]
        while (end := display.text.find(b"\n\n")) >= 0:
            event = bytes(display.text[:end])
            del display.text[: end + 2]
            at = event.find(b"data: ")
            if at < 0:
                continue
            # Thousands of equal events are not parsed thousands of times.
            data = event[at + 6 :]
            parts = _parse(data)
            display.is_begun = True
            if parts.get("machines"):
                self.shown(display, parts["machines"]["value"], now)


_parsed: dict[bytes, dict] = {}


def _parse(data: bytes) -> dict:
    if data not in _parsed:
        if len(_parsed) > 64:
            _parsed.clear()
        _parsed[data] = json.loads(data)["parts"]
    return _parsed[data]


def _whole(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    """The contents of the chunks from there on and where they end, if they have all come."""
    content = b""
    while (end := buffer.find(b"\r\n", at)) >= 0:
        begin = end + 2
        at = begin + int(buffer[at:end], 16) + 2
        if len(buffer) < at:
            return None
        if at == begin + 2:
            return content, at
        content += buffer[begin : at - 2]
    return None


class Pollers(Displays):
    """All paths, each with its tag, once in each period, on one connection."""

    def __init__(self, port: int, count: int, period: float):
        super().__init__(port, count)
        self._period = period
        self._due: list[tuple[float, Display]] = []

    def begin(self, display: Display) -> None:
        display.tags, display.place = {}, 0
        self._ask(display)
        # Spread over the period, as displays are.
        display.next = time.monotonic() + self._period * (len(self.displays) / self._count)

    def _ask(self, display: Display) -> None:
        path = PATHS[display.place]
        known = {"If-None-Match": display.tags[path]} if path in display.tags else {}
        display.stream.send(wire.request_head(self._port, "/api" + path, {**GZIP, **known}))
        self.requests += 1

    def read(self, display: Display, now: float) -> None:
        end = display.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(display.buffer[:end]).decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        status = int(head[0].split()[1])
        begin = end + 4
        if status != 304 and "chunked" in fields.get("transfer-encoding", ""):
            if (whole := _whole(display.buffer, begin)) is None:
                return
            body, begin = whole
        else:
            length = 0 if status == 304 else int(fields.get("content-length", 0))
            if len(display.buffer) < begin + length:
                return
            body, begin = bytes(display.buffer[begin : begin + length]), begin + length
        del display.buffer[:begin]
        path = PATHS[display.place]
        if status not in (200, 304):
            raise RuntimeError(f"{path}: {status}")
        if "etag" in fields:
            display.tags[path] = fields["etag"]
        if path == "/machines" and status == 200:
            if fields.get("content-encoding") == "gzip":
                body = zlib.decompress(body, zlib.MAX_WBITS | 16)
            self.shown(display, json.loads(body), now)
        elif path == "/machines":
            self.look(display, now)
        display.place += 1
        if display.place < len(PATHS):
            self._ask(display)
        else:
            display.place, display.is_begun = 0, True
            self._due.append((display.next, display))
            display.next += self._period

    def tick(self) -> None:
        now = time.monotonic()
        due = [display for at, display in self._due if at <= now]
        self._due = [(at, display) for at, display in self._due if at > now]
        for display in due:
            self._ask(display)
