"""What live displays cost, and how soon they see a change; see ../README.md."""

import argparse
import itertools
import json
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "common"))
sys.path.insert(0, str(HERE.parent / "http"))

import edge  # noqa: E402
import load  # noqa: E402
from clients import Channels, Pollers  # noqa: E402
from process import Ports, raise_file_limit, stop_on_signals  # noqa: E402
from peers import Box, Erp, Nginx  # noqa: E402


# Of the machine that changes; it begins with the last.
STATUSES = itertools.cycle(("AVAILABLE", "MAINTENANCE", "IN_USE", "BROKEN"))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", type=Path, default=edge.BINARY, help="the program to measure")
    parser.add_argument("--channels", type=int, default=10_000, help="idle channels to open; 0 for none (10000)")
    parser.add_argument("--displays", default="1,50,500", help="displays that watch changes (1,50,500)")
    parser.add_argument("--changes", type=int, default=10, help="changes to watch (10)")
    parser.add_argument("--pause", type=float, default=20, help="seconds between two changes, about (20)")
    parser.add_argument("--poll", type=int, default=2, help="seconds between two requests, of the box and of displays (2)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of /api beside nginx; 0 for none (7)")
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement of /api (2)")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    stop_on_signals()
    raise_file_limit()
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="live-bench-") as scratch, Erp() as erp:
        ports = Ports()
        with Box(chosen.binary.resolve(), erp, Path(scratch) / "box", ports.take(), chosen.poll) as box:
            box.wait_until_up()
            with Nginx(erp, Path(scratch) / "nginx", ports.take(), chosen.poll) as nginx:
                figures["changes"] = [
                    changes(erp, box, nginx, int(count), chosen) for count in chosen.displays.split(",") if count
                ]
                if chosen.rounds:
                    figures["api"] = [api(box, nginx, path, chosen) for path in ("/api/machines", "/api/alerts")]
        if chosen.channels:
            # A fresh one: what a box under load has already is not counted twice.
            with Box(chosen.binary.resolve(), erp, Path(scratch) / "fresh", ports.take(), chosen.poll) as box:
                box.wait_until_up()
                figures["memory"] = memory(erp, box, chosen.channels)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1))


def memory(erp: Erp, box: Box, count: int) -> dict[str, float]:
    """Per channel: right after its first events, and after some changes and heartbeats."""
    box.settle()
    before = box.process.memory()
    found: dict[str, float] = {"channels": count}
    with Channels(box.port, count) as channels:
        channels.wait_for_first()
        for name, seconds in (("first", 1), ("idle", 20)):
            if name == "idle":
                for status in ("MAINTENANCE", "IN_USE"):
                    erp.change({"machines": {"MCH-001": status}})
                    channels.run(4)
            channels.run(seconds)
            after = box.process.memory()
            found[f"{name}_rss"] = (after.rss - before.rss) * 1024 / count
            found[f"{name}_anonymous"] = (after.anonymous - before.anonymous) * 1024 / count
        found["alive"] = channels.alive()
    show(f"{count} channels ({found['alive']} alive), bytes each", found)
    return found


def changes(erp: Erp, box: Box, nginx: Nginx, count: int, chosen: argparse.Namespace) -> dict[str, object]:
    """The same displays at both at once, one after the other on the same changes."""
    found: dict[str, object] = {"displays": count}
    with Channels(box.port, count) as channels, Pollers(nginx.port, count, chosen.poll) as pollers:
        channels.wait_for_first()
        pollers.wait_for_first()
        for name, watchers, server in (("edge", channels, box), ("nginx", pollers, nginx)):
            erp.forget()
            watchers.reset()
            began, cpu = time.monotonic(), server.process.cpu_seconds()
            seen: list[float] = []
            since_answer: list[float] = []
            for index in range(chosen.changes):
                status = next(STATUSES)
                at = erp.change({"machines": {"MCH-002": status}})
                times = watchers.wait_for("MCH-002", status, 10 * chosen.poll + 10)
                seen += [each - at for each in times]
                answered = erp.answered("/machines", at, "box" if name == "edge" else "nginx")
                since_answer += [each - answered for each in times]
                # Not in step with the polls.
                watchers.run(chosen.pause + chosen.poll * ((index * 0.618) % 1))
            minutes = (time.monotonic() - began) / 60
            found[name] = {
                "change_p50_ms": quantile(seen, 0.5) * 1000,
                "change_p99_ms": quantile(seen, 0.99) * 1000,
                "answer_p50_ms": quantile(since_answer, 0.5) * 1000,
                "answer_p99_ms": quantile(since_answer, 0.99) * 1000,
                "upstream_per_minute": erp.requests("box" if name == "edge" else "nginx") / minutes,
                "bytes_per_display_and_minute": watchers.received / count / minutes,
                "requests_per_display_and_minute": watchers.requests / count / minutes,
                "cpu_ms_per_minute": (server.process.cpu_seconds() - cpu) * 1000 / minutes,
            }
            show(f"{count} displays, {name}", found[name])
    return found


def api(box: Box, nginx: Nginx, path: str, chosen: argparse.Namespace) -> dict[str, float]:
    """The rate over that of nginx, within each round."""
    logs = []
    rates: dict[str, list[float]] = {"edge": [], "nginx": []}
    cpu: dict[str, list[float]] = {"edge": [], "nginx": []}
    for index in range(chosen.rounds):
        pair = [("edge", box), ("nginx", nginx)]
        for name, server in pair if index % 2 else reversed(pair):
            sample = load.measure(server.process, server.port, path, {}, chosen.seconds)
            rates[name].append(sample.rate)
            cpu[name].append(sample.cpu_us)
        logs.append(math.log(rates["edge"][-1] / rates["nginx"][-1]))
    # Student's t for the degrees of freedom that are usual here.
    t = {2: 4.30, 3: 3.18, 4: 2.78, 5: 2.57, 6: 2.45, 7: 2.36, 8: 2.31, 9: 2.26}.get(len(logs) - 1, 2.2)
    half = t * statistics.stdev(logs) / math.sqrt(len(logs)) if len(logs) > 2 else math.nan
    middle = statistics.mean(logs)
    found = {
        "ratio": math.exp(middle),
        "low": math.exp(middle - half),
        "high": math.exp(middle + half),
        "edge_per_s": statistics.median(rates["edge"]),
        "nginx_per_s": statistics.median(rates["nginx"]),
        "edge_cpu_us": statistics.median(cpu["edge"]),
        "nginx_cpu_us": statistics.median(cpu["nginx"]),
    }
    show(path, found)
    return found


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


def show(title: str, found: dict[str, float]) -> None:
    print(title + ": " + ", ".join(f"{name} {value:,.2f}" for name, value in found.items()), flush=True)


if __name__ == "__main__":
    main()
