"""Attacks workshop-edge on loopback. Started by `run`, which builds the binary and checks for the programs."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "common"))

import edge  # noqa: E402  the shared modules are found only from here on
import malformed  # noqa: E402
import process  # noqa: E402
import slow  # noqa: E402


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/benches/attackers/run", description=__doc__.split(". ")[0])
    parser.add_argument("mode", nargs="?", choices=("all", "slow", "malformed"), default="all")
    parser.add_argument("--connections", type=int, default=300, help="of a slow attacker (300)")
    parser.add_argument("--seconds", type=int, default=45, help="that a slow attacker lasts (45)")
    parser.add_argument("--attack", default="", help="only slow attacks whose name holds this, such as read")
    parser.add_argument("--calm", type=float, default=5, help="seconds to measure the client before an attack (5)")
    parser.add_argument("--count", type=int, default=10_000, help="malformed requests (10000)")
    parser.add_argument("--seed", type=int, default=1, help="of the malformed requests (1)")
    parser.add_argument("--max-growth", type=float, default=16, help="MB that malformed requests may leave behind (16)")
    parser.add_argument("--binary", type=Path, default=ROOT / edge.BINARY, help="workshop-edge to attack")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    process.stop_on_signals()
    process.raise_file_limit()
    faults = []
    with tempfile.TemporaryDirectory(prefix="edge-attack-") as scratch:
        print(f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
        if options.mode in ("all", "slow"):
            faults += slow.run(
                options.binary, Path(scratch), options.connections, options.seconds, options.calm, options.attack
            )
        if options.mode in ("all", "malformed"):
            faults += malformed.run(options.binary, Path(scratch), options.count, options.seed, options.max_growth)
    print(f"\n{len(faults)} invariants failed" if faults else "\nall invariants hold")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
