// The cue lexicons of `quotes.lexicons`: the files LANGUAGE.cues of one folder, read for the quotes
// stage, since stages do no I/O. They are compiled at once, so that nothing changes with the files
// until they are read again. Any thread that may wait for files.
#pragma once

#include <memory>
#include <string>

#include "stages/quotes.hpp"

namespace newsmill {

// The built-in lexicons, and over them those of the folder; an empty path: no folder. Throws
// StartError (78) for a folder or a file that can't be read, and for a lexicon with an error in it,
// naming file and line.
std::shared_ptr<const CueLexicons> read_lexicons(const std::string& folder);

}  // namespace newsmill
