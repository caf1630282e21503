// `sluice token`: who may use the HTTP API. The tokens stand beside the host file, of each only a hash.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/token.hpp"
#include "engine/failure.hpp"
#include "host/receipt.hpp"
#include "manifest/scalar.hpp"
#include "server/tokens.hpp"

namespace sluice::cli {

namespace {

struct token_options {
  std::string tenant, expires, note, id;
  std::vector<std::string> scopes;
  bool all_tenants = false;
};

[[noreturn]] void wrong_call(const std::string& why) {
  throw engine::failure(engine::failure_class::invalid, "SLU-7001", why);
}

std::filesystem::path file_of(const app& a) {
  if (a.options().config.empty()) {
    wrong_call("tokens stand beside the host file: say `sluice --config host.yaml token …`");
  }
  return server::tokens_beside(a.options().config);
}

std::int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

nlohmann::json shown(const server::token_entry& t) {
  return {{"id", t.id},
          {"tenant", t.tenant},
          {"scopes", t.scopes},
          {"created_at", host::instant_json(t.created_s * 1'000'000)},
          {"expires_at", host::instant_json(t.expires_s * 1'000'000)},
          {"note", t.note}};
}

int create(app& a, const token_options& o) {
  const auto file = file_of(a);
  if (o.tenant.empty() != o.all_tenants || o.tenant == "*") {
    wrong_call("say whose data the token is for: --tenant T, or --all-tenants");
  }
  server::token_entry t;
  t.tenant = o.all_tenants ? "*" : o.tenant;
  t.scopes = o.scopes;
  t.created_s = now_s();
  t.note = o.note;
  if (!o.expires.empty()) {
    const auto us = manifest::parse_duration(o.expires);
    if (!us || *us < 1'000'000)
      wrong_call("--expires takes a time such as 90d or 12h, not `" + o.expires + "`");
    t.expires_s = t.created_s + *us / 1'000'000;
  }
  auto all = server::read_tokens(file);
  const std::string token = server::make_token(t);
  all.push_back(t);
  server::write_tokens(file, all);
  a.say(observe::log_level::info, {}, "this is shown once: only its hash is kept");
  if (a.options().json) {
    nlohmann::json out = shown(t);
    out["token"] = token;
    std::printf("%s\n", out.dump(2).c_str());
  } else {
    std::printf("%s\n", token.c_str());
  }
  return exit_code::good;
}

int revoke(app& a, const token_options& o) {
  const auto file = file_of(a);
  auto all = server::read_tokens(file);
  if (std::erase_if(all, [&](const server::token_entry& t) { return t.id == o.id; }) == 0) {
    throw engine::failure(engine::failure_class::invalid, "SLU-7124",
                          "no token `" + o.id + "`; `sluice token list` shows the ids");
  }
  server::write_tokens(file, all);
  a.say(observe::log_level::info, {},
        "token " + o.id + " is revoked; a host that serves knows within two seconds");
  return exit_code::good;
}

int list(app& a, const token_options&) {
  const auto all = server::read_tokens(file_of(a));
  nlohmann::json out = nlohmann::json::array();
  for (const server::token_entry& t : all) {
    out.push_back(shown(t));
    if (a.options().json) continue;
    std::string scopes;
    for (const std::string& s : t.scopes) scopes += " " + s;
    std::printf("%s  %-16s until %s %s  %s\n", t.id.c_str(), t.tenant.c_str(),
                host::instant_text(t.expires_s * 1'000'000).c_str(), scopes.c_str(), t.note.c_str());
  }
  if (a.options().json) std::printf("%s\n", out.dump(2).c_str());
  else if (all.empty()) a.say(observe::log_level::info, {}, "no tokens");
  return exit_code::good;
}

CLI::App* add(CLI::App& group, const char* name, const char* what, common_options& options, int& result,
              const std::shared_ptr<token_options>& o, int (*run)(app&, const token_options&)) {
  CLI::App* c = group.add_subcommand(name, what);
  c->callback([&options, &result, o, run] { result = guarded(options, [&](app& a) { return run(a, *o); }); });
  return c;
}

}  // namespace

void add_token(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<token_options>();
  CLI::App* tokens = cli.add_subcommand("token", "Who may use the HTTP API of `serve`");
  tokens->require_subcommand(1);
  CLI::App* c = add(*tokens, "create", "Make a token; it is shown once", options, result, o, create);
  c->add_option("--tenant", o->tenant, "For the data of this tenant alone");
  c->add_flag("--all-tenants", o->all_tenants, "For the data of all tenants, and for the host itself");
  c->add_option("--scope", o->scopes, "What it may do; several times for more")
      ->required()
      ->check(CLI::IsMember(server::known_scopes()));
  c->add_option("--expires", o->expires, "After this time it is worth nothing, such as 90d");
  c->add_option("--note", o->note, "For whom it is");
  add(*tokens, "revoke", "Make a token worth nothing", options, result, o, revoke)
      ->add_option("ID", o->id, "As `token list` has it")
      ->required();
  add(*tokens, "list", "All tokens, without what is secret", options, result, o, list);
}

}  // namespace sluice::cli
