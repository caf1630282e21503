#include "plugin/lock_file.hpp"

#include <algorithm>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "plugin/catalog.hpp"
#include "plugin/checks.hpp"
#include "plugin/codes.hpp"
#include "plugin/error.hpp"
#include "plugin/file.hpp"

namespace sluice::plugin {

namespace fs = std::filesystem;

namespace {

constexpr off_t largest_lock = 1 << 20;

error refuse(const fs::path& file, const std::string& what) {
  return {status::invalid, code::bad_lock,
          file.string() + what + "; mend it, or write it anew with `sluice plugins lock`"};
}

bool is_sha256(std::string_view text) {
  const auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 64 && std::all_of(text.begin(), text.end(), hex);
}

std::string read_text(const fs::path& file) {
  try {
    opened_file opened(file);
    const struct stat& s = opened.info();
    if (!S_ISREG(s.st_mode) || s.st_size > largest_lock) throw refuse(file, ": is not a lock file");
    if (!owner_trusted(s) || others_may_write(s)) {
      throw refuse(file, ": others can change the lock file (mode " + mode_text(s) + ", user " +
                             std::to_string(s.st_uid) + ")");
    }
    return std::string(opened.bytes());
  } catch (const std::system_error& e) {
    throw refuse(file, ": can't be read: " + e.code().message());
  }
}

}  // namespace

lock_file lock_file::read(const fs::path& file) {
  lock_file out;
  out.path_ = file;
  std::istringstream lines(read_text(file));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string name, more;
    pin p;
    words >> name >> p.version >> p.sha256;
    if (!is_name(name) || !is_sha256(p.sha256) || words >> more) {
      throw refuse(file, ":" + std::to_string(number) + ": is not `name version sha256`");
    }
    if (!out.pins_.emplace(name, p).second) {
      throw refuse(file, ":" + std::to_string(number) + ": pins `" + name + "` a second time");
    }
  }
  return out;
}

lock_file lock_file::of(const catalog& plugins) {
  lock_file out;
  for (const installed_plugin& p : plugins.plugins()) {
    const inspection seen = inspect(p, nullptr);
    if (const finding* failed = seen.first_failure()) throw to_error(*failed);
    out.pins_.emplace(p.meta.name, pin{p.meta.version, seen.sha256});
  }
  return out;
}

const pin* lock_file::find(std::string_view plugin) const noexcept {
  const auto it = pins_.find(plugin);
  return it == pins_.end() ? nullptr : &it->second;
}

std::string lock_file::text() const {
  std::string out;
  for (const auto& [name, p] : pins_) out += name + " " + p.version + " " + p.sha256 + "\n";
  return out;
}

void lock_file::write(const fs::path& file) const {
  try {
    replace_file(file, text(), 0644);
  } catch (const std::system_error& e) {
    throw error(status::invalid, code::bad_lock,
                file.string() + ": can't be written: " + e.code().message() +
                    "; give the user that runs sluice the right to write there");
  }
}

}  // namespace sluice::plugin
