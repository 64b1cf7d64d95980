"""What a wall of TVs costs the box; see ../README.md."""

import argparse
import asyncio
import json
import math
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path[1:1] = [str(HERE.parent / name) for name in ("common", "http", "live", "attackers")]

import edge  # noqa: E402
import stats  # noqa: E402
import table  # noqa: E402
import tvs  # noqa: E402
import wire  # noqa: E402
from peers import Box, Erp  # noqa: E402
from probe import Latency, Probe  # noqa: E402
from process import Memory, Ports, raise_file_limit, stop_on_signals  # noqa: E402

DIST = ROOT / "assets/workshop-monitor/dist"
# Shorter than the silence after which a page is taken for a frozen one.
QUIET = 20
# `screens.reload_spread_s`.
SPREAD = 60
# Channels of pages that have not reported which the box counts.
STRANGE = 1024


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/benches/screens/run", description=__doc__.partition(";")[0])
    parser.add_argument("scenes", nargs="*", help="of channels and reload; all without a word")
    parser.add_argument("--binary", type=Path, default=ROOT / edge.BINARY, help="the program to measure")
    parser.add_argument("--channels", type=int, default=10_000, help="idle channels, those of screens among them (10000)")
    parser.add_argument("--screens", type=int, default=500, help="screens of the channels, of 4 pages each (500)")
    parser.add_argument("--seconds", type=int, default=60, help="for which heartbeats are measured (60)")
    parser.add_argument("--tvs", type=int, default=1000, help="TVs that reload (1000)")
    pages = "of them that are one screen's, as the box knows 512 (2)"
    parser.add_argument("--pages", type=int, default=2, help=pages)
    parser.add_argument("--rounds", type=int, default=3, help="updates after which they reload (3)")
    parser.add_argument("--calm", type=int, default=30, help="seconds before and after each (30)")
    parser.add_argument("--nice", type=int, default=0, help="below 0 takes the cores from others; needs root")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    chosen = parser.parse_args()
    if unknown := set(chosen.scenes) - SCENES.keys():
        parser.error(f"no such scene: {', '.join(unknown)}")
    return chosen


def main() -> None:
    chosen = options()
    stop_on_signals()
    raise_file_limit()
    os.nice(chosen.nice)
    figures: dict[str, object] = {"load_before": os.getloadavg()}
    # Whoever asks for the page has a process of its own, and does not wait for the TVs'. It is made before any thread.
    with multiprocessing.Pool(1) as client, tempfile.TemporaryDirectory(prefix="screens-bench-") as scratch, Erp() as erp:
        ports = Ports()
        for name, scene in SCENES.items():
            if not chosen.scenes or name in chosen.scenes:
                folder = Path(scratch) / name
                figures[name] = asyncio.run(scene(chosen, erp, folder, ports.take(), client))
    figures["load_after"] = os.getloadavg()
    for when in ("before", "after"):
        print(f"load average {when}: " + " ".join(f"{load:.2f}" for load in figures[f"load_{when}"]))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


