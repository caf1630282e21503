#include "host/settings.hpp"

#include <charconv>
#include <functional>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "manifest/scalar.hpp"
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
  for (const YAML::Node& folder : node)
    out.plugin_folders.push_back(path_of(file, text(file, folder, "plugins")));
}

// Shorter than a second and a busy machine loses its runs; longer and a dead one keeps them.
std::int64_t read_lease(const fs::path& file, const YAML::Node& node) {
  const auto us = manifest::parse_duration(text(file, node, "lease"));
  if (us && *us >= 1'000'000 && *us <= 600'000'000) return *us;
  refuse(file, node.Mark(), "`lease` must be a duration from 1s to 10m, such as 30s");
}

using entry_fn = std::function<void(const std::string& key, const YAML::Node& value)>;

// Each entry of a mapping whose keys are known.
void each(const fs::path& file, const YAML::Node& node, const std::string& name, const std::string& known,
          const entry_fn& take) {
  if (!node.IsMap()) refuse(file, node.Mark(), "`" + name + "` must be a mapping; known keys: " + known);
  for (const auto& entry : node) {
    const std::string key = entry.first.Scalar();
    if ((", " + known + ",").find(", " + key + ",") == std::string::npos) {
      refuse(file, entry.first.Mark(), "unknown key `" + name + "." + key + "`; known: " + known);
    }
    take(name + "." + key, entry.second);
  }
}

