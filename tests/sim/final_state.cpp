#include "final_state.hpp"

#include <algorithm>

#include "page_rows.hpp"

namespace sluice::sim {

bool final_state::has_person(const std::string& key) const {
  const auto mark = key.find('\x1f');
  if (mark == std::string::npos) return false;
  const record* r =
      upstream_.find(key.substr(0, mark) == "group" ? "groups" : "people", key.substr(mark + 1));
  return r != nullptr && !r->deleted;
}

void final_state::add(std::map<std::string, engine::hash128>& out, const std::string& list) const {
  for (const auto& [pos, r] : upstream_.list(list)) {
    bool lives = !r.deleted;
    const auto& references = directory::stream_of(list).references;
    // A row with a parent that is not there waits, or is left out.
    for (const reference& to : references) {
      if (to.required) lives = lives && has_person(&to == &references.front() ? r.ref : r.other);
    }
    if (lives) out.emplace(directory::key_of(list, r), hash_of(list, r, options_.tenant.versions));
  }
}

std::map<std::string, engine::hash128> final_state::wanted(const std::string& stream) const {
  std::map<std::string, engine::hash128> out;
  if (stream != "memberships") add(out, stream);
  if (stream == "people") add(out, "groups");
  if (stream == "memberships") {
    for (const auto& [pos, group] : upstream_.list("groups")) add(out, "members:" + group.id);
  }
  return out;
}

std::string final_state::compare(const std::string& stream) const {
  const auto wanted = this->wanted(stream);
  const auto rows = stored_.rows.find(stream);
  for (const auto& [key, hash] : wanted) {
    const auto row = rows->second.find(std::tuple(std::string("acme"), key));
    if (row == rows->second.end() || row->second.deleted) return stream + " " + key + " is lost";
    if (row->second.hash != hash) return stream + " " + key + " has an old value";
  }
  for (const auto& [key, row] : rows->second) {
    if (row.deleted || wanted.contains(std::get<1>(key))) continue;
    // A row whose new version waits, or is left out, for its parent keeps the old one.
    const bool waits = stream == "badges" || stream == "grants";
    if (waits && upstream_.find(stream, std::get<1>(key)) != nullptr) continue;
    return stream + " " + std::get<1>(key) + " is gone upstream and lives in the store";
  }
  return {};
}

// A link to a row that lives is set.
std::string final_state::check_links() const {
  const auto& people = stored_.rows.at("people");
  for (const auto& [pos, r] : upstream_.list("notes")) {
    if (r.deleted || r.ref.empty() || !has_person(r.ref)) continue;
    const auto& note = stored_.rows.at("notes").at(std::tuple(std::string("acme"), r.id));
    if (note.parents.at(0) != people.at(std::tuple(std::string("acme"), r.ref)).id)
      return "notes " + r.id + " does not point to its author";
  }
  return {};
}

// Nothing lives on a parent that doesn't.
std::string final_state::check_orphans() const {
  std::map<std::int64_t, bool> lives;
  for (const auto& [stream, rows] : stored_.rows) {
    for (const auto& [key, row] : rows) lives[row.id] = !row.deleted;
  }
  for (const auto& [stream, rows] : stored_.rows) {
    const auto& references = stored_.claims.at(stream).schema.references;
    for (const auto& [key, row] : rows) {
      for (std::size_t i = 0; i < references.size() && !row.deleted; ++i) {
        if (references[i].required && row.parents[i] && !lives.at(*row.parents[i]))
          return stream + " " + std::get<1>(key) + " lives on a deleted parent";
      }
    }
  }
  return {};
}

std::string final_state::difference() const {
  for (const stream_schema* s : directory::streams()) {
    if (std::string found = compare(s->name); !found.empty()) return "oracle: " + found;
  }
  std::string found = check_links();
  if (found.empty()) found = check_orphans();
  return found.empty() ? found : "oracle: " + found;
}

bool same_rows(const std::map<std::string, stored_rows>& a, const std::map<std::string, stored_rows>& b) {
  const auto same = [](const auto& x, const auto& y) {
    return x.first == y.first && x.second.hash == y.second.hash && x.second.deleted == y.second.deleted &&
           x.second.synced_us == y.second.synced_us && x.second.run_id == y.second.run_id;
  };
  if (a.size() != b.size()) return false;
  for (const auto& [stream, rows] : a) {
    const stored_rows& other = b.at(stream);
    if (!std::equal(rows.begin(), rows.end(), other.begin(), other.end(), same)) return false;
  }
  return true;
}

}  // namespace sluice::sim
