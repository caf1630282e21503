// A sign-in: the run of one subject beside that of its tenant, and waiting for what is essential of both.
#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "decode/text.hpp"
#include "host/receipt.hpp"
#include "host/runtime.hpp"
#include "observe/identifiers.hpp"

namespace sluice::host {

using engine::failure;
using engine::failure_class;

namespace {

constexpr std::size_t max_subject = 256;
const std::string subject_scope = "subject:";

// The stages that this run has read to their end, and since when what they brought is true.
std::map<std::string, std::int64_t> read_by(const engine::run_row& row) {
  std::map<std::string, std::int64_t> out;
  for (const engine::stage_row& s : row.stages) {
    if (s.state == engine::stage_state::complete && !s.suspect) out[s.stage] = s.started_us;
  }
  return out;
}

}  // namespace

std::string scope_of(const std::string& subject) { return subject_scope + subject; }

std::string subject_of(const std::string& scope) {
  return scope.starts_with(subject_scope) ? scope.substr(subject_scope.size()) : std::string();
}

void check_subject(const std::string& subject) {
  const bool good = !subject.empty() && subject.size() <= max_subject &&
                    subject.find('\0') == std::string::npos &&
                    decode::find_invalid_utf8(subject) == std::string::npos;
  if (good) return;
  throw failure(failure_class::invalid, "SLU-6041",
                "a subject's id is text in UTF-8 of 1 to 256 bytes, without NUL; this one has " +
                    std::to_string(subject.size()) + " bytes");
}

sign_in_answer runtime::sign_in(run_ask ask) {
  check_subject(ask.subject);
  if (ask.correlation_id.empty()) {
    ask.correlation_id = observe::correlation_id(ask.tenant, clock_.now_us() / 1000, random_.next());
  }
  ask.part = run_part::subject;
  sign_in_answer out{start(ask), {}};
  ask.part = run_part::rest;
  const engine::run_plan rest =
      build_plan(setup_.pipeline, {ask.tenant, ask.phases, ask.part, {}}, read_history{});
  if (rest.stages.empty()) return out;
  try {
    // Of what nobody waits for, a run that would find all of it fresh is none: most sign-ins would begin one.
    if (!has_essential(rest)) {
      ask.plan = plan_of(setup_.pipeline, ask, history_of(ask, {}));
      if (ask.plan->steps.empty()) return out;
    }
    out.tenant = start(ask);
  } catch (const failure& f) {
    // The subject's run has begun. What of the tenant nobody waits for has its time, on a host that is full.
    if (f.kind() != failure_class::throttled || has_essential(rest)) throw;
    out.put_off = f;
  }
  return out;
}

bool runtime::is_essential_over(const std::string& run_id, std::chrono::steady_clock::time_point until) {
  if (const auto active = find(run_id)) {
    const std::lock_guard lock(mutex_);
    if (active->failed && !is_fenced(active->failed)) throw failure(*active->failed);
    if (!active->failed) return active->essential_over || active->over;
  }
  try {
    const auto row = ask_store([&](engine::session& s) { return s.show_run(run_id); }, until);
    return !row || essential_of(*row).over;
  } catch (const failure& f) {
    // A store that is away for so long is no end of the run: the time to wait is over, and nothing else.
    if (!f.retryable()) throw;
    return false;
  }
}

run_standing runtime::standing(const std::string& run_id) {
  const auto active = find(run_id);
  const std::lock_guard lock(mutex_);
  if (active == nullptr || is_fenced(active->failed)) return run_standing::elsewhere;
  return active->essential_over || active->over ? run_standing::essential_over : run_standing::essential_open;
}

bool runtime::wait_essential(const std::vector<std::string>& run_ids, std::chrono::microseconds at_most,
                             const std::function<bool()>& give_up) {
  // The end of a phase of this process is told; that of another host's is asked for.
  constexpr auto look_again = std::chrono::milliseconds(100);
  using clock = std::chrono::steady_clock;
  const std::int64_t deadline_us = setup_.pipeline.essential.deadline_us;
  if (deadline_us > 0) at_most = std::min(at_most, std::chrono::microseconds(deadline_us));
  const auto ends = clock::now() + at_most;
  const awaiting here(*this, run_ids);
  for (;;) {
    const bool over = std::all_of(run_ids.begin(), run_ids.end(),
                                  [&](const std::string& id) { return is_essential_over(id, ends); });
    const auto now = clock::now();
    if (over || now >= ends || give_up()) return over;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::min<clock::duration>(look_again, ends - now));
  }
}

// Of a run that has ended here the row is at hand.
std::optional<engine::run_row> runtime::row_of(const std::string& run_id) {
  if (const auto active = find(run_id)) {
    const std::lock_guard lock(mutex_);
    if (active->row && engine::is_terminal(active->row->state)) return active->row;
  }
  return ask_store([&](engine::session& s) { return s.show_run(run_id); });
}

nlohmann::json runtime::state_of(const std::string& run_id) {
  const auto row = row_of(run_id);
  if (!row) throw failure(failure_class::not_found, "SLU-6026", "no run " + run_id + " is in this store");
  std::map<std::string, std::int64_t> read_us = read_by(*row);
  const auto stages = essential_of(*row).stages;
  // What this run has not brought an earlier one may have.
  if (!std::all_of(stages.begin(), stages.end(), [&](const std::string& s) { return read_us.contains(s); })) {
    for (const engine::freshness_row& f :
         ask_store([&](engine::session& s) { return s.freshness(row->tenant, row->pipeline, row->scope); }))
      read_us[f.stage] = f.started_us;
  }
  nlohmann::json out = receipt_json(*row);
  for (const std::string& stage : stages) {
    const auto at = std::find_if(row->stages.begin(), row->stages.end(),
                                 [&](const engine::stage_row& s) { return s.stage == stage; });
    const auto state = at == row->stages.end() ? engine::stage_state::pending : at->state;
    out["essential"]["stages"].push_back(
        {{"stage", stage}, {"state", engine::to_string(state)}, {"read_at", instant_json(read_us[stage])}});
  }
  return out;
}

}  // namespace sluice::host
