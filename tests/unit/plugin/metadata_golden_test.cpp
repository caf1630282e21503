// One thing wrong with an otherwise right plugin.json, and the exact line that says so.
#include <gtest/gtest.h>

#include "plugin/metadata.hpp"

namespace sluice::plugin {

namespace {

struct fault {
  const char* what;  // the name of the case
  const char* from;  // replaced in `right`
  const char* to;
  const char* line;
};

constexpr std::string_view right = R"({"name": "shop", "version": "1.0", "sdk": "1.0", "components": [
  {"kind": "domain", "name": "shop", "config": {"type": "object"}, "capabilities": {}, "streams": [
    {"name": "orders", "version": 1,
     "columns": [{"name": "kind", "type": "text", "required": true},
                 {"name": "external_id", "type": "text", "required": true},
                 {"name": "total", "type": "decimal"}],
     "key": ["kind", "external_id"], "derived_key": ["total"],
     "references": [{"name": "buyer", "to": "entities", "columns": ["kind", "external_id"]}],
     "measures": [{"name": "sales", "where": {"kind": "sale"}}],
     "indexes": [["buyer_id"]]}]}]})";

std::string report(std::string_view text) {
  std::string out;
  for (const problem& p : parse_metadata(std::string(text), "plugin.json").problems) {
    out += (out.empty() ? "" : "\n") + p.code + " " + to_line(p);
  }
  return out;
}

class metadata_fault : public ::testing::TestWithParam<fault> {};

}  // namespace

TEST(metadata, without_fault_has_no_problems) { EXPECT_EQ(report(right), ""); }

TEST_P(metadata_fault, is_reported_with_its_place) {
  std::string text(right);
  const std::string from = GetParam().from;
  ASSERT_NE(text.find(from), text.npos);
  text.replace(text.find(from), from.size(), GetParam().to);
  EXPECT_EQ(report(text), GetParam().line);
}

#define AT "SLU-2003 plugin.json: /components/0/streams/0"

