#include "daemon/admin_wiring.hpp"

#include <utility>

namespace newsmill {
namespace {

bool is_loopback(const std::string& address) {
    return address == "localhost" || address == "::1" || address.starts_with("127.");
}

}  // namespace

Admin::Admin(const LoadedConfig& loaded, const Mill& mill, Pipeline& pipeline, AdminHooks hooks,
             int port) {
    const auto& admin = loaded.config.admin;
    if (admin.tap) recent_ = std::make_unique<RecentRecords>();
    AdminApiOptions options;
    options.token = admin.token;
    options.hosts = admin.hosts;
    options.hosts.push_back(admin.address);
    options.guard_reads = !is_loopback(admin.address);
    api_ = std::make_unique<AdminApi>(pipeline, recent_.get(), steady_clock(), std::move(options),
                                      std::move(hooks));
    set_setup(loaded, mill);
    if (recent_ != nullptr) {
        pipeline.sink().on_commit([recent = recent_.get()](const Batch& batch) {
            recent->note(batch, steady_clock().now_ns(), steady_clock().unix_ms());
        });
    }
    AdminServerOptions server;
    server.address = admin.address;
    server.port = port;
    server.socket = socket_path(loaded.config);
    server.request_bytes_max = static_cast<std::size_t>(admin.request_bytes_max);
    server.connections_max = static_cast<std::size_t>(admin.connections_max);
    server.timeout_ms = admin.timeout_ms;
    server_ = std::make_unique<AdminServer>(std::move(server), *api_);
}

void Admin::set_setup(const LoadedConfig& loaded, const Mill& mill) {
    api_->set_setup(std::make_shared<AdminSetup>(
        AdminSetup{loaded, mill.memory(), std::make_shared<ArticleTrial>(mill)}));
}

int admin_port(const Config& config) {
    return config.admin.port == 0 ? -1 : static_cast<int>(config.admin.port);
}

}  // namespace newsmill
