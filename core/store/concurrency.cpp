#include "store/concurrency.hpp"

#include <algorithm>

namespace sluice::store {

namespace {

// Long enough, and enough jobs, for a rate that means something.
constexpr auto window = std::chrono::milliseconds(200);
constexpr std::int64_t enough_jobs = 50;
constexpr double better = 1.05;    // more jobs at once must be worth it
constexpr double as_good = 0.98;   // fewer are, when they get about as much done
constexpr int longest_pause = 32;  // windows
constexpr double weight_of_new = 0.3;

}  // namespace

concurrency::concurrency(int least, int first, int most)
    : least_(least), most_(std::max(least, most)), limit_(std::clamp(first, least_, most_)) {}

void concurrency::job_over(clock::time_point now, bool others_wait) {
  if (!others_wait) {  // what was measured so far, and what is being tried, was not put to the test
    since_ = {};
    tried_ = 0;
    return;
  }
  if (since_ == clock::time_point{}) {
    since_ = now;
    jobs_ = 0;
    return;
  }
  ++jobs_;
  const auto took = now - since_;
  if (took < window || jobs_ < enough_jobs) return;
  measured(static_cast<double>(jobs_) / std::chrono::duration<double>(took).count());
  since_ = now;
  jobs_ = 0;
}

void concurrency::measured(double rate) {
  if (tried_ != 0) return judge(rate);
  rate_ = rate_ == 0 ? rate : rate_ + weight_of_new * (rate - rate_);
  if (pause_-- <= 0) try_another();
}

void concurrency::judge(double rate) {
  const bool keep = rate >= rate_ * (tried_ > limit_ ? better : as_good);
  if (keep) {
    limit_ = tried_;
    rate_ = rate;
    patience_ = 1;
  } else {
    upwards_ = !upwards_;
    patience_ = std::min(longest_pause, patience_ * 2);
  }
  tried_ = 0;
  pause_ = keep ? 0 : patience_;
}

void concurrency::try_another() {
  for (int directions = 0; directions < 2; ++directions) {
    const int next = std::clamp(limit_ + (upwards_ ? step(limit_) : -step(limit_)), least_, most_);
    if (next != limit_) {
      tried_ = next;
      return;
    }
    upwards_ = !upwards_;
  }
}

int concurrency::step(int from) const { return std::max(1, from / 4); }

}  // namespace sluice::store
