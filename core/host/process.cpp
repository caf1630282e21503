#include "host/process.hpp"

#include <array>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <unistd.h>

namespace sluice::host {

namespace {

std::string read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Field 22 of /proc/PID/stat: the start in clock ticks since boot. The name in field 2 may hold
// spaces and parentheses, so the fields are counted from its last parenthesis.
std::optional<std::int64_t> started_at(std::int64_t pid) {
  const std::string stat = read_line("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  for (int n = 3; n <= 22; ++n) fields >> field;
  if (!fields) return std::nullopt;
  return std::stoll(field);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("unknown");
}

}  // namespace

engine::holder this_process() {
  const std::int64_t pid = getpid();
  return {host_name(), read_line("/proc/sys/kernel/random/boot_id"), pid, started_at(pid).value_or(0)};
}

bool is_dead(const engine::holder& holder) {
  const engine::holder self = this_process();
  if (holder.boot_id != self.boot_id || holder.host != self.host || holder.boot_id.empty()) return false;
  return started_at(holder.pid) != holder.started;
}

}  // namespace sluice::host