INSTANTIATE_TEST_SUITE_P(
    all, metadata_fault,
    ::testing::Values(
        fault{"unknown_key", R"("version": 1,)", R"("versoin": 1,)",
              AT "/versoin: unknown key `versoin`; did you mean `version`?"},
        fault{"key_twice", R"("version": 1,)", R"("version": 1, "version": 2,)",
              "SLU-2002 plugin.json: /components/0/streams/0/version: key `version` stands here twice"},
        fault{"missing_key", R"("key": ["kind", "external_id"], )", "",
              AT ": lacks `key`\n" AT "/key: must end with `external_id`"},
        fault{"wrong_type", R"("version": 1,)", R"("version": "1",)",
              AT "/version: must be a whole number from 1 to 1000000, not \"1\""},
        fault{"unknown_column_type", R"("decimal")", R"("decimals")",
              AT "/columns/2/type: `decimals` is none of the types that there are; did you mean `decimal`?"},
        fault{"bad_name", R"("name": "total")", R"("name": "Total")",
              AT "/columns/2/name: `Total` is not a name; a name is a-z, then up to 62 of a-z 0-9 _\n" AT
                 "/derived_key/0: no wire column `total`; did you mean `Total`?"},
        fault{"reserved_column", R"({"name": "total")",
              R"({"name": "synced_at", "type": "text"}, {"name": "total")",
              AT "/columns/2/name: `synced_at` is a column that every table has; choose another name"},
        fault{"reserved_read_at", R"({"name": "total")",
              R"({"name": "read_at", "type": "timestamp"}, {"name": "total")",
              AT "/columns/2/name: `read_at` is a column that every table has; choose another name"},
        fault{"reserved_table", R"("name": "orders")", R"("name": "sluice_orders")",
              AT "/name: tables whose names begin with `sluice_` or `sqlite_` are the store's own; choose "
                 "another name"},
        fault{"column_twice", R"({"name": "total")", R"({"name": "kind", "type": "text"}, {"name": "total")",
              AT "/columns/2/name: column `kind` is declared twice"},
        fault{"key_not_text", R"({"name": "kind", "type": "text")", R"({"name": "kind", "type": "int")",
              AT "/key/0: key column `kind` must be of type text\n" AT
                 "/measures/0/where: column `kind` must be of type text"},
        fault{"key_not_required", R"("external_id", "type": "text", "required": true)",
              R"("external_id", "type": "text")",
              AT "/key/1: key column `external_id` must be required; write \"required\": true"},
        fault{"key_order", R"("key": ["kind", "external_id"])", R"("key": ["external_id", "kind"])",
              AT "/key: must end with `external_id`"},
        fault{"key_too_long", R"("key": ["kind", "external_id"])",
              R"("key": ["kind", "kind", "external_id"])", AT "/key: has 3 columns; at most two are allowed"},
        fault{"key_unknown", R"("key": ["kind", )", R"("key": ["kin", )",
              AT "/key/0: no column `kin` is declared; did you mean `kind`?"},
        fault{"derived_unknown", R"("derived_key": ["total"])", R"("derived_key": ["buyer.knid"])",
              AT "/derived_key/0: no wire column `buyer.knid`; did you mean `buyer.kind`?"},
        fault{"derived_from_itself", R"("derived_key": ["total"])", R"("derived_key": ["external_id"])",
              AT "/derived_key/0: `external_id` can't be derived from itself"},
        fault{"reference_columns", R"("columns": ["kind", "external_id"]})", R"("columns": ["kind"]})",
              AT "/references/0/columns: must be the key of `entities`: one or two columns that end with "
                 "`external_id`"},
        fault{"reference_taken", R"("name": "buyer")", R"("name": "tenant")",
              AT "/references/0/name: is stored as `tenant_id`, which is taken; rename the reference or the "
                 "column\n" AT "/indexes/0: no stored column `buyer_id`; known are: synced_at, deleted_at, "
                 "source_version, kind, "
                 "external_id, total, tenant_id"},
        fault{"on_missing", R"("to": "entities")", R"("to": "entities", "on_missing": "wait")",
              AT "/references/0/on_missing: `wait` is none of the on_missings that there are; known are: "
                 "defer, skip, "
                 "reject"},
        fault{"expire", R"("to": "entities")", R"("to": "entities", "expire": "1 day")",
              AT "/references/0/expire: `1 day` is not a duration; write it like 90s, 30m, 24h or 7d"},
        fault{"measure_column", R"("where": {"kind": "sale"})", R"("where": {"typ": "sale"})",
              AT "/measures/0/where: no column `typ` is declared; known are: kind, external_id, total"},
        fault{"measure_two", R"("where": {"kind": "sale"})", R"("where": {"kind": "sale", "total": "1"})",
              AT "/measures/0/where: has 2 columns; one is allowed"},
        fault{"index", R"([["buyer_id"]])", R"(["buyer_id"])",
              AT "/indexes/0: must be an array of stored columns"},
        fault{"no_streams", R"("streams": [)", R"("stream": [)",
              "SLU-2003 plugin.json: /components/0: lacks `streams`\nSLU-2003 plugin.json: "
              "/components/0/stream: unknown "
              "key `stream`; did you mean `streams`?"},
        fault{
            "secret_of_wrong_type", R"("config": {"type": "object"})",
            R"("config": {"type": "object", "properties": {"port": {"type": "integer", "x-secret": true}}})",
            "SLU-2003 plugin.json: /components/0/config/properties/port: is marked x-secret but is not of "
            "type string"},
        fault{"config_of_wrong_type", R"("config": {"type": "object"})", R"("config": {"type": "array"})",
              "SLU-2003 plugin.json: /components/0/config: must describe an object"},
        fault{"bad_sdk", R"("sdk": "1.0")", R"("sdk": "one")",
              "SLU-2003 plugin.json: /sdk: `one` is not a version; write it like \"1.0\""},
        fault{"request_of_a_domain", R"("capabilities": {})", R"("request": {})",
              "SLU-2003 plugin.json: /components/0/request: unknown key `request`; known are: capabilities, "
              "config, "
              "description, kind, name, reads, streams"},
        fault{"not_an_object", R"({"name": "sales", "where": {"kind": "sale"}})", "7",
              AT "/measures/0: must be an object, not number"},
        fault{"no_components", R"("components": [)", R"("components": [], "x": [)",
              "SLU-2003 plugin.json: /components: a plugin needs at least one component\nSLU-2003 "
              "plugin.json: /x: "
              "unknown key `x`; known are: components, description, license, name, sdk, version"}),
    [](const auto& one) { return std::string(one.param.what); });

// covers: P19
TEST(metadata, reports_all_faults_at_once) {
  std::string text(right);
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"\"1.0\", \"sdk\"", "\"\", \"sdk\""},
                                 {"\"decimal\"", "\"money\""},
                                 {"\"to\": \"entities\"", "\"too\": \"entities\""}}) {
    text.replace(text.find(from), from.size(), to);
  }
  const auto problems = parse_metadata(text, "plugin.json").problems;
  std::vector<std::string> pointers;
  for (const problem& p : problems) pointers.push_back(p.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/version", "/components/0/streams/0/columns/2/type",
                                                "/components/0/streams/0/references/0",
                                                "/components/0/streams/0/references/0/too"}));
}

TEST(metadata, that_is_not_json_says_where) {
  EXPECT_EQ(report("{\"name\": }"),
            "SLU-2002 plugin.json: parse error at line 1, column 10: syntax error while parsing value - "
            "unexpected '}'; "
            "expected '[', '{', or a literal");
  EXPECT_EQ(report(""),
            "SLU-2002 plugin.json: parse error at line 1, column 1: syntax error while parsing value - "
            "unexpected end of input; expected '[', '{', or a literal");
  EXPECT_EQ(report("[]"), "SLU-2003 plugin.json: must be an object, not array");
  EXPECT_NE(report(std::string(5000, '[') + std::string(5000, ']')).find("is nested deeper than 64 levels"),
            std::string::npos);
}

}  // namespace sluice::plugin
