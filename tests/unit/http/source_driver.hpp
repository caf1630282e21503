// Drives the built http plugin through the C boundary, as a host does.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <sluice/abi.h>
#include <sluice/detail/text.hpp>
#include <sluice/testing/call.hpp>
#include <sluice/testing/host.hpp>
#include <sluice/testing/plugin_file.hpp>

namespace sluice::http_test {

using nlohmann::json;

struct fetched {
  sluice_status status = SLUICE_OK;
  std::string code, message;
  std::int32_t retry_after_ms = 0, http_status = 0;
  std::string body, next_state;
  bool end = false;
  std::vector<std::string> parts;
  std::int64_t declared_total = -1;
  std::uint64_t wire_bytes = 0, capacity = 0;
};

class source_driver {
 public:
  explicit source_driver(json config) {
    host.secrets["${tenant.secrets.crm}"] = "token-acme";
    create(config.dump());
  }
  explicit source_driver(const std::string& url, json more = json::object()) {
    host.secrets["${tenant.secrets.crm}"] = "token-acme";
    json config{{"base_url", url}, {"auth", {{"bearer", "${tenant.secrets.crm}"}}}};
    config.update(more);
    create(config.dump());
  }
  ~source_driver() { table_.destroy(self_); }
  source_driver(const source_driver&) = delete;
  source_driver& operator=(const source_driver&) = delete;

  void* prepare(const json& request, const std::string& records = "/data") {
    sluice_error e{};
    e.size = sizeof e;
    void* read = nullptr;
    const std::string text = json{{"name", "entities.users"}, {"request", request}, {"records", records}}.dump();
    if (const auto s = table_.prepare(self_, sluice::detail::str(text), &read, &e); s != SLUICE_OK) throw take(s, e);
    return read;
  }

  // Starts a fetch; its strings live until the answer.
  std::future<fetched> start(void* read, const sluice_call* of, json vars = json::object(), std::string state = {}) {
    vars.emplace("tenant", "acme");
    auto run = std::make_unique<running>();
    run->vars = vars.dump();
    run->state = std::move(state);
    sluice_fetch f{sizeof f, sluice::detail::str(run->vars), sluice::detail::str(run->state)};
    auto future = run->promise.get_future();
    sluice_error e{};
    e.size = sizeof e;
    const auto s = table_.fetch(self_, read, of, &f, done, run.get(), &e);
    if (s == SLUICE_OK) static_cast<void>(run.release());
    else run->promise.set_value(error_of(s, e));
    return future;
  }
  fetched fetch(void* read, json vars = json::object(), std::string state = {}) {
    return start(read, call.raw(), std::move(vars), std::move(state)).get();
  }
  // All pages until the end of every part or the first failure.
  std::vector<fetched> all(void* read, json vars = json::object(), std::size_t most = 1000) {
    std::vector<fetched> out;
    std::deque<std::string> open{""};
    while (!open.empty() && out.size() < most) {
      const std::string at = open.front();
      open.pop_front();
      out.push_back(fetch(read, vars, at));
      const fetched& page = out.back();
      if (page.status != SLUICE_OK) break;
      open.insert(open.end(), page.parts.begin(), page.parts.end());
      if (!page.end) open.push_front(page.next_state);
    }
    return out;
  }

  testkit::fake_host host;
  testkit::fake_call call;

 private:
  struct running {
    std::string vars, state;
    std::promise<fetched> promise;
  };

  static fetched error_of(sluice_status s, sluice_error& e) {
    fetched out{.status = s, .code = std::string(sluice::detail::view(e.code)),
                .message = std::string(sluice::detail::view(e.message)),
                .retry_after_ms = e.retry_after_ms, .http_status = e.http_status};
    if (e.release != nullptr) e.release(&e);
    return out;
  }
  static std::runtime_error take(sluice_status s, sluice_error& e) {
    const fetched f = error_of(s, e);
    return std::runtime_error(f.code + ": " + f.message);
  }
  static void done(void* data, sluice_status s, sluice_page* page, sluice_error* e) {
    const std::unique_ptr<running> run(static_cast<running*>(data));
    if (s != SLUICE_OK) return run->promise.set_value(error_of(s, *e));
    fetched out{.http_status = page->http_status, .body = std::string(sluice::detail::view(page->body)),
                .next_state = std::string(sluice::detail::view(page->next_state)), .end = page->end != 0,
                .declared_total = page->declared_total, .wire_bytes = page->wire_bytes, .capacity = page->body_capacity};
    if (const auto parts = sluice::detail::view(page->parts_json); !parts.empty()) out.parts = json::parse(parts);
    page->release(page);
    run->promise.set_value(std::move(out));
  }
  void create(const std::string& config) {
    sluice_error e{};
    e.size = sizeof e;
    if (const auto s = table_.create(host.raw(), sluice::detail::str(config), &self_, &e); s != SLUICE_OK) throw take(s, e);
  }

  const sluice_source_v1& table_ = testkit::find_component<sluice_source_v1>(
      testkit::load_plugin(std::string(SLUICE_BINARY_DIR) + "/plugins/http"), "source", "http");
  void* self_ = nullptr;
};

inline json users_request(json page = {{"style", "cursor"}, {"next", "/next"}, {"size", {{"limit", 50}}}}) {
  return {{"path", "/v1/tenants/${tenant}/users"}, {"page", std::move(page)}};
}

// The ids of the users on the pages, in order.
inline std::vector<std::string> ids(const std::vector<fetched>& pages) {
  std::vector<std::string> out;
  for (const fetched& p : pages) {
    const json body = json::parse(p.body);
    for (const json& record : body.at("data")) out.push_back(record.at("id").get<std::string>());
  }
  return out;
}

}  // namespace sluice::http_test
