"""What the specification asks of a client, against repositories of the reference implementation."""

import datetime
import hashlib
import json
import shutil
import urllib.parse

import pytest
from securesystemslib.signer import CryptoSigner

from conftest import Client
from publisher import Repository, Server, in_days

FIRST = {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


# The workflow.

def test_a_refresh_asks_for_each_file_once_and_keeps_it_byte_for_byte(client, repository):
    assert client.refresh() == 0
    assert client.asked() == ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"]
    assert client.trusted() == FIRST
    assert client.bytes("root") == repository.files["1.root.json"]
    assert client.bytes("timestamp") == repository.files["timestamp.json"]
    assert client.bytes("snapshot") == repository.files["1.snapshot.json"]
    assert client.bytes("targets") == repository.files["1.targets.json"]


def test_nothing_new_costs_two_requests(client):
    assert client.refresh() == 0
    client.asked()
    assert client.refresh() == 0
    assert client.asked() == ["2.root.json", "timestamp.json"]


@pytest.mark.parametrize("hashes", [False, True])
@pytest.mark.parametrize("consistent", [False, True])
def test_new_versions_are_followed(client, repository, hashes, consistent):
    repository.hashes = hashes
    repository.roles["root"].consistent_snapshot = consistent
    repository.publish("root")
    repository.publish_all()
    assert client.refresh() == 0
    assert client.trusted() == {"root": 2, "timestamp": 2, "snapshot": 2, "targets": 2}
    client.asked()
    repository.publish_all()
    assert client.refresh() == 0
    prefix = "3." if consistent else ""
    assert client.asked() == ["3.root.json", "timestamp.json", f"{prefix}snapshot.json", f"{prefix}targets.json"]


@pytest.mark.parametrize("damage", [
    lambda root: root["signed"].pop("version"),
    lambda root: root["signatures"][0].update(sig="00" * 70),
    lambda root: root["signed"].update(_type="timestamp"),
    lambda root: root["signed"].update(spec_version="2.0.0"),
])
def test_a_root_that_is_none_asks_for_nothing(tmp_path, server, repository, damage):
    root = json.loads(repository.files["1.root.json"])
    damage(root)
    client = Client(tmp_path, server, json.dumps(root).encode())
    assert client.refresh() == 1
    assert client.asked() == []


def test_unknown_fields_are_signed_too(client, repository):
    repository.roles["root"].unrecognized_fields["colour"] = {"red": [1, "ñ", None, True]}
    repository.publish("root")
    assert client.refresh() == 0
    assert client.trusted()["root"] == 2


@pytest.mark.parametrize("make", [CryptoSigner.generate_ecdsa, CryptoSigner.generate_ed25519, CryptoSigner.generate_rsa])
def test_kinds_of_keys(tmp_path, make):
    repository = Repository(key=make)
    server = Server(repository)
    client = Client(tmp_path, server, repository.files["1.root.json"])
    assert client.refresh() == 0
    assert client.trusted() == FIRST
    server.close()


# Roots.

def test_roots_are_followed_one_by_one(client, repository):
    for _ in range(5):
        before = repository.signers["root"]
        repository.rotate("root")
        repository.publish("root", signers=[*before, *repository.signers["root"]])
    assert client.refresh() == 0
    assert client.trusted()["root"] == 6


def test_a_root_that_the_one_before_did_not_sign_is_refused(client, repository):
    assert client.refresh() == 0
    repository.rotate("root")
    repository.publish("root")
    assert client.refresh() == 1
    assert client.trusted() == FIRST


def test_a_root_that_does_not_sign_itself_is_refused(client, repository):
    before = repository.signers["root"]
    repository.rotate("root")
    repository.publish("root", signers=before)
    assert client.refresh() == 1
    assert client.trusted() == {"root": 1}


def test_a_gap_between_roots_is_refused(client, repository):
    repository.roles["root"].version = 2
    repository.publish("root")
    repository.files["2.root.json"] = repository.files.pop("3.root.json")
    assert client.refresh() == 1
    assert client.trusted()["root"] == 1


def test_too_few_signatures_of_a_threshold(client, repository):
    repository.rotate("snapshot", count=3)
    repository.roles["root"].roles["snapshot"].threshold = 3
    repository.publish("root")
    repository.publish("snapshot", signers=repository.signers["snapshot"][:2])
    repository.publish("timestamp")
    assert client.refresh() == 1
    assert client.trusted() == {"root": 2, "timestamp": 2}
    repository.publish("snapshot", "timestamp")
    assert client.refresh() == 0


def test_one_key_under_many_names_counts_once_per_name_it_signs_with(client, repository):
    signer = repository.signers["snapshot"][0]
    repository.roles["root"].roles["snapshot"].threshold = 2
    repository.publish("root")
    repository.publish("snapshot", signers=[signer, signer])
    repository.publish("timestamp")
    assert client.refresh() == 1
    assert "snapshot" not in client.trusted()


# Time.

@pytest.mark.parametrize("role, kept", [
    ("root", {"root": 2}),
    ("timestamp", {"root": 1}),
    ("snapshot", {"root": 1, "timestamp": 2}),
    ("targets", {"root": 1, "timestamp": 2, "snapshot": 2}),
])
def test_what_has_expired_is_refused(client, repository, role, kept):
    repository.roles[role].expires = in_days(-1)
    if role == "root":
        repository.publish("root")
    else:
        repository.publish_all()
    assert client.refresh() == 1
    assert client.trusted() == kept


@pytest.mark.parametrize("how", ["faketime", "environment"])
def test_time_goes_on(client, repository, how):
    repository.roles["timestamp"].expires = in_days(7)
    repository.publish("timestamp")
    assert client.refresh() == 0
    later = {"faketime": "+18 days"} if how == "faketime" else {"environment": {"FAKETIME": "+18d"}}
    assert client.refresh(**later) == 1
    repository.roles["timestamp"].expires = in_days(21)
    repository.publish("targets", "snapshot", "timestamp")
    assert client.refresh(**later) == 0
    assert client.trusted() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}
    # The kept ones expire too.
    far = (datetime.datetime.now() + datetime.timedelta(days=22)).strftime("%Y-%m-%d %H:%M:%S")
    assert client.refresh(**({"faketime": far} if how == "faketime" else {"environment": {"FAKETIME": f"@{far}"}})) == 1


