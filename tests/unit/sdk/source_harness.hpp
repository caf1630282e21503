// Drives a source through its C table, as a host does, and waits for its answers.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include <sluice/source.hpp>
#include <sluice/testing/call.hpp>
#include <sluice/testing/host.hpp>

namespace sluice::testkit {

struct answer {
  sluice_status status = SLUICE_OK;
  std::string body, next_state, message;
  bool end = false;
};

// Collects answers; each fetch has one of these and gets exactly one.
class inbox {
 public:
  static void done(void* data, sluice_status s, sluice_page* page, sluice_error* e) {
    auto& it = *static_cast<inbox*>(data);
    answer a;
    a.status = s;
    if (page != nullptr) {
      a.body = sluice::detail::view(page->body);
      a.next_state = sluice::detail::view(page->next_state);
      a.end = page->end != 0;
      page->release(page);
    }
    a.message = sluice::detail::view(e->message);
    if (e->release != nullptr) e->release(e);
    const std::lock_guard lock(it.mutex_);
    it.answers_.push_back(std::move(a));
    it.arrived_.notify_all();
  }
  [[nodiscard]] answer wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return !answers_.empty(); });
    return answers_.front();
  }
  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex_);
    return answers_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<answer> answers_;
};

template <class Source>
class source_under_test {
 public:
  struct meta {
    static constexpr const char* name = "under_test";
  };
  source_under_test() {
    sluice_error e{};
    e.size = sizeof e;
    if (const auto s = table().create(host.raw(), {"{}", 2}, &self_, &e); s != SLUICE_OK)
      throw sluice::detail::take_error(s, e);
  }
  ~source_under_test() { close(); }
  void close() {
    if (self_ != nullptr) table().destroy(self_);
    self_ = nullptr;
  }
  void* prepare(std::string_view json) {
    void* read = nullptr;
    sluice_error e{};
    e.size = sizeof e;
    if (const auto s = table().prepare(self_, sluice::detail::str(json), &read, &e); s != SLUICE_OK) {
      throw sluice::detail::take_error(s, e);
    }
    return read;
  }
  // Throws when the fetch itself is refused; then no answer comes.
  void fetch(void* read, fake_call& call, inbox& in, std::string_view state = {}) {
    sluice_fetch f{};
    f.size = sizeof f;
    f.vars_json = sluice::detail::str(R"({"tenant":"acme"})");
    f.page_state = sluice::detail::str(state);
    sluice_error e{};
    e.size = sizeof e;
    const auto s = table().fetch(self_, read, call.raw(), &f, inbox::done, &in, &e);
    if (s != SLUICE_OK) throw sluice::detail::take_error(s, e);
  }

  fake_host host;

 private:
  static const sluice_source_v1& table() {
    return *static_cast<const sluice_source_v1*>(source_of<Source, meta>::component.table);
  }
  void* self_ = nullptr;
};

}  // namespace sluice::testkit
