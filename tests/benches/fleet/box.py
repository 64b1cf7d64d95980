#!/usr/bin/env python3
"""What updates cost a box that has nothing to fetch: the real program, started as its service starts it, against a
repository behind nginx over HTTPS. Processor time, memory, requests and bytes, beside the same program with
updates off.

    tests/benches/fleet/box.py BINARY [--publisher PROGRAM] [--seconds 120] [--json FILE]

BINARY is a release binary; its own version is what the repository wants. The frequent box asks every 2 s, so that its
looks can be distinguished from all else; what is measured is divided by their number.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from boxes import Box, nginx, repository

DAY = 86_400


def figures(box):
    lines = [line.rsplit(" ", 1) for line in box.read("/metrics").splitlines() if not line.startswith("#")]
    values = {name: float(value) for name, value in lines}
    of = lambda word: next((value for name, value in values.items() if word in name), 0.0)
    return {"requests": of("update_requests"), "received": of("update_received"), "cpu": box.process.cpu_seconds()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", type=Path)
    parser.add_argument("--publisher", type=Path, default=Path("target/debug/workshop-release"))
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        repository(here, options.publisher.resolve(), binary)
        server, url = nginx(here)
        boxes = {}
        try:
            on = [f"update.url={url}", f"update.ca_file={here}/certificate.pem",
                  f"update.trusted_root={here}/repository/metadata/1.root.json"]
            boxes["updates off"] = Box(here, "off", binary, "update.enabled=false")
            boxes["every 60 s"] = Box(here, "usual", binary, *on)
            boxes["every 2 s"] = Box(here, "frequent", binary, *on, "update.check_interval_s=2")
            # The first looks, the site's compressed forms, and whatever else a start does.
            time.sleep(30)
            before = {name: figures(box) for name, box in boxes.items()}
            time.sleep(options.seconds)
            after = {name: figures(box) for name, box in boxes.items()}
            memory = {name: box.process.memory() for name, box in boxes.items()}
        finally:
            for box in boxes.values():
                box.process.stop()
            server.stop()
    rows = {}
    for name in boxes:
        spent = {figure: after[name][figure] - before[name][figure] for figure in before[name]}
        rows[name] = {**spent, "rss_kib": memory[name].rss, "pss_kib": memory[name].pss,
                      "anonymous_kib": memory[name].anonymous, "high_water_kib": memory[name].high_water}
    often, off = rows["every 2 s"], rows["updates off"]
    looks = often["requests"] / 2
    if not looks:
        sys.exit("the box does not reach its repository")
    cpu_ms = (often["cpu"] - off["cpu"]) / looks * 1000
    received = often["received"] / looks
    look = {"looks": looks, "cpu_ms": cpu_ms, "received": received}
    print(f"{'':14}{'requests':>9}{'received':>10}{'CPU s':>8}{'RSS KiB':>9}{'PSS KiB':>9}{'anon KiB':>9}{'most KiB':>9}")
    for name, row in rows.items():
        print(f"{name:14}{row['requests']:9.0f}{row['received']:10.0f}{row['cpu']:8.2f}{row['rss_kib']:9}"
              f"{row['pss_kib']:9}{row['anonymous_kib']:9}{row['high_water_kib']:9}")
    print(f"a look with nothing new: {cpu_ms:.1f} ms of processor time, {received:.0f} bytes received, of {looks:.0f} looks")
    checks = DAY / 60
    print(f"a day at one look a minute: {2 * checks:.0f} requests, {received * checks / 1e6:.2f} MB received, "
          f"{cpu_ms * checks / 1000:.1f} s of processor time")
    print(f"{binary.name}: {binary.stat().st_size} bytes, {binary.stat().st_size / 2**20:.2f} of 12 MiB")
    if options.json:
        options.json.write_text(json.dumps({"boxes": rows, "look": look, "binary": binary.stat().st_size}, indent=2) + "\n")


main()
