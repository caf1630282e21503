#include "server/run_events.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "host/spread.hpp"
#include "server/message.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;

// An id goes back and forth in a header; with the names of two hundred stages, and all about them, it would not fit.
std::string short_hash(const std::string& text) {
  std::array<char, 9> out{};
  std::snprintf(out.data(), out.size(), "%08x", static_cast<std::uint32_t>(host::spread(text, 0)));
  return out.data();
}

std::string event(const std::string& id, const char* kind, const json& data) {
  return "id: " + id + "\nevent: " + kind + "\ndata: " + to_text(data) + "\n\n";
}

json run_data(const json& receipt) {
  json out;
  for (const char* key :
       {"run_id", "state", "essential", "created_at", "essential_at", "ended_at", "error", "stuck"}) {
    if (receipt.contains(key)) out[key] = receipt[key];
  }
  return out;
}

}  // namespace

event_position::event_position(const std::string& text) {
  const std::size_t semicolon = text.find(';');
  if (semicolon == std::string::npos) return;
  run_ = text.substr(0, semicolon);
  for (std::size_t at = semicolon + 1; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::size_t equals = text.find('=', at);
    if (equals < end) stages_[text.substr(at, equals - at)] = text.substr(equals + 1, end - equals - 1);
    at = end + 1;
  }
}

std::string event_position::id() const {
  std::string out = run_ + ";";
  for (const auto& [stage, seen] : stages_) out += (out.back() == ';' ? "" : ",") + stage + "=" + seen;
  return out;
}

std::string event_position::advance(const json& receipt) {
  std::string out;
  const std::string run =
      receipt.at("state").get<std::string>() + (receipt.at("essential").at("over") ? "+" : "-");
  const bool over = !receipt.at("ended_at").is_null();
  const bool news = run != run_;
  // The end comes last, when all of its stages have been told.
  if (news && !over) {
    run_ = run;
    out += event(id(), "run", run_data(receipt));
  }
  for (const json& stage : receipt.value("stages", json::array())) {
    std::string seen = short_hash(stage.dump());
    std::string& at = stages_[short_hash(stage.at("stage"))];
    if (at == seen) continue;
    at = std::move(seen);
    out += event(id(), "stage", stage);
  }
  if (!news || !over) return out;
  run_ = run;
  return out + event(id(), "end", run_data(receipt));
}

}  // namespace sluice::server
