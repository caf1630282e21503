// docs/plugin-json.md says what the reader reads: every key, every type and choice, every reserved name.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include <sluice/stored_columns.hpp>

#include "plugin/metadata.hpp"
#include "plugin/stream_reader.hpp"

namespace sluice::plugin {

using nlohmann::json;
using words = std::set<std::string>;

namespace {

constexpr const char* unheard_of = "000000000000";

std::string page() {
  std::ifstream in(std::filesystem::path(SLUICE_SOURCE_DIR) / "docs/plugin-json.md");
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string between(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t a = text.find(from);
  if (a == text.npos) throw std::runtime_error("the page has no " + from);
  const std::size_t b = a + from.size();
  return text.substr(b, text.find(to, b) - b);
}

words in_ticks(const std::string& text) {
  words out;
  std::size_t a = text.find('`');
  while (a != text.npos) {
    const std::size_t b = text.find('`', a + 1);
    out.insert(text.substr(a + 1, b - a - 1));
    a = text.find('`', b + 1);
  }
  return out;
}

// The first column of the section's table.
words keys_of(const std::string& section) {
  words out;
  std::istringstream lines(between(page(), "\n## " + section + "\n", "\n## "));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| `")) out.insert(between(line, "| `", "`"));
  }
  return out;
}

// The second column of one row.
words values_of(const std::string& section, const std::string& key) {
  return in_ticks(between(between(page(), "\n## " + section + "\n", "\n## "), "| `" + key + "` | ", " |"));
}

json example() { return json::parse(between(page(), "<!-- example -->\n```json\n", "\n```\n")); }

// What the reader says that it knows, where it is told something unheard of at `pointer`.
words known_at(json file, const std::string& pointer) {
  file[json::json_pointer(pointer)] = unheard_of;
  for (const problem& p : parse_metadata(file.dump(), "plugin.json").problems) {
    if (p.pointer != pointer || !p.help.starts_with("known are: ")) continue;
    words out;
    std::istringstream list(p.help.substr(11));
    for (std::string word; std::getline(list >> std::ws, word, ',');) out.insert(word);
    return out;
  }
  return {};
}
words keys_at(const json& file, const std::string& pointer) {
  return known_at(file, pointer + "/" + unheard_of);
}

void collect(words& out, const json& object) {
  for (const auto& [key, value] : object.items()) out.insert(key);
}
words used_in(const json& list) {
  words out;
  for (const json& object : list) collect(out, object);
  return out;
}

}  // namespace

TEST(plugin_json_page, has_an_example_without_fault_that_uses_every_key) {
  const json file = example();
  for (const problem& p : parse_metadata(file.dump(), "plugin.json").problems) ADD_FAILURE() << to_line(p);
  const json& stream = file["components"][0]["streams"][0];
  EXPECT_EQ(used_in(json::array({file})), keys_of("Plugin"));
  EXPECT_EQ(used_in(file["components"]), keys_of("Component"));
  EXPECT_EQ(used_in(json::array({stream})), keys_of("Stream"));
  EXPECT_EQ(used_in(stream["columns"]), keys_of("Column"));
  EXPECT_EQ(used_in(stream["references"]), keys_of("Reference"));
  EXPECT_EQ(used_in(stream["measures"]), keys_of("Measure"));
}

TEST(plugin_json_page, has_the_keys_that_the_reader_knows) {
  const json file = example();
  EXPECT_EQ(keys_of("Plugin"), keys_at(file, ""));
  words component = keys_at(file, "/components/0");
  component.merge(keys_at(file, "/components/1"));
  json backend = file;
  backend["components"][1]["kind"] = "backend";
  component.merge(keys_at(backend, "/components/1"));
  EXPECT_EQ(keys_of("Component"), component);
  const std::string stream = "/components/0/streams/0";
  EXPECT_EQ(keys_of("Stream"), keys_at(file, stream));
  EXPECT_EQ(keys_of("Column"), keys_at(file, stream + "/columns/0"));
  EXPECT_EQ(keys_of("Reference"), keys_at(file, stream + "/references/0"));
  EXPECT_EQ(keys_of("Measure"), keys_at(file, stream + "/measures/0"));
}

TEST(plugin_json_page, has_the_choices_that_the_reader_knows) {
  const json file = example();
  const std::string stream = "/components/0/streams/0";
  EXPECT_EQ(values_of("Component", "kind"), known_at(file, "/components/0/kind"));
  EXPECT_EQ(keys_of("Types"), known_at(file, stream + "/columns/0/type"));
  EXPECT_EQ(values_of("Reference", "on_missing"), known_at(file, stream + "/references/0/on_missing"));
}

TEST(plugin_json_page, has_the_names_that_no_column_can_have) {
  EXPECT_EQ(in_ticks(between(page(), "<!-- reserved -->\n", "\n")),
            words(stored_columns.begin(), stored_columns.end()));
}

TEST(plugin_json_page, gives_lifetimes_that_the_reader_takes) {
  json file = example();
  for (const std::string& expire : values_of("Reference", "expire")) {
    file["components"][0]["streams"][0]["references"][0]["expire"] = expire;
    EXPECT_TRUE(parse_metadata(file.dump(), "plugin.json").value.has_value()) << expire;
  }
}

}  // namespace sluice::plugin
