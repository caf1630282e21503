#include "host/settings.hpp"

#include <yaml-cpp/yaml.h>

#include "plugin/error.hpp"

namespace sluice::host {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const fs::path& file, const YAML::Mark& at, const std::string& what) {
  std::string where = file.string();
  if (!at.is_null()) where += ":" + std::to_string(at.line + 1) + ":" + std::to_string(at.column + 1);
  throw plugin::error(plugin::status::invalid, "SLU-6030", where + ": " + what);
}

std::string text(const fs::path& file, const YAML::Node& node, const std::string& key) {
  if (!node.IsScalar()) refuse(file, node.Mark(), "`" + key + "` must be a text");
  return node.Scalar();
}

// Relative to the host file, so that a command works from any folder.
fs::path path_of(const fs::path& file, const std::string& value) {
  return fs::absolute(file).parent_path() / value;
}

void read_log(const fs::path& file, const YAML::Node& node, settings& out) {
  if (!node.IsMap()) refuse(file, node.Mark(), "`log` must be a mapping, such as { level: info }");
  for (const auto& entry : node) {
    const std::string key = entry.first.Scalar();
    if (key != "level") refuse(file, entry.first.Mark(), "unknown key `log." + key + "`; known: level");
    const auto level = observe::log_level_from(text(file, entry.second, "log.level"));
    if (!level) refuse(file, entry.second.Mark(), "`log.level` must be debug, info, warn or error");
    out.log_level = *level;
  }
}

void read_plugins(const fs::path& file, const YAML::Node& node, settings& out) {
  if (!node.IsSequence()) refuse(file, node.Mark(), "`plugins` must be a list of folders");
  out.plugin_folders.clear();
  for (const YAML::Node& folder : node) out.plugin_folders.push_back(path_of(file, text(file, folder, "plugins")));
}

YAML::Node load(const fs::path& file) try {
  return YAML::LoadFile(file.string());
} catch (const YAML::BadFile&) {
  refuse(file, YAML::Mark::null_mark(), "can't be read; check that it exists and that you may read it");
} catch (const YAML::ParserException& e) {
  refuse(file, e.mark, e.msg);
}

}  // namespace

settings default_settings() {
  settings out;
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path();
  for (const char* beside : {"../plugins", "../lib/sluice/plugins"}) {
    const fs::path folder = (program / beside).lexically_normal();
    if (fs::is_directory(folder)) out.plugin_folders.push_back(folder);
  }
  return out;
}

settings read_settings(const fs::path& file) {
  settings out = default_settings();
  const YAML::Node root = load(file);
  if (root.IsNull()) return out;
  if (!root.IsMap()) refuse(file, root.Mark(), "must be a mapping; known keys: plugins, lock, log");
  for (const auto& entry : root) {
    const std::string key = entry.first.Scalar();
    if (key == "plugins") {
      read_plugins(file, entry.second, out);
    } else if (key == "lock") {
      out.lock = path_of(file, text(file, entry.second, key));
    } else if (key == "log") {
      read_log(file, entry.second, out);
    } else {
      refuse(file, entry.first.Mark(), "unknown key `" + key + "`; known: plugins, lock, log");
    }
  }
  return out;
}

}  // namespace sluice::host
