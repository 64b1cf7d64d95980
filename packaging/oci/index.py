#!/usr/bin/env python3
"""Joins the images of an OCI layout, tagged by architecture, to one index, as a registry has it: umoci cannot.

usage: index.py LAYOUT VERSION ARCHITECTURE...

See the OCI image specification, image-index.md and image-layout.md.
"""

import hashlib
import json
import pathlib
import sys

INDEX = "application/vnd.oci.image.index.v1+json"
TAG = "org.opencontainers.image.ref.name"


def main(layout, version, *architectures):
    layout = pathlib.Path(layout)
    by_tag = {image["annotations"][TAG]: image for image in json.loads((layout / "index.json").read_text())["manifests"]}
    images = []
    for architecture in architectures:
        image = {name: by_tag[architecture][name] for name in ("mediaType", "digest", "size")}
        images.append(image | {"platform": {"architecture": architecture, "os": "linux"}})
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": images}).encode()
    digest = hashlib.sha256(index).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(index)
    # The second name is the one that containerd, and with it Docker, gives to a loaded image.
    names = {TAG: version, "io.containerd.image.name": f"docker.io/library/workshop-edge:{version}"}
    entry = {"mediaType": INDEX, "digest": f"sha256:{digest}", "size": len(index), "annotations": names}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
