#include "directory.hpp"

#include <algorithm>

namespace sluice::sim {

namespace {

std::string number(const char* prefix, int n) { return prefix + std::to_string(n); }

const std::vector<std::string>& plain_lists() {
  static const std::vector<std::string> names = {"people", "groups", "grants", "notes", "badges"};
  return names;
}

}  // namespace

std::string directory::key_of(const std::string& list, const record& r) {
  if (list == "people") return "person\x1f" + r.id;
  if (list == "groups") return "group\x1f" + r.id;
  return r.id;
}

directory::directory(world& w, const options& o) : world_(w), late_us_(o.tenant.late_us) {
  const tenant_shape& t = o.tenant;
  const std::pair<const char*, int> sizes[] = {{"people", t.people},
                                               {"groups", t.groups},
                                               {"grants", t.grants},
                                               {"notes", t.notes},
                                               {"badges", t.badges}};
  for (const auto& [name, size] : sizes) {
    for (int i = 0; i < size; ++i) add(name);
  }
  for (int i = 0; i < t.groups * t.people / 3; ++i) add("members");
}

const record_list& directory::list(const std::string& name) const {
  static const record_list none;
  const auto at = lists_.find(name);
  return at == lists_.end() ? none : at->second;
}

const record* directory::find(const std::string& name, const std::string& id) const {
  for (const auto& [pos, r] : list(name)) {
    if (r.id == id) return &r;
  }
  return nullptr;
}

record& directory::put(const std::string& list, record r) {
  r.pos = ++last_;
  mark(list, r, !r.deleted);
  const std::int64_t pos = r.pos;
  return lists_[list].emplace(pos, std::move(r)).first->second;
}

void directory::erase(const std::string& list, std::int64_t pos) {
  record_list& in = lists_[list];
  const record r = in.at(pos);
  in.erase(pos);
  mark(list, r, false);
  gone_[list].push_back(r.id);
  if (list != "groups") return;
  const std::string inner = "members:" + r.id;
  while (!this->list(inner).empty()) erase(inner, lists_[inner].begin()->first);
}

record_list::iterator directory::some(record_list& in) {
  return std::next(in.begin(), world_.between(0, static_cast<std::int64_t>(in.size()) - 1));
}

// Now and then a person who is in no list, or in none any more.
std::string directory::some_person() {
  record_list& people = lists_["people"];
  if (people.empty() || world_.chance(0.1))
    return "person\x1f" + number("p", static_cast<int>(world_.between(0, 30)));
  return key_of("people", some(people)->second);
}

void directory::add(const std::string& name) {
  record r;
  std::string list = name;
  std::vector<std::string>& before = gone_[name];
  if (name == "members") {
    if (lists_["groups"].empty()) return;
    const std::string group = some(lists_["groups"])->second.id;
    r.ref = "group\x1f" + group;
    r.other = some_person();
    r.id = group + "/" + r.other.substr(7);
    list = "members:" + group;
    if (find(list, r.id) != nullptr) return;
  } else if (!before.empty() && world_.chance(0.4)) {
    r.id = before[static_cast<std::size_t>(world_.between(0, static_cast<std::int64_t>(before.size()) - 1))];
    if (find(list, r.id) != nullptr) return;
  } else {
    r.id = number(name.substr(0, 1).c_str(), ids_++);
  }
  if (name == "grants" || name == "badges") r.ref = some_person();
  if (name == "notes") {
    if (world_.chance(0.7)) r.ref = some_person();
    record_list& notes = lists_["notes"];
    if (!notes.empty() && world_.chance(0.5)) r.other = some(notes)->second.id;
  }
  touch(list, std::move(r), true);
}

void directory::touch(const std::string& list, record r, bool move) {
  r.version = ++last_;
  r.value = static_cast<int>(world_.between(0, 999));
  r.changed_us = std::max(r.changed_us + 1, world_.now_us() - world_.between(0, late_us_));
  if (move || r.pos == 0) {
    lists_[list].erase(r.pos);
    put(list, std::move(r));
  } else {
    mark(list, r, !r.deleted);
    lists_[list][r.pos] = std::move(r);
  }
}

void directory::set_flag(const std::string& list, record& r) {
  switch (world_.between(0, 2)) {
    case 0: r.unreadable = !r.unreadable; break;
    case 1: r.refused = !r.refused; break;
    default: r.deleted = list != "groups" && !r.deleted; break;
  }
}

void directory::change() {
  const auto& names = plain_lists();
  std::string name =
      names[static_cast<std::size_t>(world_.between(0, static_cast<std::int64_t>(names.size()) - 1))];
  const std::int64_t what = world_.between(0, 19);
  if (what < 6) {
    const bool member = world_.chance(0.3);
    return add(member ? "members" : name);
  }
  if (world_.chance(0.2) && !list("groups").empty()) name = "members:" + some(lists_["groups"])->second.id;
  record_list& in = lists_[name];
  if (in.empty()) return;
  const auto at = some(in);
  if (what < 11) return touch(name, at->second, world_.chance(0.6));
  if (what < 15) return erase(name, at->first);
  if (what < 17) {
    record r = at->second;
    set_flag(name, r);
    return touch(name, std::move(r), world_.chance(0.6));
  }
  if (what < 19) {
    record r = at->second;
    in.erase(at);
    put(name, std::move(r));
    return;
  }
  while (!in.empty()) erase(name, in.begin()->first);
}

std::string directory::lose_one(const std::string& name, std::int64_t after, std::int64_t up_to) {
  record_list& in = lists_[name];
  const auto end = in.upper_bound(up_to);
  for (auto at = in.upper_bound(after); at != end; ++at) {
    if (at->second.deleted || (std::next(at) != end && world_.chance(0.5))) continue;
    record r = at->second;
    if (world_.chance(0.5)) {
      erase(name, at->first);
    } else {
      r.deleted = true;
      touch(name, r, true);
    }
    return name == "people" ? r.id : r.ref.empty() ? r.ref : r.ref.substr(7);
  }
  return {};
}

void directory::mend() {
  for (auto& [name, in] : lists_) {
    std::vector<record> broken;
    for (const auto& [pos, r] : in) {
      if (r.unreadable || r.refused) broken.push_back(r);
    }
    for (record& r : broken) {
      r.unreadable = r.refused = false;
      touch(name, std::move(r), true);
    }
  }
}

}  // namespace sluice::sim
