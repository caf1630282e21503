// What plugins count: added up, and bounded.
#include "host/plugin_metrics.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace sluice::host {

TEST(plugin_metrics, adds_up_and_keeps_the_last) {
  plugin_metrics m;
  m.add("p", "http", "requests", 1);
  m.add("p", "http", "requests", 2.5);
  m.add("q", "http", "requests", 1);
  m.set("p", "temporal", "queue_depth", 7);
  m.set("p", "temporal", "queue_depth", -3);
  const auto all = m.all();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].value, 3.5);
  EXPECT_TRUE(all[0].counts);
  EXPECT_EQ(all[1].name, "queue_depth");
  EXPECT_EQ(all[1].value, -3);
  EXPECT_FALSE(all[1].counts);
  EXPECT_EQ(all[2].pipeline, "q");
  EXPECT_EQ(m.refused(), 0U);
}

// covers: P16
TEST(plugin_metrics, have_an_end_whatever_a_plugin_names) {
  plugin_metrics m;
  for (int n = 0; n < 100; ++n) m.add("p", "chatty", "name_" + std::to_string(n), 1);
  EXPECT_EQ(m.all().size(), plugin_metrics::most_of_one);
  EXPECT_EQ(m.refused(), 100 - plugin_metrics::most_of_one);
  for (int n = 0; n < 1'000; ++n) m.add("p" + std::to_string(n), "other", "name", 1);
  EXPECT_EQ(m.all().size(), plugin_metrics::most);
  m.add("p", "chatty", "name_0", 1);
  EXPECT_EQ(m.all()[0].value, 2) << "what is there goes on";
}

TEST(plugin_metrics, takes_names_and_numbers_alone) {
  plugin_metrics m;
  for (const char* name : {"", "Requests", "1st", "a-b", "a{tenant=\"acme\"}", "a\nb"}) m.add("p", "x", name, 1);
  m.add("p", "x", std::string(plugin_metrics::longest_name + 1, 'a'), 1);
  m.add("p", "x", "shrinks", -1);
  m.set("p", "x", "endless", std::numeric_limits<double>::infinity());
  EXPECT_TRUE(m.all().empty());
  m.add("p", "x", "both", 1);
  m.set("p", "x", "both", 5);
  EXPECT_EQ(m.all()[0].value, 1) << "a counter is no gauge";
  EXPECT_EQ(m.refused(), 10U);
}

}  // namespace sluice::host
