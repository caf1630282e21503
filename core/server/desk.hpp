// Where the API's questions to the store and the runtimes are put, which block: a few threads, tenants in turns, and a
// bound on what waits. Who asks the same as others do while nobody has begun with it shares the answer, so that five
// hundred sign-ins of one user cost a few questions and no thread each.
#pragma once

#include <array>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include "engine/failure.hpp"
#include "engine/ports.hpp"
#include "engine/turn.hpp"
#include "host/turn_pool.hpp"

namespace sluice::server {

class desk {
 public:
  using question = std::function<nlohmann::json()>;
  using reply = std::shared_ptr<const nlohmann::json>;
  enum class errand : std::uint8_t { look, begin };  // to begin: a run, which needs a place

  desk(unsigned threads, std::size_t most, engine::clock_port& clock)
      : most_(most), threads_(threads), clock_(clock), pool_(threads) {}
  // Until what has been asked is answered; nothing may be asked afterwards.
  void join() { pool_.join(); }

  // `what` is asked after this call, never before it. With an empty `same_as` it is shared with nobody. Of the same
  // one at a time is at work. Throws what the question throws, or failure (throttled, SLU-7105) when too many wait.
  boost::asio::awaitable<reply> ask(engine::turn of, std::string same_as, question what,
                                    errand why = errand::look);

  // How long a question of the tenant that comes now would wait for its turn, by how long others have taken. Quick.
  [[nodiscard]] std::int64_t wait_us(const std::string& tenant) const;
  // Questions that wait and will ask for a place.
  [[nodiscard]] std::size_t coming() const;
  // Throws the same failure for who would wait longer than that, before anything is put here.
  void refuse_beyond(std::int64_t longest_us, const std::string& tenant);

 private:
  using outcome = std::variant<std::exception_ptr, reply>;
  using asker = std::function<void(outcome)>;
  struct asked {
    engine::urgency how;
    std::string tenant, same_as;
    question what;
    errand why;
    std::vector<asker> askers;
  };
  struct line {
    std::shared_ptr<asked> waiting;  // to be put when the one at work is answered
    bool at_work = false;
  };

  void put(engine::turn of, const std::string& same_as, question what, errand why, asker who);
  void post(std::shared_ptr<asked> a);
  void answer(const std::shared_ptr<asked>& a);
  void count_in(const std::string& tenant, errand why);
  void count_out(const std::string& tenant, errand why);
  // With the lock.
  [[nodiscard]] std::int64_t ahead_us(const std::string& tenant) const;
  [[nodiscard]] engine::failure sent_away(const std::string& why, std::int64_t wait_us);

  std::size_t most_, threads_;
  engine::clock_port& clock_;
  mutable std::mutex mutex_;
  std::size_t waiting_ = 0, coming_ = 0;           // coming: of those that wait
  std::map<std::string, std::size_t> waiting_of_;  // by tenant
  std::multiset<std::int64_t> begun_us_;           // of those at work
  std::array<std::int64_t, 2> mean_us_{};          // that a question takes, by urgency
  std::uint64_t sent_away_ = 0;
  std::map<std::string, line> lines_;
  host::turn_pool pool_;  // last: its threads use the rest
};

}  // namespace sluice::server