async def channels(chosen: argparse.Namespace, erp: Erp, folder: Path, port: int, _client) -> dict[str, object]:
    """Memory of channels, kind by kind; heartbeats beside few channels and beside all of them."""
    with Box(chosen.binary.resolve(), erp, folder / "box", port, 2) as box:
        box.wait_until_up()
        box.settle()
        memory: list[dict[str, object]] = []

        def grown(since: Memory, what: str, count: int) -> Memory:
            now = box.process.memory()
            rss, anonymous = ((getattr(now, name) - getattr(since, name)) * 1024 / count for name in ("rss", "anonymous"))
            memory.append({"what": what, "count": count, "rss_bytes_each": rss, "anonymous_bytes_each": anonymous})
            return now

        fresh = box.process.memory()
        async with tvs.Wall(port, chosen.screens, 4, has_channels=False) as wall:
            pages = len(wall.tvs)
            await wall.wait_until("all have reported", 60, lambda: len(wall.seen.answers) >= 2 * pages)
            without = grown(fresh, "pages of screens, with the connection of their reports", pages)
            opened = await wall.open_channels()
            await wall.wait(5)
            grown(without, "channels of these pages", pages)
            windows = [("their own channels", await heartbeats(box, wall, chosen.seconds))]
            rest = max(0, chosen.channels - pages)
            for what, count, page in (
                ("channels of pages that have not reported", min(rest, STRANGE), tvs.new_page),
                ("channels of nobody", max(0, rest - STRANGE), lambda: None),
            ):
                before = box.process.memory()
                opened += await tvs.open_channels(port, [page() for _ in range(count)])
                await wall.wait(5)
                if count:
                    grown(before, what, count)
            for status in ("MAINTENANCE", "IN_USE"):
                erp.change({"machines": {"MCH-001": status}})
                await wall.wait(4)
            await wall.wait(20)
            grown(without, "all channels, after two changes and 20 s", len(opened))
            wall.reporting.clear()
            await wall.wait(1)
            windows.append(("all channels, no heartbeats", await heartbeats(box, wall, QUIET)))
            wall.reporting.set()
            await wall.wait(2 * tvs.EVERY)
            windows.append(("all channels", await heartbeats(box, wall, chosen.seconds)))
            alive = sum(channel.is_alive for channel in opened)
            known = Counter(screen["state"] for screen in _json(port, "/_edge/screens.json")["screens"])
    found = {
        "memory": memory,
        "heartbeats": [{"beside": name, **window} for name, window in windows],
        "channels_alive": alive,
        "screens": known,
    }
    states = ", ".join(f"{count} {state}" for state, count in known.items())
    show(
        f"memory ({alive} of {len(opened)} channels alive; screens: {states})",
        {"count": ("count", 0), "RSS each": ("rss_bytes_each", 0), "anonymous each": ("anonymous_bytes_each", 0)},
        {each["what"]: each for each in memory},
    )
    columns = {
        "per s": ("per_s", 1),
        "refused": ("refused", 0),
        "p50 ms": ("p50_ms", 2),
        "p99 ms": ("p99_ms", 2),
        "worst ms": ("worst_ms", 1),
        "CPU %": ("cpu_percent", 2),
        "CPU us each": ("cpu_us", 0),
    }
    show("heartbeats", columns, {each["beside"]: each for each in found["heartbeats"]})
    return found


async def heartbeats(box: Box, wall: tvs.Wall, seconds: float) -> dict[str, float | None]:
    """`cpu_us` is all of the processor's time, that for channels and the ERP included, for each heartbeat."""
    seen, began, cpu = wall.watch(), time.monotonic(), box.process.cpu_seconds()
    await wall.wait(seconds)
    spent, took = box.process.cpu_seconds() - cpu, time.monotonic() - began
    count = len(seen.answers)
    return {
        "reports": count,
        "per_s": count / took,
        "refused": len(seen.refused),
        "p50_ms": milliseconds(seen.answers, 0.5),
        "p99_ms": milliseconds(seen.answers, 0.99),
        "worst_ms": milliseconds(seen.answers, 1),
        "cpu_percent": spent / took * 100,
        "cpu_us": spent / count * 1e6 if count else None,
    }


