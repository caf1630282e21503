// Addresses: what fits a route, and what is no address at all.
#include "server/target.hpp"

#include <gtest/gtest.h>

#include "server/api.hpp"
#include "server/problem.hpp"

namespace sluice::server {

TEST(target, is_matched_segment_by_segment) {
  EXPECT_EQ(match_path("/a/{b}/c", "/a/x%20y/c")->at("b"), "x y");
  EXPECT_TRUE(match_path("/a", "/a"));
  for (const char* path : {"/a/x", "/a/x/c/", "/a/x/d", "/a//c", "/a/x/c/d", "/A/x/c", "/"}) {
    EXPECT_FALSE(match_path("/a/{b}/c", path)) << path;
  }
}

// covers: A4
TEST(target, takes_no_way_around) {
  for (const char* part :
       {"..", ".", "%2e%2e", "%2E", "%00", "a%00", "%", "%4", "%zz", "%c0%af", "%ff", "%0d%0a", "%1b"}) {
    EXPECT_FALSE(match_path("/{x}", std::string("/") + part)) << part;
  }
  EXPECT_EQ(match_path("/{x}", "/..%2fetc")->at("x"), "../etc") << "a value, and no way";
  EXPECT_FALSE(match_path("/{x}", "/" + std::string(257, 'a')));
}

TEST(target, has_a_query_of_names_and_values) {
  const auto query = read_query("tenant=a+b&state=%7Bx%7D&empty=&bare");
  EXPECT_EQ(query.at("tenant"), "a b");
  EXPECT_EQ(query.at("state"), "{x}");
  EXPECT_EQ(query.at("empty"), "");
  EXPECT_EQ(query.at("bare"), "");
  EXPECT_TRUE(read_query("").empty());
  for (const char* bad : {"a=1&a=2", "a=%0", "=1", "a=%ff", "a=%0a", "&a=1"}) {
    EXPECT_THROW(read_query(bad), refusal) << bad;
  }
}

TEST(prefer, says_how_long_to_wait) {
  using std::chrono::seconds;
  EXPECT_EQ(wanted_wait("wait=3"), seconds(3));
  EXPECT_EQ(wanted_wait("respond-async, wait=10"), seconds(10));
  EXPECT_EQ(wanted_wait("wait=100000000000000"), seconds(60));
  for (const char* none : {"", "wait", "wait=", "wait=x", "wait=-1", "await=5", "respond-async"}) {
    EXPECT_EQ(wanted_wait(none), seconds(0)) << none;
  }
}

}  // namespace sluice::server
