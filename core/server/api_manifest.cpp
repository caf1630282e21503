// The manifests that are served: whether their files are good, and reading them again.
#include "host/catalog_adapter.hpp"
#include "manifest/check.hpp"
#include "server/api.hpp"
#include "server/codes.hpp"
#include "server/problem.hpp"

namespace sluice::server {

using json = nlohmann::json;
using boost::asio::awaitable;

namespace {

json check(const plugin::catalog& plugins, const std::vector<host::served_pipeline>& served) {
  const host::catalog_adapter components(plugins);
  json out = json::array();
  bool good = true;
  for (const host::served_pipeline& p : served) {
    const auto checked = manifest::check_file(p.file, components, manifest::process_environment());
    good = good && checked.ok();
    out.push_back({{"pipeline", p.pipeline->name},
                   {"good", checked.ok()},
                   {"same_as_served", checked.ok() && checked.pipeline->hash == p.pipeline->hash},
                   {"diagnostics", json::parse(manifest::render_json(checked.diagnostics))}});
  }
  return {{"good", good}, {"manifests", std::move(out)}};
}

}  // namespace

awaitable<answer> api::check_manifests(const call&) {
  const auto served = setup_.service.pipelines();
  desk::question what = [this, served] { return check(setup_.catalog, served); };
  const desk::reply got = co_await desk_.ask(engine::urgency::background, "check", std::move(what));
  co_return json_answer(200, *got);
}

// What is wrong with a manifest that was not taken stands in the log, and what `check` answers.
awaitable<answer> api::reload_manifests(const call&) {
  desk::question what = [this]() -> json {
    setup_.reload();
    json stale = json::array(), names = json::array();
    const host::host_state state = state_of_host();
    for (const auto& [file, why] : state.stale) stale.push_back({{"manifest", file}, {"why", why}});
    for (const host::served_pipeline& p : setup_.service.pipelines()) names.push_back(p.pipeline->name);
    return {{"pipelines", std::move(names)}, {"stale", std::move(stale)}};
  };
  const desk::reply got = co_await desk_.ask(engine::urgency::essential, "reload", std::move(what));
  co_return json_answer(200, *got);
}

}  // namespace sluice::server
