// The clock of a SQLite store. It has no server, so that this is the machine's clock when the store was opened,
// or what the file has seen last if that was later: a machine whose clock was set back must not take what it
// reads now for older than what is stored. From there on it counts by itself, whatever the machine's clock does.
#pragma once

#include <chrono>
#include <cstdint>

#include "store/sqlite/database.hpp"

namespace sluice::store::sqlite {

class store_clock {
 public:
  explicit store_clock(database& db);
  [[nodiscard]] std::int64_t now_us() const {
    using std::chrono::duration_cast, std::chrono::microseconds, std::chrono::steady_clock;
    return base_us_ + duration_cast<microseconds>(steady_clock::now() - opened_).count();
  }

 private:
  std::int64_t base_us_;
  std::chrono::steady_clock::time_point opened_ = std::chrono::steady_clock::now();
};

}  // namespace sluice::store::sqlite
