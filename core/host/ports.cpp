#include "host/ports.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace sluice::host {

boost::asio::awaitable<void> system_clock::sleep(std::int64_t us, engine::stop_source& stop) {
  if (stop.stopped()) co_return;
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::microseconds(us));
  const auto wake = stop.on_stop([&] { timer.cancel(); });
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

system_random::system_random() {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device()};
  generator_.seed(seed);
}

}  // namespace sluice::host
