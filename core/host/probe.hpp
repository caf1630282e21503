// One request through a real source plugin, for whoever connects an API: what went over the wire, what came, and
// what a mapping makes of it. Needs no store and writes to none.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "decode/decode.hpp"
#include "engine/failure.hpp"
#include "host/run_parts.hpp"
#include "plugin/loader.hpp"
#include "plugin/source_instance.hpp"

namespace sluice::host {

struct probe_setup {
  const manifest::pipeline& pipeline;
  const plugin::catalog& catalog;
  plugin::loader& loader;
  observe::logger& log;
  const secret_store& secrets;
};

// What is asked: a read of the manifest, or a request without one.
struct probe_request {
  std::string source;   // the manifest's name of it
  std::string stage;    // for messages, and for the plugin
  std::string request;  // JSON for the plugin
  std::string records;  // pointer
  std::string param;    // that takes the watermark; there is none here
  std::string tenant;
  std::map<std::string, std::string> vars;  // "subject", "parent.id"
};

struct wire_exchange {
  nlohmann::json about;  // see sluice/abi/trace.h
  std::string body;
};

struct probed_page {
  std::vector<wire_exchange> exchanges;  // those that the source tells of: a token's, the page's
  std::optional<plugin::page> page;
  std::optional<engine::failure> failed;  // instead of the page
  double ms = 0;

  // What was answered, taken as a page or not.
  [[nodiscard]] std::string_view body() const;
  [[nodiscard]] decode::format format() const;
  [[nodiscard]] const nlohmann::json* exchange() const;  // the page's own; null: the source tells of none
};

class prober final : public plain_services {
 public:
  explicit prober(const probe_setup& setup) : plain_services(setup.log, setup.secrets), setup_(setup) {}

  // Throws plugin::error when the source refuses its configuration or the request. `cancelled` is asked several
  // times a second.
  probed_page fetch(const probe_request& ask, const std::string& page_state,
                    const std::function<bool()>& cancelled);
  // Of the same tenant and variables, as templates see them.
  [[nodiscard]] decode::variables variables(const probe_request& ask) const;
  [[nodiscard]] const probe_setup& setup() const noexcept { return setup_; }

  [[nodiscard]] bool traces() const noexcept override { return true; }
  void exchange(std::string_view exchange_json, std::string_view body) noexcept override;

 private:
  plugin::source_instance& open(const std::string& name);
  std::shared_ptr<plugin::call_scope> call_for(const std::string& tenant);

  probe_setup setup_;
  std::mutex mutex_;
  std::vector<wire_exchange> seen_;  // since the fetch began
  // After the rest, so that their threads end first.
  std::map<std::string, std::unique_ptr<plugin::source_instance>> sources_;
};

// A read of the manifest as a request, or of one subject of it. Throws engine::failure SLU-6040 when it can't be read
// for one subject.
struct probed_read {
  probe_request ask;
  const manifest::read* read = nullptr;
  std::string mapping;  // JSON
};
[[nodiscard]] probed_read read_as_request(const manifest::read& read, const std::string& tenant,
                                          const std::string& subject);

}  // namespace sluice::host
