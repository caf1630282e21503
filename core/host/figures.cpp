#include "host/figures.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

namespace sluice::host {

using engine::ended_run;
using engine::ended_stage;
using engine::run_state;
using engine::stage_state;

namespace {

using stage_filter = std::function<bool(const ended_stage&)>;

bool any(const ended_run& run, const stage_filter& which, stage_state state) {
  return std::any_of(run.stages.begin(), run.stages.end(),
                     [&](const ended_stage& s) { return s.state == state && which(s); });
}

void add_work(figures& to, const ended_run& run, const stage_filter& which) {
  std::set<std::string> codes;
  for (const ended_stage& s : run.stages) {
    if (!which(s)) continue;
    to.requests += s.requests;
    to.retries += s.retries;
    if (s.state == stage_state::failed && !s.error_code.empty()) codes.insert(s.error_code);
  }
  for (const std::string& code : codes) ++to.errors[code];
}

bool is_essential(const ended_stage& s) { return s.phase == engine::phase::essential; }

// From when the first of these stages began until the last one had ended.
void add_span(durations& to, const ended_run& run, const stage_filter& which) {
  std::int64_t from = std::numeric_limits<std::int64_t>::max(), until = 0;
  for (const ended_stage& s : run.stages) {
    if (!which(s) || s.started_us == 0 || s.ended_us == 0) continue;
    from = std::min(from, s.started_us);
    until = std::max(until, s.ended_us);
  }
  if (until > 0) to.add(until - from);
}

void add_part(figures& to, const ended_run& run, const stage_filter& which) {
  ++to.runs;
  ++to.states[run.state];
  if (any(run, which, stage_state::failed)) ++to.failed;
  else if (any(run, which, stage_state::cancelled) || run.state == run_state::cancelled) ++to.cancelled;
  add_work(to, run, which);
}

std::int64_t background_from(const ended_run& run) {
  return run.essential_us > 0 ? run.essential_us : run.created_us;
}

}  // namespace

void durations::add(std::int64_t us) {
  all_.push_back(std::max<std::int64_t>(us, 0));  // a clock that went back
  total_us_ += all_.back();
  sorted_ = false;
}

std::int64_t durations::percentile_us(int percent) const {
  if (all_.empty()) return 0;
  if (!sorted_) std::sort(all_.begin(), all_.end());
  sorted_ = true;
  const std::size_t rank = (all_.size() * static_cast<std::size_t>(percent) + 99) / 100;
  return all_[std::max<std::size_t>(rank, 1) - 1];
}

std::optional<double> figures::failure_rate() const {
  if (counted() == 0) return std::nullopt;
  return static_cast<double>(failed) / static_cast<double>(counted());
}

std::string entry_of(const std::string& stage) { return stage.substr(0, stage.find('.')); }

std::vector<std::string> entries_of(const ended_run& run) {
  std::set<std::string> out;
  for (const ended_stage& s : run.stages) out.insert(entry_of(s.stage));
  return {out.begin(), out.end()};
}

bool has_phase(const ended_run& run, engine::phase phase) {
  return std::any_of(run.stages.begin(), run.stages.end(),
                     [&](const ended_stage& s) { return s.phase == phase; });
}

bool has_failed(const ended_run& run) {
  return run.state == run_state::failed ||
         any(
             run, [](const ended_stage&) { return true; }, stage_state::failed);
}

bool has_failed(const ended_run& run, const std::string& entry) {
  return any(
      run, [&](const ended_stage& s) { return entry_of(s.stage) == entry; }, stage_state::failed);
}

void add_run(figures& to, const ended_run& run) {
  ++to.runs;
  ++to.states[run.state];
  if (has_failed(run)) ++to.failed;
  else if (run.state == run_state::cancelled) ++to.cancelled;
  add_work(to, run, [](const ended_stage&) { return true; });
  // What ended the run as a whole, where no stage has it already.
  const bool told = std::any_of(run.stages.begin(), run.stages.end(),
                                [&](const ended_stage& s) { return s.error_code == run.error_code; });
  if (!run.error_code.empty() && !told) ++to.errors[run.error_code];
  if (run.essential_us > 0) to.essential.add(run.essential_us - run.created_us);
  if (has_phase(run, engine::phase::background)) to.background.add(run.ended_us - background_from(run));
  to.whole.add(run.ended_us - run.created_us);
}

void add_domain(figures& to, const ended_run& run, const std::string& entry) {
  const stage_filter which = [&](const ended_stage& s) { return entry_of(s.stage) == entry; };
  add_part(to, run, which);
  add_span(to.essential, run, [&](const ended_stage& s) { return which(s) && is_essential(s); });
  add_span(to.background, run, [&](const ended_stage& s) { return which(s) && !is_essential(s); });
  add_span(to.whole, run, which);
}

void add_phase(figures& to, const ended_run& run, engine::phase phase) {
  if (!has_phase(run, phase)) return;
  add_part(to, run, [&](const ended_stage& s) { return s.phase == phase; });
  if (phase == engine::phase::background) {
    to.background.add(run.ended_us - background_from(run));
    to.whole.add(run.ended_us - background_from(run));
  } else if (run.essential_us > 0) {
    to.essential.add(run.essential_us - run.created_us);
    to.whole.add(run.essential_us - run.created_us);
  }
}

nlohmann::json to_json(const durations& d) {
  if (d.count() == 0) return nullptr;
  const auto ms = [](std::int64_t us) { return static_cast<double>(us) / 1000; };
  return {{"count", d.count()},
          {"average", ms(d.average_us())},
          {"p50", ms(d.percentile_us(50))},
          {"p90", ms(d.percentile_us(90))},
          {"p95", ms(d.percentile_us(95))},
          {"p99", ms(d.percentile_us(99))},
          {"max", ms(d.percentile_us(100))}};
}

nlohmann::json to_json(const figures& f) {
  nlohmann::json states = nlohmann::json::object();
  for (const auto& [state, n] : f.states) states[std::string(engine::to_string(state))] = n;
  const auto failed = f.failure_rate();
  return {{"runs", f.runs},
          {"failed", f.failed},
          {"cancelled", f.cancelled},
          {"states", std::move(states)},
          {"success_rate", failed ? nlohmann::json(1 - *failed) : nlohmann::json()},
          {"failure_rate", failed ? nlohmann::json(*failed) : nlohmann::json()},
          {"essential_ms", to_json(f.essential)},
          {"background_ms", to_json(f.background)},
          {"duration_ms", to_json(f.whole)},
          {"requests", f.requests},
          {"retries", f.retries},
          {"errors", f.errors}};
}

}  // namespace sluice::host
