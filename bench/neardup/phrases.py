"""Text from small grammars: the files in templates/ and languages/. Standard library only.

A grammar file holds, one a line:
  # ...                 a comment
  name = a | b | c      a list; {name} picks one, expanded in turn
  >> text               a title (several: one is picked)
  text                  a paragraph (template files) or a sentence (language files)
  ? text                the same, but left out half of the time
In a text:
  {name}                a pick from the list `name`
  {x:=name}             the same, remembered: from then on {x:=name} and {x} say it again, {x.last}
  its
                        last word
  {x:=3..9}, {3..9}     a whole number from 3 to 9; {00..59} keeps two digits
  {0.5..7.4}            a number with as many decimals as written
  [a|b|c]               one of these; may be nested
"""

import re

_SLOT = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)$")


class Grammar:
    def __init__(self, text, parent=None):
        self.lists = dict(parent.lists) if parent else {}
        self.titles, self.texts = [], []
        for line in text.split("\n"):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            found = re.match(r"([a-z][a-z0-9_]*)\s*=\s*(.+)$", line)
            if found:
                self.lists[found.group(1)] = split_top(found.group(2))
            elif line.startswith(">>"):
                self.titles.append(line[2:].strip())
            else:
                self.texts.append(line)

    def expand(self, rng, text, memory):
        """The text with every alternative chosen and every slot filled."""
        return self._slots(rng, choose(rng, text), memory)

    def _slots(self, rng, text, memory):
        def fill(found):
            slot = found.group(1)
            keep, _, what = slot.rpartition(":=")
            if keep in memory:
                return memory[keep]
            value = self._value(rng, what, memory)
            if keep:
                memory[keep] = value
            return value

        while _SLOT.search(text):
            text = _SLOT.sub(fill, text)
        return text

    def _value(self, rng, what, memory):
        bounds = _RANGE.match(what)
        if bounds:
            return number(rng, *bounds.groups())
        name, _, part = what.partition(".")
        if name in memory:
            return memory[name].split()[-1] if part == "last" else memory[name]
        return self.expand(rng, rng.choice(self.lists[name]), memory)

    def title(self, rng, memory):
        return self.expand(rng, rng.choice(self.titles), memory)

    def article(self, rng):
        """A whole form report: (title, paragraphs). The title may name what a paragraph
        remembers."""
        memory = {}
        lines = [line for line in self.texts if not line.startswith("?") or rng.random() < 0.5]
        paragraphs = [self.expand(rng, line.lstrip("? "), memory) for line in lines]
        return self.title(rng, memory), paragraphs


def number(rng, low, high):
    if "." in low:
        places = len(low.partition(".")[2])
        return "%.*f" % (places, rng.uniform(float(low), float(high)))
    value = str(rng.randint(int(low), int(high)))
    return value.zfill(len(low)) if low.startswith("0") and len(low) > 1 else value


def split_top(text):
    """Parts between the bars that stand in no bracket."""
    parts, depth, begin = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "[") - (c == "]")
        if c == "|" and not depth:
            parts.append(text[begin:i].strip())
            begin = i + 1
    return parts + [text[begin:].strip()]


def choose(rng, text):
    """Replaces every [a|b] by one of its parts, from the outside in."""
    out, i = [], 0
    while i < len(text):
        if text[i] != "[":
            out.append(text[i])
            i += 1
            continue
        depth, j = 1, i + 1
        while depth:
            depth += (text[j] == "[") - (text[j] == "]")
            j += 1
        out.append(choose(rng, rng.choice(split_top(text[i + 1 : j - 1]))))
        i = j
    return "".join(out)
