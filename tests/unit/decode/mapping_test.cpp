// Records → rows: where, explode, first, concat, templates, keys, deletes, children.
#include <gtest/gtest.h>

#include "unit/decode/support.hpp"

namespace sluice::decode::test {
namespace {

std::string things(const std::string& map, const std::string& rest = "") {
  return R"({"records":"","into":[{"stream":"things","map":{)" + map + "}" + rest + "}]}";
}
const std::string id = R"("external_id":{"at":"/id"})";

// covers: U23, P18
TEST(decode_mapping, a_required_value_that_is_missing_names_the_pointer) {
  EXPECT_EQ(run(things(id), R"([{"x":1}])").refusal(), "external_id: is required, but `/id` is missing");
  EXPECT_EQ(run(things(id), R"([{"id":null}])").refusal(), "external_id: is required, but `/id` is null");
  EXPECT_EQ(run(things(id), R"([{"id":""}])").refusal(), "external_id: is part of a key and empty");
  EXPECT_EQ(run(things(id), R"([{"id":")" + std::string(1025, 'k') + R"("}])").refusal(),
            "external_id: is part of a key and longer than 1024 bytes");
  EXPECT_EQ(run(things(R"("external_id":{"template":"${parent.id}"})"), R"([{}])").refusal(),
            "external_id: is required, but `${parent.id}` has no value here");
}

TEST(decode_mapping, a_reject_keeps_the_record_and_its_place) {
  const decoded d =
      run(things(id + R"(,"count":{"at":"/n"})"), R"([{"id":"a","n":1}, {"id":"b", "n":"x"} ,{"id":"c"}])");
  ASSERT_EQ(d.out.rejects.size(), 1U);
  const reject& r = d.out.rejects[0];
  EXPECT_EQ(r.ordinal, 1);
  EXPECT_EQ(r.stream, "things");
  EXPECT_EQ(r.key, "b");
  EXPECT_EQ(r.raw, R"({"id":"b", "n":"x"})");
  EXPECT_EQ(d.of("things").rows, 3);
  EXPECT_EQ(d.of("things").rejected, 1);
  EXPECT_EQ(d.of("things").ordinals, (std::vector<std::uint32_t>{0, 2}));
  EXPECT_EQ(d.out.mapped, 3);
  EXPECT_EQ(d.cell("things", "external_id", 1), "c");
}

TEST(decode_mapping, fields_come_in_any_order_and_the_last_duplicate_counts) {
  const std::string spec = things(id + R"(,"name":{"at":"/a/b"},"count":{"at":"/a/c"})");
  const decoded d = run(
      spec,
      R"([{"a":{"c":1,"b":"x"},"id":"1"},{"id":"2","a":{"b":"y"}},{"id":"3","id":"4","a":{"b":"z","c":9},"a":{"c":2}}])");
  EXPECT_EQ(d.cell("things", "name", 0), "x");
  EXPECT_EQ(d.cell("things", "count", 0), "1");
  EXPECT_EQ(d.cell("things", "name", 1), "y");
  EXPECT_EQ(d.cell("things", "count", 1), std::nullopt);
  EXPECT_EQ(d.cell("things", "external_id", 2), "4");
  EXPECT_EQ(d.cell("things", "name", 2), std::nullopt);  // the first `a` is gone with all in it
  EXPECT_EQ(d.cell("things", "count", 2), "2");
}

TEST(decode_mapping, pointers_reach_escaped_keys_and_array_elements) {
  const decoded d =
      run(things(R"("external_id":{"at":"/a~1b~0c"},"name":{"at":"/list/1/n"},"count":{"at":"/k\"é"})"),
          R"([{"a\/b~c":"i","list":[{"n":"no"},{"n":"yes"}],"k\"\u00e9":7}])");
  EXPECT_EQ(d.cell("things", "external_id"), "i");
  EXPECT_EQ(d.cell("things", "name"), "yes");
  EXPECT_EQ(d.cell("things", "count"), "7");
}

TEST(decode_mapping, a_pointer_through_a_scalar_finds_nothing) {
  EXPECT_EQ(run(things(id + R"(,"name":{"at":"/a/b"})"), R"([{"id":"1","a":"text"}])").cell("things", "name"),
            std::nullopt);
}

