// Any JSON value comes out as it went in, and no bytes whatever upset the decoder.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

#include "unit/decode/support.hpp"

namespace sluice::decode::test {
namespace {

using nlohmann::json;

const std::string spec =
    R"({"records":"/data","into":[{"stream":"things","map":{"external_id":{"at":"/id"},"extra":{"at":"/v"},
  "name":{"at":"/text"},"count":{"at":"/int"},"amount":{"at":"/decimal"}},"attributes":["/v"]}]})";

// Text of any characters that a store can hold.
rc::Gen<std::string> any_text() {
  const auto point =
      rc::gen::oneOf(rc::gen::inRange<std::uint32_t>(1, 0x80), rc::gen::inRange<std::uint32_t>(0x80, 0xd800),
                     rc::gen::inRange<std::uint32_t>(0xe000, 0x110000));
  return rc::gen::map(
      rc::gen::container<std::vector<std::uint32_t>>(point), [](const std::vector<std::uint32_t>& points) {
        std::string out;
        const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
        for (const std::uint32_t p : points) {
          if (p < 0x80) {
            put(p);
          } else if (p < 0x800) {
            put(0xc0 | p >> 6), put(0x80 | (p & 63));
          } else if (p < 0x10000) {
            put(0xe0 | p >> 12), put(0x80 | (p >> 6 & 63)), put(0x80 | (p & 63));
          } else {
            put(0xf0 | p >> 18), put(0x80 | (p >> 12 & 63)), put(0x80 | (p >> 6 & 63)), put(0x80 | (p & 63));
          }
        }
        return out;
      });
}

json any_json(int depth) {
  const int kind = *rc::gen::inRange(0, depth > 0 ? 7 : 5);
  switch (kind) {
    case 0: return nullptr;
    case 1: return *rc::gen::arbitrary<bool>();
    case 2: return *rc::gen::arbitrary<std::int64_t>();
    case 3: return static_cast<double>(*rc::gen::arbitrary<std::int32_t>()) / 1024.0;
    case 4: return *any_text();
    default: break;
  }
  json out = kind == 5 ? json::array() : json::object();
  const int size = *rc::gen::inRange(0, 4);
  for (int i = 0; i < size; ++i) {
    if (kind == 5) out.push_back(any_json(depth - 1));
    else out[*any_text()] = any_json(depth - 1);
  }
  return out;
}

