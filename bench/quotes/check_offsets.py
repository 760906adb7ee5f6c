#!/usr/bin/env python3
"""Proves the offsets of quotes: reads records of `newsmill enrich` from stdin, one a line.

    newsmill enrich FILE… | check_offsets.py

`exact` must be the body's code points from start to end; quoted segments and the parts that a
statement is cut into must lie inside of it, in order; cue and mention must lie in the body, on
words; statements keep the order of the text and do not overlap. Exit 1 if anything does not hold.
"""
import json
import sys


def faults(record):
    body = record.get("bodies", [{"value": ""}])[0]["value"]  # a headline alone has none
    end = 0
    for quote in record["enrichment"].get("quotes", []):
        selector = quote["selector"]
        start, stop = selector["start"], selector["end"]
        if not (0 <= start < stop <= len(body)) or body[start:stop] != selector["exact"]:
            yield f"exact at {start}"
        if start < end:
            yield f"overlap or order at {start}"
        end = max(end, stop)
        if quote.get("text") is not None and quote["text"] not in selector["exact"]:
            yield f"text at {start}"
        inner = start
        for span in quote.get("quoted", []):
            if not inner <= span["start"] <= span["end"] <= stop:
                yield f"quoted at {span['start']}"
            inner = span["end"]
        cue = quote.get("cue")
        if cue and body[cue["start"]:cue["end"]] != cue["text"]:
            yield f"cue at {cue['start']}"
        mention = quote.get("speaker", {}).get("mention")
        if mention:
            text = body[mention["start"]:mention["end"]]
            if not text or text != text.strip() or "\n" in text:
                yield f"mention at {mention['start']}: {text!r}"


def main():
    records = quotes = bad = 0
    for line in sys.stdin:
        record = json.loads(line)
        records += 1
        quotes += len(record["enrichment"].get("quotes", []))
        for fault in faults(record):
            bad += 1
            if bad <= 20:
                print(f"{record['uri']}: {fault}")
    print(f"{records} records, {quotes} statements, {bad} faults")
    sys.exit(1 if bad or not records else 0)


main()
