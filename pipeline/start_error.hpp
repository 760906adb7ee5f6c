// Thrown before threads start only: something that the program needs can't be made or reached.
#pragma once

#include <stdexcept>
#include <string>

namespace newsmill {

class StartError : public std::runtime_error {
   public:
    StartError(int exit_code, const std::string& message)
        : std::runtime_error(message), exit_code_(exit_code) {}
    int exit_code() const noexcept { return exit_code_; }  // 69, 75 or 78

   private:
    int exit_code_;
};

}  // namespace newsmill
