// Hands a batch that the SDK made to Python and takes Python's back, by the C Data Interface.
#include <cstring>
#include <string>

#include <sluice/testing/batch.hpp>

namespace {

using sluice::column_type;
namespace testkit = sluice::testkit;

const std::vector<sluice::column>& layout() {
  static const std::vector<sluice::column> columns = {
      {"flag", column_type::boolean, false, {}},   {"number", column_type::int64, false, {}},
      {"real", column_type::float64, false, {}},   {"text", column_type::text, false, {}},
      {"amount", column_type::decimal, false, {}}, {"json", column_type::json, false, {}},
      {"day", column_type::date, false, {}},       {"at", column_type::timestamp, false, {}}};
  return columns;
}

std::vector<testkit::record> records() {
  std::vector<testkit::record> out = {{{"flag", "true"},
                                       {"number", "-9223372036854775808"},
                                       {"real", "0.1"},
                                       {"text", "Zoë 李 🦊 \"q\"\\"},
                                       {"amount", "12.50"},
                                       {"json", R"({"a":[1,null,"ü"]})"},
                                       {"day", "1969-12-31"},
                                       {"at", "1901-02-03T04:05:06.000007Z"}},
                                      {},
                                      {{"flag", "false"},
                                       {"number", "9007199254740993"},
                                       {"real", "-1e+300"},
                                       {"text", ""},
                                       {"amount", "1234567890123456789012345678901234567890.000"},
                                       {"json", "null"},
                                       {"day", "2026-02-28"},
                                       {"at", "2026-01-02T03:04:05Z"}}};
  for (int i = 0; i < 20; ++i) out.push_back({{i % 2 == 0 ? "number" : "text", std::to_string(i)}});
  return out;
}

}  // namespace

extern "C" {

void sluice_bridge_export(ArrowArray* array, ArrowSchema* schema) {
  *array = testkit::make_batch(layout(), records()).take();
  *schema = sluice::make_arrow_schema(layout());
}

// Empty: the batch is in the profile and holds the values above. Else what is wrong. Releases both.
const char* sluice_bridge_check(ArrowArray* array, ArrowSchema* schema) {
  static std::string wrong;
  sluice::array_handle rows(std::move(*array));
  const sluice::schema_handle owned(std::move(*schema));
  wrong = sluice::check_schema(owned.get(), layout());
  if (wrong.empty()) wrong = sluice::check_batch(rows.get(), layout());
  if (wrong.empty() && testkit::read_batch(rows.get(), layout()) != records()) wrong = "the values differ";
  return wrong.c_str();
}
}
