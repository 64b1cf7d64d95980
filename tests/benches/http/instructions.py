#!/usr/bin/env python3
"""Instructions per request of the embedded display's page and script, and of a 304, next to hyper alone with the same answers.

Counted by valgrind: unlike times, they are the same on every machine and under every load.

    instructions.py                 builds both with the release profile, and compares
    instructions.py EDGE HYPER      compares these binaries
    instructions.py ... --keep DIR  leaves callgrind's files there, for callgrind_annotate
    instructions.py ... --set screens.agent=false  configures the appliance so
"""

import argparse
import json
import re
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TARGET = "x86_64-unknown-linux-musl"
REQUESTS = 2000
# What a TV sends, as in cases.py.
HEAD = (
    "Host: 127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 "
    "Safari/537.36 WebAppManager\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: es-ES,es;q=0.9\r\nAccept-Encoding: {coding}\r\nConnection: keep-alive\r\n{condition}\r\n"
)


@dataclass
class Answer:
    status: int
    fields: dict[str, str]
    raw: bytes


class Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def get(self, path: str, coding: str = "gzip, deflate", etag: str | None = None) -> Answer:
        condition = f"If-None-Match: {etag}\r\n" if etag else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{HEAD.format(coding=coding, condition=condition)}".encode())
        raw = self.file.readline()
        status = int(raw.split()[1])
        fields = {}
        while (line := self.file.readline()) != b"\r\n":
            raw += line
            name, _, value = line.decode().rstrip("\r\n").partition(": ")
            fields[name.lower()] = value
        body = self.file.read(int(fields["content-length"])) if status == 200 else b""
        return Answer(status, fields, raw + b"\r\n" + body)


class Counted:
    """A server under callgrind."""

    def __init__(self, argv: list[str], folder: Path, port_of) -> None:
        self.folder = folder
        folder.mkdir()
        self.process = subprocess.Popen(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out.%p", *argv],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.port = next((port for line in self.process.stdout if (port := port_of(line))), None)
        if self.port is None:
            raise SystemExit(f"{argv[0]} ended")

    def instructions(self, work) -> float:
        """Of all threads during some work, per request."""
        for _ in range(REQUESTS):
            work()
        self._control("--zero")
        for _ in range(REQUESTS):
            work()
        before = set(self.folder.glob("out.*"))
        self._control("--dump")
        (dump,) = set(self.folder.glob("out.*")) - before
        return int(re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.M)[1]) / REQUESTS

    def _control(self, word: str) -> None:
        subprocess.run(["callgrind_control", word, str(self.process.pid)], check=True, capture_output=True)

    def __enter__(self) -> "Counted":
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()


def edge(binary: str, folder: Path, settings: list[str]) -> Counted:
    config = folder / "config.toml"
    config.write_text("[limits]\nrequests_per_connection = 1000000\n")

    def port(line: bytes) -> int | None:
        fields = json.loads(line).get("fields", {})
        return int(fields["address"].rpartition(":")[2]) if fields.get("message") == "listening" else None

    argv = [binary, "serve", "--config", config, "--data-dir", folder / "data", "--listen", "127.0.0.1:0"]
    argv += [word for setting in settings for word in ("--set", setting)]
    return Counted(argv, folder / "edge", port)


def hyper(binary: str, folder: Path, name: str, answer: bytes) -> Counted:
    (folder / name).write_bytes(answer)
    return Counted([binary, "127.0.0.1:0", folder / name], folder / f"hyper-{name}", lambda line: int(line.rpartition(b":")[2]))


def compare(edge_binary: str, hyper_binary: str, folder: Path, settings: list[str]) -> None:
    print(f"{'':8}{'edge':>8}{'hyper':>8}{'ratio':>8}")
    with edge(edge_binary, folder, settings) as ours:
        connection = Connection(ours.port)
        page = connection.get("/", "identity").raw.decode()
        script = re.search(r"/assets/index-legacy[^\"]*\.js", page)[0]
        # The codings are made in the background, Brotli last; the largest file's says that all of them are there.
        while any("br" != connection.get(path, "br").fields.get("content-encoding") for path in ("/", script)):
            pass
        etag = connection.get("/").fields["etag"]
        for name, path, etag, status in (("index", "/", None, 200), ("script", script, None, 200), ("304", "/", etag, 304)):
            answer = connection.get(path, etag=etag)
            if answer.status != status:
                raise SystemExit(f"{name}: {answer.status}")
            counted = ours.instructions(lambda: connection.get(path, etag=etag))
            with hyper(hyper_binary, folder, name, answer.raw) as theirs:
                bare = Connection(theirs.port)
                if len(bare.get(path, etag=etag).raw) != len(answer.raw):
                    raise SystemExit(f"{name}: hyper alone sends something else")
                limit = theirs.instructions(lambda: bare.get(path, etag=etag))
            print(f"{name:8}{counted:8.0f}{limit:8.0f}{counted / limit:8.2f}", flush=True)


def build() -> tuple[str, str]:
    for what in (["--bin", "workshop-edge"], ["--example", "bare-hyper"]):
        subprocess.run(["cargo", "build", "--release", "--target", TARGET, *what], cwd=ROOT, check=True)
    release = ROOT / "target" / TARGET / "release"
    return str(release / "workshop-edge"), str(release / "examples/bare-hyper")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", nargs="*")
    parser.add_argument("--keep", metavar="DIR", type=Path)
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[])
    arguments = parser.parse_args()
    if len(arguments.binaries) not in (0, 2):
        parser.error("give both binaries, or none")
    edge_binary, hyper_binary = arguments.binaries or build()
    if arguments.keep:
        arguments.keep.mkdir(parents=True)
        return compare(edge_binary, hyper_binary, arguments.keep, arguments.set)
    with tempfile.TemporaryDirectory() as name:
        compare(edge_binary, hyper_binary, Path(name), arguments.set)


if __name__ == "__main__":
    main()
