// Cooperative stopping: who asked, why, and who wants to know. Used on the engine's executor only,
// so it needs no locks. A child source stops with its parent.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "engine/failure.hpp"

namespace sluice::engine {

class stop_source {
 public:
  // Ends the notification when it goes out of scope. The source must outlive it.
  class subscription {
   public:
    subscription() = default;
    subscription(stop_source* s, std::uint64_t id) : source_(s), id_(id) {}
    subscription(subscription&& o) noexcept : source_(std::exchange(o.source_, nullptr)), id_(o.id_) {}
    subscription& operator=(subscription&&) = delete;
    ~subscription() {
      if (source_ != nullptr) source_->listeners_.erase(id_);
    }

   private:
    stop_source* source_ = nullptr;
    std::uint64_t id_ = 0;
  };

  stop_source() = default;
  explicit stop_source(stop_source& parent)
      : upstream_(parent.on_stop([this, &parent] { stop(*parent.why()); })) {
    if (parent.stopped()) stop(*parent.why());
  }
  stop_source(const stop_source&) = delete;
  stop_source& operator=(const stop_source&) = delete;

  // The first call wins; later ones change nothing.
  void stop(failure why) {
    if (why_) return;
    why_.emplace(std::move(why));
    // One at a time: a listener may end another's subscription.
    while (!listeners_.empty()) listeners_.extract(listeners_.begin()).mapped()();
  }
  [[nodiscard]] bool stopped() const noexcept { return why_.has_value(); }
  [[nodiscard]] const std::optional<failure>& why() const noexcept { return why_; }
  void throw_if_stopped() const {
    if (why_) throw failure(*why_);
  }
  // Not called when it has stopped already: ask first.
  [[nodiscard]] subscription on_stop(std::function<void()> listener) {
    listeners_.emplace(++last_id_, std::move(listener));
    return {this, last_id_};
  }

 private:
  std::optional<failure> why_;
  std::map<std::uint64_t, std::function<void()>> listeners_;
  std::uint64_t last_id_ = 0;
  subscription upstream_;
};

}  // namespace sluice::engine
