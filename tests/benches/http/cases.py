"""What is asked, and what a right answer is: no server is measured on an answer that was not checked first."""

import gzip
from dataclasses import dataclass

import wire
from fixture import BIG_FILE, BIG_SIZE, Site, unbrotli

RANGE_FIRST = 3 * 1024 * 1024
RANGE_LENGTH = 1024 * 1024

# What a browser sends besides, for `--head tv`. The short head is the default: it favours no parser.
TV_HEAD = {
    "User-Agent": "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 "
    "Safari/537.36 WebAppManager",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    "Accept-Language": "es-ES,es;q=0.9",
    "Connection": "keep-alive",
}


class WrongAnswer(Exception):
    pass


@dataclass(frozen=True)
class Case:
    name: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    encoding: str | None = None
    conditional: bool = False  # asked with the server's own validator

    def request_headers(self, port: int) -> dict[str, str]:
        headers = dict(self.headers)
        if self.conditional:
            headers |= _validator(port, self)
        return headers


def all_cases(site: Site, tv_head: bool) -> list[Case]:
    extra = tuple(TV_HEAD.items()) if tv_head else ()
    gzip_only = extra + (("Accept-Encoding", "gzip, deflate"),)
    with_br = extra + (("Accept-Encoding", "gzip, deflate, br"),)
    last = RANGE_FIRST + RANGE_LENGTH - 1
    return [
        Case("index-gzip", "/", gzip_only, encoding="gzip"),
        Case("script-gzip", site.script, gzip_only, encoding="gzip"),
        Case("script-br", site.script, with_br, encoding="br"),
        Case("index-304", "/", gzip_only, status=304, conditional=True),
        Case("script-304", site.script, gzip_only, status=304, conditional=True),
        Case("range-1MiB", "/" + BIG_FILE, extra + (("Range", f"bytes={RANGE_FIRST}-{last}"),), status=206),
    ]


def check(case: Case, site: Site, port: int) -> wire.Answer:
    answer = wire.exchange(port, case.path, case.request_headers(port))
    _expect("status", answer.status, case.status)
    if case.status == 304:
        _expect("body", len(answer.body), 0)
        return answer
    _expect("Content-Encoding", answer.headers.get("content-encoding"), case.encoding)
    if answer.headers.get("transfer-encoding") != "chunked":  # some Caddy versions send precompressed files so
        _expect("Content-Length", answer.headers.get("content-length"), str(len(answer.body)))
    expected = site.content(case.path)
    if case.status == 206:
        expected = expected[RANGE_FIRST : RANGE_FIRST + RANGE_LENGTH]
        content_range = f"bytes {RANGE_FIRST}-{RANGE_FIRST + RANGE_LENGTH - 1}/{BIG_SIZE}"
        _expect("Content-Range", answer.headers.get("content-range"), content_range)
    decode = {"gzip": gzip.decompress, "br": unbrotli, None: bytes}[case.encoding]
    if decode(answer.body) != expected:
        raise WrongAnswer("the body is not the file's content")
    return answer


def _validator(port: int, case: Case) -> dict[str, str]:
    """The entity tag that this server gives this representation, or its date where it gives no tag."""
    headers = wire.exchange(port, case.path, dict(case.headers)).headers
    if etag := headers.get("etag"):
        return {"If-None-Match": etag}
    if date := headers.get("last-modified"):
        return {"If-Modified-Since": date}
    raise WrongAnswer("neither ETag nor Last-Modified")


def _expect(what: str, got: object, wanted: object) -> None:
    if got != wanted:
        raise WrongAnswer(f"{what} is {got!r}, not {wanted!r}")