TEST(decode_mapping, where_of_the_read_and_of_an_into_filters) {
  const std::string spec = R"({"records":"/data","where":[{"at":"/type","is":"user"}],"into":[
    {"stream":"things","where":[{"at":"/n","not":0}],"map":{"external_id":{"at":"/id"}}}]})";
  const decoded d = run(
      spec,
      R"({"data":[{"type":"user","id":"1","n":1},{"type":"bot","id":"2"},{"type":"user","id":"3","n":0.0},{"id":"4"}]})");
  EXPECT_EQ(d.out.records, 4);
  EXPECT_EQ(d.out.mapped, 1);
  EXPECT_EQ(d.out.filtered, 3);
  EXPECT_EQ(d.accepted("things"), 1);
}

TEST(decode_mapping, every_kind_of_condition) {
  const auto passes = [](const std::string& condition, const std::string& v) {
    const std::string spec = R"({"records":"","where":[)" + condition +
                             R"(],"into":[{"stream":"things","map":{"external_id":{"const":"1"}}}]})";
    return run(spec, "[{" + v + "}]").out.mapped == 1;
  };
  EXPECT_TRUE(passes(R"({"at":"/v","is":1})", R"("v":1.0)"));
  EXPECT_FALSE(passes(R"({"at":"/v","is":1})", R"("v":"1")"));
  EXPECT_TRUE(passes(R"({"at":"/v","is":true})", R"("v":true)"));
  EXPECT_FALSE(passes(R"({"at":"/v","is":true})", R"("v":1)"));
  EXPECT_TRUE(passes(R"({"at":"/v","is":null})", ""));
  EXPECT_TRUE(passes(R"({"at":"/v","is":"é"})", R"("v":"\u00e9")"));
  EXPECT_TRUE(passes(R"({"at":"/v","not":"x"})", ""));
  EXPECT_TRUE(passes(R"({"at":"/v","prefix":"ab"})", R"("v":"abc")"));
  EXPECT_FALSE(passes(R"({"at":"/v","prefix":"ab"})", R"("v":5)"));
  EXPECT_TRUE(passes(R"({"at":"/v","exists":true})", R"("v":[])"));
  EXPECT_FALSE(passes(R"({"at":"/v","exists":true})", R"("v":null)"));
  EXPECT_TRUE(passes(R"({"at":"/v","exists":false})", R"("v":null)"));
}

TEST(decode_mapping, first_takes_from_the_first_element_that_matches) {
  const std::string spec =
      things(id + R"(,"name":{"at":"/emails","first":[{"at":"/primary","is":true}],"then":"/value"})");
  const decoded d = run(
      spec, R"([{"id":"1","emails":[{"value":"a"},{"primary":true,"value":"b"},{"primary":true,"value":"c"}]},
    {"id":"2","emails":[]},{"id":"3"},{"id":"4","emails":[{"primary":true}]},{"id":"5","emails":"x"}])");
  EXPECT_EQ(d.cell("things", "name", 0), "b");
  for (std::size_t row = 1; row < 4; ++row) EXPECT_EQ(d.cell("things", "name", row), std::nullopt);
  EXPECT_EQ(d.refusal(), R"(name: expected an array, got "x")");
}

TEST(decode_mapping, concat_joins_and_is_missing_when_a_part_is) {
  const std::string spec =
      things(id + R"(,"name":{"concat":[{"at":"/a"},{"const":"-"},{"at":"/b","default":"none"}]})");
  const decoded d = run(spec, R"([{"id":"1","a":"x\ty","b":7},{"id":"2","a":"x"},{"id":"3","b":"y"}])");
  EXPECT_EQ(d.cell("things", "name", 0), "x\ty-7");
  EXPECT_EQ(d.cell("things", "name", 1), "x-none");
  EXPECT_EQ(d.cell("things", "name", 2), std::nullopt);
}

