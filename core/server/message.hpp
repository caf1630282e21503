// A request that has passed the frame, and what it is answered. Nothing here knows sockets.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

namespace sluice::server {

struct request {
  std::string method;                                       // "GET"
  std::string target;                                       // as it came: "/api/sync/runs?tenant=acme"
  std::string correlation_id;                               // given by the caller or made up
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case
  std::string body;
  std::string address;  // where it comes from, as one of those that are counted; empty: this machine's socket
  std::string administrator;  // who asks, where the operating system vouches for them; see channel
  std::string caller;         // the id of its token, or the administrator
  std::string caller_tenant;  // whose data that token is for; "*": everybody's

  [[nodiscard]] bool sees_all() const { return caller_tenant == "*"; }
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
  // Of a stream: its pieces, until one is empty. They come instead of the body, each as soon as it is there.
  std::function<boost::asio::awaitable<std::string>()> more = {};
};

// A request whose route is known.
struct call {
  const request& from;
  std::map<std::string, std::string, std::less<>> path;   // by the names in the route's template
  std::map<std::string, std::string, std::less<>> query;  // decoded, only names that the route knows
  nlohmann::json body;                                    // of a route that takes one; null: none came

  // Of the query; empty without.
  [[nodiscard]] std::string value(std::string_view name) const {
    const auto at = query.find(name);
    return at == query.end() ? std::string() : at->second;
  }
  [[nodiscard]] int limit() const { return query.contains("limit") ? std::stoi(value("limit")) : 50; }
};

// Texts from upstreams may hold bytes that are no UTF-8: they are replaced.
[[nodiscard]] inline std::string to_text(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
[[nodiscard]] inline answer json_answer(unsigned status, const nlohmann::json& body) {
  return {status, "application/json", to_text(body) + "\n", {}, false};
}

}  // namespace sluice::server
