// A host's part in the alerts: it evaluates them when no other host has just done so, says in its log what begins and
// ends, and sends what is to be sent. Rounds are on one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/alert_book.hpp"
#include "host/webhook.hpp"
#include "observe/log.hpp"
#include "store/store.hpp"

namespace sluice::host {

struct alert_watch_setup {
  store::store& store;
  observe::logger& log;
  std::string host;                     // its name among those of the store
  std::function<std::string()> new_id;  // of a message
  // The value of a notification's secret. Throws plugin::error.
  std::function<std::string(const manifest::pipeline&, const std::string& text)> secret =
      [](const auto&, const std::string& text) { return text; };
  std::function<std::string(const webhook_call&)> send = call_webhook;
  std::function<bool()> stop = [] { return false; };  // asked between messages
  std::int64_t every_us = 10'000'000;                 // how often alerts are evaluated, by whichever host
};

class alert_watch {
 public:
  explicit alert_watch(alert_watch_setup setup) : setup_(std::move(setup)) {}

  // Never throws: a store that is away is said once, and tried again by the next round.
  void round(const std::vector<std::shared_ptr<const manifest::pipeline>>& pipelines);

 private:
  void round(engine::session& session, const manifest::pipeline& pipeline);
  void say(const manifest::pipeline& pipeline, const alert_change& change);
  // Empty: it was taken; else why not.
  [[nodiscard]] std::string call(engine::session& session, const manifest::pipeline& pipeline,
                                 const manifest::notification& to, const alert_message& message);
  void send(engine::session& session, const manifest::pipeline& pipeline, const alert_message& message);
  void not_sent(engine::session& session, const manifest::pipeline& pipeline, const alert_message& message,
                const std::string& address, const std::string& why);
  // Changes the book as it is then, however many hosts do so at once.
  void change(engine::session& session, const std::string& pipeline,
              const std::function<void(alert_book&)>& how);

  alert_watch_setup setup_;
  std::unique_ptr<engine::session> session_;
  bool away_ = false;
};

}  // namespace sluice::host