TEST(decode_mapping, any_takes_the_first_that_is_there_as_it_says) {
  const std::string spec = things(
      id +
      R"(,"name":{"any":[{"at":"/customer/id"},{"at":"/customer"},{"concat":[{"const":"c-"},{"at":"/n"}]}],"default":"none"},
    "amount":{"any":[{"at":"/minor","scale":-2,"negate":true},{"at":"/units"},{"at":"/x","default":7}]})");
  const decoded d = run(
      spec, R"([{"id":"1","customer":{"id":"a\"b"},"minor":-1250},{"id":"2","customer":"b","units":"3.10"},
    {"id":"3","customer":null,"n":4,"minor":null,"units":1},{"id":"4"}])");
  for (const auto& [row, name, amount] : std::vector<std::tuple<std::size_t, std::string, std::string>>{
           {0, "a\"b", "12.50"}, {1, "b", "3.10"}, {2, "c-4", "1"}, {3, "none", "7"}}) {
    EXPECT_EQ(d.cell("things", "name", row), name);
    EXPECT_EQ(d.cell("things", "amount", row), amount);
  }
  EXPECT_EQ(run(spec, R"([{"id":"1","customer":{"name":"x"}}])").refusal(),
            "name: expected text, got an object");
}

TEST(decode_mapping, any_joins_what_there_is_of_a_name) {
  const decoded d = run(
      things(id + R"(,"name":{"any":[{"concat":[{"at":"/a"},{"const":" "},{"at":"/b"}]},{"at":"/a"},{"at":"/b"}]})"),
      R"([{"id":"1","a":"Ada","b":"Lovelace"},{"id":"2","a":"Ada"},{"id":"3","b":"Lovelace"},{"id":"4","a":null}])");
  EXPECT_EQ(d.cell("things", "name", 0), "Ada Lovelace");
  EXPECT_EQ(d.cell("things", "name", 1), "Ada");
  EXPECT_EQ(d.cell("things", "name", 2), "Lovelace");
  EXPECT_EQ(d.cell("things", "name", 3), std::nullopt);
}

TEST(decode_mapping, any_goes_within_concat_and_what_is_kept) {
  const decoded d =
      run(R"({"records":"","keep":{"c":{"any":[{"at":"/c/id"},{"at":"/c"}]}},"children":[{"stage":"r.all"}],
    "into":[{"stream":"things","map":{"external_id":{"concat":[{"const":"c/"},{"any":[{"at":"/c/id"},{"at":"/c"}]}]}}}]})",
          R"([{"c":{"id":1}},{"c":"2"}])");
  EXPECT_EQ(d.cell("things", "external_id", 0), "c/1");
  EXPECT_EQ(d.cell("things", "external_id", 1), "c/2");
  EXPECT_EQ(d.out.children.at(0).vars, R"({"parent.c":"1"})");
  EXPECT_EQ(d.out.children.at(1).vars, R"({"parent.c":"2"})");
}

TEST(decode_mapping, templates_take_the_variables_of_the_page) {
  const std::string spec =
      things(R"("external_id":{"template":"${tenant}/${parent.id}$${x}"},"name":{"template":"${subject}"})");
  const decoded d = run(spec, "[{}]", format::json, {{"tenant", "acme"}, {"parent.id", "r 1"}});
  EXPECT_EQ(d.cell("things", "external_id"), "acme/r 1${x}");
  EXPECT_EQ(d.cell("things", "name"), std::nullopt);
}

TEST(decode_mapping, defaults_and_constants_are_typed) {
  const std::string spec =
      things(id + R"(,"count":{"at":"/n","default":3},"amount":{"const":"1.50"},"flag":{"const":true},
    "at":{"at":"/t","as":"epoch_s","default":"1970-01-01T00:00:01Z"})");
  const decoded d = run(spec, R"([{"id":"1","n":null}])");
  EXPECT_EQ(d.cell("things", "count"), "3");
  EXPECT_EQ(d.cell("things", "amount"), "1.50");
  EXPECT_EQ(d.cell("things", "flag"), "true");
  EXPECT_EQ(d.cell("things", "at"), "1000000");
}

