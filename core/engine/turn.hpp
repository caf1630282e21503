// In every queue of the host, essential work of any tenant goes before background work of all; within a
// class tenants take turns, one piece of work each.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::engine {

enum class urgency : std::uint8_t { essential, background };

// Whose turn a piece of work takes, and in which class. The tenant's name must outlive the work.
struct turn {
  turn(urgency u, std::string_view of = {}, bool much = false)  // NOLINT: an urgency alone is a turn too
      : how(u), tenant(of), large(much) {}
  urgency how;
  std::string_view tenant;
  bool large;  // it keeps who does it busy for long
};

}  // namespace sluice::engine
