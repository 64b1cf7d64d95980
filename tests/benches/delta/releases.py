#!/usr/bin/env python3
"""How large the deltas between real releases are, and what applying them takes.

Builds the product four times with its own release profile, each time from the same place, as a build machine does: as it
is, with one line of the display changed, with newer or older dependencies, and with one line of its code changed. Each is
a release of its own, with its own version, commit and time. The publisher's program makes the targets.

    tests/benches/delta/releases.py [--dependency NAME=VERSION]... [--node-modules DIR] [--json FILE]

Leaves the binaries and the repository in target/deltas. A build takes one to three minutes.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "deltas"
SNAPSHOT = FOLDER / "snapshot"
TREE = FOLDER / "tree"
MODULES = TREE / "assets/workshop-monitor/node_modules"
TARGET = "x86_64-unknown-linux-musl"
SOURCES = ["Cargo.toml", "Cargo.lock", "src", "assets", "tests"]

DISPLAY = ("assets/workshop-monitor/src/i18n/es.ts", "producedToday: 'Producido hoy',", "producedToday: 'Piezas de hoy',")
CODE = ("src/health.rs", "unwrap_or(Status::Ok);\n        Report {",
        "unwrap_or(Status::Ok);\n"
        "        let worst = if self.is_ready() { worst } else { worst.max(Status::Degraded) };\n        Report {")
RELEASES = {
    "1.0.0": ("as it is", "base"),
    "1.0.1": ("one line of the display", "display"),
    "1.0.2": ("dependencies", "dependencies"),
    "1.0.3": ("one line of code", "code"),
}


def run(*command, cwd=TREE, **options):
    return subprocess.run([str(part) for part in command], cwd=cwd, check=True, **options)


def snapshot():
    """The sources at one moment: whoever edits them meanwhile does not become part of the difference."""
    shutil.rmtree(SNAPSHOT, ignore_errors=True)
    for name in SOURCES:
        source, place = ROOT / name, SNAPSHOT / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copy2(source, place)
        else:
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("node_modules"))


def copy(node_modules):
    """A tree of its own, made anew only where it differs, so that cargo builds no more than it has to."""
    wanted = set()
    for file in SNAPSHOT.rglob("*"):
        place = TREE / file.relative_to(SNAPSHOT)
        wanted.add(place)
        if file.is_file() and not (place.is_file() and place.read_bytes() == file.read_bytes()):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    for place in list(TREE.rglob("*")):
        if place.is_file() and place not in wanted and MODULES not in place.parents:
            place.unlink()
    if node_modules and not MODULES.exists():
        shutil.copytree(node_modules, MODULES, symlinks=True)


def change(path, old, new):
    file = TREE / path
    text = file.read_text()
    assert text.count(old) == 1, f"{path} does not have once: {old}"
    file.write_text(text.replace(old, new))


def display(node_modules):
    if not node_modules:
        run("npm", "ci", "--silent", cwd=TREE / "assets/workshop-monitor")
    run("npm", "run", "--silent", "build", cwd=TREE / "assets/workshop-monitor", stdout=subprocess.DEVNULL)


def build(version, kind, options):
    binary = FOLDER / f"workshop-edge-{version}"
    if binary.exists() and not options.again:
        return binary
    copy(options.node_modules)
    # Every release has its dist built here, so that only the change makes the difference.
    if kind == "display":
        change(*DISPLAY)
    display(options.node_modules)
    if kind == "code":
        change(*CODE)
    if kind == "dependencies":
        for dependency in options.dependency:
            name, _, precise = dependency.partition("=")
            run("cargo", "update", "--package", name, "--precise", precise)
    number = list(RELEASES).index(version)
    environment = {
        **os.environ,
        "CARGO_TARGET_DIR": str(FOLDER / "target"),
        "WORKSHOP_EDGE_VERSION": version,
        "WORKSHOP_EDGE_COMMIT": f"{0x5d2c8e4b91f7 + number * 0x1b3a97c52e61:012x}"[-12:],
        "SOURCE_DATE_EPOCH": str(1795510800 + number * 604800),
    }
    run("cargo", "build", "--quiet", "--release", "--target", TARGET, "--bin", "workshop-edge", env=environment)
    shutil.copy2(FOLDER / "target" / TARGET / "release/workshop-edge", binary)
    return binary


def publish(binaries):
    """The targets as the publisher makes them."""
    release = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "debug/workshop-release"
    repository, keys = FOLDER / "repository", FOLDER / "keys"
    shutil.rmtree(repository, ignore_errors=True)
    shutil.rmtree(keys, ignore_errors=True)
    run(release, "init", "--new-keys", keys, "--repository", repository, cwd=FOLDER, stdout=subprocess.DEVNULL)
    for version, binary in binaries.items():
        run(release, "publish", "--channel", "stable", "--version", version, binary, "--keys", keys / "keys.toml",
            "--repository", repository, cwd=FOLDER, stdout=subprocess.DEVNULL)
    return {path.name.partition(".")[2]: path for path in (repository / "targets").iterdir()}


def applied(old, new, patch):
    """Milliseconds and KiB: the best of three for time, as other work only adds to it; the worst for memory."""
    program = FOLDER / "target" / TARGET / "release/examples/delta"
    took, memory = [], []
    for _ in range(3):
        said = run(program, "apply", old, new, patch, cwd=FOLDER, capture_output=True, text=True).stdout
        words = said.split()
        took.append(int(words[words.index("ms;") - 1]))
        memory.append(int(words[words.index("of") - 2]))
    return min(took), max(memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dependency", action="append", default=[], metavar="NAME=VERSION")
    parser.add_argument("--node-modules", type=pathlib.Path, help="of the display, instead of npm ci")
    parser.add_argument("--again", action="store_true", help="take the sources as they are now, and build what was built before too")
    parser.add_argument("--build-only", action="store_true", help="measure later")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    TREE.mkdir(parents=True, exist_ok=True)
    # What was built before is of the snapshot that was taken before.
    if options.again or not SNAPSHOT.exists():
        snapshot()
    binaries = {}
    for version, (_, kind) in RELEASES.items():
        if kind != "dependencies" or options.dependency:
            binaries[version] = build(version, kind, options)
            print(version, binaries[version].stat().st_size, file=sys.stderr, flush=True)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(FOLDER / "target")}
    copy(options.node_modules)
    run("cargo", "build", "--quiet", "--release", "--target", TARGET, "--example", "delta", env=environment)
    if options.build_only:
        return
    targets = publish(binaries)
    base = binaries["1.0.0"]
    digest = subprocess.run(["sha256sum", base], capture_output=True, text=True, check=True).stdout[:16]
    rows = []
    for version, binary in list(binaries.items())[1:]:
        full = targets[f"workshop-edge-{version}-{TARGET}.zst"].stat().st_size
        patch = targets[f"workshop-edge-{version}-{TARGET}.from-{digest}.qbsdiff"]
        took, memory = applied(base, binary, patch)
        rows.append({"change": RELEASES[version][0], "raw": binary.stat().st_size, "full": full,
                     "delta": patch.stat().st_size, "share": patch.stat().st_size / full, "ms": took, "KiB": memory})
    print(f"{'change':26} {'binary':>10} {'full':>10} {'delta':>9} {'share':>7} {'ms':>5} {'KiB':>7}")
    for row in rows:
        print(f"{row['change']:26} {row['raw']:10} {row['full']:10} {row['delta']:9} {row['share']:7.2%} "
              f"{row['ms']:5} {row['KiB']:7}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


main()
