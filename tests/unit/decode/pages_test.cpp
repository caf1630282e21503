// Pages as a whole: where the records are, what is no page at all, and that nothing cut off counts as complete.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/decode/support.hpp"

namespace sluice::decode::test {
namespace {

using testing::StartsWith;

const std::string data =
    R"({"records":"/data","into":[{"stream":"things","map":{"external_id":{"at":"/id"},"name":{"at":"/name"}}}]})";
const std::string root =
    R"({"records":"","into":[{"stream":"things","map":{"external_id":{"at":"/id"},"name":{"at":"/name"}}}]})";

TEST(decode_pages, records_are_found_at_their_pointer) {
  EXPECT_EQ(run(data, R"({"next":null,"data":[{"id":"1"},{"id":"2"}],"total":2})").out.records, 2);
  EXPECT_EQ(run(data, R"({"data":[]})").out.records, 0);
  EXPECT_EQ(run(root, R"([{"id":"1"}])").out.records, 1);
  EXPECT_EQ(run(root, R"({"id":"1"})").out.records, 1);
  EXPECT_EQ(
      run(R"({"records":"/a/1/b","into":[]})", R"({"a":[{"b":[1]},{"b":[1,2,3]},{"b":5}]})").out.records, 3);
  EXPECT_EQ(run(R"({"records":"/a~1b","into":[]})", R"({"a\/b":[1]})").out.records, 1);
}

// covers: U10
TEST(decode_pages, a_missing_records_pointer_is_an_error_and_never_an_empty_page) {
  EXPECT_EQ(
      page_error(data, R"({"data":null,"next":"x"})"),
      R"(SLU-4106 expected an array at `/data`, found null; the page begins: {"data":null,"next":"x"})");
  EXPECT_EQ(page_error(data, "{}"),
            "SLU-4106 expected an array at `/data`, found nothing; the page begins: {}");
  EXPECT_EQ(page_error(data, "null"),
            "SLU-4106 expected an array at `/data`, found nothing; the page begins: null");
  EXPECT_EQ(page_error(root, "null"), "SLU-4106 expected an array at ``, found null; the page begins: null");
  EXPECT_THAT(page_error(data, R"({"data":"x"})"),
              StartsWith(R"(SLU-4106 expected an array at `/data`, found "x"; t)"));
  const std::string longer = R"({"data":3,"pad":")" + std::string(500, 'p') + R"("})";
  EXPECT_EQ(page_error(data, longer), "SLU-4106 expected an array at `/data`, found 3; the page begins: " +
                                          longer.substr(0, 120) + "…");
}

TEST(decode_pages, the_last_of_duplicate_records_keys_counts) {
  const decoded d = run(data, R"({"data":[{"id":"1"},{"id":"2"}],"data":[{"id":"3"}]})");
  EXPECT_EQ(d.out.records, 1);
  EXPECT_EQ(d.cell("things", "external_id"), "3");
  EXPECT_THAT(page_error(data, R"({"data":[{"id":"1"}],"data":null})"), StartsWith("SLU-4106"));
}

// covers: U10
TEST(decode_pages, what_is_no_page_is_named) {
  EXPECT_THAT(page_error(data, ""), StartsWith("SLU-4101 (retry) the page is e"));
  EXPECT_THAT(page_error(data, " \r\n"), StartsWith("SLU-4101"));
  EXPECT_EQ(page_error(data, "<!DOCTYPE html>\n<title>Login"),
            "SLU-4102 expected JSON, found HTML or XML; the page begins: <!DOCTYPE html> <title>Login");
  EXPECT_THAT(page_error(data, "Bad gateway"), StartsWith("SLU-4102 expected JSON, found something els"));
  EXPECT_THAT(page_error(data, std::string("\xff\xfe{\0", 4)), StartsWith("SLU-4105"));
  EXPECT_THAT(page_error(data, R"({"data":[1,]})"),
              StartsWith("SLU-4104 the page is not JSON: expected a value, found `]` at"));
  EXPECT_THAT(page_error(data, R"({"data":[]}{})"), StartsWith("SLU-4104"));
  EXPECT_THAT(page_error(data, R"({"data":[],"x":tru})"), StartsWith("SLU-4104"));
  EXPECT_THAT(page_error(data, R"({"data":[],"x":01})"), StartsWith("SLU-4104"));
  EXPECT_THAT(page_error(data, R"({"data":[],"x":{"a":1]})"), StartsWith("SLU-4104"));
  EXPECT_THAT(page_error(data, R"({"data":[],"x":{"a" 1}})"), StartsWith("SLU-4104"));
  EXPECT_THAT(page_error(data, R"({"data":[],"x":{a:1}})"), StartsWith("SLU-4104"));
  EXPECT_EQ(page_error(data, "{\"data\":[\"a\nb\"]}"),
            "SLU-4104 the page is not JSON: a control character that isn't escaped at byte 11; the page "
            "begins: {\"data\":[\"a b\"]}");
}

// covers: U7
TEST(decode_pages, a_page_cut_anywhere_is_never_complete) {
  const std::string page =
      R"( {"meta":{"a":[1,{"b":null}],"c":"x\"y"},"data":[{"id":"1","name":"é","n":-1.5e3},{"id":"2","t":[true,false]},{}],"z":"end"})";
  ASSERT_EQ(run(data, page).out.records, 3);
  for (std::size_t size = 0; size < page.size(); ++size) {
    const std::string got = page_error(data, page.substr(0, size));
    ASSERT_NE(got, "no error") << page.substr(0, size);
    // A cut within a character can't be told from damage; everything else is known as cut off.
    if (got.find("(retry)") == std::string::npos) {
      EXPECT_EQ(static_cast<unsigned char>(page[size]) & 0xc0U, 0x80U) << page.substr(0, size) << "\n" << got;
    }
  }
}

