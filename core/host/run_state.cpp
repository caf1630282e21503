// What a run that is under way tells of itself: its essential phase, and whether it gets on.
#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "host/receipt.hpp"

namespace sluice::host {

namespace {

constexpr std::int64_t stuck_after_us = 10 * 60 * 1'000'000LL;

std::int64_t now_us() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::string minutes(std::int64_t us) { return std::to_string(us / 60'000'000) + " min"; }

}  // namespace

essential_state essential_of(const engine::run_row& run) {
  plan_notes notes = notes_of(run);
  const bool ended = engine::is_terminal(run.state);
  essential_state out{std::move(notes.essential), ended || run.essential_us != 0, false, notes.deadline_us};
  if (out.stages.empty()) return {{}, true, false, 0};
  const std::int64_t until = run.essential_us != 0 ? run.essential_us : ended ? run.ended_us : now_us();
  out.deadline_missed = out.deadline_us > 0 && until - run.created_us > out.deadline_us;
  return out;
}

std::string why_stuck(const engine::run_row& run) {
  if (engine::is_terminal(run.state)) return {};
  const std::int64_t now = now_us();
  if (run.lease_expires_us != 0 && run.lease_expires_us < now) {
    return "its host is gone: the lease ran out " + minutes(now - run.lease_expires_us) +
           " ago; who asks for this run goes on with it";
  }
  const std::int64_t last = std::max({run.created_us, run.started_us, run.last_page_us});
  if (now - last < stuck_after_us) return {};
  return "no page was committed for " + minutes(now - last) +
         "; its log says whether the upstream asks it to wait";
}

std::string scope_text(const std::string& scope) {
  if (scope.empty()) return "tenant";
  std::string out;
  for (const char c : scope) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F && byte != '\\') {
      out += c;
      continue;
    }
    constexpr char hex[] = "0123456789abcdef";
    out += byte == '\\' ? std::string("\\\\") : std::string("\\x") + hex[byte >> 4U] + hex[byte & 15U];
  }
  // The control characters between U+0080 and U+009F begin with this byte.
  for (std::size_t at = 0; (at = out.find('\xC2', at)) != std::string::npos; at += 2) {
    if (at + 1 < out.size() && static_cast<unsigned char>(out[at + 1]) < 0xA0) out.replace(at, 2, "?");
  }
  return out;
}

std::string state_text(const nlohmann::json& state) {
  std::string out = "run " + state.at("run_id").get<std::string>() + "  " +
                    scope_text(state.at("scope").get<std::string>()) + "  " +
                    state.at("state").get<std::string>() + "\n";
  for (const auto& s : state.at("essential").value("stages", nlohmann::json::array())) {
    const auto& read = s.at("read_at");
    out += "  " + s.at("stage").get<std::string>() + "  " + s.at("state").get<std::string>() +
           (read.is_null() ? "  never read wholly before" : "  stored as of " + read.get<std::string>()) +
           "\n";
  }
  return out;
}

int essential_exit_code(const nlohmann::json& state) {
  const auto run = engine::run_state_from(state.at("state").get<std::string>());
  if (engine::is_terminal(run)) return exit_code(run);
  for (const auto& s : state.at("essential").value("stages", nlohmann::json::array())) {
    if (s.at("state") == "failed") return 1;
  }
  return 0;
}

}  // namespace sluice::host
