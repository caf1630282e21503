// Pages end where records end, all together they are the file, and a change in between is noticed.
#include <gmock/gmock.h>

#include "unit/files/fixture.hpp"

namespace sluice::files::test {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

using files_paging = with_files;

std::string by(int records) { return R"(,"page":{"records":)" + std::to_string(records) + "}"; }

TEST_F(files_paging, ndjson_is_cut_at_lines) {
  write("a.ndjson", "{\"id\":1}\n{\"id\":2}\n\n{\"id\":3}\r\n \n{\"id\":4}");
  EXPECT_THAT(all(request("a.ndjson", by(2))),
              ElementsAre("{\"id\":1}\n{\"id\":2}\n\n", "{\"id\":3}\r\n \n{\"id\":4}"));
  EXPECT_THAT(all(request("a.ndjson", by(3))),
              ElementsAre("{\"id\":1}\n{\"id\":2}\n\n{\"id\":3}\r\n \n", "{\"id\":4}"));
  EXPECT_THAT(all(request("a.ndjson", R"(,"page":{"bytes":"10"})")),
              ElementsAre("{\"id\":1}\n", "{\"id\":2}\n\n", "{\"id\":3}\r\n \n", "{\"id\":4}"));
}

TEST_F(files_paging, white_space_at_the_end_makes_no_page) {
  write("a.ndjson", "1\n2\n\n \n\n");
  EXPECT_EQ(all(request("a.ndjson", by(2))).size(), 1U);
  EXPECT_EQ(all(request("a.ndjson", by(1))).size(), 2U);
}

TEST_F(files_paging, each_page_of_csv_has_the_header_and_quotes_hold_lines_together) {
  write("a.csv", "id,name\r\n1,\"a\nb\"\r\n2,\"\"\"x\"\"\n\"\r\n3,c");
  EXPECT_THAT(all(request("a.csv", by(1))),
              ElementsAre("id,name\r\n1,\"a\nb\"\r\n", "id,name\r\n2,\"\"\"x\"\"\n\"\r\n", "id,name\r\n3,c"));
  write("b.csv", "id,name\n");
  EXPECT_THAT(all(request("b.csv", by(1))), ElementsAre("id,name\n"));
}

TEST_F(files_paging, files_that_match_follow_one_another_by_name) {
  write("u/b.ndjson", "3\n");
  write("u/a.ndjson", "1\n2\n");
  write("u/c.json", "[4]");
  write("u/.hidden.ndjson", "5\n");
  EXPECT_THAT(all(request("u/*.ndjson", by(1))), ElementsAre("1\n", "2\n", "3\n"));
  EXPECT_THAT(all(request("u/?.*", by(5))), ElementsAre("1\n2\n", "3\n", "[4]"));
}

TEST_F(files_paging, pages_larger_than_a_buffer_add_up_to_the_file) {
  std::string text;
  for (int i = 0; text.size() < 3'000'000; ++i)
    text += std::to_string(i) + std::string(static_cast<std::size_t>(i * 7919 % 3000), 'x') + "\n";
  write("a.ndjson", text);
  for (const char* bytes : {"1", "100KiB", "256KiB", "1MiB", "4MiB"}) {
    std::string joined;
    for (const std::string& p :
         all(request("a.ndjson", std::string(R"(,"page":{"records":500,"bytes":")") + bytes + "\"}"))) {
      EXPECT_TRUE(p.ends_with('\n'));
      joined += p;
    }
    EXPECT_EQ(joined, text) << bytes;
  }
}

// covers: U14
TEST_F(files_paging, a_file_that_changes_between_pages_is_noticed) {
  write("a.ndjson", "1\n2\n3\n");
  const page first = fetch(request("a.ndjson", by(1)));
  ASSERT_FALSE(first.end);
  EXPECT_EQ(fetch(request("a.ndjson", by(1)), first.next_state).body.view(), "2\n");
  write("a.ndjson", "1\n2\n3\n4\n");
  EXPECT_THAT(failure_of(request("a.ndjson", by(1)), first.next_state), StartsWith("SLU-3207"));
}

// covers: U14
TEST_F(files_paging, a_file_that_appears_between_pages_is_noticed) {
  write("b.ndjson", "1\n2\n");
  const page first = fetch(request("*.ndjson", by(1)));
  write("a.ndjson", "0\n");
  EXPECT_THAT(failure_of(request("*.ndjson", by(1)), first.next_state), StartsWith("SLU-3207"));
}

TEST_F(files_paging, a_foreign_state_is_refused) {
  write("a.ndjson", "1\n2\n");
  EXPECT_THAT(failure_of(request("a.ndjson"), "x"), StartsWith("SLU-3209"));
  EXPECT_THAT(failure_of(request("a.ndjson"), R"({"file":"a.ndjson"})"), StartsWith("SLU-3209"));
  EXPECT_THAT(failure_of(request("a.ndjson"), R"({"file":"a.ndjson","offset":"-1","print":"x"})"),
              StartsWith("SLU-3209"));
  EXPECT_THAT(failure_of(request("a.ndjson"), R"({"file":"a.ndjson","offset":"1","print":"x"})"),
              StartsWith("SLU-3207"));
}

}  // namespace
}  // namespace sluice::files::test
