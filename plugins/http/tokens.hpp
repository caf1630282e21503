// Tokens by client credentials (RFC 6749 §4.4): one for each tenant, asked for once however many requests wait for
// it. Kept in memory alone. Used on the client's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>

#include <sluice/host.hpp>
#include <sluice/vars.hpp>

#include "client.hpp"
#include "outcome.hpp"
#include "settings.hpp"

namespace sluice::http {

// What one request has to do with the tokens of its tenant.
struct token_need {
  std::uint64_t number = 0;            // of the token that it was sent with
  std::uint64_t refused = 0;           // of the one that the upstream refused
  std::optional<std::uint64_t> since;  // how many answers there had been when it began to wait
};

// How long a token that is good for so long is used before the next one is asked for.
[[nodiscard]] std::chrono::milliseconds used_for(std::chrono::milliseconds good_for,
                                                 std::chrono::milliseconds margin);

class token_keeper {
 public:
  token_keeper(const settings& s, const host_ref& host, client& c) : settings_(s), host_(host), client_(c) {}

  // Null: it is asked for; ask again when something has come. Throws failure when asking for it has failed since
  // `need` began to wait.
  [[nodiscard]] const std::string* get(const call& c, const vars& values, token_need& need);

 private:
  struct held {
    std::string value;
    std::uint64_t number = 0, answers = 0;
    steady::time_point renew, ends;
    bool asked = false;         // under way
    std::exception_ptr failed;  // of the last answer
  };
  void ask(held& h, const call& c, const vars& values);
  void take(held& h, transfer& ended, const told& about);
  void forget_old();

  const settings& settings_;
  host_ref host_;
  client& client_;
  std::map<std::string, held, std::less<>> held_;  // by tenant
};

}  // namespace sluice::http
