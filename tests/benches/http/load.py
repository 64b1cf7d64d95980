"""One measurement: wrk against one server for one case, with the processor time that the server spent on it."""

import re
import resource
import subprocess
from dataclasses import dataclass

from process import Process, share_nice

CONNECTIONS = 64


@dataclass(frozen=True)
class Sample:
    rate: float  # requests per second
    cpu_us: float  # the server's processor time per request
    server_busy: float  # of its core
    client_busy: float  # of wrk's core: near 1, the client is what limits the rate


class LoadError(Exception):
    pass


def measure(process: Process, port: int, path: str, headers: dict[str, str], seconds: int) -> Sample:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before, client_before = process.cpu_seconds(), _client_seconds()
    output = _run(command + [f"http://127.0.0.1:{port}{path}"])
    spent, client_spent = process.cpu_seconds() - before, _client_seconds() - client_before
    requests = re.search(r"(\d+) requests in", output)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", output)
    if not requests or not rate or int(requests[1]) == 0:
        raise LoadError(f"wrk measured nothing:\n{output}")
    # A rate that counts refusals and resets would be no rate of answers.
    if "Non-2xx" in output or "Socket errors" in output:
        raise LoadError(f"errors under load:\n{output}")
    return Sample(float(rate[1]), spent * 1e6 / int(requests[1]), spent / seconds, client_spent / seconds)


def _run(command: list[str]) -> str:
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipe) as child:
        share_nice(child.pid)
        try:
            return child.communicate()[0]
        except BaseException:
            child.kill()
            raise


def _client_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
