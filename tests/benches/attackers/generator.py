"""Malformed requests, the same ones for the same seed. Each is a kind and the bytes to send on a connection of its own."""

import random
from collections.abc import Iterator

GOOD = b"GET / HTTP/1.1\r\nHost: tv\r\n\r\n"


def requests(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    draw = random.Random(seed)
    kinds = list(KINDS.items())
    for number in range(count):
        name, make = kinds[number % len(kinds)]
        yield name, make(draw)


def _noise(draw: random.Random, least: int, most: int) -> bytes:
    return draw.randbytes(draw.randint(least, most))


def _with_headers(*lines: bytes, body: bytes = b"", method: bytes = b"GET", target: bytes = b"/") -> bytes:
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", b"Host: tv", *lines, b"", body])


def _method(draw):
    methods = [b"", b"get", b"G\x00T", b"GET\t", b"\xff\xfe", b"A" * draw.randint(1, 3000), b"BREW", b"G ET", b"(GET)"]
    methods += [b"CONNECT", b"TRACE", b"PRI", b"OPTIONS", b"DELETE", _noise(draw, 1, 12)]
    return draw.choice(methods) + b" / HTTP/1.1\r\nHost: tv\r\n\r\n"


def _target(draw):
    targets = [b"", b"*", b"//", b"/../../etc/passwd", b"/%2e%2e/%2e%2e/etc/passwd", b"/%", b"/%zz", b"/%00", b"/\x00"]
    targets += [b"http://", b"http://[::1", b"/a b", b"/\xc3\x28", b"/#x", b"/?" + b"q" * 9000, b"\\", b"tv:80", b"?x"]
    targets += [b"/" + b"a/" * draw.randint(1, 4000), b"/%252e%252e/", b"/..;/", b"/" + _noise(draw, 1, 40)]
    return b"GET " + draw.choice(targets) + b" HTTP/1.1\r\nHost: tv\r\n\r\n"


def _version(draw):
    versions = [b"", b"HTTP", b"HTTP/", b"HTTP/1", b"HTTP/1.", b"HTTP/1.2", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9"]
    versions += [b"http/1.1", b"HTTP/1.1 ", b"HTTP/11", b"HTTP/1.1.1", b"RTSP/1.0", b"HTTP/-1.1", _noise(draw, 1, 9)]
    return b"GET / " + draw.choice(versions) + b"\r\nHost: tv\r\n\r\n"


def _header_bytes(draw):
    lines = [b"X", b":", b": x", b"X Y: z", b"X : y", b" X: y", b"X: \x00", b"X\x00: y", b"X: a\rb", b"X: \x7f", b"\xff: x"]
    lines += [b"X: a\r\n folded", b"X: " + _noise(draw, 1, 60), _noise(draw, 1, 60), b"X:" + b" " * 5000, b"(x): y"]
    return _with_headers(*(draw.choice(lines) for _ in range(draw.randint(1, 3))))


def _host(draw):
    hosts = [b"Host:", b"Host: a b", b"Host: tv\r\nHost: tv", b"Host: [::1", b"Host: tv:x", b"Host: tv:99999", b"X: y"]
    hosts += [b"Host: \xff", b"Host: http://tv/", b"Host: @", b"Host : tv", b"Host: " + b"a" * 4000]
    return b"GET / HTTP/1.1\r\n" + draw.choice(hosts) + b"\r\n\r\n"


def _length(draw):
    values = [b"-1", b"+5", b"5, 5", b"5, 6", b"0x5", b"1e9", b"", b" ", b"99999999999999999999", b"18446744073709551616"]
    values += [b"5 5", b"\xd9\xa3", b"5\x00", b"2147483648", str(draw.randint(1, 10**6)).encode()]
    lines = [b"Content-Length: " + draw.choice(values)]
    if draw.random() < 0.3:
        lines.append(b"Content-Length: " + draw.choice(values))
    method = draw.choice([b"GET", b"POST", b"PUT"])
    return _with_headers(*lines, body=_noise(draw, 0, 20), method=method)


def _chunked(draw):
    bodies = [b"zz\r\n", b"-1\r\nx\r\n", b"5\r\nab", b"5;" + b"e" * 9000 + b"\r\nabcde\r\n0\r\n\r\n", b"FFFFFFFFFFFFFFFFF\r\n"]
    bodies += [b"5\r\nabcdeXX0\r\n\r\n", b"5\nabcde\n0\n\n", b"\r\n\r\n", b"0\r\nX: y", b"0\r\n" + b"X: y\r\n" * 2000 + b"\r\n"]
    bodies += [b"0x5\r\nabcde\r\n0\r\n\r\n", b"5 \r\nabcde\r\n0\r\n\r\n", _noise(draw, 1, 50), b"1\r\na\r\n" * 3000]
    codings = [b"chunked", b"chunked, chunked", b"identity", b"gzip", b"gzip, chunked", b"xchunked", b"chunked, gzip", b""]
    lines = [b"Transfer-Encoding: " + draw.choice(codings)]
    if draw.random() < 0.4:
        lines.append(b"Content-Length: " + draw.choice([b"5", b"0", b"abc"]))
    return _with_headers(*lines, body=draw.choice(bodies), method=draw.choice([b"POST", b"GET"]))


def _field_values(draw):
    """Well-formed framing around nonsense in the fields that the server itself reads."""
    names = [b"Range", b"If-None-Match", b"If-Modified-Since", b"If-Range", b"Accept-Encoding", b"Accept", b"Cookie"]
    names += [b"Expect", b"Upgrade", b"Connection", b"Forwarded", b"Authorization", b"Origin", b"TE"]
    values = [b"bytes=9-1", b"bytes=" + b"0-," * 2000, b"bytes=-99999999999999999999", b'"', b'W/"', b"*;q=0", b"gzip;q=x"]
    values += [b"\xff\xfe", b",,,,", b"Thu, 99 Foo 9999 99:99:99 GMT", b"websocket", b"close, upgrade", b"100-continue"]
    values += [b"a" * 5000, b"Bearer \x80", bytes(draw.choices(range(33, 127), k=draw.randint(1, 80)))]
    lines = [draw.choice(names) + b": " + draw.choice(values) for _ in range(draw.randint(1, 5))]
    return _with_headers(*lines)


def _truncated(draw):
    whole = _with_headers(b"Accept-Encoding: gzip", b"Content-Length: 10", body=b"0123456789", method=b"POST")
    return whole[: draw.randint(1, len(whole) - 1)]


def _pipelined(draw):
    parts = [GOOD if draw.random() < 0.6 else _noise(draw, 1, 200) for _ in range(draw.randint(2, 12))]
    return b"".join(parts)


def _huge_head(draw):
    shape = draw.randrange(4)
    if shape == 0:
        return _with_headers(b"X: " + b"a" * draw.randint(8_000, 600_000))
    if shape == 1:
        return _with_headers(*[b"X-%d: y" % i for i in range(draw.randint(101, 20_000))])
    if shape == 2:
        return b"GET /" + b"a" * draw.randint(8_000, 600_000) + b" HTTP/1.1\r\nHost: tv\r\n\r\n"
    return b"GET / HTTP/1.1\r\nHost: tv\r\nX: " + b"a" * draw.randint(8_000, 600_000)  # and no end


def _noise_only(draw):
    return draw.choice([_noise(draw, 1, 4000), b"\x16\x03\x01\x02\x00\x01\x00" + _noise(draw, 50, 300), b"\x00" * 500, b"\r\n" * 400])


def _mutated(draw):
    request = bytearray(_with_headers(b"Accept-Encoding: gzip, br", b"If-None-Match: \"x\"", b"Range: bytes=0-9"))
    for _ in range(draw.randint(1, 6)):
        at = draw.randrange(len(request))
        change = draw.randrange(3)
        if change == 0:
            request[at] = draw.randrange(256)
        elif change == 1:
            del request[at]
        else:
            request.insert(at, draw.randrange(256))
    return bytes(request)


KINDS = {
    "method": _method,
    "target": _target,
    "version": _version,
    "header bytes": _header_bytes,
    "host": _host,
    "length": _length,
    "chunked": _chunked,
    "field values": _field_values,
    "truncated": _truncated,
    "pipelined": _pipelined,
    "huge head": _huge_head,
    "noise": _noise_only,
    "mutated": _mutated,
}
