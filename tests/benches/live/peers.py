"""The ERP, the box, and nginx as a cache in front of the same ERP."""

import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path

import edge
import wire
from process import Process, wait_for_port

ROOT = Path(__file__).resolve().parents[3]
USER, PASSWORD = "pantalla@example.com", "clave-de-prueba"


class Erp:
    """`tests/support/erp/server.mjs`."""

    def __enter__(self) -> "Erp":
        command = ["node", str(ROOT / "tests/support/erp/server.mjs"), "--with-parent"]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        listens = json.loads(self._child.stdout.readline())
        self.url, self._control = listens["url"], listens["control"]
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stdin.close()
        self._child.wait(10)

    def token(self) -> str:
        body = json.dumps({"email": USER, "password": PASSWORD}).encode()
        request = urllib.request.Request(self.url + "/auth/login", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["accessToken"]

    def change(self, change: dict) -> float:
        """Gives the moment of the change, in seconds of the clock that everybody here has."""
        self._order("PUT", "/_control", change)
        return time.time()

    def forget(self) -> None:
        self._order("DELETE", "/_control/log")

    def requests(self, whose: str) -> int:
        return len(self._log(whose))

    def answered(self, path: str, after: float, whose: str) -> float:
        """When the first answer after a moment was sent."""
        moments = [each["at_ms"] / 1000 for each in self._log(whose) if each["path"] == path]
        return min(moment for moment in moments if moment >= after - 0.002)

    def _log(self, whose: str) -> list[dict]:
        requests = self._order("GET", "/_control/log")["requests"]
        is_of_box = lambda each: "workshop-edge" in (each["user_agent"] or "")  # noqa: E731
        return [each for each in requests if is_of_box(each) == (whose == "box")]

    def _order(self, method: str, path: str, body: dict | None = None):
        data = json.dumps(body).encode() if body is not None else None
        with urllib.request.urlopen(urllib.request.Request(self._control + path, data, method=method)) as answer:
            text = answer.read()
        return json.loads(text) if text else None


class Box:
    def __init__(self, binary: Path, erp: Erp, directory: Path, port: int, poll: int, site: Path | None = None):
        directory.mkdir(parents=True)
        (directory / "password").write_text(PASSWORD)
        (directory / "password").chmod(0o600)
        config = directory / "config.toml"
        edge.write_config(config, {**edge.OPEN_LIMITS, "connections": 20_000, "connections_per_peer": 20_000})
        keys = f'url = "{erp.url}"\nallow_http = true\nuser = "{USER}"\npassword_file = "{directory}/password"\npoll_s = {poll}\n'
        config.write_text(config.read_text() + "[erp]\n" + keys)
        self.port = port
        self._argv = edge.command(binary, config, directory / "data", port, site)
        self._log = directory / "log"

    def __enter__(self) -> "Box":
        self.process = Process(self._argv, self._log)
        wait_for_port(self.port, self.process)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()
        if found := edge.panics(self.process):
            raise RuntimeError(f"the box panicked: {found}")

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            live = json.loads(wire.exchange(self.port, "/_edge/live.json", {}).body)
            if live["link"]["state"] == "up" and all(live["parts"][name] for name in ("machines", "alerts")):
                return
            time.sleep(0.2)
        raise RuntimeError(f"the box does not read the ERP:\n{self.process.tail()}")

    def settle(self) -> None:
        """Waits until its memory is what it will be without displays."""
        last = -1
        for _ in range(30):
            if (now := self.process.memory().anonymous) == last:
                return
            last = now
            time.sleep(1)


class Nginx:
    """One worker, which asks the ERP once for all displays in each period."""

    def __init__(self, erp: Erp, directory: Path, port: int, poll: int):
        directory.mkdir(parents=True)
        self.port = port
        self._log = directory / "log"
        config = directory / "nginx.conf"
        host = erp.url.split("/")[2]
        # Its workers then write where root does.
        user = "user root;" if os.getuid() == 0 else ""
        config.write_text(f"""
{user} daemon off; worker_processes 1; worker_rlimit_nofile 40000; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 20000; }}
http {{
  gzip on; gzip_types application/json; gzip_proxied any; gzip_vary on; gzip_min_length 256;
  access_log off; keepalive_requests 1000000; client_body_temp_path {directory}/a; proxy_temp_path {directory}/b;
  fastcgi_temp_path {directory}/c; uwsgi_temp_path {directory}/d; scgi_temp_path {directory}/e;
  proxy_cache_path {directory}/cache keys_zone=erp:10m;
  upstream erp {{ server {host}; keepalive 4; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location /api/ {{
      proxy_pass http://erp/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer {erp.token()}"; proxy_set_header User-Agent nginx;
      proxy_cache erp; proxy_cache_valid 200 {poll}s; proxy_cache_lock on; proxy_cache_use_stale updating; proxy_cache_revalidate on;
    }}
  }}
}}
""")
        self._argv = ["nginx", "-p", str(directory), "-e", str(directory / "error.log"), "-c", str(config)]

    def __enter__(self) -> "Nginx":
        self.process = Process(self._argv, self._log)
        wait_for_port(self.port, self.process)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()
