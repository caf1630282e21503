#include "host/shared_answers.hpp"

#include <utility>

namespace sluice::host {

using boost::asio::awaitable;

awaitable<answer> shared_answers::get(question q, engine::stop_source& stop,
                                      const std::function<awaitable<answer>()>& ask) {
  for (;;) {
    drop_old();
    const auto at = entries_.find(q.key);
    if (at == entries_.end() || at->second->takers.contains(q.who)) co_return co_await lead(q, ask);
    const auto e = at->second;
    e->takers.insert(q.who);
    while (!e->over) {
      const auto wake = stop.on_stop([e] { e->changed.notify(); });
      stop.throw_if_stopped();
      co_await e->changed.wait();
    }
    stop.throw_if_stopped();
    if (e->value) {
      if (e->takers.size() >= q.who_ask) forget(q.key, e);
      co_return *e->value;
    }
  }
}

awaitable<answer> shared_answers::lead(const question& q, const std::function<awaitable<answer>()>& ask) {
  const auto e = std::make_shared<entry>(executor_);
  e->takers.insert(q.who);
  if (const auto before = entries_.find(q.key); before != entries_.end()) forget(q.key, before->second);
  entries_.emplace(q.key, e);
  try {
    e->value = co_await ask();
  } catch (...) {
    forget(q.key, e);
    e->over = true;
    e->changed.notify();
    throw;
  }
  e->over = true;
  keep(q, e);
  e->changed.notify();
  co_return *e->value;
}

// The oldest are kept and not the newest: who lags behind comes to those first.
void shared_answers::keep(const question& q, const std::shared_ptr<entry>& e) {
  if (e->takers.size() >= q.who_ask || bytes_ + e->value->bytes > most_bytes) return forget(q.key, e);
  const auto at = entries_.find(q.key);
  if (at == entries_.end() || at->second != e) return;
  e->came_us = clock_.steady_us();
  e->counted = e->value->bytes;
  bytes_ += e->counted;
}

void shared_answers::forget(const std::string& key, const std::shared_ptr<entry>& e) {
  bytes_ -= std::exchange(e->counted, 0);
  if (const auto at = entries_.find(key); at != entries_.end() && at->second == e) entries_.erase(at);
}

void shared_answers::drop_old() {
  const std::int64_t now = clock_.steady_us();
  if (now - looked_us_ < longest_us / 30) return;
  looked_us_ = now;
  std::erase_if(entries_, [&](const auto& one) {
    entry& e = *one.second;
    if (!e.over || now - e.came_us < longest_us) return false;
    bytes_ -= std::exchange(e.counted, 0);
    return true;
  });
}

}  // namespace sluice::host
