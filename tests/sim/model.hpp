// The checkpoint protocol as a model of a few bytes, small enough to look at every state that it can
// be in: two hosts, three pages, two crashes, one lost answer, leases that may run out at any time.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::sim::model {

inline constexpr int pages = 3, hosts = 2;

// What the protocol does right; each can be turned off, to see that the search would notice.
struct rules {
  bool compares_page = true;         // a commit asks whether its page is the next one
  bool compares_epoch = true;        // and whether its host still owns the stage
  bool rows_with_checkpoint = true;  // one transaction
  bool looks_up_doubt = true;        // a lost answer is looked up
  bool doubt_is_done = false;        // or is taken for success
  bool new_epoch = true;             // who takes over gets an epoch of its own
};

enum class stage : std::uint8_t { idle, reading, waiting, doubting, looking, finishing, dead };

struct member {
  stage at = stage::idle;
  std::uint8_t epoch = 0, page = 0;  // what it believes
  friend auto operator<=>(const member&, const member&) = default;
};

// A request on its way, and the answer on its way back. It outlives its host.
struct message {
  enum class kind : std::uint8_t {
    none,
    commit,
    rows,
    look_up,
    finish,
    done,
    fenced,
    lost,
    found,
    missing
  } what = kind::none;
  std::uint8_t epoch = 0, page = 0, life = 0;  // life: of the host that sent it
  friend auto operator<=>(const message&, const message&) = default;
};

struct state {
  std::array<member, hosts> host{};
  std::array<message, hosts> wire{};
  std::array<std::uint8_t, hosts> life{};  // grows when a host starts again
  std::array<std::uint8_t, pages> rows{};  // how often the rows of a page were written
  std::array<std::uint8_t, pages> by{};    // who committed the page: host, and its life
  std::uint8_t seq = 0, epoch = 0, crashes = 0, lost = 0, take_overs = 0;
  bool ended = false;
  friend auto operator<=>(const state&, const state&) = default;
};

struct result {
  std::size_t states = 0;
  std::string broken;              // empty: nothing can go wrong
  std::vector<std::string> steps;  // that lead there
};

// Looks at every state that can be reached.
[[nodiscard]] result explore(const rules& r);

}  // namespace sluice::sim::model
