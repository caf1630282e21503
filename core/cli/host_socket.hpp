// The host that serves on this machine, asked at the socket that its host file names.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "cli/app.hpp"

namespace sluice::cli {

struct host_answer {
  int status = 0;
  nlohmann::json body;
};

// Nothing: nobody takes the connection. Throws engine::failure (SLU-7029) when what comes back is no whole answer.
[[nodiscard]] std::optional<host_answer> call_host(const std::string& socket, const std::string& method,
                                                   const std::string& target,
                                                   const nlohmann::json& body = nullptr);
// What a good answer says; throws the failure that another one tells of.
[[nodiscard]] nlohmann::json body_of(host_answer answer);

// The receipt of a run, of the host that serves its store. Nothing: no host answers here, or it has another store.
[[nodiscard]] std::optional<nlohmann::json> run_at_host(const app& a, const std::string& run_id);
// `cancel`, `retry` or `approve` that run.
[[nodiscard]] host_answer tell_host(const app& a, const std::string& run_id, const std::string& what,
                                    const nlohmann::json& body = nullptr);

}  // namespace sluice::cli
