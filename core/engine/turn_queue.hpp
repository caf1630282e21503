// A queue in which tenants take turns. Not thread-safe: its owner has the lock, or the one thread.
//
// What waits is bounded by whoever waits: each caller waits for its own piece of work.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <iterator>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "engine/turn.hpp"

namespace sluice::engine {

template <class T>
class turn_queue {
 public:
  void push(turn of, T work) {
    lanes_[index(of.how)].push(of.tenant, std::move(work));
    ++size_;
  }

  // The next in turn. Nothing: it is empty.
  std::optional<T> pop() {
    return take([](urgency, std::string_view, const T&) { return true; });
  }

  // The next in turn whose tenant may go now: `may` is asked about the first piece of work of each tenant,
  // essential ones first. A tenant that may not go keeps its place.
  template <class May>
  std::optional<T> take(const May& may) {
    for (const urgency u : {urgency::essential, urgency::background}) {
      std::optional<T> out = lanes_[index(u)].take(
          [&](std::string_view tenant, const T& first) { return may(u, tenant, first); });
      if (!out) continue;
      --size_;
      return out;
    }
    return std::nullopt;
  }

  // Takes out what `which` says, wherever it stands. How many.
  template <class Which>
  std::size_t remove(const Which& which) {
    std::size_t gone = 0;
    for (lane& l : lanes_) gone += l.remove(which);
    size_ -= gone;
    return gone;
  }

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t size(urgency u) const noexcept { return lanes_[index(u)].size; }
  // Tenants that wait, of both classes.
  [[nodiscard]] std::size_t tenants() const noexcept { return lanes_[0].ring.size() + lanes_[1].ring.size(); }

 private:
  struct party {
    std::string tenant;
    std::deque<T> work;
  };
  struct lane {
    std::list<party> ring;   // the first is next
    std::list<party> spare;  // at most one, so that a tenant that is alone allocates nothing anew
    std::size_t size = 0;

    void push(std::string_view tenant, T work) {
      ++size;
      // Tenants that wait are few: as many as runs are active.
      const auto at =
          std::find_if(ring.begin(), ring.end(), [&](const party& p) { return p.tenant == tenant; });
      if (at != ring.end()) {
        at->work.push_back(std::move(work));
        return;
      }
      if (spare.empty()) spare.emplace_back();
      spare.front().tenant = tenant;
      spare.front().work.push_back(std::move(work));
      ring.splice(ring.end(), spare, spare.begin());
    }

    template <class May>
    std::optional<T> take(const May& may) {
      for (auto at = ring.begin(); at != ring.end(); ++at) {
        if (!may(std::string_view(at->tenant), std::as_const(at->work.front()))) continue;
        std::optional<T> out(std::move(at->work.front()));
        at->work.pop_front();
        --size;
        if (at->work.empty()) leave(at);
        else ring.splice(ring.end(), ring, at);
        return out;
      }
      return std::nullopt;
    }

    template <class Which>
    std::size_t remove(const Which& which) {
      std::size_t gone = 0;
      for (auto at = ring.begin(); at != ring.end();) {
        const auto next = std::next(at);
        gone += std::erase_if(at->work, which);
        if (at->work.empty()) leave(at);
        at = next;
      }
      size -= gone;
      return gone;
    }

    void leave(typename std::list<party>::iterator at) {
      spare.splice(spare.begin(), ring, at);
      if (spare.size() > 1) spare.pop_back();
    }
  };

  static constexpr std::size_t index(urgency u) { return static_cast<std::size_t>(u); }

  std::array<lane, 2> lanes_;
  std::size_t size_ = 0;
};

}  // namespace sluice::engine
