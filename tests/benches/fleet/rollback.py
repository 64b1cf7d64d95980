#!/usr/bin/env python3
"""How soon a rollback has reached every box: the real program as its service starts it, with the settings that it ships
with, and the whole way from the publisher's command over an S3 store and the server that boxes know.

    tests/benches/fleet/rollback.py [--boxes 20] [--versions FOLDER] [--publisher PROGRAM] [--json FILE]

FOLDER is what `tests/update/build-versions` leaves; the store is the one that `tests/run test` installs. Each round
publishes a version, waits until all boxes have confirmed it, and takes it back. A box has gone back once the older version answers.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from boxes import Box, Process, free_port, nginx, publish, repository, run, wait_for_port

STORE = Path("target/tools/bin/s3s-fs")
LOOK_S = 0.25
# A little more than `update.trial_s`.
TRIAL_S = 35
PATIENCE_S = 600


def start_store(here):
    key = {"AWS_ACCESS_KEY_ID": "publisher", "AWS_SECRET_ACCESS_KEY": "of a benchmark", "AWS_REGION": "us-east-1"}
    (here / "s3/updates").mkdir(parents=True)
    port = free_port()
    store = Process([str(STORE.resolve()), "--host", "127.0.0.1", "--port", str(port), "--access-key", key["AWS_ACCESS_KEY_ID"],
                     "--secret-key", key["AWS_SECRET_ACCESS_KEY"], str(here / "s3")], here / "s3.log")
    wait_for_port(port, store)
    os.environ.update(key, AWS_ENDPOINT_URL_S3=f"http://127.0.0.1:{port}")
    return store


def runs(box):
    """The version that answers; None between two."""
    try:
        return json.loads(box.read("/_edge/status.json"))["version"]
    except OSError:
        return None


def wait_for(boxes, version):
    """Seconds until each box runs a version."""
    start, took = time.monotonic(), {}
    while len(took) < len(boxes):
        for number, box in enumerate(boxes):
            if number not in took and runs(box) == version:
                took[number] = time.monotonic() - start
        if time.monotonic() - start > PATIENCE_S:
            sys.exit(f"{len(boxes) - len(took)} boxes do not come to {version}: {[runs(box) for box in boxes]}")
        time.sleep(LOOK_S)
    return sorted(took.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--boxes", type=int, default=20)
    parser.add_argument("--versions", type=Path, default=Path("target/versions"))
    parser.add_argument("--publisher", type=Path, default=Path("target/debug/workshop-release"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    publisher = options.publisher.resolve()
    old, *newer = [options.versions.resolve() / f"workshop-edge-{version}" for version in ["1.0.0", "1.1.0", "1.5.0"]]
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        repository(here, publisher, old)
        store = start_store(here)
        server, url = nginx(here, "s3/updates/edge")

        def sync():
            run(publisher, "sync", here / "repository", "s3://updates/edge", "--through", url, "--ca-file", here / "certificate.pem")

        boxes = []
        try:
            sync()
            on = [f"update.url={url}", f"update.ca_file={here}/certificate.pem",
                  f"update.trusted_root={here}/repository/metadata/1.root.json"]
            boxes += [Box(here, f"box-{number}", old, *on) for number in range(options.boxes)]
            for binary in newer:
                version = binary.name.removeprefix("workshop-edge-")
                publish(here, publisher, binary)
                sync()
                taken = wait_for(boxes, version)
                time.sleep(TRIAL_S)
                start = time.monotonic()
                run(publisher, "rollback", "--channel", "stable", "--to", "1.0.0", "--keys", here / "keys/keys.toml",
                    "--repository", here / "repository")
                sync()
                published = time.monotonic() - start
                back = [published + seconds for seconds in wait_for(boxes, "1.0.0")]
                rounds.append({"version": version, "taken": taken, "published": published, "back": back})
                print(f"{version} back to 1.0.0 on {len(boxes)} boxes: published after {published:.1f} s, "
                      f"p50 {statistics.median(back):.1f} s, last {back[-1]:.1f} s (taken: p50 {statistics.median(taken):.1f} s, "
                      f"last {taken[-1]:.1f} s)", flush=True)
        finally:
            for process in [box.process for box in boxes] + [server, store]:
                process.stop()
    if options.json:
        options.json.write_text(json.dumps(rounds, indent=2) + "\n")


main()
