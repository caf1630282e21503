#include "server/desk.hpp"

#include <algorithm>

#include <boost/asio/this_coro.hpp>

#include "host/ports.hpp"
#include "host/spread.hpp"
#include "server/codes.hpp"

namespace sluice::server {

boost::asio::awaitable<desk::reply> desk::ask(engine::turn of, std::string same_as, question what,
                                              errand why) {
  const auto here = co_await boost::asio::this_coro::executor;
  std::function<void(asker)> begin = [&](asker done) {
    try {
      put(of, same_as, std::move(what), why, done);
    } catch (...) {
      done(std::current_exception());
    }
  };
  outcome got = co_await host::await_callback<outcome>(here, std::move(begin));
  if (auto* failed = std::get_if<std::exception_ptr>(&got)) std::rethrow_exception(*failed);
  co_return std::get<reply>(std::move(got));
}

// Tenants take turns: before a question go at most as many of each tenant as are ahead of it of its own; and for each
// of these, since it goes first, the one that follows from it. While every thread is at one, the next does not begin
// sooner than it would if they took as long as they have taken already.
std::int64_t desk::ahead_us(const std::string& tenant) const {
  const auto at = waiting_of_.find(tenant);
  const std::size_t own = at == waiting_of_.end() ? 0 : at->second;
  const std::size_t tenants = waiting_of_.size() + (own == 0 ? 1 : 0);
  const auto ahead = static_cast<std::int64_t>(std::min(waiting_, (own + 1) * tenants - 1));
  const bool all_at_work = begun_us_.size() >= threads_;
  const std::int64_t so_far_us = all_at_work ? clock_.steady_us() - *begun_us_.rbegin() : 0;
  const std::int64_t each_us = mean_us_[0] + mean_us_[1];
  return ahead * std::max(each_us, so_far_us) / static_cast<std::int64_t>(threads_);
}

std::int64_t desk::wait_us(const std::string& tenant) const {
  const std::lock_guard lock(mutex_);
  return ahead_us(tenant);
}

std::size_t desk::coming() const {
  const std::lock_guard lock(mutex_);
  return coming_;
}

// Give or take a fifth, so that those who are sent away don't all come back at once.
engine::failure desk::sent_away(const std::string& why, std::int64_t wait_us) {
  constexpr std::int64_t least_us = 1'000'000, most_us = 60'000'000;
  const auto fifths = static_cast<std::int64_t>(host::spread("desk", ++sent_away_) % 401'000);
  return {engine::failure_class::transient, code::too_busy, why,
          std::clamp(wait_us, least_us, most_us) * (800'000 + fifths) / 1'000'000};
}

void desk::refuse_beyond(std::int64_t longest_us, const std::string& tenant) {
  const std::lock_guard lock(mutex_);
  const std::int64_t wait = ahead_us(tenant);
  if (wait <= longest_us) return;
  throw sent_away("the answer would take about " + std::to_string((wait + 999'999) / 1'000'000) +
                      " s: " + std::to_string(waiting_) + " questions wait for the store already",
                  wait);
}

void desk::count_in(const std::string& tenant, errand why) {
  if (waiting_ >= most_) {
    throw sent_away(std::to_string(waiting_) + " questions wait for the store already", ahead_us(tenant));
  }
  ++waiting_;
  if (why == errand::begin) ++coming_;
  ++waiting_of_[tenant];
}

void desk::count_out(const std::string& tenant, errand why) {
  --waiting_;
  if (why == errand::begin) --coming_;
  const auto at = waiting_of_.find(tenant);
  if (--at->second == 0) waiting_of_.erase(at);
}

void desk::put(engine::turn of, const std::string& same_as, question what, errand why, asker who) {
  std::shared_ptr<asked> now;
  {
    const std::lock_guard lock(mutex_);
    const auto known = lines_.find(same_as);
    if (known != lines_.end() && known->second.waiting) {
      known->second.waiting->askers.push_back(std::move(who));
      return;
    }
    count_in(std::string(of.tenant), why);
    line* const at = same_as.empty() ? nullptr : &lines_[same_as];
    auto a =
        std::make_shared<asked>(asked{of.how, std::string(of.tenant), same_as, std::move(what), why, {}});
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
  std::multiset<std::int64_t>::iterator began;
  {
    const std::lock_guard lock(mutex_);
    count_out(a->tenant, a->why);
    began = begun_us_.insert(clock_.steady_us());
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
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t took_us = clock_.steady_us() - *began;
    begun_us_.erase(began);
    std::int64_t& mean_us = mean_us_[static_cast<std::size_t>(a->how)];
    mean_us = mean_us == 0 ? took_us : mean_us + (took_us - mean_us) / 8;
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
