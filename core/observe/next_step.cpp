#include "observe/next_step.hpp"

#include <algorithm>
#include <iterator>

namespace sluice::observe {

namespace {

struct entry {
  std::string_view code, step;
};
// By code.
constexpr entry table[] = {
#include "next_steps.inc"
};

}  // namespace

std::string_view next_step(std::string_view code) noexcept {
  const auto* const at = std::lower_bound(std::begin(table), std::end(table), code,
                                          [](const entry& e, std::string_view c) { return e.code < c; });
  return at != std::end(table) && at->code == code ? at->step : std::string_view();
}

}  // namespace sluice::observe
