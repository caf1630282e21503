#include "host/secrets.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "plugin/error.hpp"

namespace sluice::host {

namespace {

[[noreturn]] void missing(const std::string& what) {
  throw plugin::error(plugin::status::denied, "SLU-6020", what);
}

std::string from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') {
    missing("the secret in environment variable " + name + " is not set; set it where sluice runs");
  }
  return value;
}

std::string from_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string value((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  if (!file.good() && !file.eof()) missing("the secret file " + path + " can't be read; check its path and owner");
  if (value.empty()) missing("the secret file " + path + " is missing or empty");
  return value;
}

}  // namespace

std::string secret_store::expand(std::string_view tenant, std::string_view text) const {
  return expand(tenant, text, 0);
}

std::string secret_store::expand(std::string_view tenant, std::string_view text, int depth) const {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.substr(at, 3) == "$${") {
      out += "${";
      at += 3;
      continue;
    }
    const std::size_t end = text.substr(at, 2) == "${" ? text.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += text[at++];
      continue;
    }
    out += value_of(tenant, text.substr(at + 2, end - at - 2), depth);
    at = end + 1;
  }
  return out;
}

std::string secret_store::value_of(std::string_view tenant, std::string_view name, int depth) const {
  constexpr std::string_view env = "secret:env:", file = "secret:file:", own = "tenant.secrets.";
  std::string value;
  if (name.starts_with(env)) {
    value = from_environment(std::string(name.substr(env.size())));
  } else if (name.starts_with(file)) {
    value = from_file(std::string(name.substr(file.size())));
  } else if (name.starts_with(own) && depth == 0) {
    const auto known = tenants_.known.find(std::string(tenant));
    const std::string key(name.substr(own.size()));
    if (known == tenants_.known.end() || !known->second.secrets.contains(key)) {
      missing("tenant `" + std::string(tenant) + "` has no secret `" + key + "`; add it under tenants." +
              std::string(tenant) + ".secrets");
    }
    value = expand(tenant, known->second.secrets.at(key), depth + 1);
  } else {
    missing("`${" + std::string(name) + "}` is not a secret; use ${secret:env:NAME}, ${secret:file:PATH} or "
            "${tenant.secrets.NAME}");
  }
  redactor_.add(value);
  return value;
}

}  // namespace sluice::host
