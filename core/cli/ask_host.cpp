#include "cli/ask_host.hpp"

#include <cstdio>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/host_socket.hpp"
#include "engine/failure.hpp"

namespace sluice::cli {

namespace {

using engine::failure;
using engine::failure_class;
using json = nlohmann::json;

json ask(const app& a, const std::string& method, const std::string& target) {
  const std::string at = a.settings().listen.socket.string();
  if (at.empty()) {
    throw failure(
        failure_class::invalid, "SLU-7001",
        "the host is asked at its socket: say `sluice --config host.yaml …`, with `listen.socket` there");
  }
  auto answer = call_host(at, method, target);
  if (!answer) throw failure(failure_class::transient, "SLU-7029", "no host answers at " + at);
  return body_of(std::move(*answer));
}

int health(app& a) {
  const json got = ask(a, "GET", "/api/sync/health");
  const std::string status = got.at("status");
  if (a.options().json) {
    std::printf("%s\n", got.dump(2).c_str());
  } else {
    const json& runs = got.at("runs");
    std::printf("%s; %s runs under way, %s queued\n", status.c_str(), runs.at("running").dump().c_str(),
                runs.at("queued").dump().c_str());
    for (const json& why : got.at("why")) std::printf("  %s\n", why.get<std::string>().c_str());
  }
  if (status == "healthy") return exit_code::good;
  return status == "degraded" ? exit_code::partial : exit_code::failed;
}

int reload(app& a) {
  const json got = ask(a, "POST", "/api/sync/manifest/reload");
  const json& stale = got.at("stale");
  if (a.options().json) {
    std::printf("%s\n", got.dump(2).c_str());
  } else {
    for (const json& p : got.at("pipelines")) std::printf("%s is served\n", p.get<std::string>().c_str());
    for (const json& s : stale)
      std::printf("%s is not what is served: %s\n", s.at("manifest").get<std::string>().c_str(),
                  s.at("why").get<std::string>().c_str());
  }
  return stale.empty() ? exit_code::good : exit_code::bad_manifest;
}

void add(CLI::App& cli, const char* name, const char* what, common_options& options, int& result,
         int (*run)(app&)) {
  cli.add_subcommand(name, what)->callback([&options, &result, run] {
    result = guarded(options, [&](app& a) { return run(a); });
  });
}

}  // namespace

void add_ask_host(CLI::App& cli, common_options& options, int& result) {
  add(cli, "health",
      "How the host is that serves on this machine, and why: exit code 0 healthy, 3 degraded, 1 unhealthy",
      options, result, health);
  add(cli, "reload",
      "Let it read its manifests and its certificate again; exit code 78 when it did not take one", options,
      result, reload);
}

}  // namespace sluice::cli
