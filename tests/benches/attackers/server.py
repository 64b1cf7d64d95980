"""The server under attack: its start, and what must hold of it afterwards."""

import time
from pathlib import Path

import edge
import wire
from process import Ports, Process, wait_for_port


class Server:
    def __init__(self, binary: Path, scratch: Path, limits: dict[str, int], name: str):
        self.port = Ports(first=22000).take()
        directory = scratch / name
        directory.mkdir()
        config = directory / "config.toml"
        edge.write_config(config, limits)
        command = edge.command(binary, config, directory / "data", self.port, None)
        self.process = Process(command, directory / "log")
        try:
            wait_for_port(self.port, self.process)
            self._settle()
            for _ in range(20):  # what the first requests allocate for good is not the attack's doing
                wire.exchange(self.port, "/", {})
        except BaseException:
            self.process.stop(grace=0)
            raise
        time.sleep(0.5)
        self.base_files = self.process.open_files()
        self.base_memory = self.process.memory()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_exception) -> None:
        self.process.stop()

    def faults(self, wait: float = 15) -> list[str]:
        """What is wrong with it after the attackers have gone; nothing, it is hoped."""
        if not self.process.alive():
            return [f"the server ended with {self.process.exit_code}:\n{self.process.tail()}"]
        found = []
        deadline = time.monotonic() + wait
        while (files := self.process.open_files()) > self.base_files and time.monotonic() < deadline:
            time.sleep(0.2)
        if files > self.base_files:
            found.append(f"{files - self.base_files} descriptors are still open {wait:.0f} s after the attack")
        try:
            answer = wire.exchange(self.port, "/", {})
            if answer.status != 200:
                found.append(f"the page is answered with {answer.status} after the attack")
        except (OSError, wire.WireError) as error:
            found.append(f"the page is not answered after the attack: {error!r}")
        found += [f"a panic in the log: {line}" for line in edge.panics(self.process)[:5]]
        return found

    def _settle(self, quiet: float = 0.5, limit: float = 60) -> None:
        """Until the representations are made."""
        deadline = time.monotonic() + limit
        spent = self.process.cpu_seconds()
        while time.monotonic() < deadline:
            time.sleep(quiet)
            now = self.process.cpu_seconds()
            if now - spent < 0.02:
                return
            spent = now


def megabytes(kib: int) -> str:
    return f"{kib * 1024 / 1e6:.1f} MB"
