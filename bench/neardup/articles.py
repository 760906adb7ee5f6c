"""Base articles: read from files, or made of a language's sentences. Standard library only."""

import hashlib
import json
import os
import re
from collections import Counter, defaultdict

import phrases

HERE = os.path.dirname(os.path.abspath(__file__))
LANGUAGES = ("en", "de", "fr", "es", "pt", "ru", "zh", "ja", "th")
UNSPACED = ("zh", "ja", "th")
SHORT_CHARS = (250, 900)


class Article:
    def __init__(self, title, paragraphs, language):
        self.title, self.paragraphs, self.language = title, paragraphs, language

    def body(self):
        return "\n".join(self.paragraphs)

    def chars(self):
        return len(self.body())


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def sentences(paragraph, language):
    if language in ("zh", "ja"):
        return [s for s in re.findall(r"[^。！？]*[。！？]?[”」]?", paragraph) if s]
    if language == "th":
        return [s for s in paragraph.split(" ") if s]
    parts = re.split(r"(?<=[.!?][\"'”’»“]|.[.!?])\s+(?=\S)", paragraph)
    out = []
    for part in parts:  # "Dr. x", "No. 5 of" go on in lower case: no new sentence
        if out and part[0].islower():
            out[-1] += " " + part
        elif part:
            out.append(part)
    return out


def joiner(language):
    return "" if language in ("zh", "ja") else " "


def units(text, language):
    """What shingles are made of: words, or characters where words are not parted."""
    if language in UNSPACED:
        return [c for c in text if c.isalnum()]
    return re.findall(r"\w+", text.lower())


def shingles(article):
    size = {"zh": 5, "ja": 6, "th": 9}.get(article.language, 3)
    u = units(article.body(), article.language)
    return {tuple(u[i : i + size]) for i in range(len(u) - size + 1)}


def distinct(articles, share_max=0.15):
    """Leaves out every article that shares more than `share_max` of its shingles with one
    before."""
    index, kept = defaultdict(list), []
    for article in articles:
        own = shingles(article)
        hits = Counter(n for s in own for n in index[s])
        if len(own) < 20 or any(hits[n] > share_max * min(len(own), kept[n][1]) for n in hits):
            continue
        for s in own:
            if len(index[s]) < 40:
                index[s].append(len(kept))
        kept.append((article, len(own)))
    return [article for article, _ in kept]


def load(paths, language="en", chars_min=900, chars_max=12000):
    """Articles of NDJSON files {title, body[, lang]}, in an order that does not depend on the
    files' order."""
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                paragraphs = [
                    p.strip() for p in re.split(r"\n+", row.get("body") or "") if p.strip()
                ]
                article = Article(row.get("title") or "", paragraphs, row.get("lang") or language)
                least = chars_min * 2 // 5 if article.language in UNSPACED else chars_min
                if len(paragraphs) >= 4 and least <= article.chars() <= chars_max:
                    found.append(article)
    found.sort(key=lambda a: hashlib.sha1((a.title + a.paragraphs[0]).encode()).digest())
    return found


def capital(text):
    for i, c in enumerate(text):
        if c.isalpha():
            return text[:i] + c.upper() + text[i + 1 :]
        if c not in '"“„«‘':
            break
    return text


def generate(rng, language, count, tries=12):
    """Up to `count` articles of one language that share little with one another."""
    common = phrases.Grammar(read("templates/common.txt"))
    grammar = phrases.Grammar(read("languages/%s.txt" % language), common)
    made = []
    for _ in range(count * tries // 4):
        lines = rng.sample(grammar.texts, rng.randint(10, 13))
        said = [capital(grammar.expand(rng, line, {})) for line in lines]
        paragraphs = []
        while said:
            take = rng.randint(1, 2)
            paragraphs.append(joiner(language).join(said[:take]))
            said = said[take:]
        made.append(Article(capital(grammar.title(rng, {})), paragraphs, language))
    # Thai articles of so few sentences share more letters than real ones do: fewer are kept.
    return distinct(made, 0.07 if language == "th" else 0.15)[:count]


def shorten(rng, article):
    """The first sentences of an article, 250 to 900 characters, a sentence a paragraph; None if
    that is not to be had."""
    want, out, chars = rng.randint(260, 850), [], 0
    if article.language in UNSPACED:
        want = want // 2
    for paragraph in article.paragraphs:
        for sentence in sentences(paragraph, article.language):
            if chars + len(sentence) > SHORT_CHARS[1] - 10:
                break
            out.append(sentence)
            chars += len(sentence)
            if chars >= want and len(out) >= 3:
                return Article(article.title, out, article.language)
    return Article(article.title, out, article.language) if len(out) >= 3 and chars >= 130 else None
