#include "stages/quotes.hpp"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace newsmill {
namespace {

struct Found {
    Batch batch{BatchLimits{}};
    std::string_view body;
    std::span<const Quote> quotes;

    explicit Found(std::string_view text, std::string_view language = "en") : body(text) {
        static QuotesStage stage{QuotesOptions{}};
        Article& article = batch.add("");
        article.body = text;
        article.language = language;
        stage.process(batch);
        quotes = article.quotes;
        for (const Quote& quote : quotes) check(quote);
    }
    std::string text(Span span) const {
        return std::string(body.substr(span.start, span.end - span.start));
    }
    // "type|speaker|role|cue|inside the marks"
    std::vector<std::string> lines() const {
        std::vector<std::string> out;
        for (const Quote& q : quotes) {
            out.push_back(std::string(quote_type_name(q.type)) + "|" + std::string(q.speaker) +
                          "|" + std::string(q.role) + "|" + text(q.cue) + "|" +
                          (q.quoted.empty() ? text(q.span) : text(q.quoted[0])));
        }
        return out;
    }
    void check(const Quote& quote) const {
        EXPECT_LT(quote.span.start, quote.span.end);
        EXPECT_LE(quote.span.end, body.size());
        for (const Span& span : quote.quoted) {
            EXPECT_GE(span.start, quote.span.start);
            EXPECT_LE(span.end, quote.span.end);
        }
        EXPECT_LE(quote.mention.end, body.size());
        EXPECT_LE(quote.confidence, 100);
    }
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Quotes, CueAfterTheMarks) {
    EXPECT_THAT(
        Found("\"The budget will hold,\" said Foreign Minister Marie Dupont in Paris.").lines(),
        ElementsAre("direct|Marie Dupont|Foreign Minister|said|The budget will hold,"));
    EXPECT_THAT(
        Found("“We will rebuild,” Marie Dupont, the finance minister, told reporters.").lines(),
        ElementsAre("direct|Marie Dupont|finance minister|told|We will rebuild,"));
    EXPECT_THAT(Found("“We will rebuild!” said spokeswoman Ada Okafor, adding that work had begun.")
                    .lines(),
                ElementsAre("direct|Ada Okafor|spokeswoman|said|We will rebuild!",
                            "indirect|Ada Okafor|spokeswoman|adding|that work had begun"));
    EXPECT_THAT(Found("“It was loud,” said Tom Reed, a farmer from Aldermoor.").lines(),
                ElementsAre("direct|Tom Reed|farmer from Aldermoor|said|It was loud,"));
}

TEST(Quotes, CueBeforeTheMarks) {
    EXPECT_THAT(Found("Marie Dupont said: “Nobody is above the law.”").lines(),
                ElementsAre("direct|Marie Dupont||said|Nobody is above the law."));
    EXPECT_THAT(Found("According to Karl Brandt, \"the dam was never safe.\"").lines(),
                ElementsAre("mixed|Karl Brandt||According|the dam was never safe."));
    EXPECT_THAT(Found("President Ana Solis called the vote \"a disgrace\" on Monday.").lines(),
                ElementsAre("mixed|Ana Solis|President|called|a disgrace"));
    EXPECT_THAT(Found("Dr. Lena Voss, who leads the clinic, said, 'We need more beds.'").lines(),
                ElementsAre("direct|Lena Voss||said|We need more beds."));
}

TEST(Quotes, FragmentsOfOneStatementShareItsNumber) {
    const Found found("“We waited,” she said, “and nobody came.” “It was cold,” said Omar Haddad.");
    ASSERT_EQ(found.quotes.size(), 3u);
    EXPECT_EQ(found.quotes[0].statement, found.quotes[1].statement);
    EXPECT_NE(found.quotes[1].statement, found.quotes[2].statement);
    EXPECT_TRUE(found.quotes[0].speaker.empty());
    EXPECT_EQ(found.quotes[2].speaker, "Omar Haddad");
}

TEST(Quotes, RunsOverParagraphs) {
    const Found found(
        "Mayor Ruth Adler said: “The bridge is closed.\n\n“It will open in May.”\n\nRain fell.");
    ASSERT_EQ(found.quotes.size(), 2u);
    EXPECT_EQ(found.text(found.quotes[0].span), "“The bridge is closed.");
    EXPECT_EQ(found.text(found.quotes[1].quoted[0]), "It will open in May.");
    EXPECT_EQ(found.quotes[0].statement, found.quotes[1].statement);
    EXPECT_EQ(found.quotes[1].speaker, "Ruth Adler");
}

TEST(Quotes, CompletesSurnamesAndPronouns) {
    const Found found(
        "Finance Minister Marie Dupont met unions on Friday.\n\n\"It was a good day,\" Dupont "
        "said.\n\nShe added: \"We go on tomorrow.\"");
    ASSERT_EQ(found.quotes.size(), 2u);
    EXPECT_EQ(found.quotes[0].speaker, "Marie Dupont");
    EXPECT_EQ(found.quotes[0].role, "Finance Minister");
    EXPECT_EQ(found.quotes[0].resolved, Resolved::kExplicit);
    EXPECT_EQ(found.quotes[1].speaker, "Marie Dupont");
    EXPECT_EQ(found.quotes[1].resolved, Resolved::kPronoun);
    EXPECT_EQ(found.text(found.quotes[1].mention), "She");
}

TEST(Quotes, ARoleNamesItsOnlyHolder) {
    const auto speaker_of = [](std::string_view said) {
        const std::string text =
            "Alma Ferro, President of Norland, met Prime Minister Jan Holt of "
            "Suda and Vice President Ida Brandt on Friday.\n\n" +
            std::string(said);
        const Found found(text);
        return found.quotes.empty() ? std::string("none")
                                    : std::string(found.quotes.back().speaker);
    };
    EXPECT_EQ(speaker_of("\"We agreed,\" the president said."), "Alma Ferro");
    EXPECT_EQ(speaker_of("The head of state stressed that the border would open."), "Alma Ferro");
    EXPECT_EQ(speaker_of("\"We agreed,\" the head of government said."), "Jan Holt");
    EXPECT_EQ(speaker_of("\"We agreed,\" the vice president said."), "Ida Brandt");
    EXPECT_EQ(speaker_of("\"We agreed,\" the king said."), "king");
}

TEST(Quotes, NeverGuessesBetweenTwo) {
    const Found found("Anna Berg and Clara Holm won the race.\n\n\"We are tired,\" she said.");
    ASSERT_EQ(found.quotes.size(), 1u);
    EXPECT_EQ(found.quotes[0].speaker, "");
    EXPECT_EQ(found.quotes[0].resolved, Resolved::kNone);
    const Found bodies("\"We are looking into it,\" a spokesman for the ministry said.");
    ASSERT_EQ(bodies.quotes.size(), 1u);
    EXPECT_EQ(bodies.quotes[0].speaker, "spokesman for the ministry");
    EXPECT_EQ(bodies.quotes[0].role, "spokesman for the ministry");
    EXPECT_EQ(bodies.quotes[0].resolved, Resolved::kTitle);
}

TEST(Quotes, AllStylesOfMarks) {
    for (const char* text : {"\"It is over,\" said Jan Novak.", "“It is over,” said Jan Novak.",
                             "„It is over“, said Jan Novak.", "«It is over», said Jan Novak.",
                             "« It is over », said Jan Novak.", "»It is over«, said Jan Novak.",
                             "‘It is over,’ said Jan Novak.", "'It is over,' said Jan Novak.",
                             "''It is over,'' said Jan Novak.", "``It is over,'' said Jan Novak.",
                             "‚It is over‘, said Jan Novak.", "‹It is over›, said Jan Novak."}) {
        const Found found(text);
        ASSERT_EQ(found.quotes.size(), 1u) << text;
        EXPECT_EQ(found.quotes[0].speaker, "Jan Novak") << text;
        EXPECT_EQ(found.quotes[0].span.start, 0u) << text;
    }
}

TEST(Quotes, NestedMarksAndApostrophes) {
    EXPECT_THAT(Found("“She told me ‘go home’ and I went,” said Lee Tran.").lines(),
                ElementsAre("direct|Lee Tran||said|She told me ‘go home’ and I went,"));
    EXPECT_THAT(Found("'The workers' rights aren't safe,' said Lee Tran.").lines(),
                ElementsAre("direct|Lee Tran||said|The workers' rights aren't safe,"));
    EXPECT_THAT(Found("The workers' union and the '90s band didn't meet.").lines(), IsEmpty());
    EXPECT_THAT(Found("The board is 5'10\" wide and 6\" deep.").lines(), IsEmpty());
}

TEST(Quotes, LeavesTitlesAndScareQuotesOut) {
    EXPECT_THAT(Found("The so-called “smart” bins fill the streets.").lines(), IsEmpty());
    EXPECT_THAT(Found("She starred in the film “A Quiet Harbour” last year.").lines(), IsEmpty());
    EXPECT_THAT(Found("Prices of \"organic\" milk rose in March.").lines(), IsEmpty());
}

TEST(Quotes, MarksBesideACallAreQuotations) {
    EXPECT_THAT(Found("Mayor Tom Reed called Ana Solis “Slow Ana” on Friday.").lines(),
                ElementsAre("mixed|Tom Reed|Mayor|called|Slow Ana"));
    EXPECT_THAT(Found("Tom Reed dismissed the plan as “dead” on Friday.").lines(),
                ElementsAre("mixed|Tom Reed||dismissed|dead"));
    EXPECT_THAT(Found("The crowd had one message: “Save Pentle Bay.”").lines(),
                ElementsAre("direct||||Save Pentle Bay."));
    EXPECT_THAT(Found("Her last letter - “a farewell to us all” - was found in June.").lines(),
                IsEmpty());
}

// What somebody calls something is said; how all call it, where it was printed and where it is
// found is not.
TEST(Quotes, NamesThatAreGivenAreQuotations) {
    const Found called("The mayor called the harbor board \"The Old Boys\" and \"Slow Tom\".");
    ASSERT_EQ(called.quotes.size(), 1u);
    EXPECT_EQ(called.quotes[0].quoted.size(), 2u);
    EXPECT_THAT(Found("Critics have gone after him as a \"spoiled brat\" for weeks.").quotes,
                testing::SizeIs(1));
    EXPECT_THAT(Found("As the \"establishment\" candidate, Reed leads in three districts.").quotes,
                IsEmpty());
    EXPECT_THAT(
        Found("The bridge was closed in May, according to \"Harbor Report\" and the city.").quotes,
        testing::Each(testing::Field(&Quote::type, QuoteType::kIndirect)));
    EXPECT_THAT(Found("The list is kept at a site, \"files.example.org\", for a year.").quotes,
                IsEmpty());
    EXPECT_THAT(Found("Der Umsatz stieg laut „Neue Welle“ um drei Prozent.", "de").quotes,
                testing::Each(testing::Field(&Quote::type, QuoteType::kIndirect)));
    EXPECT_THAT(Found("Sie leitet die „Union pour la Mer“ seit drei Jahren.", "de").quotes,
                IsEmpty());
}

TEST(Quotes, MarksOfTheWrongKindStillPair) {
    EXPECT_THAT(
        Found("“It is unusual,“ said Jan Novak. “We wait.“").lines(),
        ElementsAre("direct|Jan Novak||said|It is unusual,", "direct|Jan Novak|||We wait."));
    EXPECT_THAT(Found("Mayor Ruth Adler:\"We have not heard of it.\"").lines(),
                ElementsAre("direct|Ruth Adler|Mayor||We have not heard of it."));
    EXPECT_THAT(Found("And how ‘bout this, Jan Novak said: “The residents’ rights count.”").lines(),
                ElementsAre("direct|Jan Novak||said|The residents’ rights count."));
}

TEST(Quotes, APlaceOrATimeBehindTheVerbIsNoSpeaker) {
    EXPECT_THAT(Found("“Big news,” Mary Poole, the director of Acme, said in a statement.").lines(),
                ElementsAre("direct|Mary Poole|director of Acme|said|Big news,"));
    EXPECT_THAT(Found("“Big news,” Mary Poole, the director of Acme, said Monday.").lines(),
                ElementsAre("direct|Mary Poole|director of Acme|said|Big news,"));
}

TEST(Quotes, ASentenceBehindTheCueGoesOn) {
    const Found found("“We waited,” Omar Haddad said on Monday. “Nobody came.”");
    ASSERT_EQ(found.quotes.size(), 2u);
    EXPECT_EQ(found.quotes[0].statement, found.quotes[1].statement);
    EXPECT_GE(found.quotes[1].confidence, 90);
}

TEST(Quotes, AWordBeforeTheMarksIsPartOfTheStatement) {
    const Found found(
        "Omar Haddad said that “the harbour will be rebuilt before the winter storms come in "
        "December, and all of the boats will be back in the spring.”");
    ASSERT_EQ(found.quotes.size(), 1u);
    EXPECT_EQ(found.quotes[0].type, QuoteType::kDirect);
    EXPECT_TRUE(found.text(found.quotes[0].span).starts_with("that “the harbour"));
    EXPECT_TRUE(found.text(found.quotes[0].quoted[0]).starts_with("the harbour"));
}

TEST(Quotes, German) {
    EXPECT_THAT(
        Found("„Wir schaffen das“, sagte Bundeskanzlerin Petra Lang am Montag.", "de").lines(),
        ElementsAre("direct|Petra Lang|Bundeskanzlerin|sagte|Wir schaffen das"));
    EXPECT_THAT(
        Found("Der Regierungssprecher Jens Wolf erklärte: „Das Gesetz kommt.“", "de").lines(),
        ElementsAre("direct|Jens Wolf|Regierungssprecher|erklärte|Das Gesetz kommt."));
    EXPECT_THAT(Found("»Es war knapp«, so Trainerin Eva Roth.", "de").lines(),
                ElementsAre("direct|Eva Roth|Trainerin|so|Es war knapp"));
}

TEST(Quotes, NamesWithParticles) {
    EXPECT_EQ(Found("“We agreed,” said Anna von der Heyde on Friday.").quotes[0].speaker,
              "Anna von der Heyde");
    EXPECT_EQ(Found("Luis de la Torre said: “We agreed.”").quotes[0].speaker, "Luis de la Torre");
}

TEST(Quotes, ASignatureAfterADash) {
    EXPECT_THAT(Found("“The harbour is our home.” — Marie Dupont").lines(),
                ElementsAre("direct|Marie Dupont|||The harbour is our home."));
}

TEST(Quotes, French) {
    EXPECT_THAT(Found("« La ville est prête », a déclaré la maire Claire Fontanel.", "fr").lines(),
                ElementsAre("direct|Claire Fontanel|maire|déclaré|La ville est prête"));
}

TEST(Quotes, TranscriptsByALineWithNameAndTitle) {
    const Found found(
        "The two met on Monday.\n\nPetra Lang, President of Norland:\n\nWe are glad to host you "
        "here. Our doors are open.\n\nJonas Ruiz, Minister of Trade of the Republic of "
        "Suda:\n\nThank you. I hope we agree today.");
    ASSERT_EQ(found.quotes.size(), 2u);
    EXPECT_EQ(found.quotes[0].type, QuoteType::kTranscript);
    EXPECT_EQ(found.quotes[0].speaker, "Petra Lang");
    EXPECT_EQ(found.quotes[0].role, "President of Norland");
    EXPECT_EQ(found.text(found.quotes[0].mention), "Petra Lang");
    EXPECT_EQ(found.text(found.quotes[0].span),
              "We are glad to host you here. Our doors are open.");
    EXPECT_EQ(found.quotes[1].speaker, "Jonas Ruiz");
    EXPECT_EQ(found.quotes[1].role, "Minister of Trade of the Republic of Suda");
    EXPECT_EQ(found.text(found.quotes[1].span), "Thank you. I hope we agree today.");
}

TEST(Quotes, TranscriptsInLine) {
    const Found found(
        "Q: Why did you leave the party?\n\nA: I could not support that plan.\n\nQ: What comes "
        "next?\n\nA: We will see.");
    EXPECT_THAT(found.lines(),
                ElementsAre("transcript||||Why did you leave the party?",
                            "transcript||||I could not support that plan.",
                            "transcript||||What comes next?", "transcript||||We will see."));
    const Found names(
        "HARLAN: I think we should wait for the report.\n\nOSEI: We have waited "
        "for a year already.");
    ASSERT_EQ(names.quotes.size(), 2u);
    EXPECT_EQ(names.quotes[0].speaker, "HARLAN");
}

TEST(Quotes, ColonsThatNameNoSpeaker) {
    for (const char* text :
         {"10:30: The doors open.\n\n12:00: Lunch is served.",
          "Key Points:\n\nThe plan costs a lot. It starts in May.",
          "Ingredients:\n\nFlour, butter and sugar are mixed.",
          "Read more:\n\nThe council votes on the plan again.",
          "The score was 3:2 after extra time.", "Photo: Jane Doe\n\nSource: City Hall"}) {
        EXPECT_THAT(Found(text).lines(), IsEmpty()) << text;
    }
}

TEST(Quotes, NamesOfSectionsAreNoSpeakers) {
    EXPECT_THAT(
        Found(
            "Tom Reed: A miracle.\n\nThe most unlikely candidate in the field was the front-runner "
            "for months, but that was last fall, and his party has moved on.\n\nAna Solis: Now or "
            "never.\n\nSolis, who has held more than a hundred town halls in the valley, does not "
            "pretend that she will go on for long.")
            .lines(),
        IsEmpty());
}

TEST(Quotes, ATranscriptEndsWhereTheReportGoesOn) {
    const Found found(
        "Petra Lang, President of Norland:\n\nWe are glad to host you. Our doors are "
        "open.\n\nAfter the talks the delegation left for the airport.");
    ASSERT_EQ(found.quotes.size(), 1u);
}

TEST(Quotes, IndirectStatements) {
    EXPECT_THAT(Found("Ada Okafor said that the bridge would open in May.").lines(),
                ElementsAre("indirect|Ada Okafor||said|that the bridge would open in May"));
    EXPECT_THAT(Found("The bridge will open in May, Ada Okafor said on Monday.").lines(),
                ElementsAre("indirect|Ada Okafor||said|The bridge will open in May"));
    EXPECT_THAT(Found("The bridge will open in May, according to Ada Okafor.").lines(),
                ElementsAre("indirect|Ada Okafor||according|The bridge will open in May"));
    EXPECT_THAT(Found("The bridge, Ada Okafor told reporters on Monday, will open in May.").lines(),
                ElementsAre("indirect|Ada Okafor||told|The bridge",
                            "indirect|Ada Okafor||told|will open in May"));
    EXPECT_THAT(
        Found("Ada Okafor said the bridge was safe and warned that the road was not.").lines(),
        ElementsAre("indirect|Ada Okafor||said|the bridge was safe",
                    "indirect|Ada Okafor||warned|that the road was not"));
    EXPECT_THAT(Found("Ada Okafor's claim that the bridge was safe angered many.").lines(),
                testing::SizeIs(1));
    EXPECT_THAT(
        Found("The bridge was said to be safe. Calls to the office went unanswered.").lines(),
        IsEmpty());
    EXPECT_THAT(Found("Jens Wolf sagte, dass die Brücke im Mai öffnet.", "de").lines(),
                ElementsAre("indirect|Jens Wolf||sagte|dass die Brücke im Mai öffnet"));
}

TEST(Quotes, TheOutermostSpeakerOfASentenceSpeaks) {
    EXPECT_THAT(
        Found("Ruth Adler said on Friday that Leo Brandt once called the plan \"a gift\" to "
              "the owners.")
            .lines(),
        ElementsAre("mixed|Ruth Adler||said|a gift"));
    EXPECT_THAT(
        Found("When Leo Brandt said the plan was dead, Ruth Adler replied, \"Not yet.\"").lines(),
        ElementsAre("indirect|Leo Brandt||said|the plan was dead",
                    "direct|Ruth Adler||replied|Not yet."));
}

TEST(Quotes, TheLastCueOfAStatementOverParagraphsTellsItsSpeaker) {
    const Found found(
        "Police found the boat.\n\n“We looked all night.\n\n“It was dark,” said Tom "
        "Reed.");
    ASSERT_EQ(found.quotes.size(), 2u);
    EXPECT_EQ(found.quotes[0].speaker, "Tom Reed");
    EXPECT_EQ(found.quotes[0].statement, found.quotes[1].statement);
}

TEST(Quotes, MoreLanguages) {
    EXPECT_THAT(Found("«La ciudad está lista», dijo la alcaldesa Lucía Ferrer.", "es").lines(),
                ElementsAre("direct|Lucía Ferrer|alcaldesa|dijo|La ciudad está lista"));
    EXPECT_THAT(Found("“A cidade está pronta”, disse o prefeito João Mendes.", "pt").lines(),
                ElementsAre("direct|João Mendes|prefeito|disse|A cidade está pronta"));
    EXPECT_THAT(Found("«Город готов», — сказал мэр Иван Петров.", "ru").lines(),
                ElementsAre("direct|Иван Петров|мэр|сказал|Город готов"));
}

// Spans are in bounds, on code points, in order and apart, whatever the text is.
TEST(Quotes, SpansHoldForAnyText) {
    const std::vector<std::string> pieces = {"“",
                                             "”",
                                             "\"",
                                             "''",
                                             "‘",
                                             "’",
                                             "„",
                                             "«",
                                             "»",
                                             ":",
                                             ",",
                                             ".",
                                             "?",
                                             " ",
                                             " ",
                                             " ",
                                             "\n\n",
                                             "said",
                                             "Smith",
                                             "Ana Solis",
                                             "that",
                                             "and",
                                             "she",
                                             "according to",
                                             "the minister",
                                             "told",
                                             "—",
                                             "(",
                                             ")",
                                             "Q:",
                                             "A:",
                                             "ça",
                                             "Ö",
                                             "…",
                                             "-",
                                             "’s",
                                             "\xF0\x9F\x98\x80",
                                             "U.S.",
                                             "who",
                                             "adding",
                                             "1.5",
                                             "claims",
                                             "put it"};
    std::uint64_t state = 88172645463325252ull;
    for (int round = 0; round < 4000; ++round) {
        std::string text;
        for (int i = 0; i < 60; ++i) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            text += pieces[state % pieces.size()];
            if ((state >> 32) % 2 == 0) text += ' ';
        }
        for (const char* language : {"en", "de", "ru"}) {
            const Found found(text, language);
            std::uint32_t end = 0;
            for (const Quote& quote : found.quotes) {
                EXPECT_GE(quote.span.start, end) << text;
                end = quote.span.end;
                for (const Span& span : {quote.span, quote.mention, quote.cue}) {
                    ASSERT_LE(span.end, text.size()) << text;
                    const auto starts = [&](std::uint32_t at) {
                        return at == text.size() || (text[at] & 0xC0) != 0x80;
                    };
                    EXPECT_TRUE(starts(span.start) && starts(span.end)) << text;
                }
            }
        }
    }
}

