// Advice as people read it.
#include <array>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "host/advice.hpp"
#include "host/route.hpp"

namespace sluice::host {

namespace {

using json = nlohmann::json;

std::string took(double ms) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), ms < 1'000 ? "%.0f ms" : "%.1f s", ms < 1'000 ? ms : ms / 1'000);
  return text.data();
}

std::string two(const json& of) {
  return of.is_null() ? "-" : took(of["p50"].get<double>()) + " / " + took(of["p95"].get<double>());
}

std::string a_run(const json& backend, const char* what) {
  std::array<char, 32> text{};
  const double runs = backend["runs"].get<double>();
  std::snprintf(text.data(), text.size(), "%.1f", runs > 0 ? backend[what].get<double>() / runs : 0.0);
  return text.data();
}

std::string rate(const json& r) { return r.is_null() ? "-" : share_text(r.get<double>()); }

std::string row(const std::array<std::string, 7>& cells) {
  std::array<char, 512> text{};
  std::snprintf(text.data(), text.size(), "  %-14s %7s %8s  %-19s %-19s %9s %9s\n", cells[0].c_str(),
                cells[1].c_str(), cells[2].c_str(), cells[3].c_str(), cells[4].c_str(), cells[5].c_str(),
                cells[6].c_str());
  return text.data();
}

std::string side_by_side(const json& backends) {
  std::string out =
      row({"backend", "runs", "success", "essential p50/p95", "whole p50/p95", "requests", "retries"});
  for (const json& b : backends) {
    out += row({b["backend"], std::to_string(b["runs"].get<std::int64_t>()), rate(b["success_rate"]),
                two(b["essential_ms"]), two(b["duration_ms"]), a_run(b, "requests"), a_run(b, "retries")});
  }
  return out + "  Requests and retries are for each run; of whole tenants all of them.\n";
}

std::string of_tenants(const json& tenants) {
  std::string out;
  for (const json& t : tenants) {
    out += "  " + t["tenant"].get<std::string>() + " (on " + t["backend"].get<std::string>() + ")";
    std::string why;
    for (const json& o : t["over"]) why += (why.empty() ? ": " : "; ") + o["text"].get<std::string>();
    out += why + "\n";
  }
  return out.empty() ? "  no tenant is over a threshold\n" : out;
}

std::string change(const json& pair, bool of_time) {
  const auto text = [&](const char* when) {
    const double v = pair[when].get<double>();
    return of_time ? took(v) : share_text(v);
  };
  return text("before") + " -> " + text("after");
}

std::string gained(const json& all) {
  std::string out;
  for (const json& move : all) {
    for (const json& t : move["tenants"]) {
      out += "  " + t["tenant"].get<std::string>() + ", " + move["from"].get<std::string>() + " -> " +
             move["to"].get<std::string>() + ": success " + change(t["success_rate"], false) +
             ", essential p95 " + change(t["essential_p95_ms"], true) + ", whole p50 " +
             change(t["duration_p50_ms"], true) + ", p95 " + change(t["duration_p95_ms"], true) + "\n";
    }
  }
  return out.empty() ? "  no tenant has five runs on both yet\n" : out;
}

}  // namespace

std::string advice_text(const json& r) {
  std::string out =
      r["pipeline"].get<std::string>() + ", " + std::to_string(r["window_s"].get<std::int64_t>() / 86'400) +
      " days, " + std::to_string(r["tenants_seen"].get<std::int64_t>()) + " tenants" +
      (r["complete"].get<bool>() ? "" : "; only its newest runs, since " + r["from"].get<std::string>()) +
      "\n\n" + side_by_side(r["backends"]);
  out += "\nOver a threshold, or moved:\n" + of_tenants(r["tenants"]);
  out += "\nWhat moving has gained:\n" + gained(r["gained"]);
  for (const json& m : r["moves"]) {
    const bool has_rule = !m["rule"].is_null();
    out += "\nTo move them to " + m["backend"].get<std::string>() +
           (has_rule ? ", in rule " + std::to_string(m["rule"].get<int>()) +
                           " of the manifest, or in the variable that it takes"
                     : ", among `routing.rules`") +
           ":\n  " + m["line"].get<std::string>() + "\n";
  }
  return out;
}

}  // namespace sluice::host
