#include "upstream.hpp"

#include <algorithm>

#include <sluice/batch_builder.hpp>

#include "engine/row_hash.hpp"

namespace sluice::sim {

using engine::failure;
using engine::failure_class;

namespace {

column text(const char* name, bool required = false) { return {name, column_type::text, required, {}}; }

stream_schema make_people() {
  stream_schema s;
  s.name = "people";
  s.columns = {text("kind", true), text("external_id", true), text("name")};
  s.key = {"kind", "external_id"};
  return s;
}

reference to_people(const char* name) {
  return {name, "people", {"kind", "external_id"}, true, on_missing::defer, std::chrono::hours(24)};
}

stream_schema make_grants() {
  stream_schema s;
  s.name = "grants";
  s.columns = {text("external_id", true), {"amount", column_type::decimal, true, {}}};
  s.key = {"external_id"};
  s.references = {to_people("person")};
  return s;
}

stream_schema make_memberships() {
  stream_schema s;
  s.name = "memberships";
  s.columns = {text("external_id", true)};
  s.key = {"external_id"};
  s.references = {to_people("container"), to_people("member")};
  return s;
}

std::string id(const char* prefix, int n) { return prefix + std::to_string(n); }

// The one number of {"g":"3"}.
int group_of(const std::string& vars) { return std::stoi(vars.substr(6)); }

bool is_member(int group, int person) { return person % (group + 2) == 0; }

struct record {
  std::vector<std::string> cells;  // in wire order; empty = null
};

void put(batch_builder& out, const std::vector<column>& layout, const record& r) {
  for (std::size_t i = 0; i < r.cells.size(); ++i) {
    if (!r.cells[i].empty() && detail::is_text(layout[i].type)) out.text(i, r.cells[i]);
  }
  out.next_row();
}

std::vector<record> records_of(const std::string& stage, const std::string& vars, const upstream_shape& shape) {
  std::vector<record> out;
  if (stage == "grants") {
    for (int i = 0; i < shape.people + shape.orphans; ++i) {
      out.push_back({{id("c", i), std::to_string(i) + ".50", "person", id("p", i)}});
    }
  } else if (stage == "people") {
    for (int i = 0; i < shape.people; ++i) out.push_back({{"person", id("p", i), id("name ", i)}});
  } else if (stage == "groups") {
    for (int i = 0; i < shape.groups; ++i) out.push_back({{"group", id("g", i), id("group ", i)}});
  } else {
    const int g = group_of(vars);
    for (int i = 0; i < shape.people; ++i) {
      if (is_member(g, i)) {
        out.push_back({{id("g", g) + "/" + id("p", i), "group", id("g", g), "person", id("p", i)}});
      }
    }
  }
  return out;
}

const stream_schema& stream_of(const std::string& stage) {
  if (stage == "grants") return upstream::grants();
  if (stage == "members") return upstream::memberships();
  return upstream::people();
}

}  // namespace

const stream_schema& upstream::people() {
  static const stream_schema s = make_people();
  return s;
}
const stream_schema& upstream::grants() {
  static const stream_schema s = make_grants();
  return s;
}
const stream_schema& upstream::memberships() {
  static const stream_schema s = make_memberships();
  return s;
}
std::vector<const stream_schema*> upstream::streams() { return {&people(), &grants(), &memberships()}; }

upstream::upstream(world& w, engine::clock_port& clock, const upstream_shape& shape, const upstream_faults& faults)
    : world_(w), clock_(clock), shape_(shape), faults_(faults) {}

engine::run_plan upstream::plan(const upstream_shape&) {
  const auto stage = [](const char* name, engine::phase ph, const char* parent) {
    engine::stage_plan s;
    s.name = name;
    s.entry = name;
    s.phase = ph;
    if (*parent != '\0') s.parents = {parent};
    s.root_vars = "{}";
    s.retry = {30, 100'000, 5'000'000};
    return s;
  };
  engine::run_plan p;
  p.stages = {stage("grants", engine::phase::essential, ""), stage("people", engine::phase::essential, ""),
              stage("groups", engine::phase::background, ""), stage("members", engine::phase::background, "groups")};
  p.steps = engine::group_steps(p.stages);
  return p;
}

std::set<std::string> upstream::expected(const std::string& stream, const upstream_shape& shape,
                                         const std::set<std::string>& gone) {
  std::set<std::string> out;
  if (stream == "people") {
    for (int i = 0; i < shape.people; ++i) out.insert("person\x1f" + id("p", i));
    for (int i = 0; i < shape.groups; ++i) out.insert("group\x1f" + id("g", i));
  } else if (stream == "grants") {
    for (int i = 0; i < shape.people; ++i) out.insert(id("c", i));
  } else {
    for (int g = 0; g < shape.groups; ++g) {
      if (gone.contains(id("g", g))) continue;
      for (int i = 0; i < shape.people; ++i) {
        if (is_member(g, i)) out.insert(id("g", g) + "/" + id("p", i));
      }
    }
  }
  return out;
}

boost::asio::awaitable<engine::page> upstream::read(const engine::read_request& request) {
  co_await clock_.sleep(world_.between(1'000, 200'000), *request.stop);
  request.stop->throw_if_stopped();
  if (world_.chance(faults_.hang)) {
    co_await clock_.sleep(30'000'000, *request.stop);
    throw failure(failure_class::transient, "SLU-3102", "planted: no answer within 30 s");
  }
  if (world_.chance(faults_.transient)) throw failure(failure_class::transient, "SLU-3104", "planted: 503");
  if (world_.chance(faults_.throttled)) {
    throw failure(failure_class::throttled, "SLU-3105", "planted: 429", 2'000'000);
  }
  if (request.stage == "members" && request.page_state.empty() && world_.chance(faults_.gone)) {
    gone_.insert(id("g", group_of(request.vars)));
    throw failure(failure_class::not_found, "SLU-3106", "planted: 404");
  }
  co_return make_page(request);
}

engine::page upstream::make_page(const engine::read_request& request) {
  const std::vector<record> all = records_of(request.stage, request.vars, shape_);
  const auto from = request.page_state.empty() ? 0 : std::stoul(request.page_state);
  const auto to = std::min(all.size(), from + static_cast<std::size_t>(shape_.page));
  const stream_schema& schema = stream_of(request.stage);
  const auto layout = wire_layout(schema);
  batch_builder rows(layout);
  engine::page p;
  for (std::size_t i = from; i < to; ++i) {
    put(rows, layout, all[i]);
    if (request.stage == "groups") p.children.push_back({"members", "", "{\"g\":\"" + std::to_string(i) + "\"}"});
  }
  p.records.records = p.records.mapped = static_cast<std::int64_t>(to - from);
  p.bytes = rows.bytes();
  engine::stream_rows s;
  s.schema = &schema;
  s.rows = rows.finish();
  s.hashes = engine::hash_rows(batch_view(s.rows.get()), layout);
  p.streams.push_back(std::move(s));
  p.end = to == all.size();
  p.next_state = std::to_string(to);
  p.requested_at_us = clock_.now_us();
  return p;
}

}  // namespace sluice::sim