// covers: U8
TEST(decode_pages, a_byte_order_mark_is_taken_away) {
  const std::string page = "\xef\xbb\xbf[{\"id\":\"1\"},{\"id\":5,\"name\":1.5}]";
  const decoded d = run(root, page);
  EXPECT_EQ(d.out.records, 2);
  EXPECT_EQ(d.out.raw({format::json, page}, 1), R"({"id":5,"name":1.5})");
}

// covers: U8
TEST(decode_pages, invalid_utf8_costs_its_own_record) {
  const decoded d = run(data,
                        "{\"data\":[{\"id\":\"1\"},{\"id\":\"2\",\"name\":\"\xff\xfe\"},{\"id\":\"3\","
                        "\"name\":\"\xc3\xa9\"},{\"id\":\"4\",\"x\":\"\xed\xa0\x80\"}]}");
  EXPECT_EQ(d.out.records, 4);
  EXPECT_EQ(d.out.rejected, 2);
  EXPECT_EQ(d.accepted("things"), 2);
  EXPECT_EQ(d.cell("things", "name", 1), "é");
  EXPECT_EQ(d.out.rejects[0].reason, "holds bytes that are no UTF-8");
  EXPECT_EQ(d.out.rejects[0].raw, R"({"id":"2","name":"??"})");
  EXPECT_THAT(page_error(data, "{\"data\":[{\"id\":\"1\"}],\"x\":\"\xff\"}"), StartsWith("SLU-4105"));
  EXPECT_THAT(page_error(data, "{\"x\":\"\xff\",\"data\":[{\"id\":\"1\"}]}"), StartsWith("SLU-4105"));
}

TEST(decode_pages, records_that_are_no_objects_are_rejected_records) {
  const decoded d = run(data, R"({"data":[5,"x",null,[1],{"id":"1"}]})");
  EXPECT_EQ(d.out.rejected, 4);
  EXPECT_EQ(d.out.mapped, 1);
  EXPECT_EQ(d.of("things").rows, 1);
  EXPECT_EQ(d.out.rejects[2].reason, "expected an object, got null");
  EXPECT_EQ(d.out.rejects[2].stream, "");
  EXPECT_EQ(
      run(R"({"records":"","into":[{"stream":"things","map":{"external_id":{"at":""}}}]})", R"(["a","b"])")
          .accepted("things"),
      2);
}

