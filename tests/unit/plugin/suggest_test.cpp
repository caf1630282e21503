#include "plugin/suggest.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace sluice::plugin {

TEST(suggestion, names_the_nearest_word) {
  const std::vector<std::string> known = {"deadline", "delay", "domain"};
  EXPECT_EQ(suggestion("dead_line", known), "did you mean `deadline`?");
  EXPECT_EQ(suggestion("domian", known), "did you mean `domain`?");
}

TEST(suggestion, lists_what_there_is_when_nothing_is_near) {
  EXPECT_EQ(suggestion("zebra", std::vector<std::string>{"deadline", "domain"}),
            "known are: deadline, domain");
  EXPECT_EQ(suggestion("zebra", {}), "");
}

}  // namespace sluice::plugin
