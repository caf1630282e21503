// How many jobs of a store are worth running at the same time: as few as still get the most done. A server has a
// number of cores that nobody tells us, and beyond a few jobs for each of them more only get in each other's way.
//
// It is found by trying: while work waits, a little more or a little less is allowed for a moment, and kept when that
// gets more done, or no less with less. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::store {

class concurrency {
 public:
  using clock = std::chrono::steady_clock;

  // `first` and the limit itself are within [least, most].
  concurrency(int least, int first, int most);

  [[nodiscard]] int limit() const noexcept { return tried_ != 0 ? tried_ : limit_; }
  // A job is over. `others_wait`: there was more to do than was allowed; else nothing is learned.
  void job_over(clock::time_point now, bool others_wait);

 private:
  void measured(double rate);
  void judge(double rate);
  void try_another();
  [[nodiscard]] int step(int from) const;

  int least_, most_, limit_;
  int tried_ = 0;        // what is being tried; 0: nothing
  bool upwards_ = true;  // what to try next
  double rate_ = 0;      // jobs a second at the limit
  int pause_ = 0;        // windows until the next try
  int patience_ = 1;     // the pause after a try that was no good
  clock::time_point since_{};
  std::int64_t jobs_ = 0;
};

}  // namespace sluice::store
