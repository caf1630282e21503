#include "store/sqlite/lock.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "store/errors.hpp"

namespace sluice::store::sqlite {

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "an unknown host";
  return name.data();
}

std::string holder_of(int fd) {
  std::array<char, 256> text{};
  const ssize_t n = pread(fd, text.data(), text.size() - 1, 0);
  std::string out(text.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out.empty() ? "another process" : out;
}

std::uint32_t big_endian(const std::array<unsigned char, 100>& header, std::size_t at) {
  return static_cast<std::uint32_t>(header[at] << 24 | header[at + 1] << 16 | header[at + 2] << 8 |
                                    header[at + 3]);
}

void check_header(const std::string& path, std::uintmax_t size) {
  std::ifstream in(path, std::ios::binary);
  std::array<unsigned char, 100> header{};
  in.read(reinterpret_cast<char*>(header.data()), static_cast<std::streamsize>(header.size()));
  if (!in || std::memcmp(header.data(), "SQLite format 3", 16) != 0) {
    throw invalid(code::damaged,
                  path + " is not a SQLite database; give another path in `store`, or move the file away");
  }
  std::uint64_t page_size = static_cast<std::uint64_t>(header[16]) << 8 | header[17];
  if (page_size == 1) page_size = 65'536;
  const std::uint64_t expected = page_size * big_endian(header, 28);
  // With a write-ahead log beside it the header may be ahead of the file.
  if (size < expected && !std::filesystem::exists(path + "-wal")) {
    throw invalid(code::damaged, path + " is truncated: it has " + std::to_string(size) + " of " +
                                     std::to_string(expected) + " bytes; restore it from a backup");
  }
}

void refuse_network_disk(const std::string& path) {
  struct statfs s {};
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  if (::statfs(folder.c_str(), &s) != 0 || !is_network_disk(s.f_type)) return;
  throw invalid(code::network_disk, path +
                                        " is on a network file system, where two machines could write it at "
                                        "once: put it on a local disk, or use PostgreSQL");
}

engine::failure cannot_make(const std::string& database, const std::string& lock, int why) {
  if (why == ENOENT) {
    const std::string folder = std::filesystem::path(lock).parent_path().string();
    return invalid(code::cannot_open, "cannot open " + database + ": the folder " + folder +
                                          " does not exist; make it, or mend `store.path`");
  }
  return invalid(code::cannot_open, "cannot make the lock file " + lock + ": " + std::strerror(why) +
                                        "; make its folder writable");
}

}  // namespace

write_lock::write_lock(const std::string& database_path) : path_(database_path + ".lock") {
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) throw cannot_make(database_path, path_, errno);
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = holder_of(fd_);
    close(fd_);
    throw transient(code::held,
                    database_path + " is being written by " + holder + "; stop that process, or wait for it");
  }
  const std::string me = "process " + std::to_string(getpid()) + " on " + host_name() + "\n";
  if (ftruncate(fd_, 0) != 0 || pwrite(fd_, me.data(), me.size(), 0) != static_cast<ssize_t>(me.size())) {
    const std::string why = std::strerror(errno);
    close(fd_);
    throw invalid(code::cannot_open,
                  "cannot write the lock file " + path_ + ": " + why + "; free some space");
  }
}

// The file stays: to remove it would let two processes lock two files of one name. The lock goes with the descriptor.
write_lock::~write_lock() { close(fd_); }

bool is_network_disk(std::int64_t type) noexcept {
  constexpr std::int64_t cifs = 0xFF534D42;  // not in the kernel's header of Debian 12
  return type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC || type == SMB2_SUPER_MAGIC || type == cifs ||
         type == AFS_SUPER_MAGIC || type == CODA_SUPER_MAGIC;
}

void check_file(const std::string& path, bool write) {
  refuse_network_disk(path);
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) {
    if (errno == ENOENT && write) return;
    if (errno == ENOENT) {
      throw invalid(code::cannot_open, "there is no " + path + "; has anything run yet? check `store.path`");
    }
    throw invalid(code::cannot_open, "cannot look at " + path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(s.st_mode))
    throw invalid(code::cannot_open, path + " is not a file; `store.path` names the database file");
  if (::access(path.c_str(), R_OK) != 0) {
    throw invalid(code::cannot_open,
                  path + " cannot be read: " + std::strerror(errno) + "; change its owner or rights");
  }
  if (write && ::access(path.c_str(), W_OK) != 0) {
    throw invalid(code::read_only,
                  path + " cannot be written: " + std::strerror(errno) + "; change its owner or rights");
  }
  if (s.st_size == 0) {
    throw invalid(
        code::damaged,
        path + " is an empty file, not a database; restore it from a backup, or remove it to start anew");
  }
  check_header(path, static_cast<std::uintmax_t>(s.st_size));
}

bool closed_badly(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path + "-wal", none);
  return !none && size > 0;
}

}  // namespace sluice::store::sqlite
