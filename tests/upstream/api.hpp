// The reference API and the control paths: a request's head and body in, an answer out. Knows no sockets.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "upstream/faults.hpp"
#include "upstream/tokens.hpp"
#include "upstream/world.hpp"

namespace sluice::upstream {

struct options {
  std::map<std::string, std::uint32_t> tenants{{"acme", 200}};
  std::map<std::string, std::string> tokens;  // by tenant; otherwise token-TENANT
  std::uint64_t seed = 1;
  std::uint32_t max_limit = 1000;
  std::int64_t latency_us = 0, jitter_us = 0;
  unsigned threads = 1;
  std::uint16_t port = 0;
  std::string log_path;  // empty: none
};

struct request {
  std::string method, target, authorization, correlation_id, body, accept, host;
};

struct answer {
  int status = 200;
  std::string type = "application/json";
  std::shared_ptr<const std::string> body;
  std::map<std::string, std::string> headers;
  fault spoiled;  // what the transport has still to do to it
};

// One line of the oracle.
struct served {
  std::uint64_t n = 0, ms = 0;
  std::string method, target, tenant, list, fault, correlation_id;
  int status = 0;
  std::uint32_t from = 0, to = 0, count = 0;
  std::size_t bytes = 0;
  [[nodiscard]] std::string to_json() const;
};

class api {
 public:
  explicit api(options);
  // [any]
  [[nodiscard]] answer handle(const request&);

  void set_faults(std::string_view json_array);
  [[nodiscard]] std::vector<served> log() const;
  change_counts advance(const std::string& tenant, const change&);
  // As POST /control/tokens.
  std::string tokens(std::string_view json = {});

 private:
  struct target {
    std::vector<std::string> segments;
    std::map<std::string, std::string> query;
    std::string path, query_text;
    [[nodiscard]] std::string value(const std::string& name) const;
  };
  static target split(std::string_view text);

  answer control(const request&, const target&);
  answer state(const target&) const;
  // Other systems' ways to show the same data; see faces.hpp.
  std::optional<answer> faced(const target&, const request&, const fault&, served&) const;
  answer reference(const target&, const request&, const fault&, served&) const;
  answer token(const request&, served&);
  [[nodiscard]] std::optional<answer> refuse(const std::string& tenant, const request&) const;
  void record(served&&);

  options options_;
  mutable std::mutex mutex_;  // a page takes microseconds, so one lock for all is enough
  std::map<std::string, tenant> tenants_;
  fault_script faults_;
  token_desk desk_;
  std::uint64_t requests_ = 0;
  std::vector<served> served_;
  std::shared_ptr<std::ostream> log_file_;
};

}  // namespace sluice::upstream
