#include "host/verify.hpp"

#include <utility>

#include <nlohmann/json.hpp>

#include "engine/row_hash.hpp"

namespace sluice::host {

namespace {

// What a reference may not point to, in words; empty: it may.
std::string wrong_parent(const reference& r, engine::parent_state state, bool deleted) {
  using engine::parent_state;
  switch (state) {
    case parent_state::missing: return "points to a row of `" + r.to + "` that is not there";
    case parent_state::foreign: return "points to a row of `" + r.to + "` of another tenant";
    case parent_state::deleted:
      if (r.required && !deleted) return "requires a row of `" + r.to + "` that is deleted";
      break;
    case parent_state::none:
    case parent_state::waiting:
      if (r.required && !deleted) return "requires a row of `" + r.to + "` and has none";
      break;
    case parent_state::live: break;
  }
  return {};
}

}  // namespace

verifier::verifier(engine::session& session, std::string tenant, std::size_t show)
    : session_(session), show_(show) {
  report_.tenant = std::move(tenant);
}

void verifier::add(difference d) {
  ++report_.differences;
  if (report_.first.size() < show_) report_.first.push_back(std::move(d));
}

void verifier::add_row(verified_stream& of, difference d) {
  ++of.differences;
  add(std::move(d));
}

void verifier::rows() {
  for (const stream_schema& schema : session_.inspect().streams()) {
    verified_stream of{schema.name};
    engine::scan_request q;
    q.tenant = report_.tenant;
    q.stream = schema.name;
    for (bool more = true; more;) {
      const engine::stored_page page = session_.inspect().scan(q);
      look_at(page, of);
      more = page.more;
      if (more) q.after = page.about.back().key;
    }
    report_.streams.push_back(std::move(of));
  }
}

void verifier::look_at(const engine::stored_page& page, verified_stream& of) {
  const batch_view view(page.rows.get());
  const auto hashes = engine::hash_rows(view, wire_layout(page.schema));
  for (std::size_t i = 0; i < page.about.size(); ++i) {
    const engine::stored_info& row = page.about[i];
    ++(row.deleted ? of.tombstones : of.rows);
    const std::int64_t before = of.differences;
    for (std::size_t r = 0; r < row.parents.size(); ++r) look_at_parent(page.schema, r, row, of);
    // A parent's key is part of the hash: a reference that leads nowhere has been named already.
    if (hashes[i] == row.hash || of.differences > before) continue;
    add_row(of, {"value",
                 of.name,
                 engine::readable_key(row.key),
                 "row_hash",
                 {},
                 "the values are not those that were written: they have another hash"});
  }
}

void verifier::look_at_parent(const stream_schema& schema, std::size_t reference,
                              const engine::stored_info& row, verified_stream& of) {
  const sluice::reference& r = schema.references[reference];
  std::string what = wrong_parent(r, row.parents[reference], row.deleted);
  if (what.empty()) return;
  add_row(of, {"reference", of.name, engine::readable_key(row.key), r.name + "_id", {}, std::move(what)});
}

void verifier::deferred() {
  constexpr int at_once = 1'000;
  std::string stream, key;
  for (;;) {
    const auto rows = session_.inspect().deferred(report_.tenant, stream, key, at_once);
    for (const engine::waiting_row& w : rows) {
      ++report_.deferred;
      if (!session_.inspect().live(report_.tenant, w.parent_stream, {w.parent_key}).front()) continue;
      add({"deferred",
           w.stream,
           engine::readable_key(w.key),
           w.reference,
           {},
           "waits for `" + w.parent_stream + "` " + engine::readable_key(w.parent_key) + ", which is there"});
    }
    if (rows.size() < at_once) return;
    stream = rows.back().stream;
    key = rows.back().key;
  }
}

void verifier::runs() {
  constexpr int at_once = 200;
  engine::run_filter filter{report_.tenant, {}, {}, at_once};
  for (;;) {
    const auto runs = session_.list_runs(filter);
    for (const engine::run_row& run : runs) {
      // What is still going on adds up when it has ended.
      if (!engine::is_terminal(run.state)) continue;
      ++report_.runs;
      for (const engine::audit_finding& f : session_.inspect().audit(run.run_id)) {
        std::string where = f.stage.empty() ? "" : "stage `" + f.stage + "` ";
        if (!f.item.empty()) where += "item " + f.item + ": ";
        add({"ledger", {}, {}, {}, run.run_id, where + f.what});
      }
    }
    if (runs.size() < at_once) return;
    filter.before_run_id = runs.back().run_id;
  }
}

nlohmann::json to_json(const verify_report& report) {
  nlohmann::json streams = nlohmann::json::array();
  for (const verified_stream& s : report.streams) {
    streams.push_back(
        {{"stream", s.name}, {"rows", s.rows}, {"tombstones", s.tombstones}, {"differences", s.differences}});
  }
  nlohmann::json first = nlohmann::json::array();
  for (const difference& d : report.first) {
    nlohmann::json& out = first.emplace_back(nlohmann::json{{"kind", d.kind}, {"what", d.what}});
    const std::pair<const char*, const std::string*> fields[] = {
        {"stream", &d.stream}, {"key", &d.key}, {"column", &d.column}, {"run_id", &d.run_id}};
    for (const auto& [name, value] : fields) {
      if (!value->empty()) out[name] = *value;
    }
  }
  return {{"tenant", report.tenant},  {"good", report.good()},       {"streams", std::move(streams)},
          {"runs", report.runs},      {"deferred", report.deferred}, {"differences", report.differences},
          {"first", std::move(first)}};
}

std::string to_text(const verify_report& report) {
  std::string out;
  for (const verified_stream& s : report.streams) {
    out += s.name + ": " + std::to_string(s.rows) + " rows, " + std::to_string(s.tombstones) + " tombstones" +
           (s.differences == 0 ? "" : ", " + std::to_string(s.differences) + " differences") + "\n";
  }
  out += std::to_string(report.runs) + " runs, " + std::to_string(report.deferred) + " deferred rows\n";
  for (const difference& d : report.first) {
    out += d.kind + ": " + (d.run_id.empty() ? d.stream + " " + d.key : "run " + d.run_id) +
           (d.column.empty() ? "" : " " + d.column) + ": " + d.what + "\n";
  }
  const auto hidden = report.differences - static_cast<std::int64_t>(report.first.size());
  if (hidden > 0) out += "and " + std::to_string(hidden) + " more; see --limit\n";
  return out + "tenant `" + report.tenant +
         "`: " + (report.good() ? "all equal" : std::to_string(report.differences) + " differences") + "\n";
}

}  // namespace sluice::host
