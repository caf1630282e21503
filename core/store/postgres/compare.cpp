// What is new or different in a batch whose keys ascend. The server gives the hashes of all that is stored between
// its lowest and its highest key, in one pass and without being told of a row; a hash stands for its key too. Only
// rows whose hash is not among them are looked up.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "store/postgres/stream_writer.hpp"

namespace sluice::store::postgres {

namespace {

constexpr std::int64_t no_version = std::numeric_limits<std::int64_t>::min();

constexpr std::array<std::uint8_t, 256> make_nibbles() {
  std::array<std::uint8_t, 256> out{};
  for (std::uint8_t i = 0; i < 10; ++i) out[static_cast<std::size_t>('0') + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i)
    out[static_cast<std::size_t>('a') + i] = static_cast<std::uint8_t>(10 + i);
  return out;
}
constexpr std::array<std::uint8_t, 256> nibbles = make_nibbles();

// Big-endian, from sixteen hexadecimal digits.
std::uint64_t read_word(const char* digits) {
  std::uint64_t out = 0;
  for (int i = 0; i < 16; ++i) out = out << 4 | nibbles[static_cast<unsigned char>(digits[i])];
  return out;
}

struct hash_of_hash {
  std::size_t operator()(const engine::hash128& h) const noexcept { return static_cast<std::size_t>(h.lo); }
};

// The stored hashes in the order of their keys, as bytea prints them.
class stored_hashes {
 public:
  stored_hashes(std::string_view printed, bool versions)
      : digits_(printed.starts_with("\\x") ? printed.substr(2) : printed), step_(versions ? 48 : 32) {}

  [[nodiscard]] std::size_t size() const { return digits_.size() / step_; }
  [[nodiscard]] engine::hash128 hash(std::size_t i) const {
    return {read_word(at(i)), read_word(at(i) + 16)};
  }
  [[nodiscard]] std::int64_t version(std::size_t i) const {
    return step_ == 32 ? no_version : static_cast<std::int64_t>(read_word(at(i) + 32));
  }

 private:
  [[nodiscard]] const char* at(std::size_t i) const { return digits_.data() + i * step_; }
  std::string_view digits_;
  std::size_t step_;
};

}  // namespace

// Those that are not stored live with the same hash and no lesser version.
std::vector<std::uint32_t> stream_writer::rows_unlike(std::string_view printed, bool versions) const {
  const stored_hashes stored(printed, versions);
  std::unordered_map<engine::hash128, std::size_t, hash_of_hash>
      places;  // filled when the two fall out of step
  std::vector<std::uint32_t> out;
  std::size_t next = 0;
  const auto find = [&](const engine::hash128& hash) {
    if (next < stored.size() && stored.hash(next) == hash) return next++;
    if (places.empty()) {
      places.reserve(stored.size());
      for (std::size_t i = 0; i < stored.size(); ++i) places.emplace(stored.hash(i), i);
    }
    const auto at = places.find(hash);
    if (at == places.end()) return stored.size();
    next = at->second + 1;
    return at->second;
  };
  for (const std::uint32_t i : asked_) {
    const prepared_row& r = rows_.rows[i];
    const std::size_t at = find(r.hash);
    const bool same = at < stored.size() && !r.deleted;
    const bool newer =
        same && r.age.version && (stored.version(at) == no_version || *r.age.version > stored.version(at));
    if (!same || newer) out.push_back(i);
  }
  return out;
}

// Whether the keys are a range.
bool stream_writer::compares() const {
  return !context_.point_probes && rows_.ascending && asked_.size() >= range_rows;
}

bool stream_writer::with_versions() const {
  return std::any_of(asked_.begin(), asked_.end(),
                     [&](std::uint32_t i) { return rows_.rows[i].age.version.has_value(); });
}

std::int64_t stream_writer::most_hashes() const { return static_cast<std::int64_t>(3 * asked_.size() + 1); }

statement stream_writer::range_hashes() const {
  statement out{with_versions() ? table_.range_versions : table_.range_hashes, {context_.tenant}};
  append_bounds(out.values);
  out.values.push_back(encode_int8(most_hashes()));
  return out;
}

// `found`: what range_hashes gave. False: nothing is decided; far more rows than ours are stored in the range.
bool stream_writer::compare(const rows& found) {
  const std::int64_t count = found.number(0, 0);
  if (count >= most_hashes()) return false;
  if (count == 0) {
    all_new();
    return true;
  }
  for (const std::uint32_t i : asked_) rows_.rows[i].what = outcome::unchanged;
  const std::vector<std::uint32_t> unlike = rows_unlike(found.text(0, 1), with_versions());
  if (!unlike.empty()) probe_for(unlike);
  return true;
}

}  // namespace sluice::store::postgres
