// Cue lexicons of a folder, and reading them again while stages run.
#include "daemon/quote_lexicons.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/mill.hpp"
#include "pipeline/start_error.hpp"

namespace newsmill {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class QuoteLexicons : public testing::Test {
   protected:
    QuoteLexicons() { fs::create_directories(folder_); }
    ~QuoteLexicons() override { fs::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name) << text;
    }
    std::string folder() const { return folder_.string(); }
    std::string error() const {
        try {
            read_lexicons(folder());
        } catch (const StartError& wrong) {
            EXPECT_EQ(wrong.exit_code(), 78);
            return wrong.what();
        }
        return "";
    }

   private:
    fs::path folder_ =
        fs::path(testing::TempDir()) / ("newsmill_cues_" + std::to_string(::getpid()));
};

// The cue that a stage finds, empty if it names no speaker.
std::string cue_of(Stage& stage) {
    Batch batch{BatchLimits{}};
    Article& article = batch.add("");
    article.body = "\"The bridge stays closed,\" grumbles Nora Lind in the town hall.";
    article.language = "en";
    stage.process(batch);
    if (article.quotes.empty() || article.quotes[0].speaker.empty()) return "";
    const Span cue = article.quotes[0].cue;
    return std::string(article.body.substr(cue.start, cue.end - cue.start));
}

constexpr const char* kWithout = "[cue]\nsaid says\n";
constexpr const char* kWith = "[cue]\nsaid says grumbles\n";

TEST_F(QuoteLexicons, ErrorsNameTheFile) {
    EXPECT_THAT(error(), HasSubstr("no file LANGUAGE.cues in " + folder()));
    write("en.cues", "said\n");
    EXPECT_THAT(error(), HasSubstr("en.cues:1: words before"));
    write("en.cues", kWith);
    EXPECT_EQ(error(), "");
    EXPECT_THROW(read_lexicons(folder() + "/none"), StartError);
}

// What StageChain back() of a running daemon does between two batches.
TEST_F(QuoteLexicons, AreReplacedUnderARunningStage) {
    Config config;
    config.quotes.lexicons = folder();
    write("en.cues", kWithout);
    Mill mill(config, "", Mill::Output::kFiles);
    const StageChain first = mill.back();
    const StageChain second = mill.back();
    ASSERT_EQ(first[0]->name(), "quotes");
    EXPECT_EQ(cue_of(*first[0]), "");

    write("en.cues", kWith);
    EXPECT_EQ(cue_of(*first[0]), "") << "before it is told so";
    mill.reload_files();
    EXPECT_EQ(cue_of(*first[0]), "grumbles");
    EXPECT_EQ(cue_of(*second[0]), "grumbles");

    write("en.cues", "[cue]\nsaid, says\n");
    EXPECT_THROW(mill.reload_files(), StartError);
    EXPECT_EQ(cue_of(*first[0]), "grumbles") << "a bad file changes nothing";
    fs::remove_all(folder());
    EXPECT_THROW(mill.reload_files(), StartError);
    EXPECT_EQ(cue_of(*second[0]), "grumbles");
    EXPECT_EQ(cue_of(*mill.back()[0]), "grumbles") << "new stages have what the others have";
}

}  // namespace
}  // namespace newsmill
