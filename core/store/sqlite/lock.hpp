// One writing process for one SQLite file: a lock beside it, which says who holds it.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::store::sqlite {

class write_lock {
 public:
  // Throws invalid (held), naming the holder.
  explicit write_lock(const std::string& database_path);
  ~write_lock();
  write_lock(const write_lock&) = delete;
  write_lock& operator=(const write_lock&) = delete;

 private:
  std::string path_;
  int fd_ = -1;
};

// Looks at an existing file before SQLite does. Throws invalid: an empty or truncated file, not a
// database, no right to read it (or to write it). A file that is not there is fine.
void check_file(const std::string& path, bool write);

// A file system (statfs' f_type) whose locks and shared memory other machines don't see: two hosts could
// write one file at once, and neither would know.
[[nodiscard]] bool is_network_disk(std::int64_t type) noexcept;

// The last writer did not close it: worth a check of the whole file.
[[nodiscard]] bool closed_badly(const std::string& path);

}  // namespace sluice::store::sqlite
