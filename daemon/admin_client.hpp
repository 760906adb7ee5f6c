// The other end of the admin server's Unix socket: what `newsmill status` and the like ask through.
//
// Threads: main's; calls block, ten seconds at most. Errors: StartError (69: nobody answers).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace newsmill {

struct AdminAnswer {
    unsigned status = 0;
    std::string body;
};

class AdminClient {
   public:
    explicit AdminClient(std::string socket) : socket_(std::move(socket)) {}
    AdminAnswer get(const std::string& target) const { return ask("GET", target, {}); }
    AdminAnswer post(const std::string& target, std::string_view body) const {
        return ask("POST", target, body);
    }

   private:
    AdminAnswer ask(std::string_view method, const std::string& target,
                    std::string_view body) const;
    std::string socket_;
};

// The socket that is meant: `socket` if it is given, else that of the configuration (if a file is
// given), else the only one that a daemon of this user serves. Throws StartError.
std::string find_socket(const std::string& socket, const std::string& config_file,
                        const std::vector<std::string>& sets);

}  // namespace newsmill
