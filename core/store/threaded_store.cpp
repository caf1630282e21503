#include "store/threaded_store.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "engine/failpoint.hpp"

namespace sluice::store {

namespace asio = boost::asio;

namespace {

// What a connection costs at least: a process of the server, which has to learn about every table anew.
constexpr auto opening_takes = std::chrono::milliseconds(20);

// Who takes longer than that waits for something, or has a lot to write: it keeps nobody from his turn.
constexpr auto short_job = std::chrono::milliseconds(50);

// How many times as long as it took. A server of two cores is left with nine tenths of them.
constexpr int rests = 4;

// To begin with: about what a server on this machine is kept busy by.
int usual_concurrency() { return 2 * static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

// A connection that failed like this may be gone: the next job gets a new one.
bool spoils_session(const engine::failure& f) {
  return f.kind() == engine::failure_class::transient || f.kind() == engine::failure_class::in_doubt;
}

}  // namespace

threaded_store::threaded_store(store& over, int threads, std::chrono::milliseconds about)
    : store_(over),
      worth_(2, usual_concurrency(), std::max(1, threads > 0 ? threads : over.writers())),
      about_(about) {
  const int n = std::max(1, threads > 0 ? threads : over.writers());
  for (int i = 0; i < n; ++i) threads_.emplace_back([this] { run(); });
}

threaded_store::~threaded_store() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_all();
  for (std::thread& t : threads_) t.join();
}

void threaded_store::enqueue(engine::turn of, work_fn work) {
  const bool essential = of.how == engine::urgency::essential;
  {
    const std::lock_guard lock(mutex_);
    queue_.push(of, {std::move(work), of.large && !essential});
    if (essential) essential_until_ = clock::now() + about_;
    since_.push_back(clock::now());
  }
  ready_.notify_one();
}

threaded_store::clock::time_point threaded_store::may_begin(clock::time_point now) const {
  const auto first_short = at_work_.upper_bound(now - short_job);
  if (std::distance(first_short, at_work_.end()) >= worth_.limit()) return *first_short + short_job;
  if (free_.empty() && open_ > 0) return since_.front() + opening_takes;
  return now;
}

threaded_store::clock::time_point threaded_store::large_may(clock::time_point now) const {
  if (closing_ || now >= essential_until_) return now;
  // Who takes longer than that may wait for others, even for one that waits here.
  constexpr auto forever = std::chrono::seconds(5);
  const auto first = large_.upper_bound(now - forever);
  return std::min(essential_until_, first != large_.end() ? *first + forever : rests_until_);
}

// Nothing: all that waits yields, and may not begin yet.
std::optional<threaded_store::turn_taken> threaded_store::take(clock::time_point now) {
  const bool may = large_may(now) <= now;
  auto what = queue_.take([&](engine::urgency, std::string_view, const job& j) { return may || !j.yields; });
  if (!what) return std::nullopt;
  turn_taken out{std::move(*what), at_work_.insert(now), {}};
  if (out.what.yields) out.among_large = large_.insert(now);
  return out;
}

std::optional<threaded_store::turn_taken> threaded_store::next(std::unique_ptr<engine::session>& session) {
  std::unique_lock lock(mutex_);
  std::optional<turn_taken> out;
  while (!out) {
    if (queue_.empty()) {
      if (closing_) return std::nullopt;
      ready_.wait(lock);
      continue;
    }
    const auto now = clock::now();
    auto at = may_begin(now);
    if (at <= now) {
      out = take(now);
      at = large_may(now);
    }
    if (!out) ready_.wait_until(lock, at);
  }
  if (free_.empty()) {
    ++open_;
  } else {
    session = std::move(free_.back());
    free_.pop_back();
  }
  const auto waited = std::chrono::duration_cast<std::chrono::microseconds>(*out->place - since_.front());
  waits_us_ += (waited.count() - waits_us_) / 4;
  since_.pop_front();
  if (!queue_.empty()) ready_.notify_one();  // the one that was woken for it may have been woken for this
  return out;
}

void threaded_store::give_back(std::unique_ptr<engine::session> session, const turn_taken& over) {
  {
    const std::lock_guard lock(mutex_);
    const auto now = clock::now();
    if (session) free_.push_back(std::move(session));
    else --open_;
    if (over.what.yields) {
      rests_until_ = now + rests * (now - *over.place);
      large_.erase(over.among_large);
    }
    at_work_.erase(over.place);
    worth_.job_over(now, !queue_.empty() && large_may(now) <= now);
  }
  ready_.notify_one();
}

void threaded_store::run() {
  std::unique_ptr<engine::session> session;
  while (auto mine = next(session)) {
    mine->what.work(session);
    give_back(std::move(session), *mine);
  }
}

std::exception_ptr threaded_store::attempt(const std::function<void(engine::session&)>& work,
                                           std::unique_ptr<engine::session>& session) {
  try {
    if (!session) session = store_.open_session();
    SLUICE_FAILPOINT("store.before_call");
    work(*session);
    SLUICE_FAILPOINT("store.after_call");
    return nullptr;
  } catch (const engine::failure& f) {
    if (spoils_session(f)) session.reset();
    return std::current_exception();
  } catch (...) {
    session.reset();
    return std::current_exception();
  }
}

asio::awaitable<void> threaded_store::execute(engine::turn of, std::function<void(engine::session&)> work) {
  auto initiate = [this, of, &work]<class Handler>(Handler&& handler) {
    auto executor = asio::get_associated_executor(handler);
    // Shared, because std::function copies; the guard keeps the caller's loop alive while we work.
    auto kept =
        std::make_shared<std::pair<std::decay_t<Handler>, asio::executor_work_guard<decltype(executor)>>>(
            std::forward<Handler>(handler), asio::make_work_guard(executor));
    enqueue(of, [this, &work, kept, executor](std::unique_ptr<engine::session>& session) mutable {
      auto error = attempt(work, session);
      asio::post(executor, [kept = std::move(kept), error = std::move(error)]() mutable {
        auto finish = std::move(kept->first);
        kept.reset();
        std::move(finish)(error);
      });
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(std::move(initiate),
                                                                                         asio::use_awaitable);
}

void threaded_store::execute_here(engine::turn of, const std::function<void(engine::session&)>& work) {
  // Shared: the other thread may still hold it when we have the answer.
  const auto done = std::make_shared<std::promise<std::exception_ptr>>();
  enqueue(of, [this, &work, done](std::unique_ptr<engine::session>& session) {
    done->set_value(attempt(work, session));
  });
  if (const std::exception_ptr error = done->get_future().get()) std::rethrow_exception(error);
}

}  // namespace sluice::store
