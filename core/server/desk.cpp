#include "server/desk.hpp"

#include <boost/asio/this_coro.hpp>

#include "engine/failure.hpp"
#include "host/ports.hpp"
#include "server/codes.hpp"

namespace sluice::server {

namespace {

// They should not all come back at once: those who are sent away are spread over some seconds.
std::int64_t spread_us(std::size_t waiting) {
  constexpr std::int64_t least_us = 1'000'000, step_us = 997'001, most_us = 4'000'000;
  return least_us + static_cast<std::int64_t>(waiting) * step_us % most_us;
}

}  // namespace

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

void desk::count_in() {
  if (waiting_ >= most_) {
    throw engine::failure(engine::failure_class::transient, code::too_busy,
                          std::to_string(waiting_) + " questions wait for the store already",
                          spread_us(waiting_));
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
  outcome got;
  try {
    got = std::make_shared<const nlohmann::json>(a->what());
  } catch (...) {
    got = std::current_exception();
  }
  std::shared_ptr<asked> next;
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
