#!/usr/bin/env python3
"""Checks records by IPTC's schemas of ninjs and by newsmill's own.

    newsmill enrich FILE... | docs/schema/check.py FOLDER [FILE...]

FOLDER holds IPTC's schemas under their own names (ninjs-schema_3.1.json, ninjs-schema_1.6.json); they are not a part
of this project. Which schema a record has to obey, its own members say: `enrichment`, `standard`, `$standard`. Prints
each fault with its line, then the counts by profile; exits 1 if there was a fault. Needs jsonschema 4.18 or later.
"""
import json
import pathlib
import sys
from collections import Counter

import jsonschema
import referencing
from referencing.jsonschema import DRAFT7, DRAFT202012

HERE = pathlib.Path(__file__).parent
OWN = HERE / "newsmill-enrichment.schema.json"
FAULTS_MAX = 20


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def validators(folder):
    ninjs3 = load(folder / "ninjs-schema_3.1.json")
    ninjs1 = load(folder / "ninjs-schema_1.6.json")
    own = load(OWN)
    resources = []
    for schema, draft in ((ninjs3, DRAFT202012), (ninjs1, DRAFT7), (own, DRAFT202012)):
        resource = referencing.Resource.from_contents(schema, default_specification=draft)
        for name in {schema.get("$id", schema.get("id", "")), schema.get("$id", schema.get("id", "")).rstrip("#")}:
            resources.append((name, resource))
    registry = referencing.Registry().with_resources(resources)
    checker = jsonschema.FormatChecker()

    def make(schema):
        kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        return kind(schema, registry=registry, format_checker=checker)

    return {"ninjs-3.1-ext": make(own), "ninjs-3.1": make(ninjs3), "ninjs-1.x": make(ninjs1)}


def profile_of(record):
    if "enrichment" in record:
        return "ninjs-3.1-ext"
    return "ninjs-3.1" if "standard" in record else "ninjs-1.x"


def lines(paths):
    if not paths:
        yield from enumerate(sys.stdin.buffer, 1)
    for path in paths:
        with open(path, "rb") as file:
            yield from enumerate(file, 1)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    by_profile = validators(pathlib.Path(sys.argv[1]))
    good, bad = Counter(), Counter()
    for number, line in lines(sys.argv[2:]):
        record = json.loads(line)
        profile = profile_of(record)
        fault = jsonschema.exceptions.best_match(by_profile[profile].iter_errors(record))
        if fault is None:
            good[profile] += 1
            continue
        bad[profile] += 1
        if sum(bad.values()) <= FAULTS_MAX:
            print(f"{number}: {profile}: /{'/'.join(map(str, fault.absolute_path))}: {fault.message[:200]}")
    for profile in by_profile:
        if good[profile] or bad[profile]:
            print(f"{profile}: {good[profile]} valid, {bad[profile]} not")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
