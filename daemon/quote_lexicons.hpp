// The cue lexicons of `quotes.lexicons`: the files LANGUAGE.cues of one folder, read at the start.
// Every stage that is made from one set has the same words, whatever happens to the files later.
#pragma once

#include <string>
#include <vector>

#include "stages/tagging/lexicon.hpp"

namespace newsmill {

class QuoteLexicons {
   public:
    // An empty path: no files. Throws StartError (78) for a folder or a file that can't be read,
    // and for a lexicon with an error in it, naming file and line.
    explicit QuoteLexicons(const std::string& folder);

    // Views of this object.
    std::vector<LexiconSource> sources() const;

   private:
    struct File {
        std::string language;
        std::string path;
        std::string text;
    };
    std::vector<File> files_;
};

}  // namespace newsmill
