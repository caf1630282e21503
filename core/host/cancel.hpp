// Ends a run from outside of the process that has it, whatever has become of its manifest.
#pragma once

#include <string>

#include "engine/store.hpp"

namespace sluice::host {

struct cancel_answer {
  enum class how : std::uint8_t {
    asked,      // its holder lives, and stops when it renews its lease
    cancelled,  // its holder was gone: it is over now
    ended,      // it was over already
  };
  how result = how::ended;
  engine::run_row run;     // as it is afterwards
  engine::holder held_by;  // when asked
};

// The run, or an engine::failure that says that there is none.
[[nodiscard]] engine::run_row find_run(engine::session& session, const std::string& run_id);

// Throws engine::failure for an unknown run.
[[nodiscard]] cancel_answer cancel_run(engine::session& session, const std::string& run_id);

}  // namespace sluice::host
