// The simulation's upstream: a fixed tenant of people, credits and roles with members, served page
// by page with faults drawn from the seed. It knows what a correct sync must hold.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "engine/plan.hpp"
#include "world.hpp"

namespace sluice::sim {

struct upstream_shape {
  int people = 57, groups = 5, roles = 6;
  int page = 7;
  int orphans = 3;  // credits of people who are in no list
};

struct upstream_faults {
  double transient = 0, throttled = 0, hang = 0, gone = 0;
};

// Streams: `people` (key kind, external_id), `grants` (a required reference to people),
// `memberships` (derived from a role's member list: people and role both required), `groups`.
class upstream final : public engine::reader_port {
 public:
  upstream(world& w, engine::clock_port& clock, const upstream_shape& shape, const upstream_faults& faults);

  boost::asio::awaitable<engine::page> read(const engine::read_request& request) override;

  // Stages in the plan's order: grants come before people on purpose, members hang on groups.
  [[nodiscard]] static engine::run_plan plan(const upstream_shape& shape);
  [[nodiscard]] static const stream_schema& people();
  [[nodiscard]] static const stream_schema& grants();
  [[nodiscard]] static const stream_schema& memberships();
  [[nodiscard]] static std::vector<const stream_schema*> streams();

  // What the store must hold at the end: keys by stream.
  [[nodiscard]] static std::set<std::string> expected(const std::string& stream, const upstream_shape& shape,
                                                      const std::set<std::string>& gone);
  // Items whose parent was said to have vanished.
  [[nodiscard]] const std::set<std::string>& gone() const noexcept { return gone_; }

 private:
  engine::page make_page(const engine::read_request& request);

  world& world_;
  engine::clock_port& clock_;
  upstream_shape shape_;
  upstream_faults faults_;
  std::set<std::string> gone_;
};

}  // namespace sluice::sim
