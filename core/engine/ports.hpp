// The outside world as the engine sees it: a clock, randomness, pages. The store is in store.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "engine/stop.hpp"
#include "engine/types.hpp"

namespace sluice::engine {

class clock_port {
 public:
  virtual ~clock_port() = default;
  // Microseconds since 1970 by the database's clock, as well as the host knows it.
  [[nodiscard]] virtual std::int64_t now_us() const = 0;
  // Microseconds that never run backwards, for durations and deadlines.
  [[nodiscard]] virtual std::int64_t steady_us() const = 0;
  // Returns after that time, or as soon as `stop` stops.
  virtual boost::asio::awaitable<void> sleep(std::int64_t us, stop_source& stop) = 0;
};

class random_port {
 public:
  virtual ~random_port() = default;
  [[nodiscard]] virtual std::uint64_t next() = 0;
};

struct read_request {
  std::string stage;  // which read; the reader knows its source, mapping and domain
  std::string item, vars, page_state;
  std::string tenant, run_id, correlation_id;
  std::int64_t deadline_us = 0;  // steady; 0 = none
  bool essential = false;
  stop_source* stop = nullptr;  // never null; when it stops, the request is abandoned
  // May be empty. Called on the executor as soon as it is known where the next page begins, before this one is
  // decoded: the next may be asked for already.
  std::function<void(const std::string& next_state)> on_next;
  // May be empty. Called on the executor just before something is sent to the upstream.
  std::function<void()> on_sent;
};

// Fetches one page, decodes it by the mapping, lets the domain look at it and hashes its rows.
class reader_port {
 public:
  virtual ~reader_port() = default;
  // Throws failure. Throws soon with the reason of request.stop when that stops.
  virtual boost::asio::awaitable<page> read(const read_request&) = 0;
};

struct progress {
  std::string stage;
  std::int64_t pages = 0, records = 0, items_open = 0, items_done = 0;
  row_counts rows;  // all streams together
};
using progress_fn = std::function<void(const progress&)>;

}  // namespace sluice::engine
