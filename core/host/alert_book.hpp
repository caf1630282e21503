// What the hosts of a store know together about the alerts of a pipeline: which fire, and what is still to be said to
// whom. It is a note of the store, so that each change is made by one of them and each message is sent by one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host/alert_rules.hpp"

namespace sluice::host {

struct alert_message {
  std::string id;    // the receiver's means to know it again
  std::string to;    // which webhook: a digest of its address, which may hold a secret
  std::string body;  // JSON
  std::int64_t made_us = 0;
  int tries = 0;                   // that have failed
  std::int64_t next_us = 0;        // not before
  std::string held_by;             // the host that sends it now
  std::int64_t held_until_us = 0;  // then another one may
};

struct alert_book {
  std::int64_t looked_us = 0;  // when the alerts were evaluated
  std::map<std::string, alert_state> alerts;
  std::vector<alert_message> messages;  // the oldest first
};

[[nodiscard]] std::string to_text(const alert_book& book);
[[nodiscard]] alert_book alert_book_from(const std::string& text);  // empty: nothing yet
[[nodiscard]] std::string alert_note(const std::string& pipeline);  // its name
[[nodiscard]] alert_book read_alert_book(engine::session& session, const std::string& pipeline);

struct alert_change {
  std::string name;
  const manifest::alert* alert = nullptr;
  alert_state state;
};
// Evaluates all alerts. What has begun or ended, whose messages are in the book now.
std::vector<alert_change> evaluate(alert_book& book, const manifest::pipeline& pipeline,
                                   const alert_view& view, const std::function<std::string()>& new_id);

// Where nobody takes them for long: how many had to go.
std::size_t drop_oldest(alert_book& book);

// Takes what is to be sent now, for some time.
std::vector<alert_message> take_messages(alert_book& book, const std::string& host, std::int64_t now_us,
                                         std::int64_t hold_us);
// It has been sent. False: it is not there any more.
bool settle(alert_book& book, const std::string& id);
// It could not be sent. The message when it is given up, after a day.
std::optional<alert_message> put_off(alert_book& book, const std::string& id, std::int64_t now_us);

[[nodiscard]] std::string webhook_digest(const std::string& url);
// Those that fire of these pipelines, the critical ones first; what the manifests don't have any more is left out.
[[nodiscard]] nlohmann::json firing_alerts(engine::session& session,
                                           const std::vector<const manifest::pipeline*>& pipelines);

}  // namespace sluice::host
