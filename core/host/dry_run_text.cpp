// A plan for tools and for people.
#include <nlohmann/json.hpp>

#include "engine/row_key.hpp"
#include "host/dry_run.hpp"
#include "host/receipt.hpp"

namespace sluice::host {

namespace {

nlohmann::json rows_json(const std::vector<changed_row>& rows) {
  nlohmann::json out = nlohmann::json::array();
  for (const changed_row& r : rows) {
    nlohmann::json& row = out.emplace_back(nlohmann::json{{"key", engine::readable_key(r.key)}});
    for (const changed_value& v : r.values) {
      row["changes"][v.column] = {{"from", nlohmann::json::parse(v.before)},
                                  {"to", nlohmann::json::parse(v.after)}};
    }
  }
  return out;
}

void list_rows(std::string& out, const char* mark, const std::string& stream,
               const std::vector<changed_row>& rows) {
  for (const changed_row& r : rows) {
    out += std::string("  ") + mark + " " + stream + " " + engine::readable_key(r.key);
    for (const changed_value& v : r.values) out += "  " + v.column + ": " + v.before + " -> " + v.after;
    out += "\n";
  }
}

std::string counts_line(const engine::stage_row& stage, const std::string& stream,
                        const engine::row_counts& c) {
  std::string out = "  " + stage.stage + " -> " + stream + ": " + std::to_string(c.rows) + " rows";
  const std::pair<const char*, std::int64_t> parts[] = {{"to insert", c.inserted + c.resolved_inserted},
                                                        {"to update", c.updated + c.resolved_updated},
                                                        {"to delete", c.deleted},
                                                        {"to sweep", c.swept},
                                                        {"unchanged", c.unchanged},
                                                        {"deferred", c.deferred},
                                                        {"rejected", c.rejected}};
  for (const auto& [name, n] : parts) {
    if (n != 0) out += ", " + std::to_string(n) + " " + name;
  }
  return out + "\n";
}

}  // namespace

nlohmann::json to_json(const dry_result& result) {
  nlohmann::json out = receipt_json(result.run);
  // Of a run that nobody can look up.
  for (const char* key : {"run_id", "correlation_id", "backend", "route_reason"}) out.erase(key);
  out["changes"] = result.changes();
  out["left_behind"] = result.left_behind;
  nlohmann::json rows = nlohmann::json::object();
  for (const auto& [stream, c] : result.streams) {
    rows[stream] = {{"inserted", rows_json(c.inserted)},
                    {"updated", rows_json(c.updated)},
                    {"deleted", rows_json(c.deleted)}};
  }
  for (const engine::deferred_row& d : result.deferred) {
    rows[d.stream]["deferred"].push_back(
        {{"key", engine::readable_key(d.key)}, {"waits_for", engine::readable_key(d.parent_key)}});
  }
  out["rows"] = std::move(rows);
  nlohmann::json rejects = nlohmann::json::array();
  for (const engine::reject_row& r : result.rejects) {
    rejects.push_back({{"stage", r.stage},
                       {"stream", r.what.stream},
                       {"key", engine::readable_key(r.what.key)},
                       {"field", r.what.field},
                       {"reason", r.what.reason}});
  }
  out["rejects"] = std::move(rejects);
  return out;
}

std::string to_text(const dry_result& result) {
  std::string out;
  for (const engine::stage_row& stage : result.run.stages) {
    if (stage.streams.empty())
      out += "  " + stage.stage + ": " + std::string(engine::to_string(stage.state)) + "\n";
    for (const auto& [stream, counts] : stage.streams) out += counts_line(stage, stream, counts);
    if (!stage.error.empty()) out += "    " + stage.error_code + " " + stage.error + "\n";
  }
  for (const std::string& stage : notes_of(result.run).left_out)
    out += "  " + stage + ": fresh, would not be read\n";
  for (const auto& [stream, c] : result.streams) {
    list_rows(out, "+", stream, c.inserted);
    list_rows(out, "~", stream, c.updated);
    list_rows(out, "-", stream, c.deleted);
  }
  for (const engine::deferred_row& d : result.deferred) {
    out += "  . " + d.stream + " " + engine::readable_key(d.key) + " would wait for " + d.parent_stream +
           " " + engine::readable_key(d.parent_key) + "\n";
  }
  for (const engine::reject_row& r : result.rejects) {
    out += "  ! " + r.stage + " " + r.what.stream + " " + engine::readable_key(r.what.key) + " " +
           r.what.field + ": " + r.what.reason + "\n";
  }
  if (result.left_behind > 0) {
    out += std::to_string(result.left_behind) +
           " stored rows have lost what they require and are not in this plan: " + "see `sluice verify`\n";
  }
  return out + "the run would be " + std::string(engine::to_string(result.run.state)) + ": " +
         std::to_string(result.changes()) + " rows to write; nothing was written\n";
}

}  // namespace sluice::host
