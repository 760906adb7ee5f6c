#!/usr/bin/env python3
"""Scores the quotes of `newsmill enrich` on labelled sets.

    score.py DATA [--split dev] [--newsmill build/release/bin/newsmill] [--sets polnear,german]

DATA is a folder with polnear-quoted-SPLIT.ndjson, polnear-all-SPLIT.ndjson,
german-wikinews-SPLIT.ndjson (any of them, .zst too) and the scorer score_quotes.py. Each document's
text goes through the whole program; spans of the published body are carried back to the text.
"""
import argparse
import difflib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

DATA = pathlib.Path()


def read_set(data, name):
    path = data / f"{name}.ndjson"
    if path.exists():
        text = path.read_text(encoding="utf-8")
    elif path.with_suffix(".ndjson.zst").exists():
        text = subprocess.run(["zstd", "-dcq", path.with_suffix(".ndjson.zst")],
                              capture_output=True, check=True).stdout.decode()
    else:
        return None
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def squeezed(text):
    """The characters that are no white space, and where each of them stands."""
    places = [i for i, c in enumerate(text) if not c.isspace()]
    return "".join(text[i] for i in places), places


def carry(body, text):
    """Maps offsets of the published body to offsets of the input's text."""
    there, places = squeezed(text)
    starts, ends = {}, {}
    at = 0
    offset = 0
    for paragraph in body.split("\n\n"):
        plain, own = squeezed(paragraph)
        found = there.find(plain, at)
        if found >= 0:
            blocks = [(0, found, len(plain))]
        else:  # repaired characters: what is alike around them
            window = there[at:at + len(plain) + 200]
            matcher = difflib.SequenceMatcher(None, plain, window, autojunk=False)
            blocks = [(a, at + b, size) for a, b, size in matcher.get_matching_blocks() if size]
        for first, target, size in blocks:
            for i in range(size):
                starts[offset + own[first + i]] = places[target + i]
                ends[offset + own[first + i] + 1] = places[target + i] + 1
        if blocks:
            at = blocks[-1][1] + blocks[-1][2]
        offset += len(paragraph) + 2
    return starts, ends


def enrich(newsmill, documents, language):
    lines = [json.dumps({"id": str(i), "text": d["text"], "language": language})
             for i, d in enumerate(documents)]
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "in.ndjson")
        source.write_text("\n".join(lines) + "\n", encoding="utf-8")
        out = subprocess.run([newsmill, "enrich", source], capture_output=True, check=False)
    records = {}
    for line in out.stdout.splitlines():
        record = json.loads(line)
        records[int(record["enrichment"]["input"]["line"]) - 1] = record
    return records


def as_predictions(document, record, marked_only, whole_direct=False):
    """One prediction a segment in marks, or one a statement. `whole_direct`: the set's bounds of
    direct statements are those of all that is said ("that" before the marks included)."""
    body = record["bodies"][0]["value"]
    starts, ends = carry(body, document["text"])
    quotes = []
    for quote in record["enrichment"].get("quotes", []):
        speaker = quote.get("speaker", {})
        by_marks = marked_only and not (whole_direct and quote["type"] == "direct")
        spans = quote.get("quoted", []) if by_marks else [quote["selector"]]
        if marked_only and not quote.get("quoted"):
            spans = []
        for span in spans:
            if span["start"] not in starts or span["end"] not in ends:
                continue
            entry = {"start": starts[span["start"]], "end": ends[span["end"]],
                     "speaker": speaker.get("name"), "confidence": quote["confidence"]}
            mention = speaker.get("mention")
            if mention and mention["start"] in starts and mention["end"] in ends:
                entry["speaker_start"] = starts[mention["start"]]
                entry["speaker_end"] = ends[mention["end"]]
                if entry["speaker"] is None:
                    entry["speaker"] = body[mention["start"]:mention["end"]]
            quotes.append(entry)
    return {"id": document["id"], "quotes": quotes}


