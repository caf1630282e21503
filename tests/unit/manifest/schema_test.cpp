// The schema for editors agrees with the checker; the reference page is up to date.
#include <gtest/gtest.h>

#include "fake_catalog.hpp"
#include "manifest/plugin_values.hpp"
#include "manifest/scalar.hpp"
#include "manifest/schema.hpp"

namespace sluice::manifest {
namespace {

using namespace testing;
using nlohmann::json;

// As an editor sees it: references are texts.
json as_written(const node& n) {
  json out;
  if (n.is_mapping()) {
    out = json::object();
    for (const member& m : n.members) out[m.key] = as_written(m.value);
  } else if (n.is_sequence()) {
    out = json::array();
    for (const node& one : n.items) out.push_back(as_written(one));
  } else if (classify(n) == scalar_type::boolean) {
    out = *parse_boolean(n.text);
  } else if (const auto i = parse_integer(n.text); i && !n.quoted) {
    out = *i;
  } else if (const auto r = parse_real(n.text); r && !n.quoted) {
    out = *r;
  } else if (!n.is_null()) {
    out = n.text;
  }
  return out;
}

std::vector<schema_complaint> complaints(const std::string& text) {
  std::vector<finding> findings;
  const document doc("x.yaml", text);
  return validate_json(json::parse(schema_json(fake_catalog())), as_written(*parse_yaml(doc, findings)));
}

TEST(schema, takes_the_good_manifests) {
  for (const char* name : {"good/sign-in.yaml", "good/everything.yaml"}) {
    const auto all = complaints(read_file(here() / name));
    EXPECT_TRUE(all.empty()) << name << ": " << all.back().what << " at " << json(all.back().where);
  }
}

// covers: P19
TEST(schema, refuses_what_the_checker_refuses_by_shape) {
  for (const char* name :
       {"01-unknown-key", "05-wrong-units", "30-booleans-of-yaml-1-1", "32-out-of-range", "33-wrong-types",
        "34-wrong-choice", "37-missing-keys", "38-unknown-plugins", "39-plugin-config", "41-request"}) {
    EXPECT_FALSE(complaints(read_file(here() / "bad" / (std::string(name) + ".yaml"))).empty()) << name;
  }
}

TEST(schema, knows_the_installed_plugins) {
  const json s = json::parse(schema_json(fake_catalog()));
  EXPECT_EQ(s["$defs"]["source"]["properties"]["uses"]["enum"], (json{"files", "http"}));
  EXPECT_TRUE(s["$defs"]["source"]["allOf"][1]["then"]["properties"].contains("base_url"));
  const json& map = s["$defs"]["into.credits"]["allOf"][0]["then"]["properties"]["map"]["properties"];
  EXPECT_TRUE(map.contains("amount"));
  EXPECT_TRUE(map.contains("entity"));
}

TEST(reference_page, is_up_to_date) {
  const std::filesystem::path page = std::filesystem::path(SLUICE_SOURCE_DIR) / "docs/manifest-reference.md";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(page, std::ios::binary) << reference_markdown();
  EXPECT_EQ(read_file(page), reference_markdown()) << "write it anew by UPDATE_GOLDEN=1 manifest_test";
}

}  // namespace
}  // namespace sluice::manifest
