"""The client against a repository that the publisher's program makes; the run names that in WORKSHOP_RELEASE."""

import os
import pathlib
import subprocess

import pytest

from conftest import Client
from publisher import Server


class Published:
    """The files of a directory, as the server wants them."""

    def __init__(self, directory):
        self.directory = directory
        self.files = self._of("metadata")
        self.targets_content = self._of("targets")

    def _of(self, kind):
        class Files:
            def __init__(self, directory):
                self.directory = directory

            def get(self, name):
                path = self.directory / name
                return path.read_bytes() if path.is_file() else None

        return Files(self.directory / kind)


@pytest.fixture
def release(tmp_path):
    def run(*words, keys=tmp_path / "keys" / "keys.toml"):
        program = pathlib.Path(os.environ["WORKSHOP_RELEASE"]).resolve()
        chosen = ["--keys", keys] if keys else []
        subprocess.run([program, *words, "--repository", tmp_path / "repository", *chosen], check=True, timeout=120)

    run("init", "--new-keys", tmp_path / "keys", keys=None)
    return run


def test_init_refresh_and_download(tmp_path, release):
    server = Server(Published(tmp_path / "repository"))
    root = (tmp_path / "repository" / "metadata" / "1.root.json").read_bytes()
    client = Client(tmp_path, server, root)
    assert client.refresh() == 0
    assert client.trusted() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}
    assert client.download("stable.manifest.json", "staging.manifest.json") == 0
    assert client.trusted() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1, "stable": 1, "staging": 1}
    assert sorted(path.name for path in client.targets.iterdir()) == ["stable.manifest.json", "staging.manifest.json"]
    release("refresh", "--expires", "timestamp=20d")
    assert client.refresh() == 0
    assert client.trusted()["timestamp"] == 2
    assert client.download("missing") == 1
    server.close()
