#include "host/alert_book.hpp"

#include <algorithm>

#include "host/receipt.hpp"
#include "plugin/file.hpp"

namespace sluice::host {

namespace {

using json = nlohmann::json;

constexpr std::size_t most_messages = 200;
constexpr std::int64_t first_wait_us = 5'000'000, longest_wait_us = 900'000'000, patience_us = 86'400'000'000;

json message_json(const alert_message& m) {
  return {
      {"id", m.id},       {"to", m.to},           {"body", m.body},       {"made_us", m.made_us},
      {"tries", m.tries}, {"next_us", m.next_us}, {"held_by", m.held_by}, {"held_until_us", m.held_until_us}};
}

alert_message message_from(const json& j) {
  return {j.at("id"),    j.at("to"),      j.at("body"),    j.at("made_us"),
          j.at("tries"), j.at("next_us"), j.at("held_by"), j.at("held_until_us")};
}

std::string body_of(const manifest::pipeline& pipeline, const alert_change& change, std::int64_t now_us) {
  return json{{"type", change.state.firing ? "sluice.alert.firing.v1" : "sluice.alert.resolved.v1"},
              {"timestamp", instant_json(now_us)},
              {"data", alert_json(pipeline, change.name, *change.alert, change.state)}}
      .dump();
}

alert_message* find(alert_book& book, const std::string& id) {
  const auto at = std::find_if(book.messages.begin(), book.messages.end(),
                               [&](const alert_message& m) { return m.id == id; });
  return at == book.messages.end() ? nullptr : &*at;
}

}  // namespace

std::string to_text(const alert_book& book) {
  json out{{"looked_us", book.looked_us}, {"alerts", json::object()}, {"messages", json::array()}};
  for (const auto& [name, a] : book.alerts)
    out["alerts"][name] = {
        {"firing", a.firing}, {"since_us", a.since_us}, {"value", a.value}, {"samples", a.samples}};
  for (const alert_message& m : book.messages) out["messages"].push_back(message_json(m));
  return out.dump();
}

alert_book alert_book_from(const std::string& text) {
  alert_book out;
  if (text.empty()) return out;
  const json from = json::parse(text);
  out.looked_us = from.at("looked_us");
  for (const auto& [name, a] : from.at("alerts").items())
    out.alerts[name] = {a.at("firing"), a.at("since_us"), a.at("value"), a.at("samples")};
  for (const json& m : from.at("messages")) out.messages.push_back(message_from(m));
  return out;
}

std::string alert_note(const std::string& pipeline) { return "alerts/" + pipeline; }

alert_book read_alert_book(engine::session& session, const std::string& pipeline) {
  return alert_book_from(session.read_note(alert_note(pipeline)).text);
}

std::vector<alert_change> evaluate(alert_book& book, const manifest::pipeline& pipeline,
                                   const alert_view& view, const std::function<std::string()>& new_id) {
  std::vector<alert_change> out;
  std::map<std::string, alert_state> now;
  const auto names = alert_names(pipeline);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const manifest::alert& alert = pipeline.alerts[i];
    alert_state state = book.alerts[names[i]];
    const alert_reading reading = read_alert(alert, view);
    const bool fired = std::exchange(state.firing, fires(state.firing, alert, reading));
    state.value = reading.value.value_or(0);
    state.samples = reading.samples;
    if (fired != state.firing) {
      state.since_us = view.now_us;
      out.push_back({names[i], &alert, state});
    }
    now[names[i]] = state;
  }
  book.alerts = std::move(now);  // what the manifest has no more is forgotten
  book.looked_us = view.now_us;
  for (const alert_change& change : out) {
    for (const manifest::notification& n : pipeline.notify) {
      book.messages.push_back(
          {new_id(), webhook_digest(n.webhook), body_of(pipeline, change, view.now_us), view.now_us});
    }
  }
  return out;
}

std::size_t drop_oldest(alert_book& book) {
  if (book.messages.size() <= most_messages) return 0;
  const std::size_t many = book.messages.size() - most_messages;
  book.messages.erase(book.messages.begin(), book.messages.begin() + static_cast<std::ptrdiff_t>(many));
  return many;
}

std::vector<alert_message> take_messages(alert_book& book, const std::string& host, std::int64_t now_us,
                                         std::int64_t hold_us) {
  std::vector<alert_message> out;
  std::vector<std::string> later;  // who did not take a message is not sent the ones behind it first
  for (alert_message& m : book.messages) {
    const bool free = m.next_us <= now_us && m.held_until_us <= now_us;
    if (!free || std::find(later.begin(), later.end(), m.to) != later.end()) {
      later.push_back(m.to);
      continue;
    }
    m.held_by = host;
    m.held_until_us = now_us + hold_us;
    out.push_back(m);
    later.push_back(m.to);
  }
  return out;
}

bool settle(alert_book& book, const std::string& id) {
  return std::erase_if(book.messages, [&](const alert_message& m) { return m.id == id; }) > 0;
}

std::optional<alert_message> put_off(alert_book& book, const std::string& id, std::int64_t now_us) {
  alert_message* const m = find(book, id);
  if (m == nullptr) return std::nullopt;
  ++m->tries;
  m->held_until_us = 0;
  m->held_by.clear();
  const int doubled = std::min(m->tries - 1, 20);
  m->next_us = now_us + std::min(longest_wait_us, first_wait_us << doubled);
  if (now_us - m->made_us < patience_us) return std::nullopt;
  alert_message out = *m;
  settle(book, id);
  return out;
}

std::string webhook_digest(const std::string& url) { return plugin::sha256_hex(url).substr(0, 16); }

json firing_alerts(engine::session& session, const std::vector<const manifest::pipeline*>& pipelines) {
  std::vector<json> out;
  for (const manifest::pipeline* p : pipelines) {
    if (p->alerts.empty()) continue;
    const alert_book book = read_alert_book(session, p->name);
    const auto names = alert_names(*p);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto at = book.alerts.find(names[i]);
      if (at != book.alerts.end() && at->second.firing)
        out.push_back(alert_json(*p, names[i], p->alerts[i], at->second));
    }
  }
  std::stable_partition(out.begin(), out.end(), [](const json& a) { return a["severity"] == "critical"; });
  return out;
}

}  // namespace sluice::host
