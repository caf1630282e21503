#include "server/desk.hpp"

#include <algorithm>
#include <chrono>

#include <boost/asio/this_coro.hpp>

#include "engine/failure.hpp"
#include "host/ports.hpp"
#include "host/spread.hpp"
#include "server/codes.hpp"

namespace sluice::server {

boost::asio::awaitable<desk::reply> desk::ask(engine::turn of, std::string same_as, question what) {
  const auto here = co_await boost::asio::this_coro::executor;
  std::function<void(asker)> begin = [&](asker done) {
    try {
      put(of, same_as, std::move(what), done);
    } catch (...) {
      done(std::current_exception());
    }
  };
  outcome got = co_await host::await_callback<outcome>(here, std::move(begin));
  if (auto* failed = std::get_if<std::exception_ptr>(&got)) std::rethrow_exception(*failed);
  co_return std::get<reply>(std::move(got));
}

// When those that wait now are answered, give or take a fifth, so that those who are sent away don't all come back at
// once.
std::int64_t desk::come_back_us() {
  constexpr std::int64_t least_us = 1'000'000, most_us = 60'000'000;
  const auto ahead_us = static_cast<std::int64_t>(waiting_ / threads_) * mean_us_;
  const auto fifths = static_cast<std::int64_t>(host::spread("desk", ++sent_away_) % 401'000);
  return std::clamp(ahead_us, least_us, most_us) * (800'000 + fifths) / 1'000'000;
}

void desk::count_in() {
  if (waiting_ >= most_) {
    throw engine::failure(engine::failure_class::transient, code::too_busy,
                          std::to_string(waiting_) + " questions wait for the store already", come_back_us());
  }
  ++waiting_;
}

void desk::put(engine::turn of, const std::string& same_as, question what, asker who) {
  std::shared_ptr<asked> now;
  {
    const std::lock_guard lock(mutex_);
    const auto known = lines_.find(same_as);
    if (known != lines_.end() && known->second.waiting) {
      known->second.waiting->askers.push_back(std::move(who));
      return;
    }
    count_in();
    line* const at = same_as.empty() ? nullptr : &lines_[same_as];
    auto a = std::make_shared<asked>(asked{of.how, std::string(of.tenant), same_as, std::move(what), {}});
    a->askers.push_back(std::move(who));
    if (at != nullptr) at->waiting = a;
    // Else it waits for the one at work, and others may join it.
    if (at == nullptr || !at->at_work) now = std::move(a);
    if (at != nullptr) at->at_work = true;
  }
  if (now) post(std::move(now));
}

void desk::post(std::shared_ptr<asked> a) {
  const engine::turn of{a->how, a->tenant};
  pool_.post(of, [this, a = std::move(a)] { answer(a); });
}

void desk::answer(const std::shared_ptr<asked>& a) {
  std::vector<asker> askers;
  {
    const std::lock_guard lock(mutex_);
    --waiting_;
    askers = std::move(a->askers);
    if (!a->same_as.empty()) lines_.at(a->same_as).waiting.reset();  // from here on it is begun
  }
  using clock = std::chrono::steady_clock;
  const auto began = clock::now();
  outcome got;
  try {
    got = std::make_shared<const nlohmann::json>(a->what());
  } catch (...) {
    got = std::current_exception();
  }
  const std::int64_t took_us =
      std::chrono::duration_cast<std::chrono::microseconds>(clock::now() - began).count();
  std::shared_ptr<asked> next;
  {
    const std::lock_guard lock(mutex_);
    mean_us_ = mean_us_ == 0 ? took_us : mean_us_ + (took_us - mean_us_) / 8;
  }
  if (!a->same_as.empty()) {
    const std::lock_guard lock(mutex_);
    const auto at = lines_.find(a->same_as);
    next = at->second.waiting;
    if (!next) lines_.erase(at);
  }
  if (next) post(std::move(next));
  for (const asker& who : askers) who(got);
}

}  // namespace sluice::server
