#!/usr/bin/env python3
"""The notices of the libraries that the binary is linked with, which their licences want to go with it.

usage: third_party.py TRIPLE

Reads the licence files of the crates in cargo's own store. Texts that several crates share are printed once.
"""

import json
import pathlib
import subprocess
import sys

NAMES = ("license", "licence", "copying", "copyright", "notice", "unlicense")


def crates(triple):
    """The crates that are linked for a target, without those that only build or test."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", triple]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    seen, pending = set(), [root]
    while pending:
        for dependency in nodes[pending.pop()]["deps"]:
            linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if linked and dependency["pkg"] not in seen:
                seen.add(dependency["pkg"])
                pending.append(dependency["pkg"])
    return sorted((packages[identity] for identity in seen), key=lambda crate: (crate["name"], crate["version"]))


def notices(crate):
    """The texts of a crate's licence files."""
    folder = pathlib.Path(crate["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name.lower().startswith(NAMES))
    return [path.read_text(encoding="utf-8", errors="replace").strip() for path in files]


def main(triple):
    by_text = {}
    print("The libraries in workshop-edge and their licences\n")
    for crate in crates(triple):
        name = f"{crate['name']} {crate['version']}"
        print(f"{name}: {crate['license'] or 'see its notice'}")
        for text in notices(crate):
            by_text.setdefault(text, []).append(name)
    for text, names in by_text.items():
        print("\n" + "=" * 78 + "\n" + ", ".join(names) + "\n\n" + text)


if __name__ == "__main__":
    main(*sys.argv[1:])
