"""A host of the network that speaks multicast DNS and SSDP with nothing but sockets.

  peer.py ask NAME                 asks for A and AAAA as a client would (RFC 6762 section 6.7); prints each
                                   answer, "FROM ADDRESS", sorted
  peer.py service INSTANCE         asks for the place of a service; prints each record of the answers, "NAME TYPE DATA"
  peer.py query NAME TYPE FROM HOW TO
                                   sends one question from port FROM of the host's own address, at which no multicast
                                   arrives, to the group or to an address; HOW is "qu", to be answered by unicast, or "qm";
                                   prints each answer as a JSON object
  peer.py listen                   prints every record that is multicast, "FROM TTL NAME TYPE DATA"
  peer.py flood KIND COUNT         sends datagrams to the group: malformed, or unsolicited records
  peer.py hold ADDRESS FIRST LAST  keeps these ports of UDP, so that no other socket can have them
  peer.py search TARGET [MX]       searches by SSDP for MX + 1 seconds; prints every answer as a JSON object
"""

import json
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import time

GROUP, PORT = "224.0.0.251", 5353
TYPES = {1: "A", 12: "PTR", 16: "TXT", 28: "AAAA", 33: "SRV", 47: "NSEC"}
INTERFACE = "eth0"


def encode(name):
    return b"".join(bytes([len(part)]) + part for part in name.encode().split(b".")) + b"\0"


def decode(message, at):
    """The name at an offset, and where it ends."""
    parts, end = [], None
    while message[at]:
        if message[at] >= 192:
            end = end or at + 2
            at = struct.unpack_from(">H", message, at)[0] & 0x3FFF
            continue
        parts.append(message[at + 1 : at + 1 + message[at]].decode(errors="replace"))
        at += message[at] + 1
    return ".".join(parts), end or at + 1


def records(message):
    """Every record of a response: (name, type, TTL, data as text)."""
    _, flags, *counts = struct.unpack_from(">6H", message)
    if not flags & 0x8000:
        return
    at = 12
    for _ in range(counts[0]):
        _, at = decode(message, at)
        at += 4
    for _ in range(sum(counts[1:])):
        name, at = decode(message, at)
        kind, _, ttl, length = struct.unpack_from(">HHIH", message, at)
        at += 10
        data = message[at : at + length]
        if kind == 1:
            text = socket.inet_ntop(socket.AF_INET, data)
        elif kind == 28:
            text = socket.inet_ntop(socket.AF_INET6, data)
        elif kind == 12:
            text, _ = decode(message, at)
        elif kind == 33:
            text = decode(message, at + 6)[0] + ":" + str(struct.unpack_from(">H", data, 4)[0])
        else:
            text = repr(data)
        at += length
        yield name, TYPES.get(kind, str(kind)), ttl, text


def sockets(port):
    """For IPv4 where eth0 has such an address, and for IPv6."""
    index = socket.if_nametoindex(INTERFACE)
    four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    four.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    four.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"", b"", index))
    four.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    four.bind(("", port))
    six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    six.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    six.bind(("::", port))
    if port:
        member = struct.pack("4s4si", socket.inet_aton(GROUP), b"", index)
        four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        member = struct.pack("16si", socket.inet_pton(socket.AF_INET6, "ff02::fb"), index)
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
    return [(four, (GROUP, PORT)), (six, ("ff02::fb", PORT, 0, index))]


def received(pairs, until):
    while (left := until - time.monotonic()) > 0:
        for ready in select.select([one for one, _ in pairs], [], [], min(left, 60))[0]:
            message, peer = ready.recvfrom(9000)
            yield message, peer[0].split("%")[0]


def answers(name, kinds):
    """Every record that comes as an answer: (sender, name, type, data)."""
    pairs = sockets(0)
    for one, group in pairs:
        for kind in kinds:
            try:
                one.sendto(struct.pack(">6H", 7, 0, 1, 0, 0, 0) + encode(name) + struct.pack(">HH", kind, 1), group)
            except OSError:
                pass  # a family without an address
    for message, peer in received(pairs, time.monotonic() + 0.5):
        for owner, kind, _, text in records(message):
            yield peer, owner, kind, text


def ask(name):
    found = set()
    for peer, owner, kind, text in answers(name, (1, 28)):
        if owner.lower() == name.lower() and kind in ("A", "AAAA"):
            found.add(f"{peer} {text}")
    print("\n".join(sorted(found)))


def service(instance):
    print("\n".join(sorted({f"{owner} {kind} {text}" for _, owner, kind, text in answers(instance, (33,))})))


