#!/usr/bin/env python3
"""How often the strongest topic of `newsmill enrich` is the one that people gave.

    bench/topics/score.py FOLDER [SET…] [--newsmill PATH] [--pack FILE]… [--model FILE] [--errors N]

FOLDER holds SET.ndjson: one article a line with `title`, `body` and `labels`. Prints a line a set:
how many articles, the share whose first subject is right, the same for each label, and how often a
topic below the top level was given. A label is right if the first subject (or the top-level topic
above it) is among those of LABELS.
"""
import argparse
import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# World news may be any of politics, conflict, disaster, society, crime.
LABELS = {
    "business": ["04000000"], "sport": ["15000000"], "sports": ["15000000"],
    "politics": ["11000000"], "entertainment": ["01000000"], "tech": ["13000000"],
    "technology": ["13000000"], "sci/tech": ["13000000"], "health": ["07000000"],
    "religion": ["12000000"],
    "world": ["11000000", "16000000", "03000000", "14000000", "02000000"],
}


def parents():
    above = {}
    for line in (ROOT / "configs/topics/mediatopics.tsv").read_text().splitlines():
        if line and not line.startswith("#"):
            code, parent = line.split("\t")[:2]
            above[code] = parent
    return above


def enrich(args, path):
    command = [args.newsmill, "enrich", "-q", str(path)]
    packs = ",".join(json.dumps(pack) for pack in args.pack)
    if packs:
        command += ["--set", f"topics.packs=[{packs}]"]
    if args.model:
        command += ["--set", f"topics.model={json.dumps(args.model)}"]
    for option in args.set:
        command += ["--set", option]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode not in (0, 1):
        sys.exit(run.stderr)
    return {r["enrichment"]["input"]["line"]: r for r in map(json.loads, run.stdout.splitlines())}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("sets", nargs="*", default=[])
    parser.add_argument("--newsmill", default=str(ROOT / "build/release/bin/newsmill"))
    parser.add_argument("--pack", action="append", default=[])
    parser.add_argument("--model")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--errors", type=int, default=0, help="print so many wrong ones a set")
    args = parser.parse_args()
    above = parents()
    sets = args.sets or sorted(p.stem for p in args.folder.glob("*-dev.ndjson"))
    for name in sets:
        path = args.folder / f"{name}.ndjson"
        records = enrich(args, path)
        right, total, below, errors = 0, 0, 0, []
        by_label = collections.defaultdict(lambda: [0, 0])
        by_confidence = collections.defaultdict(lambda: [0, 0])
        for number, line in enumerate(path.open(), 1):
            article = json.loads(line)
            subjects = records.get(number, {}).get("subjects", [])
            wanted = {code for label in article["labels"] for code in LABELS[label.lower()]}
            codes = [s["literal"].split(":")[1] for s in subjects]
            top = codes[0] if codes else "-"
            while above.get(top, "-") != "-":
                top = above[top]
            good = top in wanted
            total += 1
            right += good
            below += any(above.get(code, "-") != "-" for code in codes)
            label = by_label[article["labels"][0]]
            label[0] += good
            label[1] += 1
            bucket = by_confidence[subjects[0]["confidence"] // 10 * 10 if subjects else -1]
            bucket[0] += good
            bucket[1] += 1
            if not good:
                errors.append((article["labels"][0], article["title"] or article["body"][:90],
                               [(s["name"], s["relevance"], s["confidence"]) for s in subjects][:4]))
        labels = ", ".join(f"{k} {g / n:.2f}" for k, (g, n) in sorted(by_label.items()))
        print(f"{name}: {total} articles, first topic right {right / total:.4f} ({labels}); "
              f"a topic below the top level in {below / total:.2f}")
        sure = ", ".join(f"{k}: {g / n:.2f} of {n}" for k, (g, n) in sorted(by_confidence.items()))
        print(f"    right by confidence: {sure}")
        step = max(1, len(errors) // args.errors) if args.errors else 1
        for error in errors[::step][:args.errors]:
            print("   ", *error)


if __name__ == "__main__":
    main()