TEST(decode_mapping, explode_nests_over_arrays_and_maps) {
  const std::string spec =
      R"({"records":"","into":[{"stream":"links","explode":[{"at":"/groups","key":"g"},{"at":"","key":"n"}],
    "where":[{"at":"","not":"skip"}],
    "map":{"from.external_id":{"at":"^^/id"},"to.external_id":{"at":""},"note":{"template":"${g}#${n}"}}}]})";
  const decoded d =
      run(spec, R"([{"id":"u/1","groups":{"a%b":["x","skip","y"],"empty":[],"c":null}},{"id":"u2"}])");
  EXPECT_EQ(d.accepted("links"), 2);
  EXPECT_EQ(d.cell("links", "external_id", 0), "u%2F1/x/a%25b#0");
  EXPECT_EQ(d.cell("links", "external_id", 1), "u%2F1/y/a%25b#2");
  EXPECT_EQ(d.cell("links", "from.external_id", 1), "u/1");
  EXPECT_EQ(d.out.mapped, 2);
}

TEST(decode_mapping, a_condition_can_ask_for_the_key_of_the_element) {
  const std::string spec =
      R"({"records":"","into":[{"stream":"links","explode":[{"at":"/attributes","key":"k"}],
    "where":[{"at":"${k}","prefix":"credits."},{"at":"${k}","not":"credits.old"}],
    "map":{"from.external_id":{"at":"^/id"},"to.external_id":{"at":"/0"},"note":{"template":"${k}"}}}]})";
  const decoded d = run(
      spec,
      R"([{"id":"u","attributes":{"tags":["a"],"credits.old":["1"],"credits.calls":["7"],"xcredits.":["2"]}}])");
  EXPECT_EQ(d.accepted("links"), 1);
  EXPECT_EQ(d.cell("links", "note"), "credits.calls");
  EXPECT_EQ(d.cell("links", "to.external_id"), "7");
}

TEST(decode_mapping, exploding_a_scalar_is_a_rejected_row) {
  const std::string spec = R"({"records":"","into":[{"stream":"links","explode":[{"at":"/g"}],
    "map":{"from.external_id":{"at":"^/id"},"note":{"at":"/n"}}}]})";
  const decoded d = run(spec, R"([{"id":"1","g":5},{"id":"2","g":[{"n":"ok"}]}])");
  EXPECT_EQ(d.refusal(), "/g: expected an array or an object to explode, got 5");
  EXPECT_EQ(d.of("links").rows, 2);
  EXPECT_EQ(d.of("links").rejected, 1);
  EXPECT_EQ(d.cell("links", "external_id"), "2//ok");  // a part that is missing is empty
}

// covers: U22
TEST(decode_mapping, a_required_reference_must_be_there_and_an_optional_one_may_be_empty) {
  const std::string spec =
      R"({"records":"","into":[{"stream":"links","map":{"from.external_id":{"at":"/f"},"to.external_id":{"at":"/t"},"note":{"const":"n"}}}]})";
  EXPECT_EQ(run(spec, R"([{"t":"x"}])").refusal(), "from.external_id: is required, but `/f` is missing");
  EXPECT_EQ(run(spec, R"([{"f":"","t":"x"}])").refusal(), "from.external_id: is part of a key and empty");
  EXPECT_EQ(run(spec, R"([{"f":"a","t":""}])").cell("links", "to.external_id"), std::nullopt);
}

TEST(decode_mapping, a_deleted_row_needs_its_key_alone) {
  const std::string spec =
      R"({"records":"","into":[{"stream":"links","deleted_when":[{"at":"/gone","is":true}],
    "map":{"external_id":{"at":"/id"},"from.external_id":{"at":"/f"},"note":{"at":"/n"}}}]})";
  const decoded d =
      run(spec, R"([{"id":"1","gone":true},{"id":"2","f":"x","n":"y"},{"gone":true},{"id":"3"}])");
  EXPECT_EQ(d.cell("links", "_deleted", 0), "true");
  EXPECT_EQ(d.cell("links", "_deleted", 1), std::nullopt);
  ASSERT_EQ(d.out.rejects.size(), 2U);
  EXPECT_EQ(d.out.rejects[0].reason, "is required, but `/id` is missing");
  EXPECT_EQ(d.out.rejects[1].reason, "is required, but `/f` is missing");
}

