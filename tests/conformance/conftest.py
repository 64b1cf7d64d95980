"""The client under test, with its directories."""

import json
import os
import pathlib
import subprocess

import pytest

from publisher import Repository, Server

COMMAND = pathlib.Path(__file__).parent / "tuf-client"


class Client:
    def __init__(self, directory, server, root):
        self.server = server
        self.metadata = directory / "metadata"
        self.targets = directory / "targets"
        self.metadata.mkdir()
        self.targets.mkdir()
        trusted = directory / "trusted.json"
        trusted.write_bytes(root)
        before = len(server.asked)
        assert self.run("init", trusted) == 0
        assert len(server.asked) == before, "init asked for something"

    def run(self, *words, faketime=None):
        command = [COMMAND, "--metadata-dir", self.metadata, *words]
        if faketime:
            command = ["faketime", faketime, *command]
        environment = {name: value for name, value in os.environ.items() if name != "FAKETIME"}
        return subprocess.run(command, env=environment, timeout=120).returncode

    def refresh(self, faketime=None, environment=None):
        if environment:
            command = [COMMAND, "--metadata-dir", self.metadata, "--metadata-url", f"{self.server.url}/metadata/", "refresh"]
            return subprocess.run(command, env={**os.environ, **environment}, timeout=120).returncode
        return self.run("--metadata-url", f"{self.server.url}/metadata/", "refresh", faketime=faketime)

    def download(self, *names):
        chosen = [word for name in names for word in ("--target-name", name)]
        return self.run(
            "--metadata-url", f"{self.server.url}/metadata/", *chosen,
            "--target-base-url", f"{self.server.url}/targets/", "--target-dir", self.targets, "download",
        )

    def trusted(self):
        """Name and version of each role that is trusted."""
        found = {}
        for path in self.metadata.glob("*.json"):
            found[path.name.removesuffix(".json")] = json.loads(path.read_bytes())["signed"]["version"]
        return found

    def bytes(self, role):
        return (self.metadata / f"{role}.json").read_bytes()

    def asked(self):
        """What the server was asked for since the last time."""
        asked, self.server.asked[:] = list(self.server.asked), []
        return asked


@pytest.fixture
def repository():
    return Repository()


@pytest.fixture
def server(repository):
    server = Server(repository)
    yield server
    server.close()


@pytest.fixture
def client(tmp_path, server, repository):
    return Client(tmp_path, server, repository.files["1.root.json"])