// covers: P5, U19
RC_GTEST_PROP(decode_property, every_value_reads_back_equal, ()) {
  const json v = any_json(4);
  const std::string text = *any_text();
  const auto number = *rc::gen::arbitrary<std::int64_t>();
  const std::string decimal =
      std::to_string(number) + "." + std::to_string(*rc::gen::inRange(0, 1'000'000'000));
  const bool ascii = *rc::gen::arbitrary<bool>();
  const int indent = *rc::gen::element(-1, 0, 2);
  const json record = {{"id", "1"}, {"v", v}, {"text", text}, {"int", number}, {"decimal", "@"}};
  std::string page = json{{"data", {record}}, {"next", v}}.dump(indent, ' ', ascii);
  // Only now, so that no double is between: the digits go into the page as they are.
  const std::size_t mark = page.find("\"@\"");
  RC_PRE(mark != std::string::npos && page.find("\"@\"", mark + 1) == std::string::npos);
  page.replace(mark, 3, decimal);

  const decoded d = run(spec, page);
  RC_ASSERT(d.refusal() == "0 rejects");
  RC_ASSERT(d.cell("things", "name") == text);
  RC_ASSERT(d.cell("things", "count") == std::to_string(number));
  RC_ASSERT(d.cell("things", "amount") == decimal);
  const auto extra = d.cell("things", "extra");
  RC_ASSERT(extra.has_value() != v.is_null());
  if (extra) RC_ASSERT(json::parse(*extra) == v);
  RC_ASSERT(json::parse(*d.cell("things", "attributes")) == json({{"v", v}}));
}

std::string parsing_spec() { return R"({"parse":["/v"],)" + spec.substr(1); }

RC_GTEST_PROP(decode_property, a_text_of_json_is_what_it_holds, ()) {
  const json v = any_json(4);
  const std::string text = v.dump(*rc::gen::element(-1, 0, 2), ' ', *rc::gen::arbitrary<bool>());
  json data = json::array();
  data.push_back({{"a", any_json(2)}, {"id", "1"}, {"v", text}, {"text", "after"}});
  data.push_back({{"id", "2"}, {"v", v}});
  if (v.is_string()) data[1]["v"] = text;  // a text stands for what it holds
  const std::string page = json{{"data", data}}.dump(-1, ' ', *rc::gen::arbitrary<bool>());
  const decoded d = run(parsing_spec(), page);
  RC_ASSERT(d.refusal() == "0 rejects");
  for (std::size_t row = 0; row < 2; ++row)
    RC_ASSERT(json::parse(*d.cell("things", "attributes", row)) == json({{"v", v}}));
  RC_ASSERT(d.cell("things", "name", 0) == "after");
}

RC_GTEST_PROP(decode_property, no_text_changes_what_stands_around_it, ()) {
  std::string text =
      json{{"id", "9"}, {"int", 5}}.dump() + *rc::gen::element("", "}", R"(,"int":5)", "]", "\"");
  const int flips = *rc::gen::inRange(0, 3);
  for (int i = 0; i < flips; ++i) {
    text[*rc::gen::inRange<std::size_t>(0, text.size())] =
        *rc::gen::element('{', '}', '[', ']', '"', '\\', ',', ':', '0', ' ', '\n');
  }
  const decoded d =
      run(parsing_spec(), json{{"data", json::array({json{{"id", "1"}, {"v", text}, {"x", 1}}})}}.dump());
  if (json::accept(text)) {
    RC_ASSERT(d.cell("things", "external_id") == "1");
    RC_ASSERT(d.cell("things", "count") == std::nullopt);
    RC_ASSERT(json::parse(*d.cell("things", "attributes")).at("v") == json::parse(text));
  } else {
    // The record, or its row where only an escape is wrong: those are looked at where they are used.
    RC_ASSERT(d.accepted("things") == 0);
    RC_ASSERT(d.out.rejects.size() == 1U);
  }
}

// covers: U7
RC_GTEST_PROP(decode_property, a_page_cut_at_random_is_an_error, ()) {
  json records = json::array();
  const int count = *rc::gen::inRange(0, 4);
  for (int i = 0; i < count; ++i) records.push_back({{"id", std::to_string(i)}, {"v", any_json(3)}});
  const std::string page = json{{"data", records}, {"more", any_json(3)}}.dump(*rc::gen::element(-1, 1));
  const auto size = *rc::gen::inRange<std::size_t>(0, page.size());
  RC_ASSERT(page_error(spec, page.substr(0, size)) != "no error");
}

// covers: P1
RC_GTEST_PROP(decode_property, counts_add_up_for_any_damage, ()) {
  std::string page =
      json{{"data", {{{"id", "1"}, {"v", any_json(3)}}, {{"id", 2}, {"int", 5}}, any_json(2)}}}.dump();
  const int flips = *rc::gen::inRange(0, 4);
  for (int i = 0; i < flips; ++i) {
    page[*rc::gen::inRange<std::size_t>(0, page.size())] = *rc::gen::oneOf(
        rc::gen::element('{', '}', '[', ']', '"', '\\', ',', ':', '0'), rc::gen::arbitrary<char>());
  }
  for (const format as : {format::json, format::ndjson, format::csv}) {
    const std::string use =
        as == format::json ? spec : R"({"records":"",)" + spec.substr(spec.find(R"("into")"));
    try {
      const decoded d = run(use, page, as);
      RC_ASSERT(d.out.records == d.out.mapped + d.out.filtered + d.out.rejected);
      RC_ASSERT(d.out.spans.size() == static_cast<std::size_t>(d.out.records));
      std::int64_t rows = 0;
      for (const auto& b : d.of("things").batches) {
        RC_ASSERT(check_batch(b.get(), wire_layout(*d.of("things").schema)) == "");
        rows += b.get().length;
      }
      RC_ASSERT(d.of("things").rows == rows + d.of("things").rejected);
    } catch (const error& e) {
      RC_ASSERT(std::string(e.what()).size() > 10);
    }
  }
}

}  // namespace
}  // namespace sluice::decode::test
