// Output records as one HTML page for people: `newsmill enrich --format html`. Statements, their
// speakers and cues, and the terms that speak for topics are marked in the body; below it stands a
// table of the statements.
//
// The page has no scripts and loads nothing. All text of articles is escaped. Colours follow the
// reader's light or dark scheme, and nothing is told by colour alone.
//
// Threads: any, one at a time a page. Errors: a record that is no JSON becomes a line that says so.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace newsmill {

class HtmlPage {
   public:
    // What the page begins and ends with.
    static std::string head();
    std::string foot() const;
    // One record, as encode writes it (enrichment profile), as an <article>.
    std::string article(std::string_view record);

   private:
    std::size_t articles_ = 0;
};

}  // namespace newsmill
