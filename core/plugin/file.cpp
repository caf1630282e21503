#include "plugin/file.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

namespace sluice::plugin {

namespace {

[[noreturn]] void fail(const std::filesystem::path& file) {
  throw std::system_error(errno, std::generic_category(), file.string());
}

}  // namespace

opened_file::opened_file(const std::filesystem::path& file)
    : fd_(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) {  // a FIFO must not block
  if (fd_ < 0) fail(file);
  if (::fstat(fd_, &info_) == 0) return;
  const int reason = errno;
  ::close(fd_);
  errno = reason;
  fail(file);
}

opened_file::~opened_file() {
  if (mapped_ != nullptr) ::munmap(mapped_, static_cast<std::size_t>(info_.st_size));
  ::close(fd_);
}

std::string_view opened_file::bytes() {
  const auto size = static_cast<std::size_t>(info_.st_size);
  if (size == 0) return {};
  if (mapped_ == nullptr) {
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd_, 0);
    if (at == MAP_FAILED) fail("mmap");
    mapped_ = at;
  }
  return {static_cast<const char*>(mapped_), size};
}

std::optional<std::string> read_file(const std::filesystem::path& file, std::size_t limit, const char* code,
                                     problem_list& problems) {
  try {
    opened_file opened(file);
    if (!S_ISREG(opened.info().st_mode)) {
      problems.add(code, {}, "is not a regular file");
    } else if (static_cast<std::size_t>(opened.info().st_size) > limit) {
      problems.add(code, {},
                   "has " + std::to_string(opened.info().st_size) + " bytes; at most " +
                       std::to_string(limit) + " are allowed");
    } else {
      return std::string(opened.bytes());
    }
  } catch (const std::system_error& e) {
    const bool link = e.code() == std::errc::too_many_symbolic_link_levels;
    problems.add(code, {}, link ? "is a symbolic link" : "can't be read: " + e.code().message(),
                 link ? "put the file itself there" : "");
  }
  return std::nullopt;
}

namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

void replace_file(const std::filesystem::path& file, std::string_view text, mode_t mode) {
  std::string draft = file.string() + ".XXXXXX";
  const int fd = ::mkostemp(draft.data(), O_CLOEXEC);
  if (fd < 0) fail(file);
  bool good = write_all(fd, text) && ::fchmod(fd, mode) == 0 && ::fsync(fd) == 0;
  int reason = errno;
  // A full disk may say so only here.
  if (::close(fd) != 0 && good) good = false, reason = errno;
  if (good && ::rename(draft.c_str(), file.c_str()) == 0) return;
  if (good) reason = errno;
  ::unlink(draft.c_str());
  errno = reason;
  fail(file);
}

std::string hex_text(std::span<const unsigned char> bytes) {
  std::string out;
  for (const unsigned char b : bytes) {
    out += "0123456789abcdef"[b >> 4U];
    out += "0123456789abcdef"[b & 15U];
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL can't make a SHA-256 digest");
  }
  return hex_text(std::span(digest).first(length));
}

std::string mode_text(const struct stat& info) {
  std::string out = "0000";
  for (std::size_t i = 0; i < 4; ++i) out[3 - i] = static_cast<char>('0' + (info.st_mode >> (3 * i) & 7));
  return out;
}

bool owner_trusted(const struct stat& info) noexcept {
  return info.st_uid == 0 || info.st_uid == ::geteuid();
}
bool others_may_write(const struct stat& info) noexcept { return (info.st_mode & (S_IWGRP | S_IWOTH)) != 0; }

}  // namespace sluice::plugin
