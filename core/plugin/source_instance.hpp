// One instance of a source: reads pages, asynchronously.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "plugin/call_scope.hpp"
#include "plugin/host_services.hpp"
#include "plugin/loader.hpp"
#include "plugin/page.hpp"

namespace sluice::plugin {

using fetch_result = std::variant<page, error>;
// Called exactly once, from any thread, perhaps before fetch returns. Must not throw.
using fetch_completion = std::function<void(fetch_result)>;

struct fetch_request {
  std::string vars_json;   // a flat object, text to text
  std::string page_state;  // empty: the first page
};

class source_instance {
 public:
  // A prepared read; belongs to the instance.
  class read {
   private:
    friend class source_instance;
    void* handle_ = nullptr;
  };

  // Throws error.
  source_instance(const loaded_component& source, host_services& host, std::string_view config_json);
  // Cancels what is under way and waits for it. Not from within a completion.
  ~source_instance();
  source_instance(const source_instance&) = delete;
  source_instance& operator=(const source_instance&) = delete;

  // `read_json`: {"name": "shop.orders", "request": {…}, "records": "/data"}. One at a time. Throws
  // error.
  [[nodiscard]] read prepare(std::string_view read_json);
  // Any thread. `call` is shared: the plugin holds it until the completion, whoever started it may cancel
  // it meanwhile. A failure, also one to start, comes through `done`.
  void fetch(read from, std::shared_ptr<call_scope> call, fetch_request request, fetch_completion done);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::plugin