def score(data, gold, predictions, kinds):
    with tempfile.TemporaryDirectory() as folder:
        gold_path = pathlib.Path(folder, "gold.ndjson")
        found_path = pathlib.Path(folder, "found.ndjson")
        for path, rows in ((gold_path, gold), (found_path, predictions)):
            path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        command = [sys.executable, data / "score_quotes.py", gold_path, found_path, "--json"]
        if kinds:
            command += ["--kinds", kinds]
        return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def show(name, kinds, result):
    print(f"{name:24} {kinds or 'all':22} "
          f"exact P {result['exact_P']:.3f} R {result['exact_R']:.3f} F1 {result['exact_F1']:.3f}  "
          f"overlap F1 {result['overlap_F1']:.3f}  end to end F1 {result['e2e_F1']:.3f}  "
          f"speakers right {result['attr_any']:.3f}")


def calibration(documents, predictions):
    """Of the speakers that are given, how many are right, by tens of confidence."""
    sys.path.insert(0, str(DATA))
    import score_quotes as scorer  # the scorer of the sets
    tally = {}
    found = {p["id"]: p["quotes"] for p in predictions}
    for document in documents:
        text = document["text"]
        spans = {scorer.trim(text, q["start"], q["end"]): q
                 for q in found.get(document["id"], [])}
        for gold in document["quotes"]:
            mine = spans.get(scorer.trim(text, gold["start"], gold["end"]))
            if not mine or not gold.get("speaker") or not mine["speaker"]:
                continue
            named = scorer.last(mine["speaker"]) == scorer.last(gold["speaker"])
            mentioned = (mine.get("speaker_start") is not None
                         and mine["speaker_start"] < gold["speaker_end"]
                         and mine["speaker_end"] > gold["speaker_start"])
            counts = tally.setdefault(mine["confidence"] // 10 * 10, [0, 0])
            counts[0] += 1
            counts[1] += named or mentioned
    return tally


def left_out(documents, predictions):
    """Of the segments in marks that are given as nothing: how many the set leaves out as well, and
    how many it has as quotations."""
    sys.path.insert(0, str(DATA))
    import score_quotes as scorer
    found = {p["id"]: p["quotes"] for p in predictions}
    right = wrong = 0
    for document in documents:
        text = document["text"]

        def spans(quotes):
            return {scorer.trim(text, q["start"], q["end"]) for q in quotes}

        mine = spans(found.get(document["id"], []))
        gold = spans(document["quotes"])
        if "not_quotes" in document:
            nothing = spans(document["not_quotes"])
        else:
            marked = [{"start": m.start(1), "end": m.end(1)}
                      for m in re.finditer("„([^„“”\n]+)[“”]", text)]
            nothing = spans(marked) - gold
            gold &= spans(marked)
        right += sum(not overlaps(span, mine) for span in nothing)
        wrong += sum(not overlaps(span, mine) for span in gold)
    return right, wrong


def overlaps(span, others):
    return any(start < span[1] and end > span[0] for start, end in others)


def run_set(args, name, language, marked_only, kinds_list):
    documents = read_set(args.data, f"{name}-{args.split}")
    if documents is None:
        return
    records = enrich(args.newsmill, documents, language)
    predictions = [as_predictions(d, records[i], marked_only, name.startswith("polnear"))
                   for i, d in enumerate(documents) if i in records]
    for kinds in kinds_list:
        show(f"{name}-{args.split}", kinds, score(args.data, documents, predictions, kinds))
    if marked_only:
        tally = calibration(documents, predictions)
        shares = ", ".join(f"{ten}+ {right / given:.3f} of {given}"
                           for ten, (given, right) in sorted(tally.items(), reverse=True))
        print(f"{name}-{args.split}: speakers right by confidence: {shares}")
        right, wrong = left_out(documents, predictions)
        print(f"{name}-{args.split}: segments in marks left out: {right + wrong}, of which the set "
              f"leaves out {right / max(1, right + wrong):.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--newsmill", default="build/release/bin/newsmill")
    args = parser.parse_args()
    global DATA
    DATA = args.data
    run_set(args, "polnear-quoted", "en", True, [None, "direct", "mixed"])
    run_set(args, "polnear-all", "en", False,
            ["direct,mixed,indirect", "direct", "mixed", "indirect", None])
    run_set(args, "german-wikinews", "de", True, ["Direct"])


if __name__ == "__main__":
    main()
