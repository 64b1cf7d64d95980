"""Starting a server on one core, reading its process tree from /proc, and making sure that it is gone afterwards."""

import os
import resource
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """Sums over the process tree, in KiB."""

    rss: int
    pss: int
    anonymous: int
    high_water: int


class Process:
    """A server in a session of its own, so that the session finds and ends every process that it forks."""

    def __init__(self, argv: list[str], log: Path, core: int | None = None, env: dict[str, str] | None = None):
        self.log = log
        with open(log, "ab") as output, on_core(core):  # a child inherits the affinity: no exec of taskset to time
            self._child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        self.pid = self._child.pid
        share_nice(self.pid)

    def alive(self) -> bool:
        return self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._child.poll()

    def pids(self) -> list[int]:
        return [pid for pid, fields in _every_stat() if int(fields[3]) == self.pid]

    def cpu_seconds(self) -> float:
        """User and system time of the whole tree, to one clock tick."""
        ticks = sum(int(f[11]) + int(f[12]) for _, f in _every_stat() if int(f[3]) == self.pid)
        return ticks / TICK

    def memory(self) -> Memory:
        rss = pss = anonymous = high_water = 0
        for pid in self.pids():
            rollup = _fields(f"/proc/{pid}/smaps_rollup")
            rss += rollup.get("Rss", 0)
            pss += rollup.get("Pss", 0)
            anonymous += rollup.get("Anonymous", 0)
            high_water += _fields(f"/proc/{pid}/status").get("VmHWM", 0)
        return Memory(rss, pss, anonymous, high_water)

    def open_files(self) -> int:
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids())

    def stop(self, grace: float = 3) -> None:
        if self.alive():
            self._child.terminate()
            try:
                self._child.wait(grace)
            except subprocess.TimeoutExpired:
                pass
        # The leader may be gone while its workers are not.
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._child.wait()

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def on_core(core: int | None):
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def share_nice(pid: int) -> None:
    """Linux may weigh whole sessions against each other and niceness only within one; a session started here is then
    given our niceness as a whole."""
    if (nice := os.nice(0)) < 0:
        try:
            Path(f"/proc/{pid}/autogroup").write_text(str(nice))
        except OSError:
            pass  # the kernel does not group sessions


def wait_for_port(port: int, process: Process, timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if not process.alive():
            raise RuntimeError(f"ended at start with {process.exit_code}:\n{process.tail()}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError(f"nothing listens on 127.0.0.1:{port} after {timeout:.0f} s:\n{process.tail()}")


class Ports:
    """Loopback ports below the usual ephemeral range, where no outgoing connection can take one between two starts."""

    def __init__(self, first: int = 21000):
        self._next = first

    def take(self) -> int:
        while self._next < 32000:
            port, self._next = self._next, self._next + 1
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port
        raise RuntimeError("no free port between 21000 and 32000")


def raise_file_limit() -> int:
    """Thousands of connections need as many descriptors, here and in the servers, which inherit the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def stop_on_signals() -> None:
    """Any of these ends the run through every `finally`; a second one does not interrupt the tidying up."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(number, _frame):
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, interrupt)


def _every_stat():
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = Path(f"/proc/{entry}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
        # The name may hold blanks and brackets; the fields after it count from "state".
        yield int(entry), stat.rpartition(")")[2].split()


def _fields(path: str) -> dict[str, int]:
    found = {}
    try:
        lines = Path(path).read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return found
    for line in lines:
        name, _, value = line.partition(":")
        number = value.split()[:1]
        if number and number[0].isdigit():
            found[name] = int(number[0])
    return found
