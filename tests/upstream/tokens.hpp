// Tokens by client credentials, as an authorization server gives them: for each tenant a client, `client-TENANT` with
// `secret-TENANT`. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::upstream {

class token_desk {
 public:
  struct reply {
    int status = 200;
    std::string body;
  };

  // A request for a token. `authorization`: its header; `form`: its body.
  [[nodiscard]] reply give(const std::string& tenant, std::string_view authorization, std::string_view form);
  // Whose token it is; nothing: it was never given, has ended or was revoked.
  [[nodiscard]] std::optional<std::string> owner(std::string_view token) const;

  // {"lifetime": 3600, "said": 10, "revoke": "acme"}: seconds that new tokens are good for, and that they are said to
  // be; whose tokens are good no more. Each may be left out. What there is, as JSON.
  std::string control(std::string_view json);

 private:
  struct given {
    std::string tenant;
    std::chrono::steady_clock::time_point ends;
  };
  struct counts {
    std::uint64_t given = 0, refused = 0;
    std::string scope, way;  // of the last one
  };
  std::chrono::seconds lifetime_{3600}, said_{3600};
  std::map<std::string, given, std::less<>> tokens_;
  std::map<std::string, counts> counts_;
};

}  // namespace sluice::upstream
