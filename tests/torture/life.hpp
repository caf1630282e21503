// One life of a host on virtual time: it asks for a run, drives it to its end and goes away, whatever fails.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/failure.hpp"
#include "engine/store.hpp"
#include "support/faulty_session.hpp"
#include "torture/small_world.hpp"

namespace sluice::torture {

struct faults {
  // By the number of the call, from 0.
  std::function<testing::fault(int call, const char* name)> store;
  small_world::fault_fn source;
};

struct outcome {
  std::optional<engine::run_state> state;  // what was written at the end, as far as the host heard
  std::optional<engine::failure> failed;   // why it has nothing to tell
  std::string run_id;
  std::string broken;  // it hangs, or something of the run is left over: a defect
  int calls = 0, reads = 0;
};

// `number` tells lives apart: each takes over what the one before has left open.
[[nodiscard]] outcome live(engine::session& store, int number, int version, const faults& f);

}  // namespace sluice::torture
