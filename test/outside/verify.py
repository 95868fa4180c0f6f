"""Checks pages of a proof and the platform's keys: written from docs/guides/history.md alone, step by step as it says them."""

import hashlib
import json
import sys

import rfc8785
from joserfc import jws
from joserfc.jwk import KeySet


def sha256(value):
    return hashlib.sha256(rfc8785.dumps(value)).hexdigest()


def node(sign, *parts):
    return hashlib.sha256(bytes([sign]) + b"".join(parts)).digest()


def faults_of(pages, keys):
    items = sorted((item for page in pages for item in page["items"]), key=lambda item: item["link"]["version"])
    faults = []
    before = None
    for item in items:
        link, version = item["link"], item["link"]["version"]
        if sha256(link) != item["hash"]:
            faults.append(f"1: {version} is not what its hash says")
        if link["previous"] != (before["hash"] if before else None):
            faults.append(f"2: {version} is not bound to the one before")
        if version != (before["link"]["version"] + 1 if before else 1):
            faults.append(f"2: {version} does not count up by one")
        if before and link["at"] < before["link"]["at"]:
            faults.append(f"2: the time of {version} falls")
        for told in item["disclosed"]:
            if sha256({"said": told["said"], "salt": told["salt"]}) != link["roots"][told["part"]]:
                faults.append(f"3: {told['part']} of {version} is not what its root says")
        own = next((told["salt"] for told in item["disclosed"] if told["part"] == "own"), None)
        if own and "actor" in item and sha256({**item["actor"], "salt": own}) != link["actor"]:
            faults.append(f"4: {version} was made by somebody else")
        before = item
    hashes = {item["link"]["version"]: item["hash"] for item in items}
    seal = next((page["seal"] for page in pages if page["seal"]), None)
    if seal:
        leaf = seal["leaf"]
        if hashes.get(leaf["version"]) != leaf["hash"]:
            faults.append("5: what was sealed is not in this proof")
        top = node(0, rfc8785.dumps(leaf))
        for step in seal["way"]:
            neighbour = bytes.fromhex(step["hash"])
            top = node(1, neighbour, top) if step["side"] == "left" else node(1, top, neighbour)
        try:
            signed = jws.deserialize_compact(seal["jws"], KeySet.import_key_set(keys), algorithms=["EdDSA"])
            if json.loads(signed.payload)["root"] != top.hex():
                faults.append("5: the checkpoint has not sealed this history")
        except Exception as error:
            faults.append(f"5: the checkpoint is not signed: {error}")
    return {"faults": faults, "versions": len(items), "sealed": bool(seal)}


asked = json.load(sys.stdin)
json.dump([faults_of(pages, asked["keys"]) for pages in asked["proofs"]], sys.stdout)
