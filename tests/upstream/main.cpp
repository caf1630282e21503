// The program: options in, one line on stdout that says where it listens, until SIGTERM or SIGINT.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "upstream/server.hpp"

namespace {
using sluice::upstream::options;

template <class Fn>
void each_part(std::string_view text, char by, Fn&& fn) {
  while (!text.empty()) {
    const auto end = std::min(text.find(by), text.size());
    fn(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::uint32_t number(std::string_view text, const std::string& where) {
  std::uint32_t out = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (ec != std::errc{} || end != text.data() + text.size()) throw std::runtime_error(where + ": `" + std::string(text) + "` is no number");
  return out;
}

std::int64_t duration_us(const std::string& text) {
  for (const auto& [unit, us] : {std::pair{std::string_view("us"), 1LL}, {"ms", 1'000LL}, {"s", 1'000'000LL}}) {
    if (text.ends_with(unit) && text.size() > unit.size() && text[text.size() - unit.size() - 1] <= '9') {
      return number(std::string_view(text).substr(0, text.size() - unit.size()), "a duration") * us;
    }
  }
  throw std::runtime_error("`" + text + "` is no duration; write it as 50ms");
}

void parse_tenants(options& o, const std::string& text) {
  o.tenants.clear();
  each_part(text, ',', [&](std::string_view part) {
    const auto colon = part.find(':');
    if (colon == std::string_view::npos) throw std::runtime_error("--tenants wants NAME:SIZE, got `" + std::string(part) + "`");
    o.tenants[std::string(part.substr(0, colon))] = number(part.substr(colon + 1), "--tenants");
  });
  if (o.tenants.empty()) throw std::runtime_error("--tenants names no tenant");
}
}  // namespace

int main(int argc, char** argv) {
  options o;
  std::string tenants, latency = "0ms", jitter = "0ms", script;
  std::vector<std::string> tokens;
  CLI::App app{"A simulated upstream: the reference API with data that change and faults that are scripted"};
  app.add_option("--port", o.port, "0 takes a free one");
  app.add_option("--tenants", tenants, "NAME:ENTITIES,...");
  app.add_option("--seed", o.seed, "another seed, other data");
  app.add_option("--latency", latency, "before each answer, such as 50ms");
  app.add_option("--jitter", jitter, "around the latency, such as 10ms");
  app.add_option("--token", tokens, "TENANT=TOKEN; may be repeated");
  app.add_option("--max-limit", o.max_limit, "the largest page");
  app.add_option("--script", script, "a file of faults")->check(CLI::ExistingFile);
  app.add_option("--log", o.log_path, "a line for each request");
  app.add_option("--threads", o.threads, "1 is enough for most");
  CLI11_PARSE(app, argc, argv);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);  // before any thread, so that sigwait below gets them
  try {
    if (!tenants.empty()) parse_tenants(o, tenants);
    for (const std::string& t : tokens) {
      const auto eq = t.find('=');
      if (eq == std::string::npos) throw std::runtime_error("--token wants TENANT=TOKEN");
      o.tokens[t.substr(0, eq)] = t.substr(eq + 1);
    }
    o.latency_us = duration_us(latency);
    o.jitter_us = std::min(duration_us(jitter), o.latency_us);
    sluice::upstream::server server(o);
    if (!script.empty()) {
      std::ifstream in(script);
      server.data().set_faults(std::string(std::istreambuf_iterator<char>(in), {}));
    }
    std::cout << "listening on " << server.url() << std::endl;
    int got = 0;
    sigwait(&ends, &got);
    return 0;
  } catch (const std::exception& wrong) {
    std::cerr << "sluice-upstream: " << wrong.what() << '\n';
    return 1;
  }
}