async def reload(chosen: argparse.Namespace, erp: Erp, folder: Path, port: int, client) -> dict[str, object]:
    """The site is another one, and all TVs come to it."""
    versions = two_versions(folder)
    site = folder / "site"
    site.symlink_to(versions[0])
    rounds = []
    with Box(chosen.binary.resolve(), erp, folder / "box", port, 2, site) as box:
        box.wait_until_up()
        box.settle()
        async with tvs.Wall(port, chosen.tvs // chosen.pages, chosen.pages) as wall:
            await wall.wait_until("all have reported", 60, lambda: len(wall.seen.answers) >= 2 * len(wall.tvs))
            for number in range(chosen.rounds):
                before = await ask_for_page(wall, port, client, chosen.calm)
                seen = wall.watch()
                switch(site, versions[(number + 1) % 2])
                began, cpu = time.monotonic(), box.process.cpu_seconds()
                during = await ask_for_page(wall, port, client, tvs.EVERY + SPREAD)
                await wall.wait_until("all have reloaded", 60, lambda: len(seen.loads) >= len(wall.tvs))
                spent, took = box.process.cpu_seconds() - cpu, time.monotonic() - began
                await wall.wait(5)
                after = await ask_for_page(wall, port, client, chosen.calm)
                rounds.append(of_round(seen, began, [before, during, after], spent / took * 100))
            alive = sum(channel.is_alive for channel in wall.channels())
            known = Counter(screen["state"] for screen in _json(port, "/_edge/screens.json")["screens"])
    found = {"rounds": rounds, "channels_alive": alive, "screens": known}
    states = ", ".join(f"{count} {state}" for state, count in known.items())
    show(
        f"{len(wall.tvs)} TVs reload ({alive} channels alive; screens: {states})",
        {f"round {index + 1}": (index, 2) for index in range(len(rounds))},
        {name: [each[name] for each in rounds] for name in rounds[0]},
    )
    before = [each["before_p99_ms"] for each in rounds]
    for name in ("during", "after"):
        ratio = stats.ratio([each[f"{name}_p99_ms"] for each in rounds], before)
        print(f"p99 of the page, {name} over before: {ratio}", flush=True)
        found[f"p99_{name}_over_before"] = asdict(ratio)
    return found


def of_round(seen: tvs.Seen, began: float, page: list[Latency], cpu_percent: float) -> dict[str, float | None]:
    """`page`: what the other client has seen before, during and after it."""
    left, ended = [load.left - began for load in seen.loads], [load.ended - began for load in seen.loads]
    learnt = [load.learnt - began for load in seen.loads]
    tvs_per_s, requests_per_s = Counter(map(int, left)), Counter(int(at - began) for at in seen.asked)
    # While all of them draw from the same time: from the last that learns of it to the first whose jitter must be over.
    counts = [tvs_per_s[second] for second in range(math.ceil(max(learnt)), int(min(learnt) + SPREAD))]
    took = [load.ended - load.left for load in seen.loads]
    names = ("before", "during", "after")
    return {
        "first_learnt_s": min(learnt),
        "last_learnt_s": max(learnt),
        "first_left_s": min(left),
        "last_left_s": max(left),
        "last_byte_s": max(ended),
        "requests": len(seen.asked),
        "requests_over_spread_per_s": len(seen.asked) / SPREAD,
        "requests_peak_per_s": max(requests_per_s.values()),
        "tvs_over_spread_per_s": len(left) / SPREAD,
        "tvs_peak_per_s": max(tvs_per_s.values()),
        # 1 where TVs leave independently of each other.
        "dispersion": statistics.variance(counts) / statistics.fmean(counts),
        "load_p50_ms": milliseconds(took, 0.5),
        "load_p99_ms": milliseconds(took, 0.99),
        "cpu_percent": cpu_percent,
        "reports_refused": len(seen.refused),
        "page_failures": sum(each.failures for each in page),
        **{f"{name}_p50_ms": each.p50_ms for name, each in zip(names, page)},
        **{f"{name}_p99_ms": each.p99_ms for name, each in zip(names, page)},
    }


async def ask_for_page(wall: tvs.Wall, port: int, client, seconds: float) -> Latency:
    asking = client.apply_async(_ask_for_page, (port, seconds))
    await wall.wait_until("the page's latency", seconds + 60, asking.ready)
    return asking.get()


def _ask_for_page(port: int, seconds: float) -> Latency:
    with Probe(port) as probe:
        time.sleep(seconds)
    return probe.latency()


def two_versions(folder: Path) -> list[Path]:
    """The display, and one of which every asset is another, with another name."""
    versions = [folder / "one", folder / "other"]
    for each in versions:
        shutil.copytree(DIST, each)
    texts = {file: file.read_text() for file in versions[1].rglob("*") if file.is_file()}
    assets = [file for file in texts if file.parent.name == "assets"]
    names = {file.name: file.stem[:-8] + file.stem[:-9:-1] + file.suffix for file in assets}
    for file, text in texts.items():
        for name, other in names.items():
            text = text.replace(name, other)
        if file in assets:
            file.unlink()
            text += "\n/* another version */\n"
        file.with_name(names.get(file.name, file.name)).write_text(text)
    return versions


def switch(site: Path, version: Path) -> None:
    new = site.with_name("new")
    new.symlink_to(version)
    new.replace(site)


def show(title: str, columns: dict[str, tuple], rows: dict[str, dict | list]) -> None:
    """Of each column the place in a row, and the digits."""
    cells = [[name, *(table.number(row[key], digits) for key, digits in columns.values())] for name, row in rows.items()]
    print(table.render(title, ["", *columns], cells), flush=True)


def milliseconds(seconds: list[float], share: float) -> float | None:
    """A quantile."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000 if ordered else None


def _json(port: int, path: str) -> dict:
    return json.loads(wire.exchange(port, path, {}).body)


SCENES = {"channels": channels, "reload": reload}


if __name__ == "__main__":
    main()
