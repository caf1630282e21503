#include "server/run_signals.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::server {

void run_signals::wake(const std::string& run_id) {
  const auto [first, last] = listeners_.equal_range(run_id);
  for (auto at = first; at != last; ++at) at->second->wake();
}

void run_signals::leave() {
  left_ = true;
  for (const auto& [id, who] : listeners_) who->wake();
}

run_signals::listener::listener(run_signals& at, std::vector<std::string> run_ids)
    : at_(at), run_ids_(std::move(run_ids)), timer_(at.context_) {
  for (const std::string& id : run_ids_) at_.listeners_.emplace(id, this);
}

run_signals::listener::~listener() {
  for (const std::string& id : run_ids_) {
    auto [first, last] = at_.listeners_.equal_range(id);
    while (first != last) first = first->second == this ? at_.listeners_.erase(first) : std::next(first);
  }
}

void run_signals::listener::wake() {
  woken_ = true;
  timer_.cancel();
}

boost::asio::awaitable<void> run_signals::listener::next(clock::time_point until) {
  if (!woken_ && !at_.left_) {
    boost::system::error_code cancelled;
    timer_.expires_at(until);
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
  }
  woken_ = false;
}

}  // namespace sluice::server