int count(const fs::path& file, const YAML::Node& node, const std::string& key, int least, int most) {
  const std::string value = text(file, node, key);
  int out = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (error != std::errc() || end != value.data() + value.size() || out < least || out > most) {
    refuse(
        file, node.Mark(),
        "`" + key + "` must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return out;
}

double share(const fs::path& file, const YAML::Node& node, const std::string& key, double least,
             double most) {
  const auto value = manifest::parse_ratio(text(file, node, key));
  if (value && *value >= least && *value <= most) return *value;
  refuse(file, node.Mark(),
         "`" + key + "` must be from " + manifest::format_number(least * 100) + "% to " +
             manifest::format_number(most * 100) + "%");
}

void read_limits(const fs::path& file, const YAML::Node& node, settings& out) {
  admission_limits& to = out.limits;
  const auto wait = [&](const YAML::Node& value) {
    const std::string given = text(file, value, "limits.queue_wait");
    const auto us = given == "forever" ? std::optional<std::int64_t>(0) : manifest::parse_duration(given);
    if (us && (*us >= 1'000'000 || given == "forever")) return *us;
    refuse(file, value.Mark(), "`limits.queue_wait` must be a time of 1s or more, or `forever`");
  };
  const auto rate = [&](const YAML::Node& value) {
    const std::string given = text(file, value, "limits.tenant_starts");
    const auto per_second = given == "any" ? std::optional<double>(0) : manifest::parse_rate(given);
    if (per_second && (*per_second > 0 || given == "any")) return *per_second;
    refuse(file, value.Mark(), "`limits.tenant_starts` must be a rate such as 50/s, or `any`");
  };
  each(file, node, "limits",
       "active_runs, queued_runs, essential_reserved, tenant_share, sick_share, queue_wait, tenant_starts, "
       "tenant_at_once",
       [&](const std::string& key, const YAML::Node& value) {
         const std::string name = key.substr(std::string("limits.").size());
         if (name == "active_runs") to.active_runs = count(file, value, key, 1, 10'000);
         else if (name == "queued_runs") to.queued_runs = count(file, value, key, 0, 1'000'000);
         else if (name == "essential_reserved") to.essential_reserved = share(file, value, key, 0, 0.99);
         else if (name == "tenant_share") to.tenant_share = share(file, value, key, 0.01, 1);
         else if (name == "sick_share") to.sick_share = share(file, value, key, 0.01, 1);
         else if (name == "queue_wait") to.queue_wait_us = wait(value);
         else if (name == "tenant_starts") to.starts.per_second = rate(value);
         else to.starts.at_once = count(file, value, key, 1, 1'000'000);
       });
}

tls_files read_tls(const fs::path& file, const YAML::Node& node) {
  tls_files out;
  each(file, node, "listen.tls", "certificate, key", [&](const std::string& key, const YAML::Node& value) {
    (key == "listen.tls.key" ? out.key : out.certificate) = path_of(file, text(file, value, key));
  });
  if (out.certificate.empty() || out.key.empty())
    refuse(file, node.Mark(), "`listen.tls` needs both `certificate` and `key`");
  return out;
}

void read_listen(const fs::path& file, const YAML::Node& node, settings& out) {
  listen_settings& to = out.listen;
  const auto rate = [&](const YAML::Node& value, const std::string& key) {
    const std::string given = text(file, value, key);
    const auto per_second = given == "any" ? std::optional<double>(0) : manifest::parse_rate(given);
    if (per_second && (*per_second > 0 || given == "any")) return *per_second;
    refuse(file, value.Mark(), "`" + key + "` must be a rate such as 10/m, or `any`");
  };
  each(file, node, "listen", "address, connections, tls, socket, socket_group, wrong_tokens",
       [&](const std::string& key, const YAML::Node& value) {
         if (key == "listen.connections") to.connections = count(file, value, key, 1, 100'000);
         else if (key == "listen.tls") to.tls = read_tls(file, value);
         else if (key == "listen.socket") to.socket = path_of(file, text(file, value, key));
         else if (key == "listen.socket_group") to.socket_group = text(file, value, key);
         else if (key == "listen.wrong_tokens") to.wrong_tokens_per_second = rate(value, key);
         else to.address = text(file, value, key);
       });
  if (to.tls && to.address.empty()) refuse(file, node.Mark(), "`listen.tls` needs a `listen.address`");
  if (!to.socket_group.empty() && to.socket.empty())
    refuse(file, node.Mark(), "`listen.socket_group` needs a `listen.socket`");
}

void read_retention(const fs::path& file, const YAML::Node& node, settings& out) {
  retention_ages& ages = out.retention;
  const std::pair<const char*, std::int64_t*> known[] = {{"retention.runs", &ages.runs_us},
                                                         {"retention.ledger", &ages.ledger_us},
                                                         {"retention.rejects", &ages.rejects_us},
                                                         {"retention.tombstones", &ages.tombstones_us}};
  each(file, node, "retention", "runs, ledger, rejects, tombstones",
       [&](const std::string& key, const YAML::Node& v) {
         const std::string value = text(file, v, key);
         const auto age =
             value == "forever" ? std::optional<std::int64_t>(0) : manifest::parse_duration(value);
         if (!age || (*age == 0 && value != "forever")) {
           refuse(file, v.Mark(), "`" + key + "` must be a time such as 90d or 12h, or `forever`");
         }
         for (const auto& [name, to] : known) {
           if (key == name) *to = *age;
         }
       });
  // A record that was rejected before a delete may be tried again: the tombstone must still be there to say no.
  const bool shorter =
      ages.tombstones_us != 0 && (ages.rejects_us == 0 || ages.rejects_us > ages.tombstones_us);
  if (shorter) refuse(file, node.Mark(), "`retention.tombstones` can't be shorter than `retention.rejects`");
}

constexpr const char* known_keys = "plugins, lock, log, lease, manifests, limits, listen, retention";

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
  if (!root.IsMap()) refuse(file, root.Mark(), std::string("must be a mapping; known keys: ") + known_keys);
  for (const auto& entry : root) {
    const std::string key = entry.first.Scalar();
    if (key == "plugins") {
      read_plugins(file, entry.second, out);
    } else if (key == "lock") {
      out.lock = path_of(file, text(file, entry.second, key));
    } else if (key == "log") {
      read_log(file, entry.second, out);
    } else if (key == "lease") {
      out.lease_us = read_lease(file, entry.second);
    } else if (key == "manifests") {
      out.manifests = path_of(file, text(file, entry.second, key));
    } else if (key == "limits") {
      read_limits(file, entry.second, out);
    } else if (key == "listen") {
      read_listen(file, entry.second, out);
    } else if (key == "retention") {
      read_retention(file, entry.second, out);
    } else {
      refuse(file, entry.first.Mark(), "unknown key `" + key + "`; known: " + known_keys);
    }
  }
  return out;
}

}  // namespace sluice::host
