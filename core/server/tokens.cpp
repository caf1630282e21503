#include "server/tokens.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <sys/stat.h>

#include "engine/failure.hpp"
#include "plugin/file.hpp"
#include "server/codes.hpp"

namespace sluice::server {

namespace {

constexpr std::string_view prefix = "slu_";
constexpr std::size_t id_size = 8, secret_size = 43, check_size = 6;
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

template <std::size_t N>
std::array<unsigned char, N> random_bytes() {
  std::array<unsigned char, N> out{};
  if (RAND_bytes(out.data(), static_cast<int>(N)) != 1) {
    throw engine::failure(engine::failure_class::internal, "SLU-6016", "the machine gives no random bytes");
  }
  return out;
}

// 256 bits as 43 letters, six bits each.
std::string random_secret() {
  const auto bytes = random_bytes<32>();
  std::string out;
  unsigned held = 0, bits = 0;
  for (const unsigned char b : bytes) {
    held = (held << 8U) | b;
    for (bits += 8; bits >= 6; bits -= 6) out += letters[(held >> (bits - 6)) & 63U];
  }
  return out + letters[(held << (6 - bits)) & 63U];
}

// No secret: it only tells a slip of the hand from a token that was revoked.
std::string check_of(std::string_view id_and_secret) {
  return plugin::sha256_hex(id_and_secret).substr(0, check_size);
}

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::int64_t steady_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// By which a file that was replaced, or written again, is told.
std::string look_of(const std::filesystem::path& file) {
  struct stat s {};
  if (stat(file.c_str(), &s) != 0) return "none";
  return std::to_string(s.st_ino) + "." + std::to_string(s.st_size) + "." + std::to_string(s.st_mtim.tv_sec) +
         "." + std::to_string(s.st_mtim.tv_nsec) + "." + std::to_string(s.st_mode);
}

}  // namespace

bool token_entry::may(right r) const {
  if (r == right::anybody || r == right::known) return true;
  const auto has = [&](std::string_view scope) {
    return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
  };
  return has(to_string(r)) || has(to_string(right::admin));
}

std::filesystem::path tokens_beside(const std::filesystem::path& host_file) {
  return std::filesystem::absolute(host_file).parent_path() / "tokens.json";
}

std::vector<std::string> known_scopes() {
  std::vector<std::string> out;
  for (const right r :
       {right::start, right::read, right::control, right::inspect, right::manifest, right::admin})
    out.emplace_back(to_string(r));
  return out;
}

std::string make_token(token_entry& into) {
  const auto id = random_bytes<id_size / 2>();
  into.id = plugin::hex_text(id);
  const std::string secret = random_secret();
  into.hash = plugin::sha256_hex(secret);
  return std::string(prefix) + into.id + "_" + secret + "_" + check_of(into.id + secret);
}

std::optional<token_entry> find_token(const std::vector<token_entry>& all, std::string_view token,
                                      std::int64_t now) {
  constexpr std::size_t size = prefix.size() + id_size + 1 + secret_size + 1 + check_size;
  const bool shaped = token.size() == size && token.starts_with(prefix);
  const std::string_view id = shaped ? token.substr(prefix.size(), id_size) : std::string_view("--------");
  const std::string_view secret =
      shaped ? token.substr(prefix.size() + id_size + 1, secret_size) : std::string_view("-");
  const std::string hash = plugin::sha256_hex(secret);
  const std::string nothing(hash.size(), '-');
  const auto at = std::find_if(all.begin(), all.end(), [&](const token_entry& t) { return t.id == id; });
  const std::string& kept = at == all.end() || at->hash.size() != hash.size() ? nothing : at->hash;
  const bool same = CRYPTO_memcmp(hash.data(), kept.data(), hash.size()) == 0;
  if (!same || at == all.end()) return std::nullopt;
  if (at->expires_s != 0 && at->expires_s <= now) return std::nullopt;
  return *at;
}

void token_file::look_again() {
  constexpr std::int64_t every_ms = 1'000;
  const std::int64_t now = steady_ms();
  if (!seen_.empty() && now - looked_ms_ < every_ms) return;
  looked_ms_ = now;
  std::string look = look_of(file_);
  if (look == seen_) return;
  tokens_.clear();  // if it can't be read it admits nobody, and is read again
  seen_ = "unread";
  tokens_ = read_tokens(file_);
  seen_ = std::move(look);
}

std::optional<token_entry> token_file::find(std::string_view token) {
  const std::lock_guard lock(mutex_);
  look_again();
  return find_token(tokens_, token, now_s());
}

}  // namespace sluice::server
