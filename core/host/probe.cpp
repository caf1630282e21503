#include "host/probe.hpp"

#include <chrono>
#include <future>

#include "host/ports.hpp"
#include "host/reader.hpp"
#include "observe/identifiers.hpp"

namespace sluice::host {

namespace {

constexpr std::chrono::milliseconds look_again{100};

}  // namespace

std::string_view probed_page::body() const {
  if (page) return page->body();
  return exchanges.empty() ? std::string_view() : std::string_view(exchanges.back().body);
}

decode::format probed_page::format() const {
  if (!page || page->format() == plugin::page_format::json) return decode::format::json;
  return page->format() == plugin::page_format::csv ? decode::format::csv : decode::format::ndjson;
}

const nlohmann::json* probed_page::exchange() const {
  for (auto e = exchanges.rbegin(); e != exchanges.rend(); ++e) {
    if (e->about.value("for", "") == "page") return &e->about;
  }
  return nullptr;
}

plugin::source_instance& prober::open(const std::string& name) {
  auto& at = sources_[name];
  if (!at) {
    const manifest::source& s = *setup_.pipeline.find_source(name);
    at = std::make_unique<plugin::source_instance>(setup_.loader.open(plugin::component_kind::source, s.uses),
                                                   *this, s.config);
  }
  return *at;
}

std::shared_ptr<plugin::call_scope> prober::call_for(const std::string& tenant) {
  system_random random;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  plugin::call_values values;
  values.tenant = tenant;
  values.correlation_id = observe::correlation_id(tenant.empty() ? "probe" : tenant, ms, random.next());
  values.essential = true;
  return std::make_shared<plugin::call_scope>(std::move(values));
}

decode::variables prober::variables(const probe_request& ask) const {
  decode::variables out;
  out.emplace("tenant", ask.tenant);
  const auto& known = setup_.pipeline.tenants.known;
  if (const auto tenant = known.find(ask.tenant); tenant != known.end()) {
    for (const auto& [name, value] : tenant->second.vars) out.emplace("tenant.vars." + name, value);
  }
  out.insert(ask.vars.begin(), ask.vars.end());
  return out;
}

probed_page prober::fetch(const probe_request& ask, const std::string& page_state,
                          const std::function<bool()>& cancelled) {
  plugin::source_instance& source = open(ask.source);
  nlohmann::json read{{"name", ask.stage}, {"records", ask.records}};
  read["request"] = nlohmann::json::parse(ask.request.empty() ? "{}" : ask.request);
  if (!ask.param.empty()) read["incremental"] = {{"param", ask.param}};
  const plugin::source_instance::read handle = source.prepare(read.dump());
  const auto call = call_for(ask.tenant);
  const nlohmann::json vars = variables(ask);
  const auto began = std::chrono::steady_clock::now();
  // The result is not copyable; a function object must be.
  using shared_result = std::shared_ptr<plugin::fetch_result>;
  const auto promise = std::make_shared<std::promise<shared_result>>();
  auto answer = promise->get_future();
  source.fetch(handle, call, {vars.dump(), page_state}, [promise](plugin::fetch_result r) {
    promise->set_value(std::make_shared<plugin::fetch_result>(std::move(r)));
  });
  while (answer.wait_for(look_again) != std::future_status::ready) {
    if (cancelled && cancelled()) call->cancel();
  }
  const shared_result result = answer.get();
  probed_page out;
  out.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
  if (const auto* e = std::get_if<plugin::error>(result.get())) out.failed = to_failure(*e);
  else out.page = std::move(std::get<plugin::page>(*result));
  const std::lock_guard lock(mutex_);
  out.exchanges = std::exchange(seen_, {});
  return out;
}

void prober::exchange(std::string_view exchange_json, std::string_view body) noexcept {
  auto about = nlohmann::json::parse(exchange_json, nullptr, false);
  if (!about.is_object()) about = {{"for", "page"}};
  const std::lock_guard lock(mutex_);
  seen_.push_back({std::move(about), std::string(body)});
}

probed_read read_as_request(const manifest::read& read, const std::string& tenant,
                            const std::string& subject) {
  probed_read out{{read.from, read.stage, read.request, read.records, {}, tenant, {}}, &read, read.decode};
  if (subject.empty()) {
    if (read.incremental) out.ask.param = read.incremental->param;
    return out;
  }
  if (!read.subject) {
    throw engine::failure(engine::failure_class::invalid, "SLU-6040",
                          "the read `" + read.stage + "` can't be made for one subject: it has no `subject`");
  }
  out.ask.request = read.subject->request;
  out.mapping = read.subject->decode;
  out.ask.records = nlohmann::json::parse(out.mapping).at("records").get<std::string>();
  out.ask.vars.emplace("subject", subject);
  return out;
}

}  // namespace sluice::host
