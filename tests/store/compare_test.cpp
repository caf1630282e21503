// A store may look at a whole range of keys at once. Whatever it does, a batch has to end as it would row by row.
#include <algorithm>
#include <random>

#include "store/harness.hpp"

namespace sluice::testing {
namespace {

constexpr int keys = 60, steps = 40;
constexpr std::size_t few = 8;  // rows that no store thinks worth more than looking up each

std::string key_of(int n) { return (n < 10 ? "k0" : "k") + std::to_string(n); }

// Ascending rows about a part of the keys, each with a chance to be new, the same, changed, older, newer or gone.
std::vector<cells> some_rows(std::mt19937& random) {
  const auto one_of = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const int change = one_of(3) == 0 ? 0 : 1 + one_of(20), gaps = one_of(4) == 0 ? 0 : 1 + one_of(5);
  const bool versions = one_of(2) == 0;
  std::vector<cells> out;
  for (int n = 0; n < keys; ++n) {
    if (gaps > 0 && one_of(gaps + 6) == 0) continue;
    cells row = user(key_of(n), "name");
    if (change > 0 && one_of(change) == 0) row["name"] = "name " + std::to_string(one_of(3));
    if (change > 0 && one_of(3 * change) == 0) row["_deleted"] = "true";
    if (versions && one_of(8) != 0) row["source_version"] = std::to_string(one_of(3));
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<cells> of_kind(std::vector<cells> rows, const std::string& kind) {
  for (cells& r : rows) r["kind"] = kind;
  return rows;
}

// What is stored of one kind, without what tells the kinds apart.
std::vector<std::string> kept(const stored_values_list& all, const std::string& kind) {
  std::vector<std::string> out;
  for (const stored_values& r : all) {
    if (r.at("kind") != kind) continue;
    std::string line;
    for (const char* column : {"external_id", "name", "deleted", "source_version"})
      line += (r.contains(column) ? r.at(column) : "-") + "|";
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace

// covers: P7
TEST_P(conformance, a_batch_ends_as_it_would_row_by_row) {
  std::mt19937 random(20);
  for (int step = 0; step < steps; ++step) {
    const std::vector<cells> given = some_rows(random);
    const std::int64_t at = requested_us_ + static_cast<std::int64_t>(random() % 5) * 1'000'000;
    const engine::row_counts whole = put_at(at, "entities", of_kind(given, "whole"));
    engine::row_counts parts;
    for (std::size_t from = 0; from < given.size(); from += few) {
      const auto first = given.begin() + static_cast<std::ptrdiff_t>(from);
      const auto last = given.begin() + static_cast<std::ptrdiff_t>(std::min(from + few, given.size()));
      parts += put_at(at, "entities", of_kind({first, last}, "parts"));
    }
    EXPECT_EQ(whole, parts) << "step " << step;
    const auto all = rows("entities");
    ASSERT_EQ(kept(all, "whole"), kept(all, "parts")) << "step " << step;
  }
}

}  // namespace sluice::testing