TEST(Quotes, OddTextsAreHarmless) {
    for (const char* text : {"", "\"", "“”", "\"\"\"\"\"", "“““““", "': '", "Q:", "A:\n\n", ":",
                             "«", "’’’’", "\"a", "“a\n\n”b", "Name:\n\n", "“\n\n“\n\n“"}) {
        EXPECT_LE(Found(text).quotes.size(), 1u) << text;
    }
}

TEST(Quotes, AHugeBodyLeavesNothingBehind) {
    std::string huge;
    while (huge.size() < 2'000'000) huge += "\"Yes,\" said Jan Novak. ";
    EXPECT_GT(Found(huge).quotes.size(), 10'000u);
    EXPECT_THAT(Found("\"It is over,\" said Jan Novak.").lines(),
                ElementsAre("direct|Jan Novak||said|It is over,"));
}

TEST(Quotes, ABadLexiconSaysWhere) {
    QuotesOptions options;
    const auto error_of = [&](std::string_view text) -> std::string {
        options.lexicons = {{"en", "x.cues", text}};
        try {
            QuotesStage stage(options);
        } catch (const LexiconError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_THAT(error_of("said\n"), testing::HasSubstr("x.cues:1: words before"));
    EXPECT_THAT(error_of("[cue]\nsaid\n[verbs]\n"),
                testing::HasSubstr("x.cues:3: unknown section"));
    EXPECT_THAT(error_of("[cue]\nsaid, told\n"), testing::HasSubstr("x.cues:2: 'said,'"));
    EXPECT_THAT(error_of("[he]\nhe\n"), testing::HasSubstr("no words under [cue]"));
    EXPECT_EQ(error_of("[cue]\nsaid\n"), "");
}

}  // namespace
}  // namespace newsmill