// covers: U18, P25
TEST(decode_pages, depth_is_capped_for_a_record_and_never_overflows_the_stack) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_EQ(run(data, R"({"data":[{"id":"1","x":)" + nested(63) + "}]}").out.mapped, 1);
  const decoded d = run(data, R"({"data":[{"id":"1","x":)" + nested(64) + R"(},{"id":"2"}]})");
  EXPECT_EQ(d.refusal(), ": is nested deeper than 64 levels");
  EXPECT_EQ(d.out.mapped, 1);
  EXPECT_EQ(run(data, R"({"data":[)" + nested(200'000) + "]}").out.rejected, 1);
  EXPECT_EQ(run(data, R"({"data":[],"x":)" + nested(200'000) + "}").out.records, 0);
  EXPECT_THAT(page_error(data, std::string(200'000, '[')), StartsWith("SLU-4103 (retry)"));
}

// covers: U16, U20, P25
TEST(decode_pages, caps_hold_at_their_edge) {
  limits caps;
  caps.records = 3;
  EXPECT_EQ(run(data, R"({"data":[1,2,3]})", format::json, {}, caps).out.records, 3);
  EXPECT_THAT(page_error(data, R"({"data":[1,2,3,4]})", format::json, caps),
              StartsWith("SLU-4107 the page has more than 3 records: as"));
  EXPECT_THAT(page_error(root, "1\n2\n3\n4", format::ndjson, caps), StartsWith("SLU-4107"));
  caps = {};
  caps.record_bytes = 20;
  const decoded d =
      run(data, R"({"data":[{"id":"1","x":"123"},{"id":"1","x":"1234"}]})", format::json, {}, caps);
  EXPECT_EQ(d.refusal(), ": is larger than 20 bytes");
  caps = {};
  caps.text_bytes = 3;
  EXPECT_EQ(run(data, R"({"data":[{"id":"1","name":"abc"}]})", format::json, {}, caps).accepted("things"), 1);
  EXPECT_EQ(run(data, R"({"data":[{"id":"1","name":"abcd"}]})", format::json, {}, caps).refusal(),
            "name: is longer than 3 bytes");
  caps = {};
  caps.page_bytes = 11;
  EXPECT_EQ(run(data, R"({"data":[]})", format::json, {}, caps).out.records, 0);
  EXPECT_THAT(page_error(data, R"({"data": []})", format::json, caps), StartsWith("SLU-4108"));
}

// covers: P16
TEST(decode_pages, what_is_kept_of_rejects_is_bounded) {
  limits caps;
  caps.reject_bytes = 10;
  caps.rejects_bytes = 15;
  const decoded d = run(data, R"({"data":["aaaaaaaaaaaaaa","éééééééééé","cc"]})", format::json, {}, caps);
  EXPECT_EQ(d.out.rejects[0].raw, R"("aaaaaaaaa)");
  EXPECT_EQ(d.out.rejects[1].raw, R"("éééé)");
  EXPECT_EQ(d.out.rejects[2].raw, "");
}

TEST(decode_pages, a_scratch_serves_programs_in_turn) {
  const program a = compile(data, streams()),
                b = compile(one_column("count", R"({"at":"/name"})"), streams());
  scratch reuse;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(decode(a, {format::json, R"({"data":[{"id":"1","name":"x"}]})"}, {}, reuse).rejects.size(), 0U);
    EXPECT_EQ(decode(b, {format::json, R"({"data":[{"id":"1","name":"x"}]})"}, {}, reuse).rejects.size(), 1U);
    EXPECT_THROW((void)decode(a, {format::json, R"({"data":[{"id":)"}, {}, reuse), error);
  }
}

}  // namespace
}  // namespace sluice::decode::test
