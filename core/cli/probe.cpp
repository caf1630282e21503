// `sluice probe`: one request through a real source, and what a mapping makes of the answer.
#include <algorithm>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/app.hpp"
#include "cli/interrupt.hpp"
#include "cli/upstream.hpp"
#include "decode/error.hpp"
#include "host/catalog_adapter.hpp"
#include "host/probe_report.hpp"
#include "host/probe_request.hpp"
#include "host/route.hpp"
#include "host/runtime.hpp"
#include "manifest/check.hpp"

namespace sluice::cli {

namespace {

struct probe_options {
  std::string pipeline, source, path, read, tenant, subject, records;
  std::vector<std::string> parent, query;
  std::size_t pages = 1;
};

engine::failure misused(const std::string& what) {
  return {engine::failure_class::invalid, "SLU-7050", what};
}

std::string tenant_of(const manifest::pipeline& p, const std::string& named) {
  const auto& known = p.tenants.known;
  if (!named.empty()) {
    host::check_tenant(p, named);
    return named;
  }
  if (known.size() == 1) return known.begin()->first;
  if (known.empty()) return {};
  std::string names;
  for (const auto& [id, unused] : known) names += (names.empty() ? "" : ", ") + id;
  throw misused("whose data? say --tenant; the manifest names " + names);
}

host::probed_read asked_of(const manifest::pipeline& p, const probe_options& o) {
  if (o.read.empty()) {
    host::probed_read out;
    out.ask = host::plain_request(p, o.source, o.path, o.query);
    out.ask.tenant = tenant_of(p, o.tenant);
    out.ask.records = o.records;
    return out;
  }
  const manifest::read& read = host::named_read(p, o.read);
  if (!o.subject.empty()) host::check_subject(o.subject);
  return host::read_as_request(read, tenant_of(p, o.tenant), o.subject);
}

int print(app& a, const host::probe_result& result) {
  const nlohmann::ordered_json report = to_json(result);
  const auto dumped = report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::string text = a.options().json ? dumped + "\n" : host::probe_text(report);
  std::printf("%s", a.redactor().redact(text).c_str());
  const host::probe_step& last = result.steps.back();
  if (last.page.failed) return exit_of_upstream(*last.page.failed);
  for (const host::probe_step& s : result.steps) {
    if (s.mapping && s.mapping->failed) return exit_of_upstream(*s.mapping->failed);
  }
  return exit_code::good;
}

int probe(app& a, const probe_options& o) {
  const auto pipeline = o.read.empty() ? a.load_sources(o.pipeline) : a.load(o.pipeline);
  if (!pipeline) return exit_code::bad_manifest;
  plugin::loader loader(a.catalog(), a.lock());
  const host::secret_store secrets(pipeline->tenants, a.redactor());
  catch_interrupts();
  host::prober prober({*pipeline, a.catalog(), loader, a.log(), secrets});
  host::probed_read what = asked_of(*pipeline, o);
  if (what.read != nullptr) host::add_parent(prober, what, o.parent, interrupted);
  std::unique_ptr<host::mapping_probe> mapping;
  try {
    if (what.read != nullptr) mapping = std::make_unique<host::mapping_probe>(prober, what);
  } catch (const decode::error& e) {
    throw engine::failure(engine::failure_class::invalid, std::string(e.code()), e.what());
  }
  host::probe_result result;
  result.ask = what.ask;
  std::string state;
  for (std::size_t i = 0; i < o.pages; ++i) {
    host::probe_step& step = result.steps.emplace_back();
    step.page = prober.fetch(what.ask, state, interrupted);
    if (!step.page.page) break;
    if (mapping) step.mapping = mapping->look(step.page);
    if (step.page.page->end()) break;
    state = step.page.page->next_state();
  }
  return print(a, result);
}

void check_usage(const probe_options& o) {
  const bool plain = !o.source.empty() && !o.path.empty();
  if (o.read.empty() && !plain)
    throw misused("say what to ask: --source SOURCE --path PATH, or --read ENTRY.READ of the manifest");
  if (!o.read.empty() && (!o.source.empty() || !o.path.empty() || !o.query.empty() || !o.records.empty()))
    throw misused(
        "--read takes its request from the manifest; --source, --path, --query and --records are for one "
        "without a read");
  if (o.read.empty() && (!o.subject.empty() || !o.parent.empty()))
    throw misused("--subject and --parent are for --read; in --path write the value itself");
}

}  // namespace

void add_probe(CLI::App& cli, common_options& options, int& result) {
  const auto o = std::make_shared<probe_options>();
  CLI::App* c = cli.add_subcommand(
      "probe", "Send one request to a source and show it, the answer and what a mapping makes of it");
  c->add_option("PIPELINE", o->pipeline,
                "The manifest; without --read its `sources` and `tenants` are enough")
      ->required();
  c->add_option("--source", o->source, "Ask this source; the answer's shape is shown")->type_name("SOURCE");
  c->add_option("--path", o->path, "for this path")->type_name("PATH");
  c->add_option("--query", o->query, "with this parameter; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  c->add_option("--records", o->records, "Look at the records there")->type_name("POINTER");
  c->add_option("--read", o->read, "Make this read of the manifest; what its mapping takes is shown")
      ->type_name("ENTRY.READ");
  c->add_option("--tenant", o->tenant, "For whom; not needed when the manifest names one tenant")
      ->type_name("TENANT");
  c->add_option("--subject", o->subject, "As it is read for this user")->type_name("SUBJECT");
  c->add_option(
       "--parent", o->parent,
       "A value of the parent record; may be repeated. Without it, that of the parent read's first record")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  c->add_option("--pages", o->pages, "Follow at most so many pages")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  c->callback([&options, &result, o] {
    result = guarded(options, [&](app& a) {
      check_usage(*o);
      return probe(a, *o);
    });
  });
}

}  // namespace sluice::cli
