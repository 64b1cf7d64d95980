"""Reads a repository with python-tuf as a client does: client.py URL ROOT STATE [TARGET...].

Prints the versions of what it trusts afterwards, and the SHA-256 of every target, as JSON. STATE is a directory that is
kept from one run to the next, so that rollbacks are seen."""

import hashlib
import json
import pathlib
import sys

from tuf.ngclient import Updater, UpdaterConfig

url, root, state, *targets = sys.argv[1:]
state = pathlib.Path(state)
(state / "targets").mkdir(parents=True, exist_ok=True)
updater = Updater(
    str(state),
    url + "/metadata/",
    target_dir=str(state / "targets"),
    target_base_url=url + "/targets/",
    bootstrap=pathlib.Path(root).read_bytes(),
    config=UpdaterConfig(prefix_targets_with_hash=True),
)
updater.refresh()
answer = {"files": {}}
for name in targets:
    info = updater.get_targetinfo(name)
    if info is None:
        answer["files"][name] = None
        continue
    path = updater.download_target(info)
    answer["files"][name] = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
for role in ["root", "timestamp", "snapshot", "targets", "stable", "staging"]:
    path = state / f"{role}.json"
    if path.exists():
        answer[role] = json.loads(path.read_text())["signed"]["version"]
print(json.dumps(answer))
