// The admin server of a daemon, put together: newest records, answers, server.
//
// Threads: main's; made after the pipeline and before its start, ended before it. No errors: what
// can't be had is a warning in the log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "daemon/admin_api.hpp"
#include "daemon/admin_server.hpp"
#include "daemon/mill.hpp"
#include "daemon/recent_records.hpp"

namespace newsmill {

class Admin {
   public:
    // `port` as in AdminServerOptions: negative is none.
    Admin(const LoadedConfig& loaded, const Mill& mill, Pipeline& pipeline, AdminHooks hooks,
          int port);

    void start() { server_->start(); }
    void stop() { server_->stop(); }
    // After a reload: what holds now.
    void set_setup(const LoadedConfig& loaded, const Mill& mill);
    void set_reloads(std::uint64_t applied, std::uint64_t refused) noexcept {
        api_->set_reloads(applied, refused);
    }

    std::string url() const { return server_->url(); }
    std::string socket() const { return server_->socket(); }
    const std::vector<std::string>& problems() const noexcept { return server_->problems(); }

   private:
    std::unique_ptr<RecentRecords> recent_;  // null: admin.tap is off
    std::unique_ptr<AdminApi> api_;
    std::unique_ptr<AdminServer> server_;
};

// The port that is asked for, or none.
int admin_port(const Config& config);

}  // namespace newsmill
