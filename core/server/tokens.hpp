// Who may ask: tokens, of which only hashes are kept, in a file beside the host file. `sluice token` writes it; a host
// that serves looks at it again when it has changed.
//
// A token is slu_ID_SECRET_CHECK: an id that may be shown, 256 random bits, and a check sum by which a mistyped one is told.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/routes.hpp"

namespace sluice::server {

struct token_entry {
  std::string id;
  std::string hash;    // SHA-256 of the secret, in hex
  std::string tenant;  // "*": of all
  std::vector<std::string> scopes;
  std::int64_t created_s = 0, expires_s = 0;  // seconds since 1970; expires 0: never
  std::string note;

  [[nodiscard]] bool covers_all() const { return tenant == "*"; }
  [[nodiscard]] bool may(right r) const;
};

// Where they stand, by where the host file is.
[[nodiscard]] std::filesystem::path tokens_beside(const std::filesystem::path& host_file);

// Every scope that a token can have.
[[nodiscard]] std::vector<std::string> known_scopes();

// Nothing there is no token. Throws plugin::error (SLU-7123) for a file that can't be read, is wrong, or that others may read or
// write.
[[nodiscard]] std::vector<token_entry> read_tokens(const std::filesystem::path& file);
// All or nothing, for the owner alone. Throws the same.
void write_tokens(const std::filesystem::path& file, const std::vector<token_entry>& tokens);

// Makes a secret for the entry and puts its id and hash there. The whole token, which is not kept.
[[nodiscard]] std::string make_token(token_entry& into);

// The entry of a token. Nothing: it is none, unknown or expired; the time that takes says nothing about it.
[[nodiscard]] std::optional<token_entry> find_token(const std::vector<token_entry>& all,
                                                    std::string_view token, std::int64_t now_s);

// The file as it is now. Any thread.
class token_file {
 public:
  explicit token_file(std::filesystem::path file) : file_(std::move(file)) {}
  // What can't be read any more admits nobody.
  [[nodiscard]] std::optional<token_entry> find(std::string_view token);

 private:
  void look_again();

  std::filesystem::path file_;
  std::mutex mutex_;
  std::vector<token_entry> tokens_;
  std::string seen_;            // what tells one text of the file from another
  std::int64_t looked_ms_ = 0;  // steady
};

}  // namespace sluice::server
