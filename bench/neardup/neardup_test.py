"""Tests of the set maker and of the scorer: python3 -m unittest discover bench/neardup -p
'*_test.py'"""

import contextlib
import io
import json
import os
import random
import stat
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import articles
import edits
import make_set
import phrases
import score
import scoring


def line(name, cluster, edit, origin="", body="x" * 1000):
    return dict(id=name, title="", body=body, cluster=cluster, edit=edit, origin=origin)


class Phrases(unittest.TestCase):
    def test_expands_alternatives_ranges_and_memory(self):
        grammar = phrases.Grammar(
            "who = Ann Lee | Bo Ray\n>> {x:=who} {n:=2..2}\n{x:=who}, {x.last}, [a|[a|a]] {05..05} {1.50..1.50}"
        )
        for seed in range(9):
            title, (text,) = grammar.article(random.Random(seed))
            self.assertIn(text, ("Ann Lee, Lee, a 05 1.50", "Bo Ray, Ray, a 05 1.50"))
            self.assertEqual(title, text.split(",")[0] + " 2")

    def test_every_family_and_language_expands_whole(self):
        common = phrases.Grammar(articles.read("templates/common.txt"))
        for families in ("dev", "heldout"):
            names = make_set.folder("templates", families)
            self.assertGreaterEqual(len(names), 6)
            for name, text in names:
                grammar = phrases.Grammar(text, common)
                for seed in range(20):
                    title, paragraphs = grammar.article(random.Random(seed))
                    self.assertNotRegex(title + "".join(paragraphs), r"[\[\]{}|]", name)
        for language in articles.LANGUAGES:
            grammar = phrases.Grammar(articles.read("languages/%s.txt" % language), common)
            for text in grammar.texts + grammar.titles:
                self.assertNotRegex(
                    grammar.expand(random.Random(1), text, {}), r"[\[\]{}|]", language
                )


