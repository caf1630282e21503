#include "host/optional_columns.hpp"

#include <gtest/gtest.h>

namespace sluice::host {

namespace {

std::vector<stream_schema> streams() {
  stream_schema s;
  s.name = "people";
  s.columns = {{"kind", column_type::text, true, {}},
               {"external_id", column_type::text, true, {}},
               {"name", column_type::text, true, {}},
               {"email", column_type::text, false, {}},
               {"phone", column_type::text, false, {}}};
  s.key = {"kind", "external_id"};
  s.references = {{"home", "people", {"kind", "external_id"}, true, on_missing::defer, {}},
                  {"boss", "people", {"kind", "external_id"}, false, on_missing::defer, {}}};
  return {s};
}

// "email[3] boss_id[7,8]"
std::string optional_in(const std::string& into) {
  const auto found = optional_columns(decode::compile(R"({"into":[)" + into + "]}", streams()));
  std::string out;
  for (const engine::optional_column& c : found.at(0)) {
    out += (out.empty() ? "" : " ") + c.stored;
    for (const std::size_t at : c.wire) out += "," + std::to_string(at);
  }
  return out;
}

constexpr const char* required =
    R"("kind":{"at":"/k"},"external_id":{"at":"/id"},"name":{"at":"/n"},"home.kind":{"at":"/h/k"},"home.external_id":{"at":"/h/id"})";

}  // namespace

// covers: U23
TEST(optional_columns, are_those_that_the_mapping_fills_and_a_row_can_do_without) {
  const std::string map = R"({"stream":"people","map":{)" + std::string(required);
  EXPECT_EQ(optional_in(map + "}}"), "");
  EXPECT_EQ(optional_in(map + R"(,"email":{"at":"/e"}}})"), "email,3");
  EXPECT_EQ(optional_in(map + R"(,"email":{"at":"/e"},"source_version":{"at":"/v"}},"attributes":["/x"]})"),
            "email,3 attributes,9 source_version,10");
  EXPECT_EQ(optional_in(map + R"(,"boss.kind":{"at":"/b/k"},"boss.external_id":{"at":"/b/id"}}})"),
            "boss_id,7,8");
  EXPECT_EQ(optional_in(map + R"(,"email":{"at":"/e"}}},)" + map + R"(,"phone":{"at":"/p"}}})"),
            "email,3 phone,4")
      << "of all that the read makes of its records";
}

}  // namespace sluice::host
