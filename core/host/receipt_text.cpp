// The receipt for people.
#include <algorithm>
#include <array>
#include <cstdio>

#include "host/receipt.hpp"

namespace sluice::host {

namespace {

std::string line(const char* format, const std::string& name, const std::array<std::int64_t, 8>& n) {
  std::array<char, 256> text{};
  const int size =
      std::snprintf(text.data(), text.size(), format, name.c_str(), static_cast<long long>(n[0]),
                    static_cast<long long>(n[1]), static_cast<long long>(n[2]), static_cast<long long>(n[3]),
                    static_cast<long long>(n[4]), static_cast<long long>(n[5]), static_cast<long long>(n[6]),
                    static_cast<long long>(n[7]));
  return {text.data(), static_cast<std::size_t>(std::clamp(size, 0, 255))};
}

std::string seconds(std::int64_t from_us, std::int64_t to_us) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f s", static_cast<double>(to_us - from_us) / 1e6);
  return text.data();
}

std::string count(std::int64_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string stage_lines(const engine::run_row& run) {
  const plan_notes notes = notes_of(run);
  std::size_t width = 0;
  for (const engine::stage_row& s : run.stages) width = std::max(width, s.stage.size());
  std::string out;
  for (const engine::stage_row& s : run.stages) {
    std::string state(engine::to_string(s.state));
    state.resize(std::max<std::size_t>(state.size(), 9), ' ');
    std::string pages = count(s.pages, "page");
    pages.resize(std::max<std::size_t>(pages.size(), 8), ' ');
    const engine::record_counts& n = s.records;
    out += "  " + s.stage + std::string(width - s.stage.size(), ' ') + "  " + state + "  " + pages + "  " +
           count(n.records, "record") + " = " + std::to_string(n.mapped) + " mapped + " +
           std::to_string(n.filtered) + " filtered + " + std::to_string(n.rejected) + " rejected\n";
    const auto why = notes.why.find(s.stage);
    if (why != notes.why.end() && !why->second.empty()) out += "    " + why->second + "\n";
    if (s.suspect) out += "    suspect: nothing came, where the run before had brought records\n";
    if (!s.error_code.empty()) out += "    " + s.error_code + " " + s.error + "\n";
  }
  for (const std::string& stage : notes.left_out) {
    out += "  " + stage + ": not read again, its data are younger than `fresh_for`\n";
  }
  return out.empty() ? out : "\n" + out;
}

std::string stream_table(const engine::run_row& run) {
  const auto all = counts_by_stream(run);
  if (all.empty()) return {};
  std::string out =
      "\n  stream                 rows = inserted + updated + unchanged + deleted + deferred + rejected   "
      "resolved\n";
  for (const auto& [name, c] : all) {
    out += line("  %-18s %8lld   %8lld  %8lld    %8lld  %8lld   %8lld   %8lld   %8lld\n", name,
                {c.rows, c.inserted, c.updated, c.unchanged, c.deleted, c.deferred, c.rejected,
                 c.resolved_inserted + c.resolved_updated + c.resolved_unchanged});
  }
  return out;
}

// Where to look for what is not stored.
std::string hints(const engine::run_row& run, const std::string& manifest) {
  std::int64_t records = 0, rows = 0, waiting = 0, swept = 0, skipped = 0;
  for (const engine::stage_row& s : run.stages) records += s.records.rejected;
  for (const auto& [name, c] : counts_by_stream(run)) {
    rows += c.rejected;
    swept += c.swept;
    waiting += c.waiting();
    skipped += c.skipped;
  }
  std::string out;
  if (swept > 0)
    out += "  " + count(swept, "row") + " deleted, as nothing brought them or their parents any more\n";
  if (records + rows > 0) {
    out += "  " + count(records, "record") + " and " + count(rows, "row") +
           " rejected: sluice rejects list --run " + run.run_id + " --pipeline " + manifest + "\n";
  }
  if (skipped > 0) {
    out += "  " + count(skipped, "row") +
           " skipped, as the row that they point to is not upstream (`on_missing`)\n";
  }
  if (waiting > 0) {
    out += "  " + count(waiting, "row") +
           " deferred until the row that they point to comes: sluice deferred list " + "--tenant " +
           run.tenant + " --pipeline " + manifest + "\n";
  }
  return out.empty() ? out : "\n" + out;
}

// A run fails by one of its stages mostly; then that stage has said why.
bool told_by_a_stage(const engine::run_row& run) {
  return std::any_of(run.stages.begin(), run.stages.end(), [&](const engine::stage_row& s) {
    return s.error_code == run.error_code && run.error.find(s.error) != std::string::npos;
  });
}

}  // namespace

std::string receipt_text(const engine::run_row& run, const std::string& manifest) {
  std::string out = "run " + run.run_id + "  tenant " + run.tenant +
                    (run.scope.empty() ? "" : "  " + scope_text(run.scope)) + "  " +
                    std::string(engine::to_string(run.state));
  if (run.ended_us != 0) out += "  in " + seconds(run.created_us, run.ended_us);
  if (run.essential_us != 0) out += "  (essential after " + seconds(run.created_us, run.essential_us) + ")";
  if (!run.retry_of.empty()) out += "\n  repeats run " + run.retry_of;
  if (const essential_state e = essential_of(run); e.deadline_missed) {
    out += "\n  the essential phase missed its deadline of " + seconds(0, e.deadline_us);
  }
  if (const std::string why = why_stuck(run); !why.empty()) out += "\n  stuck: " + why;
  out += "\n" + stage_lines(run) + stream_table(run) + hints(run, manifest);
  if (!run.error_code.empty() && !told_by_a_stage(run))
    out += "\n  " + run.error_code + " " + run.error + "\n";
  return out;
}

}  // namespace sluice::host
