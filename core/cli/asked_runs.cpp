#include "cli/asked_runs.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <nlohmann/json.hpp>

#include "host/receipt.hpp"

namespace sluice::cli {

namespace {

std::string name_of(const host::run_answer& r) { return r.scope.empty() ? "tenant" : "subject"; }

int worse(int a, int b) {
  constexpr std::array order{exit_code::failed, exit_code::cancelled, exit_code::held, exit_code::partial};
  for (const int code : order) {
    if (a == code || b == code) return code;
  }
  return exit_code::good;
}

}  // namespace

asked_runs::asked_runs(app& a, host::runtime& runtime, std::string manifest)
    : app_(a), runtime_(runtime), manifest_(std::move(manifest)) {}

void asked_runs::start(const host::run_ask& ask) {
  of_subject_ = !ask.subject.empty();
  if (!of_subject_) {
    runs_.push_back(runtime_.start(ask));
    return;
  }
  host::sign_in_answer both = runtime_.sign_in(ask);
  runs_.push_back(std::move(both.subject));
  if (both.tenant) runs_.push_back(std::move(*both.tenant));
}

bool asked_runs::wait_essential(std::chrono::microseconds at_most, const std::function<bool()>& interrupted) {
  std::vector<std::string> ids;
  for (const host::run_answer& r : runs_) ids.push_back(r.run_id);
  return runtime_.wait_essential(ids, at_most, interrupted);
}

std::vector<engine::run_row> asked_runs::wait(const std::function<bool()>& interrupted) {
  std::vector<engine::run_row> out;
  bool cancelling = false;
  for (const host::run_answer& r : runs_) {
    const auto row = runtime_.wait(r.run_id, [&] {
      if (interrupted() && !std::exchange(cancelling, true)) cancel();
      return false;
    });
    out.push_back(*row);
  }
  return out;
}

void asked_runs::cancel() {
  app_.say(observe::log_level::info, {}, "cancelling at the next page; interrupt again to leave at once");
  for (const host::run_answer& r : runs_) runtime_.cancel(r.run_id);
}

int asked_runs::print_state() {
  nlohmann::json states = nlohmann::json::object();
  int worst = exit_code::good;
  for (const host::run_answer& r : runs_) {
    nlohmann::json state = runtime_.state_of(r.run_id);
    worst = worse(worst, host::essential_exit_code(state));
    if (!app_.options().json) std::printf("%s", host::state_text(state).c_str());
    states[name_of(r)] = std::move(state);
  }
  print_json(states);
  return worst;
}

int asked_runs::print(const std::vector<engine::run_row>& rows) {
  nlohmann::json receipts = nlohmann::json::object();
  int worst = exit_code::good;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    worst = worse(worst, host::exit_code(rows[i].state));
    if (!app_.options().json) std::printf("%s", host::receipt_text(rows[i], manifest_).c_str());
    receipts[name_of(runs_[i])] = host::receipt_json(rows[i]);
  }
  print_json(receipts);
  return worst;
}

// Without a subject there is one run, and its receipt is the answer.
void asked_runs::print_json(const nlohmann::json& by_name) const {
  if (!app_.options().json) return;
  std::printf("%s\n", (of_subject_ ? by_name : by_name.at("tenant")).dump(2).c_str());
}

bool asked_runs::any_here() const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [](const host::run_answer& r) { return r.how != engine::run_lease::how::joined; });
}

}  // namespace sluice::cli
