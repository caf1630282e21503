// When each row was there, and when it was not.
#include "directory.hpp"

namespace sluice::sim {

void directory::mark(const std::string& list, const record& r, bool there) {
  presence& life = lives_[{stream_of(list).name, key_of(list, r)}];
  if (life.empty() || life.back().second != there) life.emplace_back(world_.now_us(), there);
}

void directory::denied(const std::string& name) {
  for (const auto& [pos, r] : list(name)) {
    if (r.deleted) continue;
    mark(name, r, false);
    mark(name, r, true);
  }
}

const directory::presence* directory::life_of(const std::string& stream, const std::string& key) const {
  const auto at = lives_.find({stream, key});
  return at == lives_.end() ? nullptr : &at->second;
}

bool directory::ever_away(const std::string& stream, const std::string& key, std::int64_t from_us,
                          std::int64_t to_us) const {
  const presence* life = life_of(stream, key);
  if (life == nullptr) return true;
  bool there = false;
  for (const auto& [at_us, now_there] : *life) {
    if (at_us > to_us) break;
    if (at_us > from_us && (!there || !now_there)) return true;
    there = now_there;
  }
  return !there;
}

bool directory::always_there(const std::string& stream, const std::string& key, std::int64_t from_us,
                             std::int64_t to_us) const {
  return !ever_away(stream, key, from_us, to_us);
}

}  // namespace sluice::sim
