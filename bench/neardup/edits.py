"""What happens to an article on its way to other newsrooms, and what only looks like it. Standard
library only.

An edit is edit(rng, article, donor) -> (title, body). It never changes the article; the text that
it adds comes from the donor. EDITS are positive classes (the result is a near duplicate).
impostor() and follow_up() make hard negatives.
"""

import html
import re

from articles import UNSPACED, joiner, sentences

AGENCIES = (
    "Reuters",
    "AP",
    "AFP",
    "dpa",
    "PA Media",
    "Bloomberg",
    "ANSA",
    "Kyodo",
    "EFE",
    "Interfax",
    "Lusa",
    "Xinhua",
)
CITIES = (
    "LONDON",
    "NEW YORK",
    "PARIS",
    "TOKYO",
    "BRUSSELS",
    "FRANKFURT",
    "MADRID",
    "GENEVA",
    "LISBON",
    "VIENNA",
)
MONTHS = "Jan Feb March April May June July Aug Sept Oct Nov Dec".split()
NAMES = (
    "Laura Hennessy",
    "Marek Wolny",
    "Ada Nwosu",
    "Jens Fabricius",
    "Paula Sequeira",
    "Ivo Kolar",
    "Rina Sato",
    "Tom Alderton",
    "Claire Vidal",
    "Said Mansouri",
    "Greta Holm",
    "Luis Arce",
)
TAILS = {
    "en": (
        "(Reporting by {n}; editing by {m})",
        "Reporting by {n} in {c}, writing by {m}",
        "Additional reporting by {n}.",
        "Copyright {y} {a}. All rights reserved. This material may not be published, rewritten or redistributed.",
        "Sign up for our newsletter and get the most important stories every morning.",
        "Read more: {t}",
        "Follow us on Facebook and Instagram.",
        "This article was first published by {a}.",
        "Photograph: {n}/{a}",
        "Correction: an earlier version of this article misspelled the name of {n}.",
    ),
    "de": (
        "({a}/{n})",
        "Von {n}, {a}",
        "© {a} {y}. Alle Rechte vorbehalten.",
        "Mehr zum Thema: {t}",
        "Redaktion: {n}, {m}",
        "Abonnieren Sie unseren Newsletter und lesen Sie jeden Morgen das Wichtigste.",
        "Foto: {n}/{a}",
        "Dieser Text erschien zuerst bei {a}.",
    ),
    "fr": (
        "({n}, {a})",
        "Avec {a}",
        "© {a} {y}. Tous droits réservés.",
        "Lire aussi : {t}",
        "Édité par {n} et {m}",
        "Abonnez-vous à notre lettre d'information pour recevoir chaque matin l'essentiel.",
        "Photo : {n}/{a}",
    ),
    "es": (
        "({n}, {a})",
        "Con información de {a}",
        "© {a} {y}. Todos los derechos reservados.",
        "Lea también: {t}",
        "Editado por {n} y {m}",
        "Suscríbase a nuestro boletín y reciba cada mañana lo más importante.",
        "Foto: {n}/{a}",
    ),
    "pt": (
        "({n}, {a})",
        "Com informações de {a}",
        "© {a} {y}. Todos os direitos reservados.",
        "Leia também: {t}",
        "Edição de {n} e {m}",
        "Assine a nossa newsletter e receba toda manhã o mais importante.",
        "Foto: {n}/{a}",
    ),
    "ru": (
        "({n}, {a})",
        "По материалам {a}",
        "© {a} {y}. Все права защищены.",
        "Читайте также: {t}",
        "Подпишитесь на нашу рассылку, чтобы каждое утро получать главное.",
        "Фото: {n}/{a}",
    ),
    "zh": (
        "（记者 {n}，编辑 {m}）",
        "来源：{a}",
        "版权所有 {y} {a}。未经许可不得转载。",
        "延伸阅读：{t}",
        "订阅我们的新闻简报，每天早晨获取要闻。",
        "摄影：{n}/{a}",
    ),
    "ja": (
        "（{a}　{n}）",
        "配信：{a}",
        "© {y} {a} 無断転載を禁じます。",
        "関連記事：{t}",
        "ニュースレターに登録して、毎朝の主要ニュースを受け取ろう。",
        "写真：{n}／{a}",
    ),
    "th": (
        "(รายงานโดย {n} เรียบเรียงโดย {m})",
        "ที่มา: {a}",
        "สงวนลิขสิทธิ์ {y} {a}",
        "อ่านเพิ่มเติม: {t}",
        "สมัครรับจดหมายข่าวเพื่อรับข่าวสำคัญทุกเช้า",
        "ภาพ: {n}/{a}",
    ),
}
BYLINES = {
    "en": "By {n}",
    "de": "Von {n}",
    "fr": "Par {n}",
    "es": "Por {n}",
    "pt": "Por {n}",
    "ru": "{n}",
    "zh": "记者{n}",
    "ja": "{n}記者",
    "th": "โดย {n}",
}
SPELLING = dict(
    colour="color",
    harbour="harbor",
    labour="labor",
    favour="favor",
    neighbour="neighbor",
    neighbours="neighbors",
    rumours="rumors",
    honour="honor",
    behaviour="behavior",
    centre="center",
    theatre="theater",
    metres="meters",
    kilometres="kilometers",
    litres="liters",
    fibre="fiber",
    defence="defense",
    offence="offense",
    licence="license",
    programme="program",
    programmes="programs",
    cheque="check",
    tyre="tire",
    tyres="tires",
    grey="gray",
    plough="plow",
    jewellery="jewelry",
    travelled="traveled",
    travelling="traveling",
    cancelled="canceled",
    labelled="labeled",
    modelling="modeling",
    fuelled="fueled",
    counsellor="counselor",
    traveller="traveler",
    organise="organize",
    organised="organized",
    organisation="organization",
    organisations="organizations",
    recognise="recognize",
    recognised="recognized",
    realise="realize",
    realised="realized",
    criticised="criticized",
    apologise="apologize",
    apologised="apologized",
    emphasised="emphasized",
    analyse="analyze",
    analysed="analyzed",
    privatisation="privatization",
    aluminium="aluminum",
    percent="per cent",
    catalogue="catalog",
    dialogue="dialog",
    sceptical="skeptical",
    airplane="aeroplane",
)
NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
OCR = {
    "e": "c",
    "c": "e",
    "o": "0",
    "0": "O",
    "l": "1",
    "1": "l",
    "i": "l",
    "m": "rn",
    "h": "b",
    "a": "o",
    "u": "n",
    "n": "u",
    "t": "f",
    "s": "5",
    "S": "5",
    "B": "8",
    "и": "н",
    "н": "п",
    "о": "0",
    "е": "с",
}
WORD = re.compile(r"\w+(?:['’]\w+)*")


