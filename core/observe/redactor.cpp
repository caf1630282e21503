#include "observe/redactor.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

#include <nlohmann/json.hpp>

namespace sluice::observe {

namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// The base64 characters that `secret` alone decides when `before` other bytes precede it in its group,
// so that `user:secret` is found in an Authorization header too.
std::string base64_core(std::string_view secret, std::size_t before, std::string_view alphabet) {
  std::string bytes(before, '\0');
  bytes += secret;
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += alphabet[bits >> (held - 6) & 63];
  }
  const std::size_t foreign = before == 0 ? 0 : before + 1;  // characters that hold bits of the bytes before
  return out.substr(std::min(foreign, out.size()));
}

std::string percent_encoded(std::string_view secret, std::string_view digits) {
  std::string out;
  for (char c : secret) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) out += c;
    else out += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

std::string json_escaped(std::string_view secret) {
  const std::string quoted =
      nlohmann::json(secret).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::uint32_t prefix(const char* text) noexcept {
  std::uint32_t out = 0;
  std::memcpy(&out, text, sizeof out);
  return out;
}

}  // namespace

void redactor::add(std::string_view secret) {
  if (secret.size() < shortest) return;
  const std::unique_lock lock(mutex_);
  add_form(std::string(secret));
  add_form(percent_encoded(secret, "0123456789ABCDEF"));
  add_form(percent_encoded(secret, "0123456789abcdef"));
  add_form(json_escaped(secret));
  for (std::size_t before = 0; before < 3; ++before) {
    add_form(base64_core(secret, before, standard_alphabet));
    add_form(base64_core(secret, before, url_alphabet));
  }
}

void redactor::add_form(std::string form) {
  if (form.size() < shortest) return;
  auto& bucket = by_prefix_[prefix(form.data())];
  if (std::find(bucket.begin(), bucket.end(), form) != bucket.end()) return;
  const auto shorter = [&](const std::string& other) { return other.size() < form.size(); };
  bucket.insert(std::find_if(bucket.begin(), bucket.end(), shorter), std::move(form));
}

std::size_t redactor::match(std::string_view text) const {
  const auto bucket = by_prefix_.find(prefix(text.data()));
  if (bucket == by_prefix_.end()) return 0;
  for (const std::string& form : bucket->second) {  // longest first
    if (text.starts_with(form)) return form.size();
  }
  return 0;
}

std::string redactor::redact(std::string_view text) const {
  const std::shared_lock lock(mutex_);
  std::string out;
  std::size_t i = 0;
  while (!by_prefix_.empty() && i + shortest <= text.size()) {
    const std::size_t length = match(text.substr(i));
    if (length == 0) {
      out += text[i++];
    } else {
      out += mark;
      i += length;
    }
  }
  return out.append(text.substr(i));
}

bool redactor::holds_secret(std::string_view text) const {
  const std::shared_lock lock(mutex_);
  for (std::size_t i = 0; !by_prefix_.empty() && i + shortest <= text.size(); ++i) {
    if (match(text.substr(i)) != 0) return true;
  }
  return false;
}

}  // namespace sluice::observe
