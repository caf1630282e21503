// A condition to wait for among coroutines of one executor. Always wait in a loop around the
// condition itself: notify() wakes everybody.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::engine {

// The engine's one timer type. It never measures time (that is clock_port's): it is only cancelled.
using timer = boost::asio::steady_timer;

class event {
 public:
  explicit event(const boost::asio::any_io_executor& on) : timer_(on, timer::time_point::max()) {}

  boost::asio::awaitable<void> wait() {
    co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
  void notify() { timer_.cancel(); }

 private:
  timer timer_;
};

}  // namespace sluice::engine
