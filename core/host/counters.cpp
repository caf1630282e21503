#include "host/counters.hpp"

#include <algorithm>
#include <numeric>

#include <nlohmann/json.hpp>

#include "host/figures.hpp"

namespace sluice::host {

namespace {

using json = nlohmann::json;
using key = counters::key;

constexpr const char* note_name = "counters";
constexpr int runs_at_once = 2'000, most_steps = 20;
constexpr std::size_t most_codes = 200;  // plugins have codes of their own, but nobody has that many

// Each map of plain numbers under its name.
constexpr std::pair<const char*, std::map<key, std::int64_t> counters::*> families[] = {
    {"runs", &counters::runs},
    {"failed_runs", &counters::failed_runs},
    {"domain_runs", &counters::domain_runs},
    {"domain_failures", &counters::domain_failures},
    {"requests", &counters::requests},
    {"retries", &counters::retries},
    {"rows", &counters::rows},
    {"errors", &counters::errors}};

void add_errors(counters& to, const engine::ended_run& run, const figures& all) {
  for (const auto& [code, n] : all.errors) {
    const key own{run.pipeline, code};
    const bool room = to.errors.contains(own) || to.errors.size() < most_codes;
    to.errors[room ? own : key{run.pipeline, "other"}] += n;
  }
}

void add_rows(counters& to, const engine::ended_run& run, const std::string& entry) {
  engine::row_counts sum;
  for (const engine::ended_stage& s : run.stages) {
    if (entry_of(s.stage) == entry) sum += s.rows;
  }
  for (const auto& [outcome, counter] : row_outcomes) to.rows[{run.pipeline, entry, outcome}] += sum.*counter;
}

}  // namespace

void counted_duration::add(std::int64_t us) {
  sum_us += us;
  const auto at = std::find_if(duration_bounds.begin(), duration_bounds.end(),
                               [&](double bound) { return static_cast<double>(us) <= bound * 1e6; });
  ++counts[static_cast<std::size_t>(at - duration_bounds.begin())];
}

std::int64_t counted_duration::count() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

void counters::add(const engine::ended_run& run) {
  figures all;
  add_run(all, run);
  ++runs[{run.pipeline, run.backend, std::string(engine::to_string(run.state))}];
  failed_runs[{run.pipeline, run.backend}] += all.failed;
  for (const std::string& entry : entries_of(run)) {
    figures of;
    add_domain(of, run, entry);
    ++domain_runs[{run.pipeline, entry}];
    domain_failures[{run.pipeline, entry}] += of.failed;
    requests[{run.pipeline, entry}] += of.requests;
    retries[{run.pipeline, entry}] += of.retries;
    add_rows(*this, run, entry);
  }
  add_errors(*this, run, all);
  if (all.essential.count() > 0)
    durations[{run.pipeline, run.backend, "essential"}].add(all.essential.total_us());
  if (all.background.count() > 0)
    durations[{run.pipeline, run.backend, "background"}].add(all.background.total_us());
  durations[{run.pipeline, run.backend, "whole"}].add(all.whole.total_us());
}

std::string to_text(const counters& c) {
  json out{{"until_us", c.until_us}};
  for (const auto& [name, family] : families) {
    json& series = out[name] = json::array();
    for (const auto& [labels, n] : c.*family) series.push_back({labels, n});
  }
  json& durations = out["durations"] = json::array();
  for (const auto& [labels, d] : c.durations) durations.push_back({labels, d.sum_us, d.counts});
  return out.dump();
}

counters counters_from(const std::string& text) {
  counters out;
  if (text.empty()) return out;
  const json from = json::parse(text);
  out.until_us = from.at("until_us");
  for (const auto& [name, family] : families) {
    for (const json& s : from.value(name, json::array())) (out.*family)[s.at(0).get<key>()] = s.at(1);
  }
  for (const json& s : from.value("durations", json::array())) {
    counted_duration& d = out.durations[s.at(0).get<key>()];
    d.sum_us = s.at(1);
    const auto counts = s.at(2).get<std::vector<std::int64_t>>();
    std::copy_n(counts.begin(), std::min(counts.size(), d.counts.size()), d.counts.begin());
  }
  return out;
}

counters count_up(engine::session& session, std::int64_t lag_us) {
  counters out;
  for (int step = 0; step < most_steps; ++step) {
    const engine::note known = session.read_note(note_name);
    out = counters_from(known.text);
    engine::history_filter ask;
    ask.from_us = out.until_us;
    ask.to_us = session.now_us() - lag_us;
    ask.oldest_first = true;
    ask.limit = runs_at_once;
    ask.rows = true;
    auto ended = session.history(ask);
    const bool more = ended.size() == static_cast<std::size_t>(runs_at_once);
    // Those that ended at the same instant as the last one come with the next step, all of them.
    const std::int64_t until_us = more ? ended.back().ended_us : ask.to_us;
    if (more) std::erase_if(ended, [&](const engine::ended_run& r) { return r.ended_us >= until_us; });
    if (ended.empty()) return out;
    for (const engine::ended_run& run : ended) out.add(run);
    out.until_us = until_us;
    // Another host that was faster has counted the same: then its numbers are read.
    if (session.write_note(note_name, known.version, to_text(out)) && !more) return out;
  }
  out.behind = true;
  return out;
}

}  // namespace sluice::host
