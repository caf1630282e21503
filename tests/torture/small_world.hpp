// What is read in the torture tests: a few users with notes and credits, in a first and a second version, page
// by page. The second has a user less, one more, and one with another name. One user's notes are never found.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "engine/plan.hpp"
#include "engine/ports.hpp"

namespace sluice::torture {

class small_world final : public engine::reader_port {
 public:
  // Asked before each page, with how many were asked for before; may throw what a source could.
  using fault_fn = std::function<void(int read)>;

  small_world(engine::clock_port& clock, int version, fault_fn fault)
      : clock_(clock), version_(version), fault_(std::move(fault)) {}

  boost::asio::awaitable<engine::page> read(const engine::read_request& request) override;
  [[nodiscard]] int reads() const noexcept { return reads_; }

  // Credits first, so that they wait for their users; users and notes in the background; users are swept.
  [[nodiscard]] static engine::run_plan plan();
  // What a store must hold: lines of "stream key name" of live rows.
  [[nodiscard]] static std::set<std::string> expected(int version);

 private:
  engine::page make_page(const engine::read_request& request) const;

  engine::clock_port& clock_;
  int version_;
  fault_fn fault_;
  int reads_ = 0;
};

}  // namespace sluice::torture
