#!/usr/bin/env python3
"""Make a labelled set of near duplicates with known truth. Standard library only; same arguments, same
bytes.

  make_set.py --out SET.ndjson [--seed N] [--families dev|heldout|final|none] [--articles FILE.ndjson ...]
              [--languages en,de,fr,es,pt,ru,zh,ja,th] [--clusters 300] [--short-clusters 150] ...

Base articles come from --articles (NDJSON {title, body[, lang]}) and, for each of --languages, from
the sentences of languages/*.txt. Form reports (hard negatives) come from templates/<families>/, two
writers' versions of one event from events/<families>/. Tune on `dev`, never on the others.

A line of the set, in stream order (an original stands before its variants):
  {"id", "title", "body", "cluster", "edit", "origin"}
Two lines are near duplicates exactly if their clusters are equal. `edit` is "original", a class of
edits.py ("short_…" if the original has 250-900 characters), "single", or "neg_…" for hard
negatives, each in a cluster of its own; `origin` is the id of the line that this one was made of
(for neg_numbers: that it imitates).
"""

import argparse
import glob
import json
import os
import random
import re
import sys
from collections import Counter

import articles
import edits
import phrases


class Donor:
    """Text that is added to variants, of one language: from articles that stand nowhere else in the
    set."""

    def __init__(self, rng, reserve, names):
        self.reserve, self.names = reserve, names
        self.fresh = list(reserve)
        rng.shuffle(self.fresh)
        self.words = [w for a in reserve[:400] for w in self.vocabulary(a)]

    @staticmethod
    def vocabulary(article):
        if article.language in articles.UNSPACED:
            body = [c for c in article.body() if c.isalpha()]
            return ["".join(body[i : i + 2]) for i in range(0, len(body) - 1, 2)]
        return [w for w in re.findall(r"[^\W\d_]+", article.body()) if w.islower() and len(w) > 1]

    def article(self):
        """Each is given once, so that no two lines share a partner, as long as there are any."""
        return self.fresh.pop() if self.fresh else None

    def paragraph(self, rng):
        return rng.choice(rng.choice(self.reserve).paragraphs)

    def title(self, rng):
        return rng.choice(self.reserve).title

    def word(self, rng):
        return rng.choice(self.words)

    def name(self, rng):
        return rng.choice(self.names)


class Set:
    def __init__(self, seed):
        self.rng, self.lines, self.clusters = random.Random(seed), [], 0

    def add(self, time, title, body, edit, origin=None, cluster=None):
        if cluster is None:
            cluster = self.clusters
            self.clusters += 1
        self.lines.append((time, len(self.lines), title, body, cluster, edit, origin))
        return len(self.lines) - 1

    def add_cluster(self, article, donor, variants, prefix):
        rng, start = self.rng, self.rng.random() * 0.8
        later = lambda: start + (1 - start) * rng.random()
        original = self.add(start, article.title, article.body(), "original")
        cluster = self.lines[original][4]
        for name in rng.sample(sorted(edits.EDITS), min(variants, len(edits.EDITS))):
            if name == "concat" and not donor.fresh:
                continue
            title, body = edits.EDITS[name](rng, article, donor)
            self.add(later(), title, body, prefix + name, original, cluster)
        if sum(c.isdigit() for c in article.body()) >= 25 and article.language in (
            "en",
            "fr",
            "es",
            "pt",
        ):
            self.add(
                later(),
                article.title,
                edits.impostor(rng, article, donor)[1],
                "neg_numbers",
                original,
            )
        if donor.fresh and rng.random() < 0.3:
            made = edits.follow_up(rng, article, donor)
            if made:
                self.add(later(), made[0], made[1], "neg_follow_up")

    def write(self, path):
        self.lines.sort(key=lambda line: line[:2])
        ids = {line[1]: "d%06d" % i for i, line in enumerate(self.lines)}
        with open(path, "w", encoding="utf-8") as out:
            for _, n, title, body, cluster, edit, origin in self.lines:
                row = dict(
                    id=ids[n],
                    title=title,
                    body=body,
                    cluster=cluster,
                    edit=edit,
                    origin="" if origin is None else ids[origin],
                )
                out.write(json.dumps(row, ensure_ascii=False) + "\n")


def folder(kind, families):
    names = sorted(glob.glob(os.path.join(articles.HERE, kind, families, "*.txt")))
    return [
        (os.path.basename(name)[:-4], articles.read(os.path.relpath(name, articles.HERE)))
        for name in names
    ]


def add_templates(into, families, count):
    common = phrases.Grammar(articles.read("templates/common.txt"))
    for name, text in folder("templates", families):
        grammar = phrases.Grammar(text, common)
        for _ in range(count):
            title, paragraphs = grammar.article(into.rng)
            into.add(into.rng.random(), title, "\n".join(paragraphs), "neg_tpl_" + name)