class Edits(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(4)
        self.found = articles.generate(self.rng, "en", 24)
        self.donor = make_set.Donor(self.rng, self.found[8:], ["Sundqvist"])

    def test_every_edit_keeps_the_article_as_it_was(self):
        for language in ("en", "zh", "th", "ru"):
            found = articles.generate(self.rng, language, 12)
            donor = make_set.Donor(self.rng, found[2:], ["Sundqvist"])
            before = found[0].body()
            for name, edit in edits.EDITS.items():
                title, body = edit(self.rng, found[0], donor)
                self.assertTrue(title and body, name)
                self.assertEqual(found[0].body(), before, name)

    def test_a_cut_copy_has_about_the_wanted_length(self):
        article = self.found[0]
        for share in (0.25, 0.5, 0.75):
            _, body = edits.truncation(share)(self.rng, article, self.donor)
            self.assertLess(abs(len(body) / article.chars() - share), 0.2)

    def test_numbers_and_spelling_keep_the_meaning(self):
        article = articles.Article(
            "T", ["The harbour centre sold 3 boats for 12,500 pounds, 4 percent more."], "en"
        )
        seen = {edits.spelling(random.Random(s), article, None)[1] for s in range(8)}
        self.assertIn("The harbor center sold 3 boats for 12,500 pounds, 4 per cent more.", seen)
        seen = {edits.written_numbers(random.Random(s), article, None)[1] for s in range(60)}
        self.assertIn(
            "The harbour centre sold three boats for 12.500 pounds, four percent more.", seen
        )

    def test_an_impostor_has_other_figures_and_names(self):
        article = articles.Article("T", ["On Friday, Élodie Martin paid 90 pounds."], "en")
        _, body = edits.impostor(self.rng, article, self.donor)
        self.assertNotIn("Élodie", body)
        self.assertNotIn("90", body)
        self.assertIn("paid", body)

    def test_a_follow_up_shares_at_most_a_fifth(self):
        for article in self.found[:8]:
            donor = make_set.Donor(self.rng, self.found[8:], [])
            made = edits.follow_up(self.rng, article, donor)
            if made:
                other = articles.Article(made[0], made[1].split("\n"), "en")
                shared = sum(len(p) for p in other.paragraphs if p in article.paragraphs)
                self.assertLessEqual(shared, 0.2 * article.chars())


class MakeSet(unittest.TestCase):
    def make(self, folder, seed):
        path = os.path.join(folder, "set%d.ndjson" % seed)
        with contextlib.redirect_stderr(io.StringIO()):
            make_set.main(
                [
                    "--out",
                    path,
                    "--seed",
                    str(seed),
                    "--languages",
                    "en,ja",
                    "--generated",
                    "30",
                    "--clusters",
                    "4",
                    "--short-clusters",
                    "3",
                    "--singles",
                    "4",
                    "--template-docs",
                    "2",
                    "--events",
                    "1",
                    "--series",
                    "5",
                ]
            )
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_the_truth_holds_together(self):
        with tempfile.TemporaryDirectory() as folder:
            text = self.make(folder, 1)
            self.assertEqual(text, self.make(folder, 1))
            self.assertNotEqual(text, self.make(folder, 2))
        lines = [json.loads(row) for row in text.splitlines()]
        seen, clusters = {}, set()
        for row in lines:
            if row["edit"].startswith("neg_") or row["edit"] in ("original", "single"):
                self.assertNotIn(row["cluster"], clusters)
            elif row["origin"]:
                self.assertEqual(seen[row["origin"]]["cluster"], row["cluster"])
                self.assertEqual(seen[row["origin"]]["edit"], "original")
            clusters.add(row["cluster"])
            seen[row["id"]] = row
        self.assertEqual(len(seen), len(lines))
        self.assertTrue(any(row["edit"].startswith("short_") for row in lines))
        self.assertTrue(any(row["edit"].startswith("neg_tpl_") for row in lines))


class Scoring(unittest.TestCase):
    lines = [
        line("a", 0, "original"),
        line("b", 0, "trunc50", "a"),
        line("c", 0, "trunc50", "a"),
        line("d", 1, "single"),
        line("n", 2, "neg_numbers", "a"),
        line("t", 3, "neg_tpl_x"),
        line("u", 4, "neg_tpl_x"),
    ]

    def test_counts(self):
        result = scoring.score(self.lines, [("b", "a"), ("c", "b"), ("c", "d"), ("t", "d")])
        stats = result.positive["trunc50"]
        self.assertEqual(
            (stats.n, stats.original, stats.found, stats.right, stats.wrong), (2, 1, 2, 2, 1)
        )
        self.assertAlmostEqual(stats.f1(), 2 * (2 / 3) * 0.5 / (2 / 3 + 0.5))
        self.assertEqual(result.negative["neg_tpl_x"], (2, 1))
        self.assertEqual(result.merged(("original", "single")), (2, 0))

    def test_a_pair_with_an_imitation_counts_against_the_imitations_alone(self):
        for pair in (("b", "n"), ("n", "b"), ("n", "a")):
            result = scoring.score(self.lines, [pair])
            self.assertEqual(result.negative["neg_numbers"], (1, 1), pair)
            self.assertEqual(result.positive["trunc50"].wrong, 0)

    def test_goals(self):
        goals = {name: value for name, (value, _) in scoring.GOALS.items()}
        result = scoring.score(self.lines, [("b", "a"), ("c", "a"), ("t", "d")])
        verdicts = {name: met for name, _, _, met in scoring.goals_of(result, goals, 1)}
        self.assertEqual(
            verdicts,
            {
                "all": True,
                "trunc50": True,
                "ordinary": True,
                "neg_numbers": True,
                "neg_tpl_x": False,
            },
        )
        self.assertEqual(scoring.goals_of(result, goals, 50), [])


# Stands for newsmill: says of each article whose title begins with "=N" that it is a copy of line N.
FAKE = """#!%s
import json, sys
for number, row in enumerate(open(sys.argv[3]), 1):
    title = json.loads(row)["title"]
    dedup = {"decision": "unique"}
    if title.startswith("="):
        dedup = {"decision": "near", "of": {"input": {"file": "x", "line": int(title[1:])}}}
    print(json.dumps({"enrichment": {"input": {"file": "x", "line": number}, "dedup": dedup}}))
"""


class Score(unittest.TestCase):
    def run_score(self, titles, *arguments):
        lines = [
            dict(
                line(
                    "a%d" % i,
                    0 if i < 2 else i,
                    "trunc50" if i == 1 else "original",
                    "a0" if i == 1 else "",
                ),
                title=t,
            )
            for i, t in enumerate(titles)
        ]
        with tempfile.TemporaryDirectory() as folder:
            fake, data = os.path.join(folder, "newsmill"), os.path.join(folder, "set.ndjson")
            with open(fake, "w", encoding="utf-8") as out:
                out.write(FAKE % sys.executable)
            os.chmod(fake, stat.S_IRWXU)
            with open(data, "w", encoding="utf-8") as out:
                out.write("".join(json.dumps(row) + "\n" for row in lines))
            with contextlib.redirect_stdout(io.StringIO()) as said:
                code = score.main([data, "--newsmill", fake, "--least", "1", *arguments])
        return code, said.getvalue()

    def test_right_decisions_reach_the_goals(self):
        code, said = self.run_score(["", "=1", ""])
        self.assertEqual(code, 0, said)
        self.assertIn("0 of 3 goals missed", said)

    def test_a_wrong_merge_is_told_by_the_exit_code(self):
        code, said = self.run_score(["", "=1", "=1"], "--json")
        self.assertEqual(code, 1)
        self.assertEqual(json.loads(said)["missed"], ["ordinary"])
        self.assertEqual(self.run_score(["", "=1", "=1"], "--goal-ordinary", ".6")[0], 0)

    def test_a_missed_copy_is_told(self):
        code, said = self.run_score(["", "", ""])
        self.assertEqual(code, 1)
        self.assertIn("MISSED 0.997", said)


if __name__ == "__main__":
    unittest.main()
