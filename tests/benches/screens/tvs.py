"""TVs: what the agent (assets/screen-agent) does in the browser of each, as the box sees it."""

import asyncio
import gc
import gzip
import json
import random
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import wire

BROWSER = {
    "User-Agent": "Mozilla/5.0 (SMART-TV; LINUX; Tizen 5.5) AppleWebKit/537.36 (KHTML, like Gecko) "
    "SamsungBrowser/2.2 Chrome/69.0.3497.106 TV Safari/537.36",
    "Accept-Encoding": "gzip, deflate",
    "Accept-Language": "es-ES,es;q=0.9",
}
HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"}
ANY = {"Accept": "*/*"}
# Seconds between two reports of a page.
EVERY = 10
PATIENCE = 30
# Connections that are opened at once: the listener's queue is not what is measured.
AT_ONCE = 100


@dataclass
class Load:
    """How a TV came to another version; moments of `time.monotonic`."""

    learnt: float
    left: float  # its jitter is over
    ended: float  # the last byte of the last asset


@dataclass
class Seen:
    """What all TVs have seen in some time."""

    answers: list[float] = field(default_factory=list)  # seconds until the answer to a report
    refused: list[int] = field(default_factory=list)  # statuses of other answers
    asked: list[float] = field(default_factory=list)  # moments of the requests of reloads
    loads: list[Load] = field(default_factory=list)


@dataclass
class Screen:
    """What the pages in one browser share."""

    address: str
    credentials: dict[str, str | None] = field(default_factory=lambda: {"id": None, "secret": None})
    cookie: dict[str, str] = field(default_factory=dict)
    has_asked: bool = False
    is_known: asyncio.Event = field(default_factory=asyncio.Event)


class Connection:
    """Keep-alive."""

    def __init__(self, port: int, address: str):
        self._port, self._address = port, address
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, path: str, headers: dict[str, str], body: bytes | None = None) -> wire.Answer:
        async with asyncio.timeout(PATIENCE):
            if self._writer is None:
                opening = asyncio.open_connection("127.0.0.1", self._port, local_addr=(self._address, 0))
                self._reader, self._writer = await opening
            length = {} if body is None else {"Content-Length": str(len(body))}
            method = "GET" if body is None else "POST"
            self._writer.write(wire.request_head(self._port, path, {**BROWSER, **headers, **length}, method) + (body or b""))
            head = await self._reader.readuntil(b"\r\n\r\n")
            status, fields = wire.parse_head(head)
            answer = wire.Answer(status, fields, head, await self._reader.readexactly(int(fields["content-length"])))
        if fields.get("connection", "").lower() == "close":
            self.close()
        return answer

    def close(self) -> None:
        if self._writer:
            self._writer.close()
            self._writer = None


class Channel(asyncio.Protocol):
    """A live channel, of which nothing but the bytes is looked at."""

    def __init__(self, port: int, page: str | None):
        path = f"/_edge/live?page={page}" if page else "/_edge/live"
        self._head = wire.request_head(port, path, {**BROWSER, "Accept": "text/event-stream"})
        self._begun = asyncio.get_running_loop().create_future()
        self.is_alive = False

    @classmethod
    async def open(cls, port: int, address: str, page: str | None = None) -> "Channel":
        loop = asyncio.get_running_loop()
        _, channel = await loop.create_connection(lambda: cls(port, page), "127.0.0.1", port, local_addr=(address, 0))
        async with asyncio.timeout(PATIENCE):
            await channel._begun
        return channel

    def close(self) -> None:
        self._transport.abort()

    def connection_made(self, transport) -> None:
        self._transport, self.is_alive = transport, True
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        if self._begun.done():
            return
        if data.startswith(b"HTTP/1.1 200 ") and b"content-encoding: gzip" in data:
            self._begun.set_result(None)
        else:
            self._begun.set_exception(RuntimeError(f"no compressed channel: {data[:300]}"))

    def connection_lost(self, _error) -> None:
        self.is_alive = False
        if not self._begun.done():
            self._begun.set_exception(RuntimeError("the channel ended at once"))


async def open_channels(port: int, pages: Iterable[str | None]) -> list[Channel]:
    """Of whom the box knows no screen."""
    channels: list[Channel] = []
    addressed = [(page, f"127.9.{index // 200}.1") for index, page in enumerate(pages)]
    for at in range(0, len(addressed), AT_ONCE):
        opening = [Channel.open(port, address, page) for page, address in addressed[at : at + AT_ONCE]]
        channels += await asyncio.gather(*opening)
    return channels


def new_page() -> str:
    return secrets.token_hex(8)