# ---- Text of newsrooms


def filled(rng, text, donor):
    return text.format(
        n=rng.choice(NAMES),
        m=rng.choice(NAMES),
        a=rng.choice(AGENCIES),
        c=rng.choice(CITIES).title(),
        y=rng.randint(1999, 2026),
        t=donor.title(rng),
    )


def dateline(rng):
    return rng.choice(("%s, %s %d (%s) - ", "%s — %s %d (%s): ", "%s (%s %d, %s) -- ")) % (
        rng.choice(CITIES),
        rng.choice(MONTHS),
        rng.randint(1, 28),
        rng.choice(AGENCIES),
    )


def byline(rng, article, donor):
    return filled(rng, BYLINES.get(article.language, "{n}"), donor) + rng.choice(
        ("", ", " + rng.choice(AGENCIES))
    )


def tail(rng, article, donor, count):
    tails = TAILS.get(article.language, TAILS["en"])
    return [filled(rng, t, donor) for t in rng.sample(tails, min(count, len(tails)))]


# ---- Edits of the look


def exact_format(rng, article, donor):
    body = rng.choice(("\n", "\n\n", "\r\n", "\n   ")).join(article.paragraphs)
    return article.title, quotes_dashes(rng, body) if rng.random() < 0.6 else body


def quotes_dashes(rng, body):
    if rng.random() < 0.5:
        for old, new in (
            ("’", "'"),
            ("‘", "'"),
            ("“", '"'),
            ("”", '"'),
            ("„", '"'),
            ("«", '"'),
            ("»", '"'),
        ):
            body = body.replace(old, new)
    else:
        opening, closing = rng.choice((("“", "”"), ("«", "»"), ("„", "“")))
        body = re.sub(r'"([^"\n]*)"', opening + r"\1" + closing, body).replace("'", "’")
    if rng.random() < 0.5:
        body = body.replace(" - ", " — ").replace("--", "—").replace("...", "…")
    if rng.random() < 0.5:
        body = re.sub(" ", lambda m: "\u00a0" if rng.random() < 0.05 else " ", body)
    return body


def quote_style(rng, article, donor):
    return article.title, quotes_dashes(rng, article.body())


