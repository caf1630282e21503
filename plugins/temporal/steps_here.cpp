#include "temporal/steps_here.hpp"

#include <nlohmann/json.hpp>

#include "temporal/decide.hpp"

namespace sluice::durable {

using how = step_end::how;
using nlohmann::json;

void steps_here::run(const std::string& run_id, const std::string& step, told done) {
  const key k{run_id, step};
  bool closing = false;
  {
    const std::lock_guard lock(mutex_);
    closing = closing_;
    if (!closing) {
      auto& waiting = under_way_[k];
      waiting.push_back(std::move(done));
      if (waiting.size() > 1) return;
    }
  }
  if (closing) return done({how::elsewhere, "this host is shutting down"});
  begin(k);
}

bool steps_here::is_at_work(const std::string& run_id) const {
  const auto at = under_way_.lower_bound({run_id, std::string()});
  return at != under_way_.end() && at->first.first == run_id;
}

void steps_here::cancel_and_end(const std::string& run_id, told done) {
  stop(run_id);
  {
    const std::lock_guard lock(mutex_);
    if (is_at_work(run_id)) {
      ends_[run_id].push_back(std::move(done));
      return;
    }
  }
  run(run_id, std::string(end_step), std::move(done));
}

void steps_here::begin(const key& k) {
  try {
    const std::string state = json::parse(runs_.adopt(k.first)).at("state");
    if (state != "running") return tell(k, {how::ended, k.second == end_step ? state : "ended"});
    if (k.second == end_step) return finish(k);
    steps_.run_step(k.first, json{{"name", k.second}}.dump(), {},
                    [this, k](step_outcome o, std::string_view result) { ended(k, o, result); });
  } catch (const failure& f) {
    const bool gone = f.kind() == status::not_found || f.kind() == status::invalid;
    tell(k, {gone ? how::gone : how::elsewhere, f.message()});
  }
}

void steps_here::finish(const key& k) {
  runs_.finish(k.first, [this, k](std::string_view told_json) {
    const json said = json::parse(told_json);
    const std::string state = said.at("state");
    if (state == "open")
      return tell(k, {how::elsewhere, said.value("error", std::string("the run is still open"))});
    tell(k, {how::ended, state});
  });
}

void steps_here::ended(const key& k, step_outcome outcome, std::string_view result_json) {
  if (outcome == step_outcome::fenced)
    return tell(k, {how::elsewhere, "another host has taken the run over"});
  if (outcome == step_outcome::cancelled) {
    if (json::parse(result_json).value("state", std::string()) == "left")
      return tell(k, {how::elsewhere, "this host leaves the run to another one"});
    return tell(k, {how::ended, std::string(outcome_cancelled)});
  }
  if (outcome == step_outcome::ended) return tell(k, {how::ended, "ended"});
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    again = !closing_;
  }
  if (again) return begin(k);
  tell(k, {how::elsewhere, "this host is shutting down"});
}

void steps_here::tell(const key& k, const step_end& end) {
  std::vector<told> waiting;
  {
    const std::lock_guard lock(mutex_);
    const auto at = under_way_.find(k);
    waiting = std::move(at->second);
    under_way_.erase(at);  // who asks from now on begins anew
    ++telling_;
  }
  for (const told& t : waiting) t(end);
  std::vector<told> ends;
  {
    const std::lock_guard lock(mutex_);
    if (const auto at = ends_.find(k.first); at != ends_.end() && !is_at_work(k.first)) {
      ends = std::move(at->second);
      ends_.erase(at);
    }
  }
  for (told& t : ends) run(k.first, std::string(end_step), std::move(t));
  const std::lock_guard lock(mutex_);
  --telling_;
  idle_.notify_all();
}

void steps_here::stop(const std::string& run_id) {
  if (!has(run_id)) return;
  try {
    runs_.cancel(run_id);
  } catch (const failure& f) {
    host_.log(log_level::debug, "run " + run_id + " is not stopped here: " + f.message());
  }
}

bool steps_here::has(const std::string& run_id) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return false;
  }
  try {
    return json::parse(runs_.adopt(run_id)).at("state") == "running";
  } catch (const failure& f) {
    host_.log(log_level::debug, "run " + run_id + " is not here: " + f.message());
    return false;
  }
}

void steps_here::close() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
}

void steps_here::wait_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return under_way_.empty() && telling_ == 0; });
}

}  // namespace sluice::durable
