#include "temporal/settings.hpp"

#include <array>
#include <filesystem>
#include <functional>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "temporal/codes.hpp"

namespace sluice::durable {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw failure(status::invalid, codes::bad_config, why); }

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("host");
}

// A file that is ours as long as this process lives; -1: somebody has it, or it can't be made.
int lock(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0 || ::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  ::close(file);
  return -1;
}

}  // namespace

settings parse_settings(std::string_view config_json) {
  const nlohmann::json in = nlohmann::json::parse(config_json);
  settings out;
  out.address = in.at("address").get<std::string>();
  out.name_space = in.value("namespace", std::string("default"));
  out.task_queue = in.value("task_queue", std::string("sluice"));
  out.api_key = in.value("api_key", std::string());
  if (out.address.find("://") != std::string::npos)
    refuse("address: `" + out.address + "` is HOST:PORT, without a scheme");
  if (in.contains("tls")) {
    const nlohmann::json& tls = in.at("tls");
    out.tls = true;
    out.ca_file = tls.value("ca_file", std::string());
    out.cert_file = tls.value("cert_file", std::string());
    out.key_file = tls.value("key_file", std::string());
    out.server_name = tls.value("server_name", std::string());
    if (out.cert_file.empty() != out.key_file.empty())
      refuse("tls: `cert_file` and `key_file` belong together");
  }
  if (!out.api_key.empty() && !out.tls) refuse("api_key: it would be sent in the clear; say `tls: {}`");
  return out;
}

slot::slot(const std::string& shared_queue) : shared_(shared_queue) {
  constexpr int most = 256;
  const std::string base = "sluice-temporal-" + std::to_string(getuid()) + "-" +
                           std::to_string(std::hash<std::string>{}(shared_queue)) + "-";
  std::error_code none;
  const auto folder = std::filesystem::temp_directory_path(none);
  for (int n = 0; n < most && !none; ++n) {
    file_ = lock(folder / (base + std::to_string(n)));
    if (file_ < 0) continue;
    home_ = shared_ + "@" + host_name() + "-" + std::to_string(n);
    return;
  }
  // Without a place for its mark it is known by its number: right, and slower to recover.
  home_ = shared_ + "@" + host_name() + "-p" + std::to_string(getpid());
}

slot::~slot() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace sluice::durable
