#include "cli/ask_host.hpp"

#include <cstdio>
#include <sstream>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "engine/failure.hpp"

namespace sluice::cli {

namespace {

using boost::asio::local::stream_protocol;
using engine::failure;
using engine::failure_class;
using json = nlohmann::json;

[[noreturn]] void nobody_there(const std::string& at, const std::string& why) {
  throw failure(failure_class::transient, "SLU-7029", "no host answers at " + at + ": " + why);
}

// The whole answer; the host closes the connection behind it.
std::string answer_to(const std::string& at, const std::string& request) {
  boost::asio::io_context context;
  stream_protocol::socket socket(context);
  boost::system::error_code failed;
  socket.connect(stream_protocol::endpoint(at), failed);
  if (!failed) boost::asio::write(socket, boost::asio::buffer(request), failed);
  std::string out;
  if (!failed) boost::asio::read(socket, boost::asio::dynamic_buffer(out), failed);
  if (failed != boost::asio::error::eof) nobody_there(at, failed.message());
  return out;
}

json ask(const app& a, const std::string& method, const std::string& target) {
  const std::string at = a.settings().listen.socket.string();
  if (at.empty()) {
    throw failure(
        failure_class::invalid, "SLU-7001",
        "the host is asked at its socket: say `sluice --config host.yaml …`, with `listen.socket` there");
  }
  const std::string answer =
      answer_to(at, method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::size_t end = answer.find("\r\n\r\n");
  std::istringstream head(answer.substr(0, end));
  std::string version;
  int status = 0;
  head >> version >> status;
  const json body = end == std::string::npos ? json() : json::parse(answer.substr(end + 4), nullptr, false);
  if (!body.is_object()) nobody_there(at, "what it says is no answer of a host");
  if (status == 200) return body;
  throw failure(status >= 500 ? failure_class::transient : failure_class::invalid,
                body.value("code", "SLU-7029"),
                body.value("detail", "the host answered " + std::to_string(status)));
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
