#!/usr/bin/env python3
"""One library's decisions on a set of near duplicates: peer.py SYSTEM SET.ndjson PAIRS.tsv

Streams the set as a daemon would: looks a text up among the earlier ones, decides, then adds it.
Writes `id<TAB>id of the first of the cluster` for each text that was found to be a copy, and prints
one line of JSON: documents/s of reading words, sketching, looking up and adding (parsing the file
is not in it), and the memory that these took.

All libraries get the same words (letters and digits, case folded, tags and entities dropped) in
shingles of 3, and one rule: the most similar candidate above the threshold wins, and its cluster's
first is what is named.
"""

import html
import json
import re
import resource
import sys
import time

WORD = re.compile(r"\w+(?:['’]\w+)*")


def words(body):
    return WORD.findall(
        html.unescape(re.sub(r"<[^<>]{1,200}>", " ", body)).lower().replace("’", "'")
    )


def shingles(body, size):
    w = words(body)
    return [" ".join(w[i : i + size]) for i in range(max(1, len(w) - size + 1))]


class Exact:
    """A hash of the normalised text."""

    def __init__(self):
        self.seen = {}

    def decide(self, number, body):
        key = hash(" ".join(words(body)))
        return self.seen.setdefault(key, number)


class Near:
    """What the two MinHash libraries have in common."""

    def __init__(self, threshold):
        self.threshold, self.sketches, self.first = threshold, [], []

    def decide(self, number, body):
        sketch = self.sketch(body)
        best, similarity = number, self.threshold
        for candidate in self.query(sketch):
            value = sketch.jaccard(self.sketches[candidate])
            if value >= similarity:
                best, similarity = candidate, value
        self.sketches.append(sketch)
        self.first.append(number if best == number else self.first[best])
        self.add(number, sketch)
        return self.first[number]


class Datasketch(Near):
    def __init__(self, threshold, permutations, params=None):
        import datasketch

        super().__init__(threshold)
        self.minhash, self.permutations = datasketch.MinHash, permutations
        if params:
            self.lsh = datasketch.MinHashLSH(num_perm=permutations, params=params)
        else:
            self.lsh = datasketch.MinHashLSH(threshold=threshold, num_perm=permutations)

    def sketch(self, body):
        made = self.minhash(num_perm=self.permutations, seed=1)
        made.update_batch([s.encode() for s in shingles(body, 3)])
        return made

    def query(self, sketch):
        return self.lsh.query(sketch)

    def add(self, number, sketch):
        self.lsh.insert(number, sketch, check_duplication=False)


class Rensa(Near):
    def __init__(self, threshold, permutations, bands):
        import rensa

        super().__init__(threshold)
        self.minhash, self.permutations = rensa.RMinHash, permutations
        self.lsh = rensa.RMinHashLSH(threshold=threshold, num_perm=permutations, num_bands=bands)

    def sketch(self, body):
        made = self.minhash(num_perm=self.permutations, seed=42)
        made.update(shingles(body, 3))
        return made

    def query(self, sketch):
        return self.lsh.query(sketch)

    def add(self, number, sketch):
        self.lsh.insert(number, sketch)


# What their documentation shows, and what did best on a set of the kind that make_set.py makes.
SYSTEMS = {
    "exact": lambda: Exact(),
    "datasketch": lambda: Datasketch(0.7, 128),
    "datasketch_tuned": lambda: Datasketch(0.15, 128, (64, 2)),
    "rensa": lambda: Rensa(0.7, 128, 16),
    "rensa_tuned": lambda: Rensa(0.15, 128, 64),
}


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(argv):
    name, set_path, pairs_path = argv
    if ":" in name:  # rensa:0.2:128:64 tries another setting
        kind, *numbers = name.split(":")
        threshold, permutations, bands = float(numbers[0]), int(numbers[1]), int(numbers[2])
        rows = permutations // bands
        make = {
            "rensa": lambda: Rensa(threshold, permutations, bands),
            "datasketch": lambda: Datasketch(threshold, permutations, (bands, rows)),
        }[kind]
    else:
        make = SYSTEMS[name]
    with open(set_path, encoding="utf-8") as file:
        lines = [(row["id"], row["body"]) for row in map(json.loads, file)]
    system = make()
    before, begin = peak_bytes(), time.process_time()
    decisions = [system.decide(number, body) for number, (_, body) in enumerate(lines)]
    seconds = time.process_time() - begin
    taken = peak_bytes() - before
    with open(pairs_path, "w", encoding="utf-8") as out:
        for number, first in enumerate(decisions):
            if first != number:
                out.write("%s\t%s\n" % (lines[number][0], lines[first][0]))
    print(
        json.dumps(
            dict(documents_s=round(len(lines) / seconds, 1), bytes_document=taken // len(lines))
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
