"""One HTTP/1.1 exchange on a raw socket, kept byte for byte.

`http.client` hides what the benchmark needs: the exact bytes of an answer, which become the canned answer of raw tokio.
"""

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body


class WireError(Exception):
    pass


def request_head(port: int, path: str, headers: dict[str, str], method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def connect(port: int, source: str = "127.0.0.1", timeout: float = 10) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """The status, and the fields with names in lower case."""
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(status_line.split(" ", 2)[1]), headers


def read_answer(stream: socket.socket) -> Answer:
    data = bytearray()
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += _some(stream)
    head, body = bytes(data[: end + 4]), bytearray(data[end + 4 :])
    status, headers = parse_head(head)
    if "chunked" in headers.get("transfer-encoding", ""):
        return Answer(status, headers, head, _dechunk(stream, body))
    length = 0 if status in (204, 304) else int(headers.get("content-length", 0))
    while len(body) < length:
        body += _some(stream)
    if len(body) > length:
        raise WireError(f"{len(body) - length} bytes beyond the announced length")
    return Answer(status, headers, head, bytes(body))


def exchange(port: int, path: str, headers: dict[str, str], timeout: float = 10) -> Answer:
    with connect(port, timeout=timeout) as stream:
        stream.sendall(request_head(port, path, headers))
        return read_answer(stream)


def _dechunk(stream: socket.socket, data: bytearray) -> bytes:
    content = bytearray()
    while True:
        while (end := data.find(b"\r\n")) < 0:
            data += _some(stream)
        size = int(data[:end].split(b";")[0], 16)
        while len(data) < end + 2 + size + 2:
            data += _some(stream)
        content += data[end + 2 : end + 2 + size]
        del data[: end + 2 + size + 2]
        if size == 0:
            return bytes(content)


def _some(stream: socket.socket) -> bytes:
    data = stream.recv(262144)
    if not data:
        raise WireError("connection closed in the middle of an answer")
    return data