def sections(message):
    """What an answer consists of; whether the names in SRV and NSEC are compressed."""
    number, flags, *counts = struct.unpack_from(">6H", message)
    at, found, is_compressed = 12, {"id": number, "flags": flags, "questions": []}, False
    for _ in range(counts[0]):
        name, at = decode(message, at)
        found["questions"].append([name, *struct.unpack_from(">HH", message, at)])
        at += 4
    for section, count in zip(("answers", "authorities", "additionals"), counts[1:]):
        found[section] = []
        for _ in range(count):
            name, at = decode(message, at)
            kind, group, ttl, length = struct.unpack_from(">HHIH", message, at)
            inner = {33: at + 16, 47: at + 10}.get(kind)
            if inner:
                target, end = decode(message, inner)
                is_compressed |= end - inner != len(encode(target))
            data = message[at + 10 : at + 10 + length]
            found[section].append({"name": name, "type": TYPES.get(kind), "class": group, "ttl": ttl, "data": data.hex()})
            at += 10 + length
    return {**found, "is_compressed": is_compressed, "has_more": at != len(message)}


def query(name, kind, port, how, to):
    number = next(number for number, text in TYPES.items() if text == kind)
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own = json.loads(subprocess.check_output(["ip", "-json", "-4", "address", "show", "dev", INTERFACE]))
    one.bind((own[0]["addr_info"][0]["local"], int(port)))
    question = encode(name) + struct.pack(">HH", number, 0x8001 if how == "qu" else 1)
    one.sendto(struct.pack(">6H", 4711, 0, 1, 0, 0, 0) + question, (GROUP if to == "group" else to, PORT))
    for message, peer in received([(one, None)], time.monotonic() + 1):
        print(json.dumps({"from": peer, **sections(message)}))


def listen():
    pairs = sockets(PORT)
    print("ready", flush=True)
    for message, peer in received(pairs, float("inf")):
        for name, kind, ttl, text in records(message):
            print(peer, ttl, name.replace(" ", "_"), kind, text, flush=True)


def malformed(random):
    """Bytes, headers that promise too much, names in circles and without end."""
    head = lambda: struct.pack(">6H", 0, random.choice((0, 0x8400)), *(random.choice((0, 1, 255, 65535)) for _ in range(4)))
    return (
        lambda: random.randbytes(random.randrange(1, 300)),
        lambda: head() + random.randbytes(random.randrange(200)),
        lambda: head() + b"\xc0\x0c" * random.randrange(1, 100),
        lambda: head() + b"\x3f" + random.randbytes(500),
        lambda: random.randbytes(8900),
        lambda: b"",
    )


def flood(kind, count):
    draw = random.Random(1)
    # Responses from other ports are none.
    one, group = sockets(PORT)[0]
    kinds = malformed(draw)
    for number in range(count):
        if kind == "malformed":
            message = kinds[number % len(kinds)]()
        else:
            name = encode(f"host-{number}.local")
            message = struct.pack(">6H", 0, 0x8400, 0, 1, 0, 0) + name
            message += struct.pack(">HHIH4s", 1, 0x8001, 4500, 4, draw.randbytes(4))
        one.sendto(message, group)
        # As many as the receiver's socket buffer takes without loss.
        if number % 100 == 99:
            time.sleep(0.005)


def hold(address, first, last):
    kept = []
    for port in range(first, last + 1):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind((address, port))
        kept.append(one)
    print("ready", flush=True)
    signal.pause()


def search(target, mx):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    index = socket.if_nametoindex(INTERFACE)
    one.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", b"", b"", index))
    fields = ["M-SEARCH * HTTP/1.1", "HOST: 239.255.255.250:1900", 'MAN: "ssdp:discover"', f"ST: {target}"]
    fields += [f"MX: {mx}"] if mx else []
    one.sendto("\r\n".join(fields + ["", ""]).encode(), ("239.255.255.250", 1900))
    for message, peer in received([(one, None)], time.monotonic() + int(mx or 0) + 1):
        status, *lines = message.decode().split("\r\n")
        answer = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
        print(json.dumps({"from": peer, "status": status, **answer}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ask", name]:
            ask(name)
        case ["service", instance]:
            service(instance)
        case ["query", name, kind, port, how, to]:
            query(name, kind, port, how, to)
        case ["listen"]:
            listen()
        case ["flood", kind, count]:
            flood(kind, int(count))
        case ["hold", address, first, last]:
            hold(address, int(first), int(last))
        case ["search", target, *mx]:
            search(target, mx[0] if mx else None)
        case _:
            sys.exit(__doc__)