def marked_up(rng, article, donor):
    def mark(paragraph):
        paragraph = html.escape(paragraph, quote=rng.random() < 0.5)
        words = paragraph.split(" ")
        if len(words) > 6 and rng.random() < 0.5:
            i = rng.randrange(len(words) - 2)
            words[i] = rng.choice(
                (
                    '<a href="https://news.example/%d">%s</a>' % (rng.randint(1, 99999), words[i]),
                    "<b>%s</b>" % words[i],
                    "<em>%s</em>" % words[i],
                )
            )
        return '<p class="x%d">%s</p>' % (rng.randint(1, 9), " ".join(words))

    return article.title, "\n".join(mark(p) for p in article.paragraphs)


def headline(rng, article, donor):
    return donor.title(rng), article.body()


def boilerplate(rng, article, donor):
    paragraphs = list(article.paragraphs)
    if rng.random() < 0.5:
        paragraphs[0] = dateline(rng) + paragraphs[0]
    if rng.random() < 0.7:
        paragraphs.insert(0, byline(rng, article, donor))
    paragraphs += tail(rng, article, donor, rng.randint(1, 4))
    return article.title, "\n".join(paragraphs)


def reporting_tail(rng, article, donor):
    return article.title, "\n".join(list(article.paragraphs) + tail(rng, article, donor, 1))


# ---- Edits of the length


def truncation(share):
    def edit(rng, article, donor):
        want, chars, out = share * article.chars(), 0, []
        for paragraph in article.paragraphs:
            kept = []
            for sentence in sentences(paragraph, article.language):
                if chars and chars + len(sentence) / 2 > want:
                    break
                kept.append(sentence)
                chars += len(sentence)
            if not kept:
                break
            out.append(joiner(article.language).join(kept))
        return article.title, "\n".join(out) + rng.choice(("", " ...", " …"))

    return edit


def insertion(count):
    def edit(rng, article, donor):
        paragraphs = list(article.paragraphs)
        for _ in range(count):
            paragraphs.insert(rng.randint(1, len(paragraphs)), donor.paragraph(rng))
        return article.title, "\n".join(paragraphs)

    return edit


def two_in_one(rng, article, donor):
    other, keep = donor.article(), []
    for paragraph in other.paragraphs:
        if keep and sum(map(len, keep)) + len(paragraph) > 1.2 * article.chars():
            break
        keep.append(paragraph)
    parts = [article.paragraphs, keep] if rng.random() < 0.5 else [keep, article.paragraphs]
    return article.title, "\n".join(parts[0] + ["* * *"] + parts[1])


# ---- Edits of the words


def reorder(rng, article, donor):
    rest = list(article.paragraphs[1:])
    rng.shuffle(rest)
    return article.title, "\n".join(article.paragraphs[:1] + rest)


def reword(rng, text, share, donor, language):
    if language in UNSPACED:  # two characters stand for a word
        out, i = [], 0
        while i < len(text):
            if text[i].isalpha() and rng.random() < share:
                out.append(donor.word(rng))
            else:
                out.append(text[i : i + 2])
            i += 2
        return "".join(out)

    def change(found):
        word = found.group(0)
        if rng.random() >= share or word[0].isdigit():
            return word
        kind, other = rng.random(), donor.word(rng)
        if kind < 0.2:
            return ""
        if kind < 0.4:
            return word + " " + other
        return other.capitalize() if word[0].isupper() else other

    return WORD.sub(change, text)


def substitution(share):
    def edit(rng, article, donor):
        return article.title, "\n".join(
            reword(rng, p, share, donor, article.language) for p in article.paragraphs
        )

    return edit


def ocr(share):
    def edit(rng, article, donor):
        body, out = article.body(), []
        for c in body:
            dice = rng.random()
            if dice >= share or c == "\n":
                out.append(c)
            elif dice < share * 0.6:
                out.append(OCR.get(c) or rng.choice(body).strip())
            elif dice < share * 0.8:
                pass
            else:
                out.append(c + rng.choice((" ", ".", ",", "-", "'")))
        return article.title, "".join(out)

    return edit


def spelling(rng, article, donor):
    """British to American or back; of the other languages, the marks only."""
    if article.language != "en":
        return quote_style(rng, article, donor)
    table = SPELLING if rng.random() < 0.5 else {v: k for k, v in SPELLING.items()}

    def change(found):
        word = found.group(0)
        other = table.get(word.lower())
        return word if other is None else other.capitalize() if word[0].isupper() else other

    body = re.sub(r"\bper cent\b|[A-Za-z]+", change, article.body())
    if body == article.body():
        body = re.sub(r"(\w+i)s(e|ed|es|ing|ation)\b", r"\1z\2", body)
    return article.title, body