# Attacks.

def test_the_same_version_with_other_content_is_passed_over(client, repository):
    assert client.refresh() == 0
    before = client.bytes("timestamp")
    repository.roles["timestamp"].snapshot_meta.version = 100
    repository.publish("timestamp", bump=False)
    assert client.refresh() == 0
    assert client.bytes("timestamp") == before


@pytest.mark.parametrize("torn", [[], ["timestamp"], ["snapshot"], ["timestamp", "snapshot", "targets"], ["floor"]])
def test_a_timestamp_does_not_go_back(client, repository, torn):
    old = dict(repository.files)
    repository.publish_all()
    assert client.refresh() == 0
    for name in torn:
        if name == "floor":
            shutil.rmtree(client.metadata / "floor")
        else:
            (client.metadata / f"{name}.json").write_bytes(b'{"signed": {')
    repository.files = old
    assert client.refresh() == 1


@pytest.mark.parametrize("hashes", [False, True])
def test_a_snapshot_and_targets_do_not_go_back(client, repository, hashes):
    repository.hashes = hashes
    repository.publish_all()
    repository.publish_all()
    assert client.refresh() == 0
    repository.roles["snapshot"].version = 1
    repository.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusted()["snapshot"] == 3
    repository.roles["snapshot"].version = 3
    repository.roles["targets"].version = 1
    repository.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusted()["targets"] == 3


