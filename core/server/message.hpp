// A request that has passed the frame, and what it is answered. Nothing here knows sockets.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace sluice::server {

struct request {
  std::string method;                                       // "GET"
  std::string target;                                       // as it came: "/api/sync/runs?tenant=acme"
  std::string correlation_id;                               // given by the caller or made up
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::string header(std::string_view name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? std::string() : at->second;
  }
};

struct answer {
  unsigned status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool close = false;  // nothing more is read from this connection
};

// A request whose route is known.
struct call {
  const request& from;
  std::map<std::string, std::string, std::less<>> path;   // by the names in the route's template
  std::map<std::string, std::string, std::less<>> query;  // decoded, only names that the route knows
  nlohmann::json body;                                    // of a route that takes one; null: none came
};

// Texts from upstreams may hold bytes that are no UTF-8: they are replaced.
[[nodiscard]] inline std::string to_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
[[nodiscard]] inline answer json_answer(unsigned status, const nlohmann::json& body) {
  return {status, "application/json", to_text(body) + "\n", {}, false};
}

}  // namespace sluice::server
