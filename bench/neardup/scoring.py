"""Scores predicted pairs against a labelled set (make_set.py). Standard library only.

Of a positive class, that is of the variants made by one edit:
  recall     variants that were paired with their original
  found      variants that were paired with any earlier line of their cluster
  precision  right pairs / all pairs that end at such a variant; pairs inside the cluster are right
Of a negative class: the share of its lines that were paired with a line of another cluster. A pair
of a variant and the line that imitates its original with other facts (neg_numbers) counts there, in
either order, and not against the variant.
"""

import json
from collections import defaultdict

SHORT_CHARS = (250, 900)


class Positive:
    """Counts of one class of variants."""

    def __init__(self):
        self.n = self.original = self.found = self.right = self.wrong = self.short = 0

    def add(self, other):
        for key, value in vars(other).items():
            setattr(self, key, getattr(self, key) + value)

    def precision(self):
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    def recall(self):
        return self.original / self.n if self.n else 0.0

    def f1(self):
        p, r = self.precision(), self.recall()
        return 2 * p * r / (p + r) if p + r else 0.0

    def found_share(self):
        return self.found / self.n if self.n else 0.0

    def mostly_short(self):
        return self.short * 2 > self.n


class Result:
    def __init__(self):
        self.all, self.short, self.longer = Positive(), Positive(), Positive()
        self.positive = {}  # edit -> Positive
        self.negative = {}  # class -> (lines, merged lines)

    def merged(self, names):
        lines = sum(self.negative[n][0] for n in names if n in self.negative)
        hits = sum(self.negative[n][1] for n in names if n in self.negative)
        return lines, hits


def load(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def is_short(line, original):
    return (
        line["edit"].startswith("short_")
        or SHORT_CHARS[0] <= len(original["body"]) <= SHORT_CHARS[1]
    )


def score(lines, pairs):
    """`pairs`: (id, id of another line), one or more for a line that was said to be a duplicate."""
    by_id = {line["id"]: line for line in lines}
    told = defaultdict(set)
    for one, other in pairs:
        if one != other:
            told[one].add(other)
    result, merged, imitations = Result(), defaultdict(set), set()
    seen = defaultdict(int)
    for line in lines:
        said = told.get(line["id"], set())
        right = {x for x in said if by_id[x]["cluster"] == line["cluster"]}
        wrong = said - right
        if line["edit"] != "neg_numbers":
            fooled = {
                x
                for x in wrong
                if by_id[x]["edit"] == "neg_numbers" and root(by_id[x]) == root(line)
            }
            imitations |= fooled
            wrong -= fooled
        if line["origin"] and line["edit"] != "neg_numbers":
            one = Positive()
            one.n, one.original, one.found = 1, int(line["origin"] in right), int(bool(right))
            one.right, one.wrong, one.short = (
                len(right),
                len(wrong),
                int(is_short(line, by_id[line["origin"]])),
            )
            result.positive.setdefault(line["edit"], Positive()).add(one)
            result.all.add(one)
            (result.short if one.short else result.longer).add(one)
        else:
            seen[line["edit"]] += 1
            if wrong:
                merged[line["edit"]].add(line["id"])
    if "neg_numbers" in seen:
        merged["neg_numbers"] |= imitations
    result.negative = {name: (count, len(merged[name])) for name, count in seen.items()}
    return result


def root(line):
    return line["origin"] or line["id"]


# ---- Goals

GOALS = {
    "f1": (0.997, "F1 of all variants; if many are of short texts, of the others"),
    "class": (0.98, "F1 of every positive class"),
    "short": (0.985, "F1 of the variants of texts of 250-900 characters"),
    "ordinary": (0.001, "ordinary articles (original, single) merged"),
    "template": (0.01, "form reports of each family merged"),
    "numbers": (0.015, "articles with other facts in the same words merged"),
    "event": (0.015, "articles about the same event by other writers merged"),
}
EVENTS = ("neg_same_event", "neg_two_writers")
NO_GOAL = (
    "neg_follow_up",
    "neg_series",
)  # they share whole paragraphs: where to draw the line is a matter of taste


def goals_of(result, goals, least):
    """(name of the row, value, goal, met) for every goal that the set has at least `least` lines
    for."""
    out = []

    def reach(name, stats, goal):
        if stats.n >= least:
            out.append((name, stats.f1(), goal, stats.f1() >= goal))

    def stay_below(name, lines, hits, goal):
        if lines >= least:
            out.append((name, hits / lines, goal, hits / lines <= goal))

    if result.short.n * 10 <= result.all.n:
        reach("all", result.all, goals["f1"])
    else:
        reach("longer texts", result.longer, goals["f1"])
    reach("short texts", result.short, goals["short"])
    for name, stats in sorted(result.positive.items()):
        if not stats.mostly_short():
            reach(name, stats, goals["class"])
    stay_below("ordinary", *result.merged(("original", "single")), goals["ordinary"])
    for name, (lines, hits) in sorted(result.negative.items()):
        if name in EVENTS:
            stay_below(name, lines, hits, goals["event"])
        elif name == "neg_numbers":
            stay_below(name, lines, hits, goals["numbers"])
        elif name.startswith("neg_") and name not in NO_GOAL:
            stay_below(name, lines, hits, goals["template"])
    return out


# ---- Tables


def table(result, verdicts):
    goal_of = {name: (goal, met) for name, _, goal, met in verdicts}

    def mark(name):
        if name not in goal_of:
            return ""
        goal, met = goal_of[name]
        return "  %s %g" % ("goal" if met else "MISSED", goal)

    lines = [
        "%-24s %6s  %-6s  %-6s  %-6s  %-6s"
        % ("positive class", "n", "F1", "prec.", "recall", "found")
    ]
    rows = [("all", result.all)]
    if result.short.n:
        rows += [("longer texts", result.longer), ("short texts", result.short)]
    for name, stats in rows + sorted(result.positive.items()):
        lines.append(
            "%-24s %6d  %.4f  %.4f  %.4f  %.4f%s"
            % (
                name,
                stats.n,
                stats.f1(),
                stats.precision(),
                stats.recall(),
                stats.found_share(),
                mark(name),
            )
        )
    lines.append("%-24s %6s  %-6s" % ("negative class", "n", "merged"))
    ordinary = result.merged(("original", "single"))
    for name, (count, hits) in [("ordinary", ordinary)] + sorted(result.negative.items()):
        if count:
            lines.append("%-24s %6d  %.4f  (%d)%s" % (name, count, hits / count, hits, mark(name)))
    return "\n".join(lines)


def as_json(result):
    def row(stats):
        return dict(
            n=stats.n,
            f1=round(stats.f1(), 5),
            precision=round(stats.precision(), 5),
            recall=round(stats.recall(), 5),
            found=round(stats.found_share(), 5),
        )

    lines, hits = result.merged(("original", "single"))
    return dict(
        all=row(result.all),
        longer=row(result.longer),
        short=row(result.short),
        positive={n: row(s) for n, s in sorted(result.positive.items())},
        ordinary=dict(n=lines, merged=hits),
        negative={n: dict(n=c, merged=h) for n, (c, h) in sorted(result.negative.items())},
    )
