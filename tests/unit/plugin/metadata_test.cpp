#include "plugin/metadata.hpp"

#include <gtest/gtest.h>

namespace sluice::plugin {

namespace {

constexpr const char* complete = R"({
  "name": "roles", "version": "2.1.0", "sdk": "1.0", "description": "Roles.", "license": "Apache-2.0",
  "components": [
    {"kind": "domain", "name": "roles", "description": "who may do what",
     "config": {"type": "object", "properties": {"key": {"type": "string", "x-secret": true}}},
     "capabilities": {"transform": true},
     "streams": [
       {"name": "roles", "version": 3, "description": "roles",
        "columns": [{"name": "external_id", "type": "text", "required": true,
                     "description": "id"},
                    {"name": "composite", "type": "bool"}, {"name": "since", "type": "timestamp"},
                    {"name": "share", "type": "decimal"}, {"name": "born", "type": "date"},
                    {"name": "rank", "type": "int"}, {"name": "weight", "type": "float"},
                    {"name": "raw", "type": "json"}],
        "key": ["external_id"], "measures": [{"name": "roles"},
                                                {"name": "own", "where": {"external_id": "own"}}]},
       {"name": "role_assignments",
        "columns": [{"name": "external_id", "type": "text", "required": true}],
        "key": ["external_id"], "derived_key": ["entity.kind", "entity.external_id", "role.external_id"],
        "references": [{"name": "entity", "to": "entities", "columns": ["kind", "external_id"],
                        "required": true, "on_missing": "defer", "expire": "12h"},
                       {"name": "role", "to": "roles", "columns": ["external_id"], "on_missing": "reject"}],
        "indexes": [["entity_id"], ["role_id", "synced_at"]]}],
     "reads": {"roles": {"request": {"path": "/roles"}}}},
    {"kind": "source", "name": "crm", "request": {"type": "object"}},
    {"kind": "teleporter", "name": "later", "whatever": 1}
  ]})";

}  // namespace

TEST(metadata, is_read_in_full) {
  const metadata_result r = parse_metadata(complete, "plugin.json");
  ASSERT_TRUE(r.value.has_value()) << to_line(r.problems.at(0));
  const metadata& m = *r.value;
  EXPECT_EQ(m.name, "roles");
  EXPECT_EQ(m.version, "2.1.0");
  EXPECT_EQ(to_text(m.sdk), "1.0");
  EXPECT_EQ(m.text, complete);
  ASSERT_EQ(m.components.size(), 2U);
  const component& c = m.components[0];
  EXPECT_TRUE(c.can("transform"));
  EXPECT_FALSE(c.can("fly"));
  EXPECT_EQ(c.reads["roles"]["request"]["path"], "/roles");
  EXPECT_EQ(c.config_schema["properties"]["key"]["x-secret"], true);
  EXPECT_TRUE(m.needs_code());
  EXPECT_EQ(m.find(component_kind::source, "crm")->request_schema["type"], "object");
  EXPECT_EQ(m.find(component_kind::source, "crm")->config_schema["additionalProperties"], false);
}

TEST(metadata, becomes_stream_schemas) {
  const metadata_result r = parse_metadata(complete, "plugin.json");
  const component& c = r.value->components[0];
  const stream_schema* roles = c.find_stream("roles");
  ASSERT_NE(roles, nullptr);
  EXPECT_EQ(roles->version, 3U);
  EXPECT_EQ(roles->columns[3], (column{"share", column_type::decimal, false, ""}));
  EXPECT_EQ(roles->measures[1], (measure{"own", "external_id", "own"}));
  const stream_schema* assignments = c.find_stream("role_assignments");
  ASSERT_NE(assignments, nullptr);
  EXPECT_EQ(
      assignments->references[0],
      (reference{
          "entity", "entities", {"kind", "external_id"}, true, on_missing::defer, std::chrono::hours(12)}));
  EXPECT_EQ(assignments->references[1].missing, on_missing::reject);
  EXPECT_EQ(assignments->references[1].expire, std::chrono::hours(24));
  EXPECT_EQ(assignments->derived_key.size(), 3U);
  EXPECT_EQ(c.find_stream("users"), nullptr);
}

TEST(metadata, of_a_kind_from_the_future_is_skipped_with_a_warning) {
  const metadata_result r = parse_metadata(complete, "plugin.json");
  ASSERT_EQ(r.problems.size(), 1U);
  EXPECT_TRUE(r.problems[0].warning);
  EXPECT_EQ(r.problems[0].code, "SLU-2008");
  EXPECT_EQ(to_line(r.problems[0]),
            "plugin.json: /components/2/kind: this host knows no kind `teleporter`; the component is "
            "skipped; known "
            "are: domain, source, backend");
}

TEST(metadata, that_can_not_be_read_says_why) {
  EXPECT_EQ(to_line(read_metadata("/nowhere/plugin.json").problems.at(0)),
            "/nowhere/plugin.json: can't be read: No such file or directory");
  EXPECT_EQ(to_line(read_metadata("/dev/null").problems.at(0)), "/dev/null: is not a regular file");
}

}  // namespace sluice::plugin
