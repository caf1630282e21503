// An answer as it is sent, with what the script does to it.
#pragma once

#include <memory>
#include <string>

#include "upstream/api.hpp"

namespace sluice::upstream {

// What is put on the wire: a head, how much of the body, and what happens then.
struct wire {
  std::string head;
  std::shared_ptr<const std::string> body;
  std::size_t send = 0;  // bytes of the body
  bool close = false;    // afterwards
  bool reset = false;    // afterwards, without a goodbye
  bool chunked = false;
};

[[nodiscard]] wire to_wire(const answer&, bool keep_alive);

}  // namespace sluice::upstream
