// What happens to a run as a stream of events. An event is the state of the run or of one of its stages as the store has
// it; its id says of each stage what has been seen of it. So any host can go on from any id: it sends what is different
// now.
#pragma once

#include <map>
#include <string>

#include <nlohmann/json.hpp>

namespace sluice::server {

class event_position {
 public:
  event_position() = default;
  // What can't be read is a position at the very beginning.
  explicit event_position(const std::string& last_event_id);

  // The events from here to what the receipt says, as text of an event stream; this is then there. Empty: nothing new.
  [[nodiscard]] std::string advance(const nlohmann::json& receipt);
  [[nodiscard]] std::string id() const;

 private:
  std::string run_;                            // its state, and whether its essential phase is over
  std::map<std::string, std::string> stages_;  // a hash of what was seen, by one of the stage's name
};

}  // namespace sluice::server
