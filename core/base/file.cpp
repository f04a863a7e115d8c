#include "core/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "core/base/error.h"

namespace dna::base {
namespace {

/// A file descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }
    bool ok() const { return fd_ >= 0; }
    /// Closes now; false with errno when the system reports a late write error.
    bool close() {
        const int fd = fd_;
        fd_ = -1;
        return ::close(fd) == 0;
    }

private:
    int fd_;
};

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& file, int error) {
    throw ToolError("cannot " + what + " " + file.string() + ": " + std::strerror(error));
}

bool writeAll(int fd, std::string_view content) {
    while (!content.empty()) {
        const ssize_t written = ::write(fd, content.data(), content.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        content.remove_prefix(static_cast<size_t>(written));
    }
    return true;
}

/// A name beside `file` that no other writer of this machine uses.
std::filesystem::path temporaryName(const std::filesystem::path& file) {
    static std::atomic<unsigned> serial{0};
    return file.parent_path() / ("." + file.filename().string() + "." + std::to_string(::getpid()) + "-" +
                                 std::to_string(serial++) + ".tmp");
}

/// Makes the rename itself durable; file systems that cannot sync folders are left as they are.
void syncFolder(const std::filesystem::path& folder) {
    const Descriptor descriptor(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.ok()) ::fsync(descriptor.get());
}

/// Writes and syncs the temporary file; the error number, 0 when all is well.
int writeTemporary(const std::filesystem::path& temporary, std::string_view content) {
    Descriptor descriptor(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (!descriptor.ok()) return errno;
    if (!writeAll(descriptor.get(), content)) return errno;
    if (::fsync(descriptor.get()) != 0 && errno != EINVAL && errno != EROFS) return errno;
    return descriptor.close() ? 0 : errno;
}

}  // namespace

std::string readFile(const std::filesystem::path& file) {
    const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!descriptor.ok()) throw InputError(file.string(), "", std::string("cannot be read: ") + std::strerror(errno));
    struct stat status {};
    if (::fstat(descriptor.get(), &status) == 0 && S_ISDIR(status.st_mode))
        throw InputError(file.string(), "", "is a folder, expected a file");
    std::string content;
    if (status.st_size > 0) content.reserve(static_cast<size_t>(status.st_size));
    std::vector<char> buffer(1 << 16);
    while (true) {
        const ssize_t got = ::read(descriptor.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw InputError(file.string(), "", std::string("cannot be read: ") + std::strerror(errno));
        if (got == 0) return content;
        content.append(buffer.data(), static_cast<size_t>(got));
    }
}

void writeFileAtomic(const std::filesystem::path& file, std::string_view content) {
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) fail("write", file, EISDIR);
    const std::filesystem::path temporary = temporaryName(file);
    int error = writeTemporary(temporary, content);
    if (error == 0 && ::rename(temporary.c_str(), file.c_str()) != 0) error = errno;
    if (error != 0) {
        ::unlink(temporary.c_str());
        fail("write", file, error);
    }
    syncFolder(file.parent_path());
}

void appendLine(const std::filesystem::path& file, std::string_view line) {
    Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (!descriptor.ok()) fail("append to", file, errno);
    const std::string text = std::string(line) + '\n';
    const off_t before = ::lseek(descriptor.get(), 0, SEEK_END);
    if (!writeAll(descriptor.get(), text)) {
        const int error = errno;
        if (before >= 0 && ::ftruncate(descriptor.get(), before) != 0) fail("append to (and restore)", file, error);
        fail("append to", file, error);
    }
    if (!descriptor.close()) fail("append to", file, errno);
}

void makeFolder(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw ToolError("cannot create folder " + folder.string() + ": " + error.message());
    if (!std::filesystem::is_directory(folder, error))
        throw ToolError("cannot create folder " + folder.string() + ": a file of that name is there");
}

}  // namespace dna::base