def written_numbers(rng, article, donor):
    """Small numbers as words or the other way; thousands with another mark."""
    body = article.body()
    if article.language == "en":
        if rng.random() < 0.5:
            body = re.sub(
                r"(?<![\d.,$£€])\b(\d{1,2})\b(?![\d.,%:])",
                lambda m: NUMBER_WORDS[int(m.group(1))] if int(m.group(1)) <= 20 else m.group(0),
                body,
            )
        else:
            body = re.sub(
                r"\b(%s)\b" % "|".join(NUMBER_WORDS[2:]),
                lambda m: str(NUMBER_WORDS.index(m.group(1))),
                body,
            )
        body = (
            re.sub(r"(\d)%", r"\1 percent", body)
            if rng.random() < 0.5
            else re.sub(r" per ?cent\b", "%", body)
        )
    mark = rng.choice(("", " ", ".", ","))
    return article.title, re.sub(r"(?<=\d)[,. ](?=\d{3}\b)", mark, body)


# ---- Edits of the story


def agency_lead(rng, article, donor):
    """A member paper's copy of agency text: its own lead in other words, dateline and byline, a
    tail."""
    first = sentences(article.paragraphs[0], article.language)
    lead = reword(rng, joiner(article.language).join(first[::-1]), 0.35, donor, article.language)
    paragraphs = [byline(rng, article, donor), dateline(rng) + lead] + list(article.paragraphs[1:])
    return donor.title(rng), "\n".join(paragraphs + tail(rng, article, donor, rng.randint(0, 2)))


def update_lead(rng, article, donor):
    """A later version: a new first paragraph, the old lead cut or pushed down, a few figures
    revised."""
    paragraphs = list(article.paragraphs)
    if rng.random() < 0.5 and len(paragraphs) > 3:
        paragraphs = paragraphs[1:]
    paragraphs = [
        re.sub(
            r"\d+",
            lambda m: (
                str(int(m.group(0)) + rng.randint(1, 9))
                if rng.random() < 0.15 and len(m.group(0)) < 4 and m.group(0).isascii()
                else m.group(0)
            ),
            p,
        )
        for p in paragraphs
    ]
    paragraphs.insert(0, donor.paragraph(rng))
    return rng.choice(("UPDATE 2-", "UPDATE: ", "")) + article.title, "\n".join(paragraphs)


def combination(rng, article, donor):
    from articles import Article

    _, body = truncation(rng.choice((0.7, 0.8, 0.9)))(rng, article, donor)
    paragraphs = [reword(rng, p, 0.02, donor, article.language) for p in body.split("\n") if p]
    _, body = boilerplate(rng, Article(article.title, paragraphs, article.language), donor)
    return donor.title(rng), body


EDITS = dict(
    exact_format=exact_format,
    quote_style=quote_style,
    html=marked_up,
    headline=headline,
    boilerplate=boilerplate,
    reporting_tail=reporting_tail,
    trunc75=truncation(0.75),
    trunc50=truncation(0.5),
    trunc25=truncation(0.25),
    insert1=insertion(1),
    insert3=insertion(3),
    concat=two_in_one,
    reorder=reorder,
    sub03=substitution(0.03),
    sub10=substitution(0.10),
    sub20=substitution(0.20),
    ocr02=ocr(0.02),
    ocr05=ocr(0.05),
    spelling=spelling,
    written_numbers=written_numbers,
    agency_lead=agency_lead,
    update_lead=update_lead,
    combo=combination,
)


# ---- Hard negatives


def impostor(rng, article, donor):
    """Other news in the same words: every figure, weekday and capitalised name inside sentences
    changed."""
    names, days = {}, "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    body = re.sub(r"\d", lambda m: str(rng.randint(1, 9)), article.body())

    def name(found):
        word = found.group(0)
        return rng.choice(days) if word in days else names.setdefault(word, donor.name(rng))

    return article.title, re.sub(r"(?<=[a-zß-ÿ,] )[A-ZÀ-Þ][^\W\d_]{2,}\b", name, body)


def follow_up(rng, article, donor):
    """Another story that ends with the background paragraphs of this one: at most a fifth of the
    shorter text."""
    story, shared = donor.article(), []
    for paragraph in reversed(article.paragraphs[1:]):
        if (sum(map(len, shared)) + len(paragraph)) > 0.2 * min(article.chars(), story.chars()):
            break
        shared.insert(0, paragraph)
    return (story.title, "\n".join(list(story.paragraphs) + shared)) if shared else None
