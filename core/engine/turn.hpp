// In every queue of the host, essential work of any tenant goes before background work of all; within a
// class tenants take turns, one piece of work each.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::engine {

enum class urgency : std::uint8_t { essential, background };

// Whose turn a piece of work takes, and in which class. The tenant's name must outlive the work.
struct turn {
  turn(urgency u, std::string_view of = {}) : how(u), tenant(of) {}  // NOLINT: an urgency alone is a turn too
  urgency how;
  std::string_view tenant;
};

}  // namespace sluice::engine