def add_events(into, families, count):
    common = phrases.Grammar(articles.read("templates/common.txt"))
    for _, text in folder("events", families):
        one, two = (phrases.Grammar(part, common) for part in text.split("---"))
        for _ in range(count):
            memory = {}
            for writer in (one, two):
                writer.lists.update(one.lists)
                body = "\n".join(
                    articles.capital(writer.expand(into.rng, t, memory)) for t in writer.texts
                )
                title = articles.capital(writer.title(into.rng, memory))
                into.add(into.rng.random(), title, body, "neg_two_writers")


ABOUT = (
    "About {firm}: {firm} is a {sector} company with headquarters in {place}. It was founded in {1890..2015} by {person} "
    "and {person} and serves customers in {12..90} countries. For more information, write to press@example.com or call "
    "{100..999} {1000..9999}. Statements about the future in this release are subject to risks and uncertainties."
)


def add_series(into, donor, count):
    """Press releases of one company: other news, the same paragraphs about the company at the
    end."""
    common = phrases.Grammar(articles.read("templates/common.txt"))
    for _ in range(count // 5):
        about = common.expand(into.rng, ABOUT.replace("{firm}", "{f:=firm}"), {})
        for _ in range(5):
            story = donor.article()
            while story is not None and story.chars() < 5 * len(about):
                story = donor.article()
            if story is None:
                return
            into.add(into.rng.random(), story.title, story.body() + "\n" + about, "neg_series")


def add_language(into, found, options):
    """Clusters, short clusters and singles of one language's articles; the rest becomes the
    donor."""
    rng, found = into.rng, list(found)
    rng.shuffle(found)
    share = min(
        1.0, len(found) * 0.75 / max(1, options.clusters + options.short_clusters + options.singles)
    )
    clusters, shorts, singles = (
        int(n * share) for n in (options.clusters, options.short_clusters, options.singles)
    )
    donor = Donor(rng, found[clusters + shorts + singles :] or found, names())
    small = Donor(
        rng,
        [a for a in (articles.shorten(rng, b) for b in donor.reserve) if a] or donor.reserve,
        names(),
    )
    small.fresh = []  # its articles are the big donor's: not twice in one set
    if found[0].language == "en":
        add_series(into, donor, min(options.series, len(donor.fresh) // 4))
    for article in found[:clusters]:
        into.add_cluster(article, donor, options.variants, "")
    for article in found[clusters : clusters + shorts]:
        short = articles.shorten(rng, article)
        if short:
            into.add_cluster(short, small, options.variants, "short_")
    for article in found[clusters + shorts : clusters + shorts + singles]:
        into.add(rng.random(), article.title, article.body(), "single")


def names():
    common = phrases.Grammar(articles.read("templates/common.txt"))
    return common.lists["last"] + common.lists["place"]


def arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--articles", nargs="*", default=[], metavar="FILE")
    parser.add_argument("--languages", default="", help="generated ones, parted by commas, or all")
    parser.add_argument(
        "--generated", type=int, default=160, help="articles made in each of --languages"
    )
    parser.add_argument("--families", choices=("dev", "heldout", "final", "none"), default="dev")
    parser.add_argument("--clusters", type=int, default=300, help="in each language")
    parser.add_argument("--short-clusters", type=int, default=150)
    parser.add_argument("--singles", type=int, default=1000)
    parser.add_argument("--variants", type=int, default=12)
    parser.add_argument("--template-docs", type=int, default=200, help="of each family")
    parser.add_argument("--events", type=int, default=50, help="of each file in events/")
    parser.add_argument("--series", type=int, default=150)
    return parser.parse_args(argv)


def main(argv):
    options = arguments(argv)
    into = Set(options.seed)
    by_language = {}
    for article in articles.distinct(articles.load(options.articles), 0.2):
        by_language.setdefault(article.language, []).append(article)
    wanted = (
        articles.LANGUAGES
        if options.languages == "all"
        else [x for x in options.languages.split(",") if x]
    )
    for language in wanted:
        by_language.setdefault(language, []).extend(
            articles.generate(into.rng, language, options.generated)
        )
    for language, found in sorted(by_language.items()):
        add_language(into, found, options)
    if options.families != "none":
        add_templates(into, options.families, options.template_docs)
        add_events(into, options.families, options.events)
    into.write(options.out)
    print("%d lines" % len(into.lines), file=sys.stderr)
    for edit, count in sorted(Counter(line[5] for line in into.lines).items()):
        print("  %-24s %6d" % (edit, count), file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
