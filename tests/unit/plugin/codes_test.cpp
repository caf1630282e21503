#include "plugin/codes.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace sluice::plugin {

// covers: P18
TEST(codes, are_distinct_of_this_room_and_explained) {
  std::set<std::string_view> seen;
  for (const observe::code_entry& e : code::table) {
    EXPECT_TRUE(seen.insert(e.code).second) << e.code;
    EXPECT_TRUE(e.code.starts_with("SLU-2")) << e.code;
    EXPECT_FALSE(e.title.empty() || e.next_step.empty()) << e.code;
  }
  EXPECT_NE(observe::find_code(code::table, code::host_failed), nullptr);
}

}  // namespace sluice::plugin
