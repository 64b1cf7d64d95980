#!/usr/bin/env python3
"""Instructions per request of the embedded display's page and script, counted by valgrind: unlike times, they are the same on
every machine and under every load. Usage: instructions.py BINARY..."""

import json
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

REQUESTS = 2000
# What a TV sends, as in cases.py.
HEAD = (
    "Host: 127.0.0.1\r\n"
    "User-Agent: Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 "
    "Safari/537.36 WebAppManager\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n"
    "Accept-Language: es-ES,es;q=0.9\r\nAccept-Encoding: {coding}\r\nConnection: keep-alive\r\n\r\n"
)


class Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def get(self, path: str, coding: str = "gzip, deflate") -> tuple[dict[str, str], bytes]:
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{HEAD.format(coding=coding)}".encode())
        status = self.file.readline()
        if b" 200 " not in status:
            raise SystemExit(f"{path}: {status!r}")
        fields = {}
        while (line := self.file.readline().decode().rstrip("\r\n")) != "":
            name, _, value = line.partition(": ")
            fields[name.lower()] = value
        return fields, self.file.read(int(fields["content-length"]))


def start(binary: str, folder: Path) -> tuple[subprocess.Popen, int]:
    """The box under callgrind, and its port once it listens."""
    config = folder / "config.toml"
    config.write_text("[limits]\nrequests_per_connection = 1000000\n")
    box = subprocess.Popen(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out.%p", binary, "serve"]
        + ["--config", config, "--data-dir", folder / "data", "--listen", "127.0.0.1:0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    for line in box.stdout:
        fields = json.loads(line).get("fields", {})
        if fields.get("message") == "listening":
            return box, int(fields["address"].rpartition(":")[2])
    raise SystemExit(f"{binary} ended")


def control(word: str, box: subprocess.Popen) -> None:
    subprocess.run(["callgrind_control", word, str(box.pid)], check=True, capture_output=True)


def counted(box: subprocess.Popen, folder: Path, work) -> float:
    """Instructions of all threads during some work."""
    control("--zero", box)
    work()
    before = set(folder.glob("out.*"))
    control("--dump", box)
    (dump,) = set(folder.glob("out.*")) - before
    return int(re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.M)[1])


def measure(binary: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        box, port = start(binary, folder)
        try:
            connection = Connection(port)
            page = connection.get("/", "identity")[1].decode()
            script = re.search(r"/assets/index-legacy[^\"]*\.js", page)[0]
            # The codings are made in the background, Brotli last; the largest file's says that all of them are there.
            while any("br" != connection.get(path, "br")[0].get("content-encoding") for path in ("/", script)):
                pass
            for what, path in (("page", "/"), ("script", script)):
                def requests() -> None:
                    for _ in range(REQUESTS):
                        connection.get(path)

                requests()
                print(f"{binary}: {what}: {counted(box, folder, requests) / REQUESTS:.0f} instructions per request")
        finally:
            box.kill()
            box.wait()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    for binary in sys.argv[1:]:
        measure(binary)
