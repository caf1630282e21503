// How many runs a tenant may begin: so many at once, and then so many a second. Who joins a run begins none.
// Not thread-safe: its owner has the lock.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sluice::host {

struct start_limits {
  double per_second = 50;  // 0 = as many as they like
  int at_once = 1'000;
};

class start_rate {
 public:
  explicit start_rate(start_limits limits) : limits_(limits) {}

  // How long until the tenant may begin one; 0: now.
  [[nodiscard]] std::int64_t wait_us(std::string_view tenant, std::int64_t now_us) const;
  // It has begun one. What was under way when it was asked may go below nothing; that is waited for later.
  void spend(std::string_view tenant, std::int64_t now_us);

  [[nodiscard]] std::size_t remembered() const noexcept { return buckets_.size(); }

 private:
  struct bucket {
    double left = 0;
    std::int64_t at_us = 0;
  };
  [[nodiscard]] double left(const bucket& b, std::int64_t now_us) const;
  void forget_full(std::int64_t now_us);

  start_limits limits_;
  std::map<std::string, bucket, std::less<>> buckets_;  // of those that are not full
  std::size_t forget_at_ = 1'024;
};

}  // namespace sluice::host
