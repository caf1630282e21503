// The file of tokens: read strictly, written as a whole.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "plugin/error.hpp"
#include "plugin/file.hpp"
#include "plugin/strict_json.hpp"
#include "server/codes.hpp"
#include "server/tokens.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;
namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw plugin::error(plugin::status::invalid, code::bad_tokens, file.string() + ": " + why);
}

void check_rights(const fs::path& file) {
  struct stat s {};
  if (stat(file.c_str(), &s) != 0) refuse(file, std::string("can't be looked at: ") + std::strerror(errno));
  if (!S_ISREG(s.st_mode)) refuse(file, "is no regular file");
  if ((s.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0)
    refuse(file, "others may read or write it; `chmod 0600` it");
}

token_entry entry_of(plugin::object_reader& from) {
  token_entry out;
  out.id = from.required_text("id");
  out.hash = from.required_text("sha256");
  out.tenant = from.required_text("tenant");
  out.scopes = from.texts("scopes");
  out.note = from.text("note");
  for (const auto& [key, to] : {std::pair("created", &out.created_s), std::pair("expires", &out.expires_s)}) {
    const json* at = from.find(key);
    if (at != nullptr && at->is_number_integer()) *to = at->get<std::int64_t>();
    else if (at != nullptr) from.fail(key, "must be seconds since 1970");
  }
  from.done();
  return out;
}

json json_of(const token_entry& t) {
  return {{"id", t.id},         {"sha256", t.hash},       {"tenant", t.tenant},
          {"scopes", t.scopes}, {"created", t.created_s}, {"expires", t.expires_s},
          {"note", t.note}};
}

}  // namespace

std::vector<token_entry> read_tokens(const fs::path& file) {
  std::error_code none;
  if (!fs::exists(file, none)) return {};
  check_rights(file);
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) refuse(file, "can't be read");
  plugin::problem_list problems(file.string());
  std::vector<token_entry> out;
  if (const auto value = plugin::parse_strict(text.str(), problems)) {
    plugin::object_reader root(*value, "", problems);
    root.each("tokens", [&](const json& one, const std::string& at) {
      plugin::object_reader reader(one, at, problems);
      out.push_back(entry_of(reader));
    });
    root.done();
  }
  if (problems.failed())
    refuse(file, problems.items().front().pointer + " " + problems.items().front().message);
  return out;
}

void write_tokens(const fs::path& file, const std::vector<token_entry>& tokens) {
  json all = json::array();
  for (const token_entry& t : tokens) all.push_back(json_of(t));
  try {
    plugin::replace_file(file, json{{"tokens", std::move(all)}}.dump(2) + "\n", 0600);
  } catch (const std::system_error& e) {
    refuse(file, "can't be written: " + e.code().message());
  }
}

}  // namespace sluice::server
