// Files of plugins, opened once and without following links, so that what was checked is what was opened.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <sys/stat.h>

#include "plugin/strict_json.hpp"

namespace sluice::plugin {

class opened_file {
 public:
  // Throws std::system_error; ELOOP: the last part is a symbolic link.
  explicit opened_file(const std::filesystem::path& file);
  ~opened_file();
  opened_file(const opened_file&) = delete;
  opened_file& operator=(const opened_file&) = delete;

  [[nodiscard]] const struct stat& info() const noexcept { return info_; }
  // The content of a regular file, mapped on first use. Throws std::system_error.
  [[nodiscard]] std::string_view bytes();

 private:
  int fd_ = -1;
  struct stat info_ {};
  void* mapped_ = nullptr;
};

// The text of a file of at most `limit` bytes; absent when it can't be read, which is then reported
// with `code`.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& file, std::size_t limit,
                                                   const char* code, problem_list& problems);

// Exchanges a file for one with this text, all or nothing and on the disk when it returns. Throws std::system_error.
void replace_file(const std::filesystem::path& file, std::string_view text, mode_t mode);

// In lower case.
[[nodiscard]] std::string hex_text(std::span<const unsigned char> bytes);
// SHA-256 in lower-case hex.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// "0664"
[[nodiscard]] std::string mode_text(const struct stat& info);

// Whether nobody but root and the host's user can change what this describes.
[[nodiscard]] bool owner_trusted(const struct stat& info) noexcept;
[[nodiscard]] bool others_may_write(const struct stat& info) noexcept;

}  // namespace sluice::plugin
