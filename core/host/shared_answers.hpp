// What several reads of a run ask for alike is asked once: who comes second takes the answer of who came first.
//
// Each read takes an answer once. Who asks again, since what came was no good, gets another. An answer keeps the time
// its request was sent at, so nobody takes old rows for new ones. Used on the engine's executor only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "engine/event.hpp"
#include "engine/ports.hpp"
#include "engine/stop.hpp"
#include "plugin/page.hpp"

namespace sluice::host {

struct answer {
  std::shared_ptr<const plugin::page> page;
  std::int64_t sent_at_us = 0;  // database clock
  std::size_t bytes = 0;
};

struct question {
  std::string key;      // all that decides what is asked for, and the run
  std::string who;      // the stage
  std::size_t who_ask;  // how many stages may ask it
};

class shared_answers {
 public:
  // An answer is kept for those who haven't come yet at most so long, and so many bytes of all of them.
  static constexpr std::int64_t longest_us = 30'000'000;
  static constexpr std::size_t most_bytes = 16U << 20;

  shared_answers(boost::asio::any_io_executor on, engine::clock_port& clock) : executor_(on), clock_(clock) {}

  // `ask` sends the request; it is not called when somebody else has asked, or does just now. Throws what it throws,
  // and when `stop` stops. Whoever waits for one that fails asks for itself.
  boost::asio::awaitable<answer> get(question q, engine::stop_source& stop,
                                     const std::function<boost::asio::awaitable<answer>()>& ask);
  [[nodiscard]] std::size_t kept_bytes() const noexcept { return bytes_; }

 private:
  struct entry {
    explicit entry(const boost::asio::any_io_executor& on) : changed(on) {}
    std::optional<answer> value;
    bool over = false;  // came, or failed
    std::set<std::string> takers;
    std::int64_t came_us = 0;
    std::size_t counted = 0;  // of bytes_
    engine::event changed;
  };
  using entries = std::map<std::string, std::shared_ptr<entry>>;

  boost::asio::awaitable<answer> lead(const question& q,
                                      const std::function<boost::asio::awaitable<answer>()>& ask);
  void keep(const question& q, const std::shared_ptr<entry>& e);
  void forget(const std::string& key, const std::shared_ptr<entry>& e);
  void drop_old();

  boost::asio::any_io_executor executor_;
  engine::clock_port& clock_;
  entries entries_;
  std::size_t bytes_ = 0;
  std::int64_t looked_us_ = 0;
};

}  // namespace sluice::host