def test_targets_do_not_go_back_when_the_cache_is_lost_and_the_timestamp_key_is_rotated(client, repository):
    repository.publish_all()
    repository.publish_all()
    assert client.refresh() == 0
    for role in ["timestamp", "snapshot", "targets"]:
        (client.metadata / f"{role}.json").unlink()
    repository.rotate("timestamp")
    repository.publish("root")
    repository.roles["targets"].version = 1
    repository.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 1


def test_a_revoked_key_does_not_come_back_when_the_kept_roots_are_lost(client, repository):
    revoked = repository.signers["timestamp"]
    repository.rotate("timestamp")
    repository.publish("root")
    repository.publish_all()
    assert client.refresh() == 0
    shutil.rmtree(client.metadata / "root_history")
    for role in ["timestamp", "snapshot", "targets"]:
        (client.metadata / f"{role}.json").unlink()
    del repository.files["2.root.json"]
    repository.publish("timestamp", signers=revoked)
    assert client.refresh() == 1
    assert "timestamp" not in client.trusted()


def test_a_damaged_history_of_roots_is_fetched_again(client, repository):
    for _ in range(3):
        repository.publish("root")
    assert client.refresh() == 0
    for path in (client.metadata / "root_history").iterdir():
        path.write_bytes(b"{}")
    client.asked()
    assert client.refresh() == 0
    assert client.asked() == ["2.root.json", "3.root.json", "4.root.json", "5.root.json", "timestamp.json"]
    assert client.refresh() == 0
    assert client.asked() == ["5.root.json", "timestamp.json"]


@pytest.mark.parametrize("role, rotated", [
    ("timestamp", ["timestamp"]),
    ("snapshot", ["snapshot", "timestamp"]),
    ("targets", ["snapshot"]),
])
def test_new_keys_recover_from_a_version_that_was_run_ahead(client, repository, role, rotated):
    repository.roles[role].version = 99999
    repository.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.trusted()[role] == 100000
    for name in rotated:
        repository.rotate(name)
    repository.publish("root")
    repository.roles[role].version = 1
    repository.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.trusted()[role] == 2


def test_what_does_not_belong_together_is_refused(client, repository):
    repository.hashes = True
    repository.publish_all()
    assert client.refresh() == 0
    repository.roles["targets"].version += 1
    repository.publish("snapshot", "timestamp")
    repository.files["3.targets.json"] = repository.signed("targets")
    repository.roles["snapshot"].meta["targets.json"].version = 3
    repository.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusted()["targets"] == 2


def test_an_endless_file_is_not_read(client, repository):
    repository.files["timestamp.json"] += b" " * 20_000_000
    assert client.refresh() == 1
    assert client.trusted() == {"root": 1}


# Targets.

@pytest.mark.parametrize("consistent", [False, True])
def test_a_target_is_verified_and_fetched_once(client, repository, consistent):
    repository.roles["root"].consistent_snapshot = consistent
    repository.publish("root")
    repository.add("targets", "file", b"content")
    repository.add("targets", "a/b/file", b"another")
    repository.publish_all()
    assert client.download("file", "a/b/file") == 0
    assert sorted(path.read_bytes() for path in client.targets.iterdir()) == [b"another", b"content"]
    client.asked()
    assert client.download("file", "a/b/file") == 0
    assert client.asked() == ["3.root.json", "timestamp.json"]
    assert client.download("missing") == 1


@pytest.mark.parametrize("forged", [b"contenT", b"content and more", b"cont", None])
def test_a_target_that_is_another_is_refused(client, repository, forged):
    repository.add("targets", "file", b"content")
    repository.publish_all()
    (name,) = repository.targets_content
    if forged is None:
        del repository.targets_content[name]
    else:
        repository.targets_content[name] = forged
    assert client.download("file") == 1
    assert list(client.targets.iterdir()) == []


