// The command line: options, subcommands and nothing else.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cli/app.hpp"
#include "cli/ask_host.hpp"
#include "cli/completion.hpp"
#include "cli/route.hpp"
#include "cli/token.hpp"
#include "host/failpoints.hpp"
#include "plugin/loader.hpp"
#include "plugin/suggest.hpp"

namespace {

namespace cli_of = sluice::cli;

// A closed 0, 1 or 2 would be the number of the next file that is opened, and the log would go into it.
void fill_standard_descriptors() {
  for (int fd = 0; fd < 3; ++fd) {
    if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) != fd) _exit(cli_of::exit_code::failed);
  }
}

void prepare_process() {
  fill_standard_descriptors();
  // A reader that goes away must not end a sync.
  std::signal(SIGPIPE, SIG_IGN);
  sluice::host::arm_failpoints();
}

// A word of the command line that stands where a subcommand should, if that is what is wrong.
std::string unknown_command(const CLI::App& cli, int argc, char** argv) {
  const CLI::App* at = &cli;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--config" || word == "--plugins" || word == "--log-level") ++i;
    if (word.starts_with('-')) continue;
    const auto commands = at->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty()) return {};
    std::vector<std::string> known;
    for (const CLI::App* c : commands) {
      known.push_back(c->get_name());
      if (c->get_name() == word) at = c;
    }
    if (at->get_name() != word) {
      return "there is no command `" + word + "`; " + sluice::plugin::suggestion(word, known);
    }
  }
  return {};
}

int misused(const CLI::App& cli, const CLI::ParseError& e, int argc, char** argv) {
  const std::string unknown = unknown_command(cli, argc, argv);
  bool json = false;
  for (int i = 1; i < argc; ++i) json = json || std::strcmp(argv[i], "--json") == 0;
  cli_of::complain(
      nullptr, json, "SLU-7001",
      unknown.empty() ? std::string(e.what()) + "; `--help` behind a command shows what it takes" : unknown);
  return cli_of::exit_code::usage;
}

// The answer that a program waits for may not be lost in silence.
int answer_written(int result) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return result;
  cli_of::complain(nullptr, false, "SLU-7013",
                   std::string("the answer could not be written to standard output: ") +
                       std::strerror(errno) + "; what was done stays done: see `sluice runs list`");
  return result == 0 ? cli_of::exit_code::failed : result;
}

void point_to_global_options(CLI::App& of) {
  for (CLI::App* c : of.get_subcommands([](CLI::App*) { return true; })) {
    c->footer("Options of every command, such as --json and --plugins: `sluice --help`.");
    point_to_global_options(*c);
  }
}

void add_commands(CLI::App& cli, cli_of::common_options& options, int& result) {
  cli_of::add_run(cli, options, result);
  cli_of::add_serve(cli, options, result);
  cli_of::add_check(cli, options, result);
  cli_of::add_probe(cli, options, result);
  cli_of::add_runs(cli, options, result);
  cli_of::add_route(cli, options, result);
  cli_of::add_advise(cli, options, result);
  cli_of::add_plugins(cli, options, result);
  cli_of::add_store(cli, options, result);
  cli_of::add_retention(cli, options, result);
  cli_of::add_token(cli, options, result);
  cli_of::add_ask_host(cli, options, result);
  cli_of::add_completion(cli, options, result);
  point_to_global_options(cli);
}

}  // namespace

int main(int argc, char** argv) {
  prepare_process();
  CLI::App cli("sluice keeps the data of a multi-tenant product in step with the systems that own them.",
               "sluice");
  cli_of::common_options options;
  int result = 0;
  cli.set_version_flag("--version", std::string(sluice::plugin::host_version()));
  cli.require_subcommand(1);
  cli.fallthrough();
  cli.add_option("--config", options.config, "The host file: plugin folders, lock file, log")
      ->type_name("FILE");
  cli.add_option("--plugins", options.plugins, "Plugin folder instead of the host file's; may be repeated")
      ->type_name("DIR")
      ->allow_extra_args(false);
  cli.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->type_name("LEVEL");
  cli.add_flag("--json", options.json, "Data as JSON on standard output");
  cli.footer(
      "Exit codes: 0 good, 1 failed, 2 usage, 3 partial, 4 held, 75 try again later, 78 the manifest is "
      "wrong, "
      "130 cancelled.");

  add_commands(cli, options, result);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() != 0) return misused(cli, e, argc, argv);
    return answer_written(cli.exit(e));
  }
  return answer_written(result);
}
