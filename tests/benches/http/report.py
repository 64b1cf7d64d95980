"""From the samples of a run to what it says: ratios per case, and whether the project's targets are met."""

import statistics
from dataclasses import asdict, dataclass, field

import table
from load import Sample
from process import Memory
from servers import EMBEDDED, NGINX, NOSENDFILE, OURS, RAW
from startup import Idle, Start
from stats import Ratio, ratio


@dataclass
class Results:
    site_bytes: int
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)  # case -> server -> one per round
    answer_bytes: dict[str, dict[str, tuple[int, int]]] = field(default_factory=dict)  # head and body
    memory: dict[str, Memory] = field(default_factory=dict)
    idle: dict[str, Idle] = field(default_factory=dict)
    starts: dict[str, Start] = field(default_factory=dict)

    def compare(self, case: str, ours: str, theirs: str, value: str = "rate") -> Ratio | None:
        servers = self.samples.get(case, {})
        if ours not in servers or theirs not in servers:
            return None
        return ratio([getattr(s, value) for s in servers[ours]], [getattr(s, value) for s in servers[theirs]])

    def as_json(self) -> dict:
        return {
            "site_bytes": self.site_bytes,
            "cases": {
                case: {
                    name: {
                        "samples": [asdict(s) for s in samples],
                        "answer_bytes": self.answer_bytes[case][name],
                        "rate_over_nginx": _json(self.compare(case, name, NGINX)),
                        "rate_over_nginx_without_sendfile": _json(self.compare(case, name, NOSENDFILE)),
                        "cpu_over_nginx": _json(self.compare(case, name, NGINX, "cpu_us")),
                        "cpu_over_raw_tokio": _json(self.compare(case, name, RAW, "cpu_us")),
                    }
                    for name, samples in servers.items()
                }
                for case, servers in self.samples.items()
            },
            "memory_kib_after_load": {name: asdict(m) for name, m in self.memory.items()},
            "idle": {name: asdict(i) for name, i in self.idle.items()},
            "start": {name: asdict(s) for name, s in self.starts.items()},
            "targets": [asdict(t) for t in targets(self)],
        }


@dataclass(frozen=True)
class Target:
    what: str
    wanted: str
    got: str
    limit: str  # what raw tokio reaches: a target beyond it is out of reach on this machine
    verdict: str  # "met", "missed", or "unclear" where the interval holds the limit


def print_all(results: Results) -> None:
    for case, servers in results.samples.items():
        rows = []
        for name, samples in servers.items():
            head, body = results.answer_bytes[case][name]
            rows.append(
                [
                    name,
                    f"{head}+{body}",
                    table.number(statistics.median(s.rate for s in samples)),
                    table.text(results.compare(case, name, NGINX)),
                    table.text(results.compare(case, name, NOSENDFILE)),
                    table.number(statistics.median(s.cpu_us for s in samples), 1),
                    table.text(results.compare(case, name, NGINX, "cpu_us")),
                    table.text(results.compare(case, name, RAW, "cpu_us")),
                    _busy(s.server_busy for s in samples) + "/" + _busy(s.client_busy for s in samples),
                ]
            )
        header = ["server", "head+body", "req/s", "x nginx", "x no sendfile", "CPU us/req", "/ nginx", "/ raw tokio", "busy s/c"]
        print(table.render(f"{case}: geometric mean of paired rounds (95 %); req/s and CPU are medians", header, rows))
    names = list(dict.fromkeys([*results.memory, *results.idle, *results.starts]))
    if names:
        rows = [_cost_row(results, name) for name in names]
        header = ["server", "start ms", "(fastest-slowest)", "fresh PSS", "RSS", "PSS", "high water", "conn. at once", "conn. idle", "anon"]
        title = (
            "memory in MB, fresh and after the load (site: "
            f"{results.site_bytes / 1e6:.1f} MB); bytes per connection right after its answer and idle; start to first 200, median"
        )
        print(table.render(title, header, rows))
    rows = [[t.what, t.wanted, t.got, t.limit, t.verdict] for t in targets(results)]
    if rows:
        print(table.render("targets", ["what", "wanted", "got", "raw tokio gets", ""], rows))


def _cost_row(results: Results, name: str) -> list[str]:
    start, memory, idle = results.starts.get(name), results.memory.get(name), results.idle.get(name)
    return [
        name,
        table.number(start and start.median_ms, 1),
        f"({start.fastest_ms:.1f}-{start.slowest_ms:.1f})" if start else "-",
        _mb(idle and idle.fresh.pss),
        _mb(memory and memory.rss),
        _mb(memory and memory.pss),
        _mb(memory and memory.high_water),
        table.number(idle and idle.at_once_rss_bytes),
        table.number(idle and idle.rss_bytes),
        table.number(idle and idle.anonymous_bytes),
    ]


def targets(results: Results) -> list[Target]:
    """What the project wants of itself. The run reports it and never fails on it: machines are too noisy for that."""
    found = []

    def faster(case: str, other: str, limit: float) -> None:
        if r := results.compare(case, OURS, other):
            verdict = _verdict(r.low >= limit, r.high < limit)
            raw = table.text(results.compare(case, RAW, other))
            found.append(Target(f"{case}: rate over {other}", f">= {limit}", str(r), raw, verdict))

    def cheaper(case: str, other: str, limit: float) -> None:
        if r := results.compare(case, OURS, other, "cpu_us"):
            verdict = _verdict(r.high <= limit, r.low > limit)
            found.append(Target(f"{case}: CPU per request over {other}", f"<= {limit}", str(r), "-", verdict))

    def at_most(what: str, got: float, limit: float, unit: str) -> None:
        verdict = _verdict(got <= limit, got > limit)
        found.append(Target(what, f"<= {limit:,.1f} {unit}", f"{got:,.1f} {unit}", "-", verdict))

    faster("index-gzip", NGINX, 1.5)
    faster("script-gzip", NGINX, 1.1)
    faster("script-br", NGINX, 1.1)
    faster("index-304", NGINX, 1.05)
    faster("script-304", NGINX, 1.05)
    faster("range-1MiB", NGINX, 1.4)
    faster("index-gzip", NOSENDFILE, 1.15)
    for case in ("index-gzip", "script-gzip", "script-br"):
        cheaper(case, RAW, 1.2)
    if memory := results.memory.get(OURS):
        limit = 10 + results.site_bytes / 1e6
        at_most("RSS after load", memory.rss * 1024 / 1e6, limit, "MB")
        at_most("high water after load", memory.high_water * 1024 / 1e6, limit, "MB")
    for name in (OURS, EMBEDDED):
        if idle := results.idle.get(name):
            at_most(f"idle connection ({name})", idle.rss_bytes, 14_336, "bytes")
        if (start := results.starts.get(name)) and (other := results.starts.get(NGINX)):
            at_most(f"start to first 200 ({name}), against nginx", start.median_ms, other.median_ms, "ms")
    return found


def _busy(shares) -> str:
    return f"{statistics.median(shares):.0%}"


def _verdict(met: bool, missed: bool) -> str:
    return "met" if met else "MISSED" if missed else "unclear"


def _mb(kib: float | None) -> str:
    return "-" if kib is None else f"{kib * 1024 / 1e6:.1f}"


def _json(r: Ratio | None) -> dict | None:
    return asdict(r) if r and r.pairs > 1 else {"mean": r.mean, "pairs": r.pairs} if r else None
