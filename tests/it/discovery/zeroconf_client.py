"""python-zeroconf as a client: prints, as a JSON object, the addresses of a host and the instances of
a service type.

  zeroconf_client.py HOST TYPE
"""

import json
import socket
import sys
import time

from zeroconf import DNSQuestionType, IPVersion, ServiceBrowser, ServiceListener, Zeroconf

host, kind = sys.argv[1:]
found = {}


class Listener(ServiceListener):
    def add_service(self, zeroconf, kind, name):
        info = zeroconf.get_service_info(kind, name, 3000)
        if info:
            found[name] = {
                "host": info.server,
                "port": info.port,
                "addresses": sorted(info.parsed_addresses(IPVersion.V4Only)),
                "txt": {key.decode(): (value or b"").decode() for key, value in info.properties.items()},
            }

    def update_service(self, zeroconf, kind, name):
        self.add_service(zeroconf, kind, name)

    def remove_service(self, zeroconf, kind, name):
        found.pop(name, None)


with Zeroconf(ip_version=IPVersion.V4Only) as zeroconf:
    ServiceBrowser(zeroconf, kind, Listener())
    end = time.monotonic() + 5
    while not any(one["host"] == host for one in found.values()) and time.monotonic() < end:
        time.sleep(0.05)
print(json.dumps(found))
