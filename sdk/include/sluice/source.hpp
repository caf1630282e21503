// Writing a source: how an upstream system is read, page by page.
//
//   class folder : public sluice::blocking_source {
//    public:
//     struct read { std::string path; };
//     explicit folder(const sluice::setup&);
//     read prepare(std::string_view read_json);
//     sluice::page fetch(const read&, const sluice::call&, const sluice::fetch_request&);  // any thread
//   };
//   SLUICE_PLUGIN(sluice::source_of<folder, components::folder>)
//
// A source owns the request, authentication and paging. It never retries: it throws sluice::failure and
// the engine decides. An author with an event loop of his own derives from async_source instead and gets a
// `completion` to answer with, from any thread, whenever the page is there.
#pragma once

#include <concepts>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <sluice/abi/source.h>
#include <sluice/call.hpp>
#include <sluice/detail/guard.hpp>
#include <sluice/detail/pool.hpp>
#include <sluice/host.hpp>
#include <sluice/page.hpp>
#include <sluice/plugin.hpp>
#include <sluice/vars.hpp>

namespace sluice {

// What is asked for. Borrowed: valid until the fetch has been completed.
struct fetch_request {
  std::string_view vars_json;
  std::string_view page_state;  // empty: the first page; else what the page before gave as next_state

  [[nodiscard]] bool first() const noexcept { return page_state.empty(); }
  [[nodiscard]] vars variables() const { return vars::parse(vars_json); }
};

// The duty to answer one fetch, exactly once, from any thread. Move-only; one that is destroyed without
// an answer answers "dropped". After the answer the call and the request are gone.
class completion {
 public:
  completion(const sluice_call* c, sluice_fetch_done done, void* data) noexcept
      : call_(c), done_(done), data_(data) {}
  completion(completion&& other) noexcept
      : call_(other.call_), done_(std::exchange(other.done_, nullptr)), data_(other.data_) {}
  completion& operator=(completion&& other) noexcept {
    std::swap(call_, other.call_);
    std::swap(done_, other.done_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~completion() {
    if (done_ == nullptr) return;
    run([]() -> page {
      throw failure(status::internal, codes::call_dropped, "the source dropped the request");
    });
  }

  [[nodiscard]] call context() const noexcept { return call(call_); }
  [[nodiscard]] bool pending() const noexcept { return done_ != nullptr; }

  void succeed(page&& p) noexcept {
    run([&p] { return std::move(p); });
  }
  void fail(const failure& f) noexcept {
    run([&f]() -> page { throw f; });
  }
  // Answers with the page that make_page returns or with what it throws.
  template <class Fn>
  void run(Fn&& make_page) noexcept {
    if (done_ == nullptr) return;
    sluice_page out{};
    sluice_error error{};
    error.size = sizeof error;
    const sluice_status s = detail::guard(&error, [&] { out = detail::export_page(make_page()); });
    std::exchange(done_, nullptr)(data_, s, s == SLUICE_OK ? &out : nullptr, &error);
  }
  // Forgets the duty: the caller reports the failure by the status of the fetch.
  void disarm() noexcept { done_ = nullptr; }

 private:
  const sluice_call* call_;
  sluice_fetch_done done_;
  void* data_;
};

// Base of a source that blocks. Its fetches run on a pool of its own; a class may declare another number.
struct blocking_source {
  static constexpr unsigned threads = 16;
};

// Base of a source that answers later by its completion.
struct async_source {};

template <class S>
concept source_type = std::constructible_from<S, const setup&> && requires(S s, std::string_view json) {
  typename S::read;
  { s.prepare(json) } -> std::convertible_to<typename S::read>;
};
template <class S>
concept blocking_source_type = source_type<S> && std::derived_from<S, blocking_source> &&
    requires(S s, const typename S::read& r, const call& c, const fetch_request& f) {
  { s.fetch(r, c, f) } -> std::same_as<page>;
};
// fetch(const read&, const fetch_request&, completion&): move the completion away, or answer at once. A
// failure that is thrown while the completion has not been moved is the answer.
template <class S>
concept async_source_type = source_type<S> && std::derived_from<S, async_source> &&
    requires(S s, const typename S::read& r, const fetch_request& f, completion& done) {
  s.fetch(r, f, done);
};

namespace detail {

// Runs the author's plain blocking code on the pool. The pool ends before the author's object does.
template <blocking_source_type S>
class blocking_runner {
 public:
  using read = typename S::read;

  explicit blocking_runner(const setup& s) : source_(s), pool_(S::threads) {}
  read prepare(std::string_view json) { return source_.prepare(json); }

  void fetch(const read& r, const fetch_request& f, completion& done) {
    auto owned = std::make_unique<job>(source_, r, f, std::move(done));
    job& given = *owned;
    std::unique_ptr<pool_job> taken = std::move(owned);
    try {
      pool_.post(given.done.context(), taken);
    } catch (...) {
      done = std::move(given.done);
      throw;
    }
  }

 private:
  struct job final : pool_job {
    job(S& s, const read& r, const fetch_request& f, completion&& c)
        : source(s), what(r), request(f), done(std::move(c)) {}
    void run(bool abandoned) noexcept override {
      done.run([&] {
        if (abandoned) throw failure(status::cancelled, codes::call_cancelled, "the call was cancelled");
        return source.fetch(what, done.context(), request);
      });
    }
    S& source;
    const read& what;
    fetch_request request;
    completion done;
  };

  S source_;
  blocking_pool pool_;
};

template <class S>
struct runner_of {
  using type = S;
};
template <blocking_source_type S>
struct runner_of<S> {
  using type = blocking_runner<S>;
};

// The C table of a source.
template <class Runner, class Read>
struct source_table {
  struct instance {
    instance(const setup& s) : host(s.host), runner(s) {}
    host_ref host;
    std::deque<Read> reads;  // addresses stay; outlives the runner's threads
    Runner runner;
  };

  static sluice_status create(const sluice_host* host, sluice_str config, void** self,
                              sluice_error* e) noexcept {
    return guard(e, [&] { *self = new instance(setup{host_ref(host), view(config)}); });
  }
  static void destroy(void* self) noexcept { delete static_cast<instance*>(self); }

  static sluice_status prepare(void* self, sluice_str json, void** read, sluice_error* e) noexcept {
    return guard(e, [&] {
      auto& it = *static_cast<instance*>(self);
      *read = &it.reads.emplace_back(it.runner.prepare(view(json)));
    });
  }

  static sluice_status fetch(void* self, void* read, const sluice_call* c, const sluice_fetch* f,
                             sluice_fetch_done done, void* data, sluice_error* e) noexcept {
    auto& it = *static_cast<instance*>(self);
    completion duty(c, done, data);
    const sluice_status s = guard(e, [&] {
      it.runner.fetch(*static_cast<const Read*>(read), fetch_request{view(f->vars_json), view(f->page_state)},
                      duty);
    });
    if (s == SLUICE_OK) return s;
    if (duty.pending()) {
      duty.disarm();
      return s;
    }
    // The duty was moved away before the exception, so the answer has come or will come from there.
    it.host.log(log_level::error, "a source threw after it had passed its completion on");
    if (e != nullptr && e->release != nullptr) e->release(e);
    return SLUICE_OK;
  }

  static constexpr sluice_source_v1 table{sizeof(sluice_source_v1), 0, create, destroy, prepare, fetch};
};

}  // namespace detail

// A component for SLUICE_PLUGIN: the author's class and what was generated from plugin.json.
template <source_type S, class Meta>
requires blocking_source_type<S> || async_source_type<S>
struct source_of {
  using runner = typename detail::runner_of<S>::type;
  static constexpr sluice_component component{sizeof(sluice_component), "source", Meta::name,
                                              &detail::source_table<runner, typename S::read>::table};
};

}  // namespace sluice
