#include "cli/doctor.hpp"

#include <chrono>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "host/backend_check.hpp"
#include "plugin/report.hpp"

namespace sluice::cli {

namespace {

using nlohmann::json;

std::string field_of(const json& object, const char* key) { return object.at(key).get<std::string>(); }

void print_checks(const json& plugin) {
  const std::string version = field_of(plugin, "version");
  std::printf("%s %s  %s\n", plugin.at("healthy").get<bool>() ? "good " : "WRONG",
              field_of(plugin, "name").c_str(), version.empty() ? "?" : version.c_str());
  for (const json& c : plugin.at("checks")) {
    if (c.at("ok").get<bool>()) continue;
    std::printf("      %s %s\n", field_of(c, "code").c_str(), field_of(c, "message").c_str());
    if (!field_of(c, "fix").empty()) std::printf("      fix: %s\n", field_of(c, "fix").c_str());
  }
}

// What a plugin's own check has shown is not said twice.
bool shown_by_checks(const json& report, const std::string& line) {
  for (const json& p : report.at("plugins")) {
    for (const json& c : p.at("checks")) {
      if (!c.at("ok").get<bool>() && line.starts_with(field_of(c, "message"))) return true;
    }
  }
  return false;
}

// Not part of what is installed: a backend that is away makes no plugin unhealthy.
void add_backends(app& a, const manifest::pipeline& pipeline, json& report) {
  constexpr std::chrono::seconds patience{5};
  plugin::loader loader(a.catalog(), a.lock());
  const host::secret_store secrets(pipeline.tenants, a.redactor());
  json& all = report["backends"] = json::array();
  for (const host::backend_report& b : host::check_backends(pipeline, loader, a.log(), secrets, patience)) {
    json& one = all.emplace_back(
        json{{"name", b.name}, {"uses", b.uses}, {"takes_runs", b.takes_runs}, {"said", b.said}});
    if (!b.takes_runs) one["error"] = {{"code", b.code}, {"message", b.why}};
  }
}

void print_backends(const json& report) {
  for (const json& b : report.value("backends", json::array())) {
    std::printf("%s backend %s (%s)\n", b.at("takes_runs").get<bool>() ? "good " : "AWAY ",
                field_of(b, "name").c_str(), field_of(b, "uses").c_str());
    if (b.contains("error"))
      std::printf("      %s %s\n", field_of(b["error"], "code").c_str(),
                  field_of(b["error"], "message").c_str());
    for (const json& line : b.at("said")) std::printf("      %s\n", line.get<std::string>().c_str());
  }
}

void print_report(const json& report) {
  for (const json& p : report.at("plugins")) print_checks(p);
  for (const json& p : report.at("problems")) {
    if (!shown_by_checks(report, field_of(p, "line")))
      std::printf("%s %s\n", field_of(p, "code").c_str(), field_of(p, "line").c_str());
  }
  print_backends(report);
}

int exit_after(const json& report) {
  if (!report.at("healthy").get<bool>()) return exit_code::bad_manifest;
  for (const json& b : report.value("backends", json::array())) {
    if (!b.at("takes_runs").get<bool>()) return exit_code::later;
  }
  return exit_code::good;
}

}  // namespace

int doctor(app& a, const std::string& manifest) {
  json report = plugin::doctor_report(a.catalog(), a.lock());
  if (!manifest.empty()) {
    const auto pipeline = a.load(manifest);
    if (!pipeline) return exit_code::bad_manifest;
    add_backends(a, *pipeline, report);
  }
  if (a.options().json) std::printf("%s\n", report.dump(2).c_str());
  else print_report(report);
  return exit_after(report);
}

}  // namespace sluice::cli
