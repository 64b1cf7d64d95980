"""The site that every server serves: the display's built `dist`, a big file, and the precompressed forms of its texts."""

import gzip
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

BIG_FILE = "big.bin"
BIG_SIZE = 10 * 1024 * 1024
COMPRESSED = {".html", ".js", ".css", ".svg", ".json", ".webmanifest", ".txt"}

NODE_BROTLI = """
const zlib = require('zlib'), q = zlib.constants, chunks = [];
process.stdin.on('data', c => chunks.push(c)).on('end', () => {
  const all = Buffer.concat(chunks);
  process.stdout.write(process.argv[1] === 'd' ? zlib.brotliDecompressSync(all)
    : zlib.brotliCompressSync(all, {params: {[q.BROTLI_PARAM_QUALITY]: 11}}));
});
"""


@dataclass(frozen=True)
class Site:
    directory: Path
    script: str  # the URL path of the biggest script of the modern bundle
    synthetic: bool

    def content(self, path: str) -> bytes:
        name = "index.html" if path == "/" else path.lstrip("/")
        return (self.directory / name).read_bytes()

    def size(self) -> int:
        """Bytes of the site itself, without the forms that were made for the other servers."""
        files = (f for f in self.directory.rglob("*") if f.is_file() and f.suffix not in (".gz", ".br"))
        return sum(f.stat().st_size for f in files)


def make(dist: Path, target: Path) -> Site:
    synthetic = not (dist / "index.html").is_file()
    if synthetic:
        _write_stand_in(target)
    else:
        shutil.copytree(dist, target)
    # A build that brings compressed files of its own would give the servers different bytes than ours makes.
    for stale in (f for f in list(target.rglob("*")) if f.suffix in (".gz", ".br")):
        stale.unlink()
    scripts = [f for f in target.rglob("*.js") if "legacy" not in f.name and f.name != "sw.js"]
    if not scripts:
        raise SystemExit(f"no script in {dist}: build the display first")
    biggest = max(scripts, key=lambda f: f.stat().st_size)
    for file in [f for f in target.rglob("*") if f.suffix in COMPRESSED]:
        content = file.read_bytes()
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(content, 9, mtime=0))
        file.with_name(file.name + ".br").write_bytes(brotli(content))
    (target / BIG_FILE).write_bytes(random.Random(1).randbytes(BIG_SIZE))
    return Site(target, "/" + biggest.relative_to(target).as_posix(), synthetic)


def brotli(content: bytes) -> bytes:
    return _pipe(["brotli", "-q", "11", "-c"], "c", content)


def unbrotli(content: bytes) -> bytes:
    return _pipe(["brotli", "-d", "-c"], "d", content)


def _pipe(command: list[str], direction: str, content: bytes) -> bytes:
    if not shutil.which("brotli"):
        command = ["node", "-e", NODE_BROTLI, direction]
    return subprocess.run(command, input=content, stdout=subprocess.PIPE, check=True).stdout


def _write_stand_in(target: Path) -> None:
    """Where the display is not built: the same shape and about the same compressed sizes, from a fixed seed."""
    draw = random.Random(7)
    names = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randint(2, 9))) for _ in range(6000)]
    script = bytearray()
    while len(script) < 480_000:
        a, b, c = draw.choices(names, k=3)
        script += f"function {a}({b}){{return {b}.{c}+{draw.randint(0, 999)}}}\n".encode()
    assets = target / "assets"
    assets.mkdir(parents=True)
    (assets / "index-Ab12Cd34.js").write_bytes(script)
    (target / "index.html").write_text(
        '<!doctype html>\n<html lang="es">\n<head>\n<meta charset="utf-8">\n<title>Taller</title>\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<script type="module" crossorigin src="/assets/index-Ab12Cd34.js"></script>\n'
        '</head>\n<body>\n<div id="root"></div>\n</body>\n</html>\n'
    )
