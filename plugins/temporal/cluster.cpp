#include "temporal/cluster.hpp"

#include <algorithm>

#include "temporal/codes.hpp"

namespace sluice::durable {

using namespace std::chrono_literals;
using kind = answer::kind;

cluster::cluster(host_ref host, settings to, std::unique_ptr<transport> by, const slot& names)
    : host_(host), to_(std::move(to)), by_(std::move(by)), names_(names) {}

void cluster::set_queue(::temporal::api::taskqueue::v1::TaskQueue& queue, const std::string& name,
                        bool sticky) const {
  queue.set_name(name);
  queue.set_kind(sticky ? enums::TASK_QUEUE_KIND_STICKY : enums::TASK_QUEUE_KIND_NORMAL);
  if (sticky) queue.set_normal_name(names_.shared());
}

answer cluster::call(const char* method, const google::protobuf::MessageLite& request,
                     google::protobuf::MessageLite& response, int attempts) {
  for (int failures = 1;; ++failures) {
    response.Clear();
    const bool last = stopping();
    const auto asked = std::chrono::steady_clock::now();
    answer got = by_->call(method, request, response, last ? 2s : 10s, false);
    if (got.good())
      note_time(
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - asked));
    note(got);
    if (got.what == kind::limited) host_.add("calls_limited");
    else if (got.retryable()) host_.add("calls_unanswered");
    if (!got.retryable() || failures >= attempts || last || !pause(backoff(failures, got))) return got;
  }
}

answer cluster::poll_once(const char* method, const google::protobuf::MessageLite& request,
                          google::protobuf::MessageLite& response) {
  response.Clear();
  answer got = by_->call(method, request, response, 70s, true);
  if (got.what != kind::timed_out) note(got);
  return got;
}

// Says once that it is away, and once that it is back.
void cluster::note(const answer& a) {
  if (a.what == kind::stopped) return;
  if (a.what == kind::limited) note_limit(a.text);
  std::string said;
  {
    const std::lock_guard lock(mutex_);
    const bool reached = a.what == kind::limited || !a.retryable();
    if (a.what != kind::limited) limited_.clear();
    heard_ = true;
    if (a.good()) useful_ = true, refused_.clear();
    if (reached == away_.empty()) return;
    away_ = reached ? std::string() : a.text;
    said = away_;
  }
  if (said.empty()) return host_.log(log_level::info, "Temporal at " + to_.address + " answers again");
  host_.log(
      log_level::warn,
      "Temporal at " + to_.address + " can't be reached: " + said + "; it is asked again, and runs wait",
      codes::as_field(codes::unreachable));
}

// It changes its mind with every call: who reads the log is told once a minute. A heartbeat may be one of those it refuses.
void cluster::note_limit(const std::string& why) {
  constexpr auto quiet = 1min;
  note_time(3s);
  {
    const std::lock_guard lock(mutex_);
    limited_ = why;
    const auto now = std::chrono::steady_clock::now();
    if (now < complain_again_) return;
    complain_again_ = now + quiet;
  }
  host_.log(log_level::warn,
            "Temporal at " + to_.address + " limits how often it may be asked: " + why +
                "; it is asked again with longer pauses, and runs take longer",
            codes::as_field(codes::limited));
}

void cluster::note_time(std::chrono::milliseconds answered_in) noexcept {
  answers_in_ms_ = std::max<std::int64_t>(answered_in.count(), answers_in_ms_ * 7 / 8);
}

std::chrono::seconds cluster::heartbeat() const noexcept {
  constexpr std::int64_t usual = 500;
  const std::int64_t ms = answers_in_ms_;
  return 2s + (ms <= usual ? 0s : std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds(3 * ms)));
}

std::chrono::milliseconds cluster::backoff(int failures, const answer& last) {
  const bool limits = last.what == kind::limited;
  const std::int64_t most =
      std::min<std::int64_t>(limits ? 10'000 : 5'000, (limits ? 1'000LL : 100LL) << std::min(failures, 6));
  const std::lock_guard lock(mutex_);
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(most / 2, most)(chance_));
}

bool cluster::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return stopping_; });
  return !stopping_;
}

void cluster::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  by_->stop_polls();
}

bool cluster::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void cluster::check() {
  const std::lock_guard lock(mutex_);
  const std::string who = "Temporal at " + to_.address;
  if (!away_.empty())
    throw failure(status::transient, codes::unreachable, who + " can't be reached: " + away_);
  if (!limited_.empty())
    throw failure(status::transient, codes::limited, who + " limits how often it may be asked: " + limited_);
  if (!refused_.empty()) throw failure(status::transient, codes::refused, who + " " + refused_);
  if (!heard_) throw failure(status::transient, codes::unreachable, who + " has not answered yet");
}

void cluster::refused(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (!useful_) refused_ = why;  // some may ask for everything but what a namespace is
}

}  // namespace sluice::durable
