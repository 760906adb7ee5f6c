// Files that must be whole after a crash: a descriptor that closes itself, writes that are complete
// or an error, and the flush of a folder, without which a new or renamed file may be gone after a
// power cut. Errors are errno values (0: well).
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace newsmill {

class FileDescriptor {
   public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept;
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    ~FileDescriptor();
    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }

   private:
    int fd_ = -1;
};

// Opened with O_CLOEXEC; check the result.
FileDescriptor open_file(const std::string& path, int flags);
// All parts one after the other at the descriptor's place, or the error.
int write_all(int fd, std::initializer_list<std::string_view> parts) noexcept;
// Up to `size` bytes from `offset`; fewer at the file's end, -1 on an error.
ssize_t read_at(int fd, char* to, std::size_t size, off_t offset) noexcept;
int sync_folder(const std::string& path) noexcept;
std::string error_text(int error);

}  // namespace newsmill
