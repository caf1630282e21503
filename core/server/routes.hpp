// The routes: the one table from which the router, /openapi.json and who may do what come. A route that is not in it does
// not exist, and one that leaves out what it needs does not compile.
#pragma once

#include <span>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json_fwd.hpp>

#include "server/message.hpp"

namespace sluice::server {

class api;

// What a caller must be allowed to do; known: anything at all.
enum class right : std::uint8_t { anybody, known, start, read, control, inspect, manifest, admin };
[[nodiscard]] std::string_view to_string(right r);  // the scope of a token: "sync:start"

// Whose data a route is about.
enum class reach : std::uint8_t {
  host,    // nobody's
  tenant,  // those of the tenant in its path
  object,  // those of the tenant that owns the run in its path
  list,    // those of every tenant that the caller may see
};

// Of names in paths and queries, as a regular expression.
inline constexpr const char* without_controls = "^[^\\u0000-\\u001f\\u007f]*$";

struct query_parameter {
  std::string_view name, what;
  nlohmann::json (*schema)();
  bool required = false;  // for who sees all tenants; a token for one tenant says it by itself
};

struct route {
  std::string_view method, path;
  right needs;
  reach about;
  std::string_view id, summary;
  nlohmann::json (*body)();  // its schema; null: none is taken
  std::span<const query_parameter> query;
  std::string_view answers;            // the name of its good answer's schema
  std::span<const unsigned> statuses;  // of good answers
  boost::asio::awaitable<answer> (api::*carry_out)(const call&);
};

[[nodiscard]] std::span<const route> routes();

}  // namespace sluice::server