class Tv:
    """One page at a time."""

    def __init__(self, wall: "Wall", screen: Screen):
        self._wall, self._screen = wall, screen
        self._connection = Connection(wall.port, screen.address)
        self.channel: Channel | None = None

    def close(self) -> None:
        self._connection.close()
        if self.channel:
            self.channel.close()

    async def open_channel(self) -> None:
        self.channel = await Channel.open(self._wall.port, self._screen.address, self._page)

    async def run(self) -> None:
        await asyncio.sleep(random.random() * EVERY)
        await self._load(Seen())
        while True:
            # As the agent does after the event `load`.
            await asyncio.sleep(1 + random.random())
            if self._wall.has_channels:
                await self.open_channel()
            learnt, left = await self._show()
            seen = self._wall.seen
            # Probes, and then `location.reload()`.
            await self._get(seen, "/health/ready")
            await self._get(seen, "/", HTML)
            if self.channel:
                self.channel.close()
            await self._load(seen)
            seen.loads.append(Load(learnt, left, time.monotonic()))

    async def _show(self) -> tuple[float, float]:
        """Reports until the box serves another version and the jitter is over; gives both moments."""
        since, learnt, leave = time.monotonic(), 0.0, float("inf")
        while True:
            if not self._wall.reporting.is_set():
                await self._wall.reporting.wait()
                await asyncio.sleep(random.random() * EVERY)
            made = time.monotonic()
            answer = await self._report(made - since)
            since = made
            if answer.get("site", self._site) == self._site:
                leave = float("inf")
            elif leave == float("inf"):
                learnt = time.monotonic()
                leave = learnt + random.random() * answer["reload_spread_s"]
            await asyncio.sleep(max(0, min(made + EVERY, leave) - time.monotonic()))
            if time.monotonic() >= leave:
                return learnt, leave

    async def _report(self, elapsed: float) -> dict:
        if self._screen.credentials["id"] is None:
            # The browser's first page is given what the others then find in its storage.
            if self._screen.has_asked:
                await self._screen.is_known.wait()
            self._screen.has_asked = True
        self._count += 1
        report = {
            **self._screen.credentials,
            "page": self._page,
            "n": self._count,
            "site": self._site,
            "agent": self._agent,
            "path": "/",
            "visible": True,
            "ms": round(elapsed * 1000),
            "frames": round(elapsed * 6),
            "by": "frame",
            "body": True,
            "errors": {"script": 0, "rejection": 0, "resource": 0, "policy": 0},
            "view": [1920, 1080, 1],
            "heap": 12_345_678 + self._count,
            "data_age_s": round(random.random() * 3, 1),
            "did": [],
        }
        origin = f"http://127.0.0.1:{self._wall.port}"
        fields = {**ANY, "Content-Type": "application/json", "Origin": origin, "Referer": origin + "/", **self._screen.cookie}
        body = json.dumps(report).encode()
        seen, began = self._wall.seen, time.perf_counter()
        answer = await self._connection.ask("/_edge/screen", fields, body)
        if answer.status != 200:
            seen.refused.append(answer.status)
            return {}
        seen.answers.append(time.perf_counter() - began)
        content = json.loads(_plain(answer))
        if "id" in content:
            self._screen.credentials = {name: content[name] for name in ("id", "secret")}
            self._screen.cookie = {"Cookie": answer.headers["set-cookie"].partition(";")[0]}
            self._screen.is_known.set()
        return content

    async def _load(self, seen: Seen) -> None:
        """The page, and then its assets, each on a connection of its own."""
        self._page, self._count = new_page(), 0
        page = await self._get(seen, "/", HTML)
        self._agent, self._site, assets = _parts(_plain(page))
        connections = [Connection(self._wall.port, self._screen.address) for _ in assets]
        try:
            await asyncio.gather(*(self._get(seen, path, ANY, each) for path, each in zip(assets, connections)))
        finally:
            for connection in connections:
                connection.close()

    async def _get(
        self, seen: Seen, path: str, headers: dict[str, str] = ANY, connection: Connection | None = None
    ) -> wire.Answer:
        seen.asked.append(time.monotonic())
        answer = await (connection or self._connection).ask(path, headers)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return answer


class Wall:
    """TVs, each browser at an address of its own with so many pages."""

    def __init__(self, port: int, screens: int, pages: int, has_channels: bool = True):
        self.port, self.has_channels = port, has_channels
        self.seen = Seen()
        self.reporting = asyncio.Event()
        self.reporting.set()
        addresses = [f"127.1.{index // 200}.{1 + index % 200}" for index in range(screens)]
        self.tvs = [Tv(self, screen) for screen in map(Screen, addresses) for _ in range(pages)]

    async def __aenter__(self) -> "Wall":
        self._tasks = [asyncio.create_task(tv.run()) for tv in self.tvs]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for tv in self.tvs:
            tv.close()

    def watch(self) -> Seen:
        """What is seen from now on; a reload belongs to where it began."""
        self.seen = Seen()
        # A collection that looks at all connections takes a tenth of a second, which would be taken for the box's.
        gc.freeze()
        return self.seen

    async def wait(self, seconds: float, until=lambda: False) -> None:
        """Ends with the first TV that does."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not until():
            await asyncio.sleep(min(left, 0.2))
            for task in self._tasks:
                if task.done():
                    task.result()

    async def wait_until(self, what: str, seconds: float, condition) -> None:
        await self.wait(seconds, condition)
        if not condition():
            raise RuntimeError(f"not within {seconds} s: {what}")

    async def open_channels(self) -> list[Channel]:
        self.has_channels = True
        for at in range(0, len(self.tvs), AT_ONCE):
            await asyncio.gather(*(tv.open_channel() for tv in self.tvs[at : at + AT_ONCE]))
        return self.channels()

    def channels(self) -> list[Channel]:
        return [tv.channel for tv in self.tvs if tv.channel]


def _plain(answer: wire.Answer) -> bytes:
    return gzip.decompress(answer.body) if answer.headers.get("content-encoding") == "gzip" else answer.body


@lru_cache
def _parts(page: bytes) -> tuple[str, str, list[str]]:
    """The version of the agent, that of the site, and what an engine without modules loads."""
    text = page.decode()
    agent, site = re.search(r'/_edge/agent\.js\?v=(\w+)" data-site="(\w+)"', text).groups()
    is_modern = re.compile(r"/index-\w+\.js$").search
    assets = [path for path in re.findall(r'"(/assets/[^"]+)"', text) if not is_modern(path)]
    return agent, site, [f"/_edge/agent.js?v={agent}", *assets]
