"""Real boxes, started as their service starts them, and the server of their repository."""

import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "common"))

from process import Process, wait_for_port  # noqa: E402

NGINX = """
{user} daemon off; master_process off; pid {here}/nginx.pid; error_log {here}/nginx.log;
events {{}}
http {{
    access_log off; client_body_temp_path {here}/tmp; proxy_temp_path {here}/tmp; fastcgi_temp_path {here}/tmp;
    uwsgi_temp_path {here}/tmp; scgi_temp_path {here}/tmp;
    types {{ application/json json; }} default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port} ssl; root {here}/{root};
        ssl_certificate {here}/certificate.pem; ssl_certificate_key {here}/key.pem;
    }}
}}
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def version(binary):
    said = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True).stdout
    return re.search(r"\d+\.\d+\.\d+\S*", said).group()


def publish(here, publisher, binary):
    run(publisher, "publish", "--channel", "stable", "--version", version(binary), binary,
        "--keys", here / "keys/keys.toml", "--repository", here / "repository")


def repository(here, publisher, binary):
    run(publisher, "init", "--new-keys", here / "keys", "--repository", here / "repository")
    publish(here, publisher, binary)


def nginx(here, root="repository"):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-subj", "/CN=bucket", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
        "-keyout", here / "key.pem", "-out", here / "certificate.pem")
    port = free_port()
    user = "user root;" if Path("/proc/self").stat().st_uid == 0 else ""
    (here / "nginx.conf").write_text(NGINX.format(here=here, root=root, port=port, user=user))
    server = Process(["nginx", "-e", str(here / "nginx.log"), "-c", str(here / "nginx.conf")], here / "nginx.out")
    wait_for_port(port, server)
    return server, f"https://127.0.0.1:{port}"


class Box:
    def __init__(self, here, name, binary, *settings):
        self.port = free_port()
        program, data = here / f"{name}-factory", here / name
        shutil.copy2(binary, program)
        data.mkdir()
        (data / "config.toml").write_text("")
        argv = [str(program), "launch", "--config", str(data / "config.toml"), "--data-dir", str(data / "data"),
                "--listen", f"127.0.0.1:{self.port}", "--set", "discovery.enabled=false"]
        for setting in settings:
            argv += ["--set", setting]
        self.process = Process(argv, data / "log")
        wait_for_port(self.port, self.process)

    def read(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()
