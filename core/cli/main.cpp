// The command line: options, subcommands and nothing else.
#include <csignal>

#include <CLI/CLI.hpp>

#include "cli/app.hpp"
#include "plugin/loader.hpp"

int main(int argc, char** argv) {
  // A reader that goes away must not end a sync.
  std::signal(SIGPIPE, SIG_IGN);

  CLI::App cli("sluice keeps the data of a multi-tenant product in step with the systems that own them.", "sluice");
  sluice::cli::common_options options;
  int result = 0;
  cli.set_version_flag("--version", std::string(sluice::plugin::host_version()));
  cli.require_subcommand(1);
  cli.fallthrough();
  cli.add_option("--config", options.config, "The host file: plugin folders, lock file, log")->type_name("FILE");
  cli.add_option("--plugins", options.plugins, "Plugin folder instead of the host file's; may be repeated")
      ->type_name("DIR")->allow_extra_args(false);
  cli.add_option("--log-level", options.log_level, "debug, info, warn or error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))->type_name("LEVEL");
  cli.add_flag("--json", options.json, "Data as JSON on standard output");
  cli.footer("Exit codes: 0 good, 1 failed, 2 usage, 3 partial, 4 held, 75 try again later, 78 the manifest is wrong, "
             "130 cancelled.");

  sluice::cli::add_run(cli, options, result);
  sluice::cli::add_check(cli, options, result);
  sluice::cli::add_runs(cli, options, result);
  sluice::cli::add_plugins(cli, options, result);
  sluice::cli::add_store(cli, options, result);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return cli.exit(e) == 0 ? 0 : sluice::cli::exit_code::usage;
  }
  return result;
}
