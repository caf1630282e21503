#include "torture/small_world.hpp"

#include <algorithm>

#include "store/harness.hpp"

namespace sluice::torture {

using testing::cells;

namespace {

constexpr int page_size = 3;
constexpr int without_notes = 2;

std::vector<int> users_of(int version) {
  return version == 1 ? std::vector<int>{0, 1, 2, 3, 4, 5, 6} : std::vector<int>{0, 1, 2, 3, 4, 5, 7};
}

std::string name_of(int version, int user) {
  return version == 2 && user == 1 ? "Grace" : "Ada " + std::to_string(user);
}

std::string id(const char* prefix, int n) { return prefix + std::to_string(n); }

cells credit(int user) {
  return {{"external_id", id("c", user)},
          {"amount", std::to_string(user) + ".50"},
          {"entity.kind", "user"},
          {"entity.external_id", id("u", user)}};
}

cells note(int user) {
  return {{"external_id", id("n", user)}, {"entity.kind", "user"}, {"entity.external_id", id("u", user)}};
}

// {"u":"7"}
int user_of(const std::string& vars) { return std::stoi(vars.substr(6)); }

std::vector<cells> records_of(const engine::read_request& request, int version) {
  std::vector<cells> out;
  if (request.stage == "notes.notes") return {note(user_of(request.vars))};
  for (const int u : users_of(version)) {
    out.push_back(request.stage == "credits.credits" ? credit(u)
                                                     : testing::user(id("u", u), name_of(version, u)));
  }
  return out;
}

engine::stage_plan stage(const char* entry, const char* stream, engine::phase ph) {
  engine::stage_plan s;
  s.name = std::string(entry) + "." + stream;
  s.entry = entry;
  s.phase = ph;
  s.root_vars = "{}";
  s.retry = {3, 100'000, 5'000'000};
  return s;
}

}  // namespace

engine::run_plan small_world::plan() {
  engine::run_plan p;
  p.stages = {stage("credits", "credits", engine::phase::essential),
              stage("people", "users", engine::phase::background),
              stage("notes", "notes", engine::phase::background)};
  p.stages[2].parents = {"people.users"};
  p.steps = engine::group_steps(p.stages);
  p.sweeps = {{"people", "entities", {"people.users"}, {}}};
  return p;
}

std::set<std::string> small_world::expected(int version) {
  std::set<std::string> out;
  for (const int u : users_of(version)) {
    out.insert("entities " + id("u", u) + " " + name_of(version, u));
    out.insert("credits " + id("c", u) + " ");
    if (u != without_notes) out.insert("notes " + id("n", u) + " ");
  }
  return out;
}

boost::asio::awaitable<engine::page> small_world::read(const engine::read_request& request) {
  co_await clock_.sleep(1'000, *request.stop);
  request.stop->throw_if_stopped();
  const int before = reads_++;
  if (fault_) fault_(before);
  if (request.stage == "notes.notes" && user_of(request.vars) == without_notes) {
    throw engine::failure(engine::failure_class::not_found, "SLU-3999", "planted: these notes are gone");
  }
  co_return make_page(request);
}

engine::page small_world::make_page(const engine::read_request& request) const {
  const auto all = records_of(request, version_);
  const auto from = request.page_state.empty() ? 0 : std::stoul(request.page_state);
  const auto to = std::min(all.size(), from + page_size);
  const std::string stream = request.stage == "credits.credits" ? "credits"
                             : request.stage == "people.users"  ? "entities"
                                                                : "notes";
  const std::vector<cells> some(all.begin() + static_cast<std::ptrdiff_t>(from),
                                all.begin() + static_cast<std::ptrdiff_t>(to));
  std::vector<engine::stream_rows> rows;
  rows.push_back(testing::make_rows(testing::stream_named(stream), some));
  engine::page p = testing::make_page(std::move(rows));
  if (stream == "entities") {
    for (auto i = from; i < to; ++i) {
      p.children.push_back({"notes.notes", "", "{\"u\":\"" + std::to_string(users_of(version_)[i]) + "\"}"});
    }
  }
  p.end = to == all.size();
  p.next_state = std::to_string(to);
  p.requested_at_us = clock_.now_us();
  return p;
}

}  // namespace sluice::torture
