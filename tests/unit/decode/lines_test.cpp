// NDJSON and CSV.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/decode/support.hpp"

namespace sluice::decode::test {
namespace {

using testing::StartsWith;

const std::string root =
    R"({"records":"","into":[{"stream":"things","map":{"external_id":{"at":"/id"},"name":{"at":"/name"},
  "count":{"at":"/n"},"amount":{"at":"/a"},"flag":{"at":"/f"}}}]})";

// covers: P1
TEST(decode_ndjson, a_broken_line_costs_its_own_record) {
  const std::string page =
      "{\"id\":\"1\"}\r\n\n  \n{\"id\":\"2\"\n{\"id\":\"3\",\"name\":\"un}\n{\"id\":\"4\"} "
      "x\n{\"id\":\"\xff\"}\n[]\n{\"id\":\"5\",\"name\":\"\\u0000\"}\n{\"id\":\"6\"}";
  const decoded d = run(root, page, format::ndjson);
  EXPECT_EQ(d.out.records, 8);
  EXPECT_EQ(d.out.mapped, 3);
  EXPECT_EQ(d.out.rejected, 5);
  ASSERT_EQ(d.out.rejects.size(), 6U);
  EXPECT_EQ(d.out.rejects[0].reason, "is not JSON: expected `,` or `}`, but the text ends at byte 9");
  EXPECT_EQ(d.out.rejects[0].raw, "{\"id\":\"2\"");
  EXPECT_EQ(d.out.rejects[1].reason, "is not JSON: it ends within a text");
  EXPECT_EQ(d.out.rejects[2].reason, "is not JSON: expected nothing more, found `x` at byte 11");
  EXPECT_EQ(d.out.rejects[3].reason, "holds bytes that are no UTF-8");
  EXPECT_EQ(d.out.rejects[3].raw, "{\"id\":\"?\"}");
  EXPECT_EQ(d.out.rejects[4].reason, "expected an object, got an array");
  EXPECT_EQ(d.out.rejects[5].stream, "things");
  EXPECT_EQ(d.cell("things", "external_id", 1), "6");
  EXPECT_EQ(d.of("things").ordinals, (std::vector<std::uint32_t>{0, 7}));
  EXPECT_EQ(d.out.raw({format::ndjson, page}, 7), "{\"id\":\"6\"}");
}

TEST(decode_ndjson, a_records_pointer_makes_no_sense) {
  EXPECT_THAT(page_error(R"({"records":"/data","into":[]})", "{}", format::ndjson), StartsWith("SLU-4106"));
  EXPECT_THAT(page_error(root, "\n", format::ndjson), StartsWith("SLU-4101"));
}

TEST(decode_csv, the_header_names_the_fields_and_values_are_read_by_their_column) {
  const std::string page =
      "\xef\xbb\xbfid,name,n,a,f\r\n1,\"a \"\"b\"\", "
      "c\",42,12.50,true\r\n\r\n2,,,,\r\n3,\"\",7,1e2,false\n\"4\",\"x\ny\",9,0.10,true";
  const decoded d = run(root, page, format::csv);
  EXPECT_EQ(d.out.records, 4);
  EXPECT_EQ(d.refusal(), "0 rejects");
  EXPECT_EQ(d.cell("things", "name", 0), "a \"b\", c");
  EXPECT_EQ(d.cell("things", "count", 0), "42");
  EXPECT_EQ(d.cell("things", "amount", 0), "12.50");
  EXPECT_EQ(d.cell("things", "flag", 0), "true");
  EXPECT_EQ(d.cell("things", "name", 1), std::nullopt);
  EXPECT_EQ(d.cell("things", "name", 2), "");
  EXPECT_EQ(d.cell("things", "name", 3), "x\ny");
  EXPECT_EQ(d.out.raw({format::csv, page}, 3), "\"4\",\"x\ny\",9,0.10,true");
}

// covers: P1, U23
TEST(decode_csv, a_row_of_another_width_or_with_bad_bytes_is_a_rejected_record) {
  const decoded d = run(root, "id,name\n1\n2,a,b\n3,\xff\n4,ok\n", format::csv);
  EXPECT_EQ(d.out.rejected, 3);
  EXPECT_EQ(d.out.rejects[0].reason, "has 1 fields, the header has 2 (line 2)");
  EXPECT_EQ(d.out.rejects[1].reason, "has 3 fields, the header has 2 (line 3)");
  EXPECT_EQ(d.out.rejects[2].reason, "holds bytes that are no UTF-8");
  EXPECT_EQ(d.accepted("things"), 1);
}

TEST(decode_csv, broken_quotes_spoil_the_page_and_name_the_line) {
  EXPECT_THAT(page_error(root, "id,name\n1,\"a\nb\"\n2,\"open\n3,x\n", format::csv),
              StartsWith("SLU-4109 line 4 of the CSV page ope"));
  EXPECT_THAT(page_error(root, "id,name\n1,a\"b\n", format::csv),
              StartsWith("SLU-4109 line 2 of the CSV page has a qu"));
  EXPECT_THAT(page_error(root, "id,name\n1,\"a\"b\n", format::csv),
              StartsWith("SLU-4109 line 2 of the CSV page has text "));
}

TEST(decode_csv, the_header_must_be_whole) {
  EXPECT_EQ(page_error(root, "id,id\n", format::csv), "SLU-4109 the CSV header names `id` twice");
  EXPECT_EQ(page_error(root, "id,,x\n", format::csv), "SLU-4109 column 2 of the CSV header has no name");
  EXPECT_EQ(run(root, "id,name\n", format::csv).out.records, 0);
}

TEST(decode_csv, conditions_see_texts) {
  const std::string spec =
      R"({"records":"","where":[{"at":"/f","is":true},{"at":"/n","is":1}],"into":[{"stream":"things","map":{"external_id":{"at":"/id"}}}]})";
  EXPECT_EQ(run(spec, "id,f,n\n1,true,1\n2,false,1\n3,true,1.0\n4,true,2\n", format::csv).out.mapped, 2);
}

}  // namespace
}  // namespace sluice::decode::test
