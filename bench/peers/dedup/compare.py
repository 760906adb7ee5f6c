#!/usr/bin/env python3
"""Runs every system on one labelled set, one after the other on one CPU, and prints a table. See
README.md."""

import argparse
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../neardup"))
import score
import scoring

TITLES = {
    "exact": "hash of the normalised text",
    "datasketch": "datasketch 2.0.0 MinHashLSH, .7",
    "datasketch_tuned": "datasketch 2.0.0, .15, 64 bands of 2",
    "rensa": "rensa 0.5.0 RMinHashLSH, .7",
    "rensa_tuned": "rensa 0.5.0, .15, 64 bands of 2",
    "newsmill": "newsmill enrich, all stages",
    "newsmill_untagged": "newsmill enrich, no quotes and topics",
    "reference": "reference",
}
REFERENCE_OPTIONS = "few=8 fewc=.6 vetot=.6 namet=.7 hits=2 I=24".split()


def run(command, cpu, stdout):
    """Seconds of CPU, seconds by the clock and peak RSS of a process bound to one CPU."""
    environment = dict(
        os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", RAYON_NUM_THREADS="1"
    )
    begin = time.monotonic()
    child = subprocess.Popen(
        command,
        stdout=stdout,
        env=environment,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        sys.exit("compare.py: %s ended with code %d" % (command[0], child.returncode))
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begin, usage.ru_maxrss * 1024


def run_newsmill(options, lines, extra):
    """Bare articles in, records out: parsing and writing JSON, and the start, are in its time."""
    articles = os.path.join(options.work, "articles.ndjson")
    with open(articles, "w", encoding="utf-8") as out:
        for line in lines:
            row = dict(id=line["id"], title=line["title"], body=line["body"])
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    records = os.path.join(options.work, "records.ndjson")
    with open(records, "wb") as out:
        cpu_s, _, rss = run([options.newsmill, "enrich", "-q", articles] + extra, options.cpu, out)
    with open(records, encoding="utf-8") as file:
        by_line = {r["enrichment"]["input"]["line"]: r for r in map(json.loads, file)}
    return score.pairs_of(lines, by_line), len(lines) / cpu_s, rss


def run_peer(options, lines, name):
    pairs = os.path.join(options.work, name + ".tsv")
    said = os.path.join(options.work, name + ".json")
    command = [options.python, os.path.join(HERE, "peer.py"), name, options.set, pairs]
    with open(said, "wb") as out:
        _, _, rss = run(command, options.cpu, out)
    with open(said, encoding="utf-8") as file:
        measured = json.load(file)
    return score.read_pairs(pairs), measured["documents_s"], rss


def run_reference(options, lines, name):
    pairs = os.path.join(options.work, name + ".tsv")
    said = os.path.join(options.work, name + ".txt")
    with open(said, "wb") as out:
        command = [options.reference, "run", options.set, pairs] + REFERENCE_OPTIONS
        _, _, rss = run(command, options.cpu, out)
    with open(said, encoding="utf-8") as file:
        rate = float(re.search(r"all (\d+) docs/s", file.read()).group(1))
    return score.read_pairs(pairs), rate, rss


def measure(options, lines, name):
    if name == "newsmill":
        found = run_newsmill(options, lines, [])
    elif name == "newsmill_untagged":
        found = run_newsmill(options, lines, ["-c", os.path.join(HERE, "untagged.toml")])
    elif name == "reference":
        found = run_reference(options, lines, name)
    else:
        found = run_peer(options, lines, name)
    pairs, rate, rss = found
    result = scoring.score(lines, pairs)
    row = dict(
        set=os.path.basename(options.set),
        lines=len(lines),
        system=name,
        documents_s=round(rate),
        rss_mb=round(rss / 1e6),
    )
    return dict(row, **scoring.as_json(result))


def share(counts):
    lines = sum(c["n"] for c in counts)
    return "-" if not lines else "%.2f %%" % (100.0 * sum(c["merged"] for c in counts) / lines)


def table(rows):
    head = [
        "",
        "F1",
        "found",
        "ordinary",
        "form reports",
        "worst form",
        "other facts",
        "same event",
    ]
    out = [
        "| " + " | ".join(head + ["documents/s", "peak RSS MB"]) + " |",
        "|---" + "|---:" * 9 + "|",
    ]
    for row in rows:
        negative = row["negative"]
        others = ("neg_numbers",) + scoring.EVENTS + scoring.NO_GOAL
        forms = [c for n, c in negative.items() if n.startswith("neg_") and n not in others]
        worst = max(forms, key=lambda c: c["merged"] / c["n"], default=None)
        cells = [
            TITLES[row["system"]],
            "%.4f" % row["all"]["f1"],
            "%.4f" % row["all"]["found"],
            share([row["ordinary"]]),
            share(forms),
            share([worst] if worst else []),
            share([c for n, c in negative.items() if n == "neg_numbers"]),
            share([c for n, c in negative.items() if n in scoring.EVENTS]),
            "{:,}".format(row["documents_s"]),
            str(row["rss_mb"]),
        ]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out)


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("set", "python", "newsmill", "reference", "work", "results"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--cpu", type=int, default=1)
    parser.add_argument("systems", nargs="*", choices=[[]] + list(TITLES))
    return parser.parse_args()


def main():
    options = arguments()
    lines = scoring.load(options.set)
    known = [n for n in TITLES if n != "reference" or options.reference]
    rows = []
    for name in options.systems or known:
        print("compare.py: " + name, file=sys.stderr)
        rows.append(measure(options, lines, name))
    with open(options.results, "a", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