TEST(decode_mapping, attributes_keep_what_no_column_takes) {
  const decoded d = run(things(id, R"(,"attributes":["/a","/b/c","/none","/n"])"),
                        R"([{"id":"1","a":{"x" : 1},"b":{"c":"t\u0041"},"n":null},{"id":"2"}])");
  EXPECT_EQ(d.cell("things", "attributes", 0), R"({"a":{"x":1},"b/c":"t\u0041","n":null})");
  EXPECT_EQ(d.cell("things", "attributes", 1), std::nullopt);
}

TEST(decode_mapping, one_record_feeds_several_streams) {
  const std::string spec = R"({"records":"","into":[{"stream":"things","map":{"external_id":{"at":"/id"}}},
    {"stream":"links","map":{"from.external_id":{"at":"/id"},"note":{"at":"/note"}}}]})";
  const decoded d = run(spec, R"([{"id":"1","note":"a"},{"id":"2"}])");
  EXPECT_EQ(d.accepted("things"), 2);
  EXPECT_EQ(d.of("links").rows, 2);
  EXPECT_EQ(d.accepted("links"), 1);
  EXPECT_EQ(d.out.mapped, 2);
}

TEST(decode_mapping, records_become_children_on_a_condition_with_what_is_kept) {
  const std::string spec =
      R"({"records":"","keep":{"id":{"at":"/id"},"n":{"at":"/n"},"from":{"template":"${parent.id}"}},
    "children":[{"stage":"r.all"},{"stage":"r.parts","if":[{"at":"/composite","is":true}]}]})";
  const decoded d = run(spec, R"([{"id":"a\"\u0009","n":1.5,"composite":true},{"id":2},{"id":{}}])",
                        format::json, {{"parent.id", "p"}});
  ASSERT_EQ(d.out.children.size(), 3U);
  EXPECT_EQ(d.out.children[0].stage, "r.all");
  EXPECT_EQ(d.out.children[0].vars, R"({"parent.from":"p","parent.id":"a\"\u0009","parent.n":"1.5"})");
  EXPECT_EQ(d.out.children[1].stage, "r.parts");
  EXPECT_EQ(d.out.children[2].vars, R"({"parent.from":"p","parent.id":"2"})");
  EXPECT_EQ(d.refusal(), "keep.id: expected text, got an object");
  EXPECT_EQ(d.out.mapped, 2);
  EXPECT_EQ(d.out.rejected, 1);
}

TEST(decode_mapping, batches_split_at_their_limits) {
  std::string page;
  for (int i = 0; i < 140; ++i) {
    page += i == 0 ? "[" : ",";
    page += R"({"id":")" + std::to_string(i) + R"(","list":[1)";
    for (int k = 1; k < 500; ++k) page += ",1";
    page += "]}";
  }
  page += "]";
  const std::string spec = R"({"records":"","into":[{"stream":"links","explode":[{"at":"/list","key":"i"}],
    "map":{"from.external_id":{"at":"^/id"},"note":{"template":"${i}"}}}]})";
  const decoded d = run(spec, page);
  ASSERT_EQ(d.of("links").batches.size(), 2U);
  EXPECT_EQ(d.of("links").batches[0].get().length, 65'536);
  EXPECT_EQ(d.of("links").rows, 70'000);
  EXPECT_EQ(d.of("links").ordinals.size(), 70'000U);
  EXPECT_EQ(d.cell("links", "external_id", 69'999), "139//499");
}

TEST(decode_mapping, a_batch_stays_within_its_bytes) {
  const std::string text(1'000'000, 'x');
  std::string page = "[";
  for (int i = 0; i < 30; ++i)
    page += std::string(i > 0 ? "," : "") + R"({"id":")" + std::to_string(i) + R"(","v":")" + text + R"("})";
  page += "]";
  const decoded d =
      run(things(id + R"(,"name":{"at":"/v"},"extra":{"at":"/v"})", R"(,"attributes":["/v"])"), page);
  EXPECT_EQ(d.accepted("things"), 30);
  EXPECT_EQ(d.of("things").batches.size(), 2U);
  for (const auto& b : d.of("things").batches)
    EXPECT_EQ(check_batch(b.get(), wire_layout(*d.of("things").schema)), "");
}

}  // namespace
}  // namespace sluice::decode::test
