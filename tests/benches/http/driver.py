"""Runs workshop-edge side by side with other servers, each on one core, and prints how they compare.

Started by `run`, which builds the binaries and checks for the programs.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "common"))

import cases  # noqa: E402  the shared modules are found only from here on
import edge  # noqa: E402
import fixture  # noqa: E402
import load  # noqa: E402
import process  # noqa: E402
import report  # noqa: E402
import servers  # noqa: E402
import startup  # noqa: E402
import wire  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/benches/http/run", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="rounds; each makes one pair per case (10)")
    parser.add_argument("--seconds", type=int, default=2, help="length of one wrk run, whole seconds (2)")
    parser.add_argument("--cases", help="comma-separated; a part of a name is enough: index,script-br")
    parser.add_argument("--servers", help=f"comma-separated, of {','.join(servers.MEASURED)}")
    parser.add_argument("--head", choices=("short", "tv"), default="short", help="request head: short, or a TV browser's")
    parser.add_argument("--site", type=Path, help="a built dist (assets/workshop-monitor/dist)")
    parser.add_argument("--starts", type=int, default=20, help="starts to time; 0 for none (20)")
    parser.add_argument("--idle", type=int, default=2000, help="idle connections to open; 0 for none (2000)")
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--client-core", type=int, default=1)
    parser.add_argument("--nice", type=int, default=0, help="below 0 takes the cores from others on a busy machine; needs root")
    parser.add_argument("--seed", type=int, default=1, help="of the order within the rounds")
    parser.add_argument("--json", type=Path, help="write all samples and figures here as well")
    parser.add_argument("--binary", type=Path, default=ROOT / edge.BINARY, help="workshop-edge to measure")
    parser.add_argument(
        "--raw-binary", type=Path, default=ROOT / "target/x86_64-unknown-linux-musl/release/examples/raw-tokio"
    )
    return parser.parse_args()


def main() -> None:
    options = arguments()
    process.stop_on_signals()
    process.raise_file_limit()
    os.nice(options.nice)  # inherited by servers and wrk alike
    os.sched_setaffinity(0, {options.client_core})  # for wrk too; each server is started on the other core
    names = _chosen(options.servers, servers.MEASURED, "server")
    dist = options.site or ROOT / "assets/workshop-monitor/dist"
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as scratch:
        site = fixture.make(dist, Path(scratch) / "site")
        if site.synthetic:
            print(f"no dist at {dist}: serving a made-up site of the same shape")
        setting = servers.Setting(
            site, Path(scratch), options.server_core, options.binary, options.raw_binary, process.Ports()
        )
        every = cases.all_cases(site, options.head == "tv")
        wanted = _chosen(options.cases, [case.name for case in every], "case")
        results = report.Results(site.size())
        print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores; a busy machine widens every interval", flush=True)
        run_load([case for case in every if case.name in wanted], names, setting, options, results)
        run_costs(names, setting, options, results)
        print(f"load average {os.getloadavg()[0]:.2f} at the end")
    report.print_all(results)
    if options.json:
        options.json.write_text(json.dumps(results.as_json(), indent=1) + "\n")


def run_load(wanted, names, setting, options, results: report.Results) -> None:
    running: dict[tuple[str, str], servers.Running] = {}  # raw tokio has one process per case
    draw = random.Random(options.seed)
    try:
        # Ours first: raw tokio gets its answers from it.
        for name in [n for n in names if n != servers.RAW]:
            server = servers.start(name, setting)
            for case in wanted:
                running[name, case.name] = server
                answer = wait_until_right(case, setting.site, server)
                setting.answers.setdefault(case.name, answer.raw)
                _note(results, case, name, answer)
        if servers.RAW in names:
            if not setting.answers:
                raise SystemExit("raw-tokio takes its answers from another server: choose one besides")
            for case in wanted:
                running[servers.RAW, case.name] = server = servers.start(servers.RAW, setting, case=case)
                _note(results, case, servers.RAW, wire.exchange(server.port, case.path, dict(case.headers)))
        for server in {id(s): s for s in running.values()}.values():
            startup.settle(server.process)  # what it makes in the background is not to be measured as load
        for number in range(1, options.rounds + 1):
            _progress(f"round {number} of {options.rounds}")
            for case in draw.sample(wanted, len(wanted)):
                # All servers of one case directly after each other: the pair then meets the same machine.
                for name in draw.sample(names, len(names)):
                    server = running[name, case.name]
                    headers = case.request_headers(server.port) if name != servers.RAW else dict(case.headers)
                    sample = measure_patiently(server, case.path, headers, options.seconds)
                    results.samples.setdefault(case.name, {}).setdefault(name, []).append(sample)
        in_order = {c.name: {n: results.samples[c.name][n] for n in names} for c in wanted if c.name in results.samples}
        results.samples = in_order
        for name in [n for n in names if n != servers.RAW and wanted]:
            results.memory[name] = running[name, wanted[0].name].process.memory()
    finally:
        for server in {id(s): s for s in running.values()}.values():
            server.process.stop()


def measure_patiently(server: servers.Running, path: str, headers: dict[str, str], seconds: int) -> load.Sample:
    """One more try, so that a moment in which the machine stood still does not cost a long run."""
    try:
        return load.measure(server.process, server.port, path, headers, seconds)
    except load.LoadError as error:
        _progress(f"{server.name}, {path}: once more after: {error}")
        return load.measure(server.process, server.port, path, headers, seconds)


def run_costs(names, setting, options, results: report.Results) -> None:
    real = startup.names_for_start(names)
    if servers.OURS in real:
        real.insert(real.index(servers.OURS) + 1, servers.EMBEDDED)
    if options.idle:
        for name in real:
            _progress(f"{options.idle} idle connections: {name}")
            results.idle[name] = startup.idle_connections(name, setting, options.idle)
    if options.starts:
        _progress(f"{options.starts} starts of each server")
        results.starts = startup.first_answers(real, setting, options.starts)


def wait_until_right(case: cases.Case, site: fixture.Site, server: servers.Running, limit: float = 120):
    """Ours serves identity until its representations are made in the background; the others are right at once."""
    deadline = time.monotonic() + (limit if server.name == servers.OURS else 0)
    while True:
        try:
            return cases.check(case, site, server.port)
        except (cases.WrongAnswer, wire.WireError) as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"{server.name}, {case.name}: {error}\n{server.process.tail()}") from error
        time.sleep(0.1)


def _note(results: report.Results, case, name: str, answer: wire.Answer) -> None:
    results.answer_bytes.setdefault(case.name, {})[name] = (len(answer.head), len(answer.body))


def _chosen(given: str | None, known: list[str], what: str) -> list[str]:
    if not given:
        return known
    words = given.split(",")
    for word in words:
        if not any(word in name for name in known):
            raise SystemExit(f"no {what} {word!r}: there are {', '.join(known)}")
    # A whole name means itself alone ("nginx" is a part of "nginx-nosendfile" too).
    return [name for name in known if any(word == name or (word not in known and word in name) for word in words)]


def _progress(message: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except (load.LoadError, RuntimeError) as error:
        sys.exit(str(error))
