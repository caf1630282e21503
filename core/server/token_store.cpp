// The file of tokens: read strictly, written as a whole.
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "plugin/error.hpp"
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

// Closed, and told when that failed: a full disk may say so only then.
void write_whole(const fs::path& file, const std::string& text) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) refuse(file, std::string("can't be written: ") + std::strerror(errno));
  std::size_t at = 0;
  while (at < text.size()) {
    const ssize_t n = write(fd, text.data() + at, text.size() - at);
    if (n < 0 && errno != EINTR) break;
    if (n > 0) at += static_cast<std::size_t>(n);
  }
  const bool synced = fsync(fd) == 0;
  if (close(fd) != 0 || !synced || at < text.size()) {
    refuse(file, std::string("can't be written: ") + std::strerror(errno));
  }
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
  const fs::path beside = file.string() + "." + std::to_string(getpid());
  write_whole(beside, json{{"tokens", std::move(all)}}.dump(2) + "\n");
  std::error_code failed;
  fs::rename(beside, file, failed);
  if (failed) refuse(file, "can't be replaced: " + failed.message());
}

}  // namespace sluice::server
