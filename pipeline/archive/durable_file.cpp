#include "pipeline/archive/durable_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace newsmill {

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
}

FileDescriptor open_file(const std::string& path, int flags) {
    return FileDescriptor(open(path.c_str(), flags | O_CLOEXEC, 0644));
}

int write_all(int fd, std::initializer_list<std::string_view> parts) noexcept {
    for (std::string_view part : parts) {
        while (!part.empty()) {
            const ssize_t written = write(fd, part.data(), part.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return errno;
            part.remove_prefix(static_cast<std::size_t>(written));
        }
    }
    return 0;
}

ssize_t read_at(int fd, char* to, std::size_t size, off_t offset) noexcept {
    std::size_t done = 0;
    while (done < size) {
        const ssize_t got = pread(fd, to + done, size - done, offset + static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return static_cast<ssize_t>(done);
}

int sync_folder(const std::string& path) noexcept {
    const FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return errno;
    return fsync(folder.get()) == 0 ? 0 : errno;
}

std::string error_text(int error) { return std::system_category().message(error); }

}  // namespace newsmill
