// Whether the store answers, for who may not wait long: a store that is away can keep a question for a minute.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/desk.hpp"
#include "store/session_pool.hpp"

namespace sluice::server {

class store_probe {
 public:
  store_probe(boost::asio::io_context& on, desk& ask, store::session_pool& sessions)
      : context_(on), desk_(ask), sessions_(sessions) {}

  // On the context's thread. What was found out within the last second is still true.
  boost::asio::awaitable<bool> answers();

 private:
  using clock = std::chrono::steady_clock;
  boost::asio::awaitable<void> look();

  boost::asio::io_context& context_;
  desk& desk_;
  store::session_pool& sessions_;
  std::vector<std::weak_ptr<boost::asio::steady_timer>> waiting_;  // of those who wait
  bool looking_ = false, good_ = false;
  clock::time_point looked_{};
};

}  // namespace sluice::server
