"""A repository of python-tuf that a test changes, and a web server for it that counts what it is asked for."""

import datetime
import hashlib
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    MetaFile,
    Metadata,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

TOP = ["root", "timestamp", "snapshot", "targets"]


def in_days(days):
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=days)


class Repository:
    """Roles as Python objects, and the files as they were last published."""

    def __init__(self, key=CryptoSigner.generate_ecdsa):
        self.key = key
        self.signers = {}
        # Whether snapshot and timestamp pin lengths and hashes too.
        self.hashes = False
        self.files = {}
        self.targets_content = {}
        self.roles = {
            "root": Root(expires=in_days(30)),
            "timestamp": Timestamp(expires=in_days(30)),
            "snapshot": Snapshot(expires=in_days(30)),
            "targets": Targets(expires=in_days(30)),
        }
        for role in TOP:
            self.rotate(role)
        self.publish("root", bump=False)
        self.publish("targets", "snapshot", "timestamp", bump=False)

    def rotate(self, role, count=1):
        """New keys for a top-level role."""
        root = self.roles["root"]
        for keyid in list(root.roles[role].keyids):
            root.revoke_key(keyid, role)
        self.signers[role] = [self.key() for _ in range(count)]
        for signer in self.signers[role]:
            root.add_key(signer.public_key, role)

    def signed(self, role, signers=None):
        metadata = Metadata(self.roles[role])
        for signer in signers if signers is not None else self.signers[role]:
            metadata.sign(signer, append=True)
        return metadata.to_bytes(JSONSerializer())

    def pin(self, role, data):
        version = self.roles[role].version
        if not self.hashes:
            return MetaFile(version)
        return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})

    def publish(self, *roles, bump=True, signers=None):
        """Signs the roles, in this order, and puts their files out."""
        for role in roles:
            signed = self.roles[role]
            if bump:
                signed.version += 1
            data = self.signed(role, signers)
            quoted = urllib.parse.quote(role, "")
            versioned = role == "root" or (self.roles["root"].consistent_snapshot and role != "timestamp")
            self.files[f"{signed.version}.{quoted}.json" if versioned else f"{quoted}.json"] = data
            if role == "snapshot":
                self.roles["timestamp"].snapshot_meta = self.pin(role, data)
            elif role not in ("root", "timestamp"):
                self.roles["snapshot"].meta[f"{role}.json"] = self.pin(role, data)

    def publish_all(self):
        delegated = [role for role in self.roles if role not in TOP]
        self.publish(*delegated, "targets", "snapshot", "timestamp")

    def delegate(self, delegator, name, paths=("*",), terminating=False, path_hash_prefixes=None):
        signed = self.roles[delegator]
        signed.delegations = signed.delegations or Delegations({}, roles={})
        role = DelegatedRole(name, [], 1, terminating, None if path_hash_prefixes else list(paths), path_hash_prefixes)
        signed.delegations.roles[name] = role
        signer = self.key()
        signed.add_key(signer.public_key, name)
        self.signers.setdefault(name, []).append(signer)
        if name not in self.roles:
            self.roles[name] = Targets(expires=in_days(30))
            # The first that is published is 1.
            self.roles[name].version = 0

    def add(self, role, path, content):
        target = TargetFile.from_data(path, content, ["sha256"])
        self.roles[role].targets[path] = target
        directory, slash, name = path.rpartition("/")
        if self.roles["root"].consistent_snapshot:
            name = f"{target.hashes['sha256']}.{name}"
        self.targets_content[f"{directory}{slash}{name}"] = content


class Server:
    """Serves a repository's files, and says of what it was asked for."""

    def __init__(self, repository):
        self.asked = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                kind, _, name = self.path.lstrip("/").partition("/")
                server.asked.append(name)
                if kind == "metadata":
                    data = repository.files.get(name)
                else:
                    data = repository.targets_content.get(urllib.parse.unquote(name))
                if data is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()
