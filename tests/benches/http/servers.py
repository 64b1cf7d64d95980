"""The servers that are compared, each as a command line for one site and one port."""

import os
import re
import resource
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import edge
from cases import Case
from fixture import Site
from process import Ports, Process, wait_for_port

HERE = Path(__file__).parent

OURS, EMBEDDED, NGINX, NOSENDFILE, RAW = "edge", "edge-embedded", "nginx", "nginx-nosendfile", "raw-tokio"
SWS, CADDY = "static-web-server", "caddy"
MEASURED = [OURS, NGINX, NOSENDFILE, SWS, CADDY, RAW]


@dataclass
class Setting:
    """What every server is given."""

    site: Site
    scratch: Path
    core: int
    binary: Path
    raw_binary: Path
    ports: Ports
    answers: dict[str, bytes] = field(default_factory=dict)  # by case, for raw tokio


@dataclass
class Running:
    name: str
    port: int
    process: Process


def start(name: str, setting: Setting, port: int | None = None, case: Case | None = None) -> Running:
    """Starts a server and waits until it listens."""
    port = port or setting.ports.take()
    process = launch(name, setting, port, case)
    try:
        wait_for_port(port, process)
    except BaseException:
        process.stop(grace=0)
        raise
    return Running(name, port, process)


def launch(name: str, setting: Setting, port: int, case: Case | None = None) -> Process:
    argv, env = prepare(name, setting, port, case)
    return spawn(name, setting, argv, env)


def prepare(name: str, setting: Setting, port: int, case: Case | None = None) -> tuple[list[str], dict[str, str]]:
    """Writes what the server needs, apart from starting it, so that a start can be timed alone."""
    scratch = setting.scratch / f"{name}-{port}"
    scratch.mkdir(exist_ok=True)
    env: dict[str, str] = {}
    if name in (OURS, EMBEDDED):
        config = scratch / "config.toml"
        edge.write_config(config, edge.OPEN_LIMITS)
        site = setting.site.directory if name == OURS else None
        # The others send the files as they are.
        as_they_are = ["--set", "screens.agent=false"]
        return edge.command(setting.binary, config, scratch / "data", port, site) + as_they_are, env
    if name in (NGINX, NOSENDFILE):
        config = scratch / "nginx.conf"
        _fill(
            "nginx.conf",
            config,
            port=port,
            site=setting.site.directory,
            dir=scratch,
            modules=nginx_modules(),
            # As root, nginx gives its worker to a user who may not enter the temporary directory.
            user="user root;" if os.geteuid() == 0 else "",
            sendfile="on" if name == NGINX else "off",
            files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        )
        return [find("nginx"), "-e", "stderr", "-p", str(scratch), "-c", str(config)], env
    if name == SWS:
        config = scratch / "static-web-server.toml"
        _fill("static-web-server.toml", config, port=port, site=setting.site.directory)
        return [find(SWS), "--config-file", str(config)], env
    if name == CADDY:
        config = scratch / "Caddyfile"
        _fill("Caddyfile", config, port=port, site=setting.site.directory)
        env = {"HOME": str(scratch), "XDG_CONFIG_HOME": str(scratch), "XDG_DATA_HOME": str(scratch)}
        return [find("caddy"), "run", "--config", str(config), "--adapter", "caddyfile"], env
    if name == RAW:
        answer = scratch / "answer"
        answer.write_bytes(setting.answers[case.name] if case else next(iter(setting.answers.values())))
        return [str(setting.raw_binary), f"127.0.0.1:{port}", str(answer)], env
    raise ValueError(name)


def spawn(name: str, setting: Setting, argv: list[str], env: dict[str, str]) -> Process:
    return Process(argv, setting.scratch / f"{name}.log", setting.core, env)


def find(program: str) -> str:
    """Also where a distribution and cargo put programs that are not on every user's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", str(Path.home() / ".cargo/bin")])
    found = shutil.which(program, path=path)
    if not found:
        raise SystemExit(f"{program} is missing; the run script says how to install it")
    return found


def nginx_modules() -> str:
    build = subprocess.run([find("nginx"), "-V"], stderr=subprocess.PIPE, text=True, check=True).stderr
    found = re.search(r"--modules-path=(\S+)", build)
    return found[1] if found else "modules"


def _fill(template: str, target: Path, **values: object) -> None:
    text = (HERE / "conf" / template).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", str(value))
    target.write_text(text)
