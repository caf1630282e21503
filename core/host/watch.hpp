// Following a run of any host from the store that it writes to.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "engine/ports.hpp"
#include "engine/store.hpp"

namespace sluice::host {

struct watch_ask {
  std::string run_id;
  std::function<std::unique_ptr<engine::session>()> open;  // asked again when the store was away
  std::function<void(const engine::run_row&)> on_change;   // the first look, and each that differs
  std::int64_t interval_us = 1'000'000;
  std::int64_t patience_us = 300'000'000;  // how long the store may be away
};

// Until the run is terminal; or until `stop` stops: then the run as it was seen last. Throws
// engine::failure for an unknown run, and when the store stays away.
boost::asio::awaitable<engine::run_row> watch_run(const watch_ask& ask, engine::clock_port& clock,
                                                  engine::stop_source& stop);

}  // namespace sluice::host
