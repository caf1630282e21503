#include "engine/patience.hpp"

#include "engine/backoff.hpp"

namespace sluice::engine {

namespace {

// A store that is away for minutes is worth a line now and then, and not one for each try.
constexpr std::int64_t tell_again_us = 10'000'000;

}  // namespace

patience::patience(const retry_policy& retry, std::int64_t limit_us, clock_port& clock, random_port& random,
                   const wait_fn& tell)
    : retry_(retry), clock_(clock), random_(random), tell_(tell), ends_us_(clock.steady_us() + limit_us) {}

std::int64_t patience::after(const failure& failed) {
  const std::int64_t now = clock_.steady_us();
  if (now >= ends_us_) {
    throw failure(
        failure_class::transient, "SLU-6101",
        "the store has been unavailable for too long; the run can be taken over from its checkpoints. "
        "Last: " +
            failed.message());
  }
  const std::int64_t wait = backoff_us(retry_, ++failures_, failed, random_);
  if (tell_ && (!told_ || told_->code() != failed.code() || now - told_us_ >= tell_again_us)) {
    told_.emplace(failed);
    told_us_ = now;
    tell_({.stage = {}, .why = failed, .wait_us = wait, .failures = failures_});
  }
  return wait;
}

void patience::over() {
  if (told_) tell_({.stage = {}, .why = *told_, .failures = failures_, .back = true});
}

}  // namespace sluice::engine
