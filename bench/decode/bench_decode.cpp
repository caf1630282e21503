// Rows a second on one core, for a record of 400 bytes that fills 14 columns; and how long simdjson takes
// to visit the same.
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <simdjson.h>

#include "decode/decode.hpp"

namespace {

using sluice::column_type;

std::vector<sluice::stream_schema> streams() {
  sluice::stream_schema s;
  s.name = "entities";
  for (const char* name : {"external_id", "kind", "name", "email", "phone", "city", "country", "status"}) {
    s.columns.push_back({name, column_type::text, false, {}});
  }
  s.columns.push_back({"logins", column_type::int64, false, {}});
  s.columns.push_back({"balance", column_type::decimal, false, {}});
  s.columns.push_back({"score", column_type::float64, false, {}});
  s.columns.push_back({"enabled", column_type::boolean, false, {}});
  s.columns.push_back({"created_at", column_type::timestamp, false, {}});
  s.columns.push_back({"updated_at", column_type::timestamp, false, {}});
  s.key = {"external_id"};
  return {s};
}

std::string mapping(const sluice::stream_schema& stream) {
  std::string map;
  for (const auto& c : stream.columns) {
    const bool nested = c.name == "city" || c.name == "country";
    map +=
        (map.empty() ? "\"" : ",\"") + c.name + R"(":{"at":"/)" + (nested ? "address/" : "") + c.name + "\"}";
  }
  return R"({"records":"/data","into":[{"stream":"entities","map":{)" + map + "}}]}";
}

std::string record(int i) {
  const std::string n = std::to_string(100'000 + i);
  return R"({"external_id":"usr_01HZX3K9W7)" + n + R"(","kind":"user","name":"Ada Lovelace )" + n +
         R"(","email":"ada.lovelace.)" + n + R"(@example.com","phone":"+44 20 7946 )" + n +
         R"(","address":{"city":"Newcastle upon Tyne","country":"United Kingdom"},"status":"active","logins":)" +
         n + R"(,"balance":"1)" + n +
         R"(.50","score":0.75,"enabled":true,"created_at":"2024-03-01T12:30:45.123456Z",)" +
         R"("updated_at":"2025-11-20T08:15:30+01:00","note":"not mapped"})";
}

// Of this thread, so that a busy machine spoils no figure.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <class Fn>
void measure(const char* what, std::size_t rows, std::size_t bytes, Fn&& once) {
  once();
  double best = 1e9;
  for (int round = 0; round < 20; ++round) {
    const double start = cpu_seconds();
    for (int i = 0; i < 5; ++i) once();
    best = std::min(best, (cpu_seconds() - start) / 5);
  }
  std::printf("%-28s %7.2f M rows/s %8.0f MB/s\n", what, static_cast<double>(rows) / best / 1e6,
              static_cast<double>(bytes) / best / 1e6);
}

void visit(simdjson::ondemand::parser& parser, const simdjson::padded_string& page, std::size_t& sum) {
  auto doc = parser.iterate(page);
  for (auto item : doc["data"].get_array()) {
    for (auto field : item.get_object()) {
      sum += std::string_view(field.unescaped_key()).size();
      sum += std::string_view(field.value().raw_json_token()).size();
    }
  }
}

}  // namespace

int main() {
  constexpr int rows = 2000;
  std::string page = R"({"data":[)";
  for (int i = 0; i < rows; ++i) page += (i > 0 ? "," : "") + record(i);
  page += R"(],"next":"abc"})";
  std::printf("%zu bytes a record\n", record(0).size());

  const auto all = streams();
  const auto program = sluice::decode::compile(mapping(all[0]), all);
  sluice::decode::scratch scratch;
  std::int64_t taken = 0;
  measure("decode", rows, page.size(), [&] {
    const auto out = sluice::decode::decode(program, {sluice::decode::format::json, page}, {}, scratch);
    taken += out.mapped;
    if (!out.rejects.empty()) std::abort();
  });
  const simdjson::padded_string padded(page);
  simdjson::ondemand::parser parser;
  std::size_t sum = 0;
  measure("simdjson On-Demand, visiting", rows, page.size(), [&] { visit(parser, padded, sum); });
  std::printf("(%lld rows, %zu)\n", static_cast<long long>(taken), sum);
}
