#!/usr/bin/env python3
"""Checks configs/prometheus and configs/grafana: promtool's own checks and tests of the rules, and
that every metric that a rule or a panel names is one that the program has.

usage: check.py NEWSMILL
Without promtool (Debian's package prometheus) its part is left out, with a line that says so.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HISTOGRAM_ENDS = ("_bucket", "_sum", "_count")
NAME = re.compile(r"\b(?:newsmill|process)_[a-z_]+")


def known_names(newsmill):
    table = subprocess.run([newsmill, "metrics", "--markdown"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    names = set()
    for name, kind in re.findall(r"^\| `(\w+)` \| (\w+)", table, re.MULTILINE):
        names.add(name)
        if kind == "histogram":
            names.update(name + end for end in HISTOGRAM_ENDS)
    return names


def named_in_dashboard():
    board = json.loads((ROOT / "configs/grafana/newsmill.json").read_text())
    texts = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    texts += [note.get("expr", "") for note in board["annotations"]["list"]]
    texts += [one["query"]["query"] for one in board["templating"]["list"]
              if isinstance(one["query"], dict)]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)), "two panels with one id"
    return set(NAME.findall(" ".join(texts)))


def named_in_rules():
    text = (ROOT / "configs/prometheus/alerts.yml").read_text()
    return set(NAME.findall("\n".join(re.findall(r"(?:expr:|query|^ {10}).*", text, re.MULTILINE))))


def promtool():
    if shutil.which("promtool") is None:
        print("promtool is not installed (Debian's package prometheus): its checks are left out")
        return
    configs = ROOT / "configs/prometheus"
    for arguments in (["check", "rules", configs / "alerts.yml"],
                      ["check", "config", configs / "prometheus.yml"],
                      ["test", "rules", ROOT / "tests/prometheus/alerts_test.yml"]):
        subprocess.run(["promtool", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


def main():
    newsmill = sys.argv[1]
    known = known_names(newsmill)
    wanted = named_in_dashboard() | named_in_rules()
    assert len(wanted) > 15, wanted
    missing = wanted - known
    if missing:
        sys.exit("no such metrics: " + ", ".join(sorted(missing)))
    promtool()
    print(f"{len(wanted)} metrics are named, all of them exist")


if __name__ == "__main__":
    main()
