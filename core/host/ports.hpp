// The engine's clock and randomness for real, and the helpers that move work between threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <utility>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engine/ports.hpp"

namespace sluice::host {

// Steady time of this machine, and the database's wall clock as it was when the store was opened.
class system_clock final : public engine::clock_port {
 public:
  explicit system_clock(std::int64_t database_now_us) : offset_us_(database_now_us - steady_now()) {}

  [[nodiscard]] std::int64_t now_us() const override { return steady_now() + offset_us_; }
  [[nodiscard]] std::int64_t steady_us() const override { return steady_now(); }
  boost::asio::awaitable<void> sleep(std::int64_t us, engine::stop_source& stop) override;

 private:
  static std::int64_t steady_now() {
    const auto t = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(t).count();
  }
  std::int64_t offset_us_;
};

// Thread-safe: ids are drawn outside of the engine's thread too.
class system_random final : public engine::random_port {
 public:
  system_random();
  [[nodiscard]] std::uint64_t next() override {
    const std::lock_guard lock(mutex_);
    return generator_();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 generator_;
};

// Starts something that calls its argument exactly once, from any thread; gives the value on the
// awaiting coroutine's executor.
template <class T>
boost::asio::awaitable<T> await_callback(boost::asio::any_io_executor on,
                                         std::function<void(std::function<void(T)>)> start) {
  auto box =
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(std::shared_ptr<T>)>(
          [&](auto handler) {
            const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            start([shared, on](T value) {
              auto held = std::make_shared<T>(std::move(value));
              boost::asio::post(on, [shared, held] { std::move (*shared)(held); });
            });
          },
          boost::asio::use_awaitable);
  co_return std::move(*box);
}

}  // namespace sluice::host
