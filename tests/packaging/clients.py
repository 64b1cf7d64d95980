#!/usr/bin/env python3
"""Clients that ask for the page again and again, each time on a new connection, until SIGTERM; then prints one line of
JSON: how many were answered, refused or failed, and the longest wait.

usage: clients.py HOST PORT CLIENTS
"""

import json
import signal
import socket
import sys
import threading
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
TIMEOUT_S = 30


def ask(address):
    """Asks once and reads to the end."""
    with socket.create_connection(address, timeout=TIMEOUT_S) as connection:
        connection.sendall(REQUEST)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    if not head.startswith(b"HTTP/1.1 200 ") or len(body) != length:
        raise OSError(f"not a whole answer: {head[:60]!r}")


def client(address, stopped, result):
    """One client; counts in `result`, which is its own."""
    while not stopped.is_set():
        began = time.monotonic()
        try:
            ask(address)
            result["answered"] += 1
        except ConnectionRefusedError:
            result["refused"] += 1
        except (OSError, StopIteration) as error:
            result["failed"] += 1
            result["errors"].add(str(error))
        result["longest"] = max(result["longest"], time.monotonic() - began)


def main(host, port, clients):
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    results = [{"answered": 0, "refused": 0, "failed": 0, "longest": 0.0, "errors": set()} for _ in range(int(clients))]
    threads = [threading.Thread(target=client, args=((host, int(port)), stopped, result)) for result in results]
    for thread in threads:
        thread.start()
    # Whoever started this waits for it: only now are there clients, and a signal ends them well.
    print("asking", flush=True)
    for thread in threads:
        thread.join()
    total = {name: sum(result[name] for result in results) for name in ("answered", "refused", "failed")}
    total["longest_ms"] = round(max(result["longest"] for result in results) * 1000)
    total["errors"] = sorted(set().union(*(result["errors"] for result in results)))
    print(json.dumps(total))


if __name__ == "__main__":
    main(*sys.argv[1:])
