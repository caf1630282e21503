// What is told to whoever runs a run when something fails and is tried again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "engine/failure.hpp"

namespace sluice::engine {

struct wait_note {
  std::string stage;  // whose read failed; empty: it was the store
  failure why;
  std::int64_t wait_us = 0;        // until the next try
  int failures = 0, attempts = 0;  // in a row; being told to wait is none. attempts 0: limited by time
  bool back = false;               // of the store: it answers again, `why` is how it had failed
};
using wait_fn = std::function<void(const wait_note&)>;

}  // namespace sluice::engine
