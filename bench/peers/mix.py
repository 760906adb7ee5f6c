#!/usr/bin/env python3
"""Make many distinct articles of real size out of few.

    mix.py IN.ndjson|- OUT.ndjson COUNT [--copies 0.2] [--seed 1]

IN has one JSON object a line with a title and a body under the usual names; "-" makes up articles
instead. Every article of OUT takes its paragraphs from different ones of IN (a seeded permutation),
so that no two share more than a few paragraphs. The share COPIES repeats the title and text of one
of the last 2,000 articles under another id and url, as syndication does. Prints one line of JSON:
how many articles, how many of them copies, and bytes. The same arguments give the same file."""
import argparse
import json
import random
import sys

TITLE_NAMES = ("title", "headline", "title_page")
BODY_NAMES = ("body", "text", "maintext", "content", "body_text")
BODY_CHARS_MIN = 300
RECENT = 2000


def first_text(article, names):
    for name in names:
        value = article.get(name)
        if isinstance(value, str) and value.strip():
            return name, value
    return None, ""


def read_articles(path):
    """(article, its field for the title, for the body) of those that have a text."""
    articles = []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            try:
                article = json.loads(line)
            except ValueError:
                continue
            if not isinstance(article, dict):
                continue
            title_name, _ = first_text(article, TITLE_NAMES)
            body_name, body = first_text(article, BODY_NAMES)
            if body_name and len(body) > BODY_CHARS_MIN:
                articles.append((article, title_name or "title", body_name))
    return articles


# ---- Made-up articles -------------------------------------------------------------------------

PLACES = ("Harwick", "Port Selden", "Ostermark", "Vale", "Lindow", "Kestrel Bay", "Novara",
          "Tamsin", "Greyford", "Eastmoor", "Bellhaven", "Corrand", "Dunmere", "Felsted")
FIRST = ("Ada", "Tomas", "Lena", "Mira", "Jonas", "Rui", "Ines", "Karim", "Sofia", "Piotr",
         "Hana", "Leo", "Nadia", "Owen", "Priya", "Samuel")
LAST = ("Brandt", "Okafor", "Voss", "Castellan", "Ek", "Tavares", "Moreau", "Haddad", "Lindqvist",
        "Nowak", "Sato", "Whitlock", "Petrova", "Marsh", "Raman", "Adeyemi")
ROLES = ("finance minister", "police chief", "head coach", "chief executive", "mayor",
         "union leader", "chief economist", "health secretary", "campaign manager", "spokeswoman")
THINGS = ("budget", "harbour", "school", "railway", "hospital", "league", "bank", "election",
          "bridge", "forest", "court ruling", "power station", "vaccine", "strike", "merger",
          "trial", "storm", "border", "festival", "airport", "tax bill", "coalition", "factory")
VERBS = ("will open next month", "was closed on Monday", "is delayed until spring",
         "has grown by a tenth", "needs repair", "won approval", "lost support",
         "cost more than planned", "divided the council", "surprised investors")
REASONS = ("after weeks of talks", "despite earlier warnings", "as prices kept rising",
           "because of the weather", "under a plan agreed in January", "to the dismay of residents",
           "for the first time in a decade", "while the inquiry goes on")
SAID = ("said", "told reporters", "said in a statement", "warned", "added")


def sentence(r):
    thing, other = r.sample(THINGS, 2)
    name = f"{r.choice(FIRST)} {r.choice(LAST)}"
    return r.choice((
        f"The {thing} in {r.choice(PLACES)} {r.choice(VERBS)} {r.choice(REASONS)}, officials said.",
        f"“The {thing} {r.choice(VERBS)}, and we know what that means for the {other},” "
        f"{r.choice(SAID)} {name}, the {r.choice(ROLES)}.",
        f"{name} {r.choice(SAID)} that the {thing} {r.choice(VERBS)} {r.choice(REASONS)}.",
        f"Of {r.randrange(20, 9000)} people asked about the {thing}, {r.randrange(10, 90)} percent "
        f"named the {other} as their main concern.",
        f"It was unclear on {r.choice(('Monday', 'Tuesday', 'Friday'))} whether the {thing} near "
        f"{r.choice(PLACES)} would affect the {other}, which {r.choice(VERBS)}.",
    ))


def make_articles(count, r):
    """As read_articles(): news-like text of about 4 kB, from 1 to 12 kB."""
    articles = []
    for number in range(count):
        paragraphs = max(3, min(40, int(r.lognormvariate(2.5, 0.55))))
        body = "\n".join(" ".join(sentence(r) for _ in range(r.randrange(1, 5)))
                         for _ in range(paragraphs))
        title = f"{r.choice(PLACES)} {r.choice(THINGS)} {r.choice(VERBS)}"
        articles.append(({"id": str(number), "source": f"{r.choice(LAST).lower()}.example",
                          "url": "", "title": title, "body": body,
                          "published": f"2026-03-{r.randrange(1, 29):02}T12:00:00Z"},
                         "title", "body"))
    return articles


# ---- The mix ----------------------------------------------------------------------------------

class Deck:
    """Deals all paragraphs in a random order, then again in another."""

    def __init__(self, articles, r):
        self.random = r
        self.all = [p for article, _, name in articles
                    for p in article[name].split("\n") if p.strip()]
        self.left = []

    def deal(self, count):
        """Some more than `count` if they are short: one "Read more" is no article."""
        taken, chars = [], 0
        while len(taken) < count or chars < BODY_CHARS_MIN:
            if not self.left:
                self.left = self.all[:]
                self.random.shuffle(self.left)
            taken.append(self.left.pop())
            chars += len(taken[-1])
        return "\n\n".join(taken)


def letters(text):
    """Two texts that differ in case, spacing or punctuation only would count as copies."""
    return hash("".join(filter(str.isalnum, text.casefold())))


def mixed(articles, count, copies, r):
    """(article, is it a copy) count times."""
    deck = Deck(articles, r)
    sizes = [sum(1 for p in article[name].split("\n") if p.strip())
             for article, _, name in articles]
    recent, seen = [], set()
    for n in range(count):
        source, title_name, body_name = articles[n % len(articles)]
        copy = bool(recent) and r.random() < copies
        if copy:
            title, body = r.choice(recent)
        else:
            title = source.get(title_name) or ""
            for _ in range(100):  # short ones may come twice
                body = deck.deal(sizes[n % len(articles)])
                if letters(body) not in seen:
                    break
            seen.add(letters(body))
            recent.append((title, body))
            del recent[:-RECENT]
        article = dict(source)
        article.update({"id": f"mix-{n}", "url": f"https://news.example/{n}",
                        title_name: title, body_name: body})
        yield article, copy


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source")
    parser.add_argument("out")
    parser.add_argument("count", type=int)
    parser.add_argument("--copies", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    r = random.Random(args.seed)
    articles = make_articles(4000, r) if args.source == "-" else read_articles(args.source)
    if not articles:
        sys.exit(f"mix.py: no articles with a text of {BODY_CHARS_MIN} characters in {args.source}")
    copies = size = 0
    with open(args.out, "w", encoding="utf-8") as out:
        for article, copy in mixed(articles, args.count, args.copies, r):
            line = json.dumps(article, ensure_ascii=False) + "\n"
            out.write(line)
            copies += copy
            size += len(line.encode())
    print(json.dumps({"articles": args.count, "copies": copies, "bytes": size,
                      "source": "made up" if args.source == "-" else "given"}))


if __name__ == "__main__":
    main()
