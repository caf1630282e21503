// Opens files of one tenant and no others: each part of a path is opened below the one before, links are
// refused.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::files {

// An open file or folder.
class descriptor {
 public:
  explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor();
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// A regular file and what tells whether it is still the same.
struct file {
  std::string name;  // for messages: within the tenant's folder
  descriptor open;
  std::uint64_t size = 0;
  std::string print;  // of its size, time and inode

  // What `print` would be now.
  [[nodiscard]] std::string print_now() const;
};

class folder {
 public:
  // The folder `parts` below the tenant's, which is below root. Throw sluice::failure.
  folder(const std::string& root, const std::string& tenant, const std::vector<std::string>& parts);

  [[nodiscard]] file open(const std::string& name) const;
  // The names that match a pattern with * and ?, in the order of their bytes.
  [[nodiscard]] std::vector<std::string> names(const std::string& pattern) const;

 private:
  descriptor open_;
  std::string shown_;  // "users/"
};

// Throws when `part` could lead out of its folder.
void check_part(const std::string& part, const std::string& path);

}  // namespace sluice::files