GRAPHS = {
    "one": ([("targets", "A", {})], ["A"]),
    "two": ([("targets", "A", {}), ("targets", "B", {})], ["A", "B"]),
    "depth first": ([("targets", "A", {}), ("targets", "B", {}), ("A", "C", {}), ("A", "D", {})], ["A", "C", "D", "B"]),
    "three levels": ([("targets", "A", {}), ("targets", "B", {}), ("A", "C", {}), ("C", "D", {})], ["A", "C", "D", "B"]),
    "terminating": (
        [("targets", "A", {}), ("targets", "B", {}), ("A", "C", {"terminating": True}), ("A", "D", {}), ("C", "E", {})],
        ["A", "C", "E"],
    ),
    "paths": ([("targets", "A", {"paths": ["*.py"]}), ("targets", "B", {}), ("A", "C", {})], ["B"]),
    "cycle": ([("targets", "A", {}), ("A", "B", {}), ("B", "A", {})], ["A", "B"]),
    "one role of two": ([("targets", "A", {}), ("targets", "B", {}), ("B", "C", {}), ("A", "C", {})], ["A", "C", "B"]),
}


@pytest.mark.parametrize("edges, order", GRAPHS.values(), ids=GRAPHS.keys())
def test_delegations_are_searched_in_their_order(client, repository, edges, order):
    for delegator, name, options in edges:
        repository.delegate(delegator, name, **options)
    repository.publish_all()
    assert client.download("missing") == 1
    assert client.asked()[4:] == [f"1.{name}.json" for name in order]
    assert set(client.trusted()) == {*FIRST, *order}


def test_the_chain_of_delegations_has_to_hold(client, repository):
    repository.delegate("targets", "A", paths=["*.md"])
    repository.delegate("targets", "B", paths=["releases/*/*"])
    repository.delegate("B", "C", paths=["releases/x/*"])
    repository.add("A", "README.md", b"readme")
    repository.add("C", "releases/x/1", b"one")
    # Not delegated to it by B.
    repository.add("C", "releases/y/1", b"two")
    repository.publish_all()
    assert client.download("README.md") == 0
    assert client.download("releases/x/1") == 0
    assert client.download("releases/y/1") == 1
    assert sorted(path.read_bytes() for path in client.targets.iterdir()) == [b"one", b"readme"]


def test_bins_by_hash_prefix(client, repository):
    for nibble in "0123456789abcdef":
        repository.delegate("targets", f"bin-{nibble}", path_hash_prefixes=[nibble])
    names = [f"file-{number}" for number in range(8)]
    for name in names:
        repository.add(f"bin-{hashlib.sha256(name.encode()).hexdigest()[0]}", name, name.encode())
    repository.publish_all()
    for name in names:
        client.asked()
        assert client.download(name) == 0
        bins = [asked for asked in client.asked() if ".bin-" in asked]
        assert bins in ([f"1.bin-{hashlib.sha256(name.encode()).hexdigest()[0]}.json"], [])


@pytest.mark.parametrize("role", ["?", "#", "/role", "../role", "röle", "a b", "%41"])
def test_names_of_roles_that_are_no_names_of_files(client, repository, role):
    repository.delegate("targets", role)
    repository.publish_all()
    assert client.download("missing") == 1
    quoted = urllib.parse.quote(role, "")
    assert f"1.{quoted}.json" in client.asked()
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2, quoted: 1}


@pytest.mark.parametrize("fault", ["signature", "expired", "gone"])
def test_a_delegated_role_is_not_believed_without_its_signature(client, repository, fault):
    repository.delegate("targets", "A")
    repository.add("A", "file", b"content")
    if fault == "expired":
        repository.roles["A"].expires = in_days(-1)
    repository.publish_all()
    if fault == "signature":
        repository.files["1.A.json"] = repository.signed("A", signers=[CryptoSigner.generate_ecdsa()])
    if fault == "gone":
        del repository.files["1.A.json"]
    assert client.download("file") == 1
    assert "A" not in client.trusted()
