#!/usr/bin/env python3
"""Score `newsmill enrich` on a labelled set of near duplicates. Standard library only.

  score.py SET.ndjson [--newsmill BIN] [--config FILE] [--pairs FILE.tsv] [--json] [--errors N]
  [--goal-f1 .997 …]

Sends the id, title and body of each line through `newsmill enrich`, in order, and takes the
decisions exact, near, contained and contains for pairs with the line that `of` names. Prints a
table by class and marks every missed goal; exit code 1 if there is one. --pairs scores a file of
`id<TAB>id of another line` instead of running newsmill. --errors shows wrong and missed pairs. What
the numbers mean: scoring.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import scoring

RELATIONS = ("exact", "near", "contained", "contains")


def arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("set")
    parser.add_argument(
        "--newsmill", default=os.path.join(here, "../../build/release/bin/newsmill")
    )
    parser.add_argument("--config")
    parser.add_argument("--pairs", metavar="FILE.tsv")
    parser.add_argument(
        "--json", action="store_true", help="one line of JSON in place of the table"
    )
    parser.add_argument(
        "--errors",
        type=int,
        default=0,
        metavar="N",
        help="show up to N wrong and missed pairs a class",
    )
    parser.add_argument(
        "--least", type=int, default=50, help="classes of fewer lines are shown, not judged"
    )
    for name, (value, what) in scoring.GOALS.items():
        parser.add_argument(
            "--goal-" + name, type=float, default=value, metavar="X", help=what + " (%(default)s)"
        )
    return parser.parse_args(argv)


def run_enrich(lines, newsmill, config):
    """The output records of `newsmill enrich` for these lines: {line number from 1: record}."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "set.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            for line in lines:
                row = dict(id=line["id"], title=line["title"], body=line["body"])
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
        command = [newsmill, "enrich", "-q", path] + (["-c", config] if config else [])
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    if done.returncode > 1:  # 1 tells that there were dead letters
        sys.exit("score.py: newsmill enrich ended with code %d" % done.returncode)
    records = (json.loads(line) for line in done.stdout.splitlines())
    return {record["enrichment"]["input"]["line"]: record for record in records}


def pairs_of(lines, records):
    pairs = []
    for number, record in records.items():
        dedup = record["enrichment"]["dedup"]
        if dedup["decision"] in RELATIONS:
            pairs.append((lines[number - 1]["id"], lines[dedup["of"]["input"]["line"] - 1]["id"]))
    return pairs


def show_errors(lines, pairs, most, out):
    by_id, shown, told = {line["id"]: line for line in lines}, {}, {one for one, _ in pairs}

    def show(kind, name, one, other):
        count = shown[(kind, name)] = shown.get((kind, name), 0) + 1
        if count > most:
            return
        print("\n%s %s" % (kind, name), file=out)
        for line in (by_id[one], by_id[other]):
            body = " / ".join(line["body"].split("\n"))
            print(
                "  %s %s | %s | %s" % (line["id"], line["edit"], line["title"], body[:300]),
                file=out,
            )

    for one, other in pairs:
        if by_id[one]["cluster"] != by_id[other]["cluster"]:
            show("WRONG", by_id[one]["edit"], one, other)
    for line in lines:
        if line["origin"] and line["edit"] != "neg_numbers" and line["id"] not in told:
            show("MISSED", line["edit"], line["id"], line["origin"])


def read_pairs(path):
    with open(path, encoding="utf-8") as file:
        return [tuple(line.rstrip("\n").split("\t")[:2]) for line in file if "\t" in line]


def main(argv):
    options = arguments(argv)
    lines = scoring.load(options.set)
    if options.pairs:
        pairs = read_pairs(options.pairs)
    else:
        pairs = pairs_of(lines, run_enrich(lines, options.newsmill, options.config))
    result = scoring.score(lines, pairs)
    goals = {name: getattr(options, "goal_" + name) for name in scoring.GOALS}
    verdicts = scoring.goals_of(result, goals, options.least)
    missed = [v for v in verdicts if not v[3]]
    if options.json:
        row = dict(
            set=os.path.basename(options.set), lines=len(lines), missed=[v[0] for v in missed]
        )
        print(json.dumps(dict(row, **scoring.as_json(result))))
    else:
        print(scoring.table(result, verdicts))
        print("%d of %d goals missed" % (len(missed), len(verdicts)))
    if options.errors:
        show_errors(lines, pairs, options.errors, sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
