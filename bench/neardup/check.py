#!/usr/bin/env python3
"""A quick guard: newsmill on a small set of our own texts, in five languages. check.py NEWSMILL

The goals are those of a small and hard set, a little below what is reached: this finds what is
broken, score.py on large sets of real articles tells how good it is.
"""

import os
import sys
import tempfile

import make_set
import score

SET = (
    "--seed 7 --languages en,de,fr,ru,zh --generated 100 --clusters 30 --short-clusters 15 "
    "--singles 25 --template-docs 60 --events 20"
)
GOALS = (
    "--goal-f1 .99 --goal-class .95 --goal-short .985 --goal-ordinary .01 --goal-template .02 "
    "--goal-numbers .05 --goal-event .02"
)


def main(newsmill):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "set.ndjson")
        make_set.main(["--out", path] + SET.split())
        return score.main([path, "--newsmill", newsmill] + GOALS.split())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
