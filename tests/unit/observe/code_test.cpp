#include "observe/code.hpp"

#include <array>

#include <gtest/gtest.h>

namespace sluice::observe {

TEST(find_code, gives_the_entry_or_nothing) {
  static constexpr std::array<code_entry, 2> table{{{"SLU-1", "one", "do one"}, {"SLU-2", "two", "do two"}}};
  static_assert(find_code(table, "SLU-2")->title == "two");
  EXPECT_EQ(find_code(table, "SLU-3"), nullptr);
}

}  // namespace sluice::observe
