"""How the benchmarks start workshop-edge, in one place."""

import json
from pathlib import Path

from process import Process

BINARY = Path("target/x86_64-unknown-linux-musl/release/workshop-edge")

# The benchmark's client is one address with many connections that never end: the same freedom that the other servers'
# configurations give it.
OPEN_LIMITS = {
    "connections": 8192,
    "connections_per_peer": 8192,
    "requests_per_connection": 1_000_000,
    "keep_alive_idle_s": 75,
}


def write_config(path: Path, limits: dict[str, int]) -> None:
    lines = [f"{name} = {value}" for name, value in limits.items()]
    path.write_text("[limits]\n" + "\n".join(lines) + "\n" if lines else "")


def command(binary: Path, config: Path, data: Path, port: int, site: Path | None) -> list[str]:
    data.mkdir(parents=True, exist_ok=True)
    argv = [str(binary), "serve", "--config", str(config), "--data-dir", str(data), "--listen", f"127.0.0.1:{port}"]
    return argv + (["--site", str(site)] if site else [])


def log_records(process: Process) -> list[dict]:
    """The JSON lines of its log; a line that is none (a panic, say) is kept as its text."""
    records = []
    for line in process.log.read_text(errors="replace").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        records.append(record if isinstance(record, dict) else {"text": line})
    return records


def panics(process: Process) -> list[str]:
    return [str(r) for r in log_records(process) if "panicked at" in str(r) or "panic" in str(r.get("text", ""))]
