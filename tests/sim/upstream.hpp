// The upstream as one host reads it: pages of the directory's lists, with faults drawn from the seed.
#pragma once

#include <map>
#include <string>

#include "directory.hpp"
#include "invariants/checker.hpp"

namespace sluice::sim {

// What the world is like now, for all hosts.
struct weather {
  struct outage {
    engine::failure_class kind = engine::failure_class::transient;
    std::int64_t until_us = 0;
  };
  bool faults = true, retention = true;
  std::int64_t disk_full_until_us = 0;
  std::map<std::string, outage> outages;  // by stage
};

class upstream final : public engine::reader_port {
 public:
  upstream(world& w, engine::clock_port& clock, directory& data, const options& o, const weather& now,
           scene& s, const checkers& watch, caller who)
      : world_(w),
        clock_(clock),
        data_(data),
        options_(o),
        weather_(now),
        seen_(s),
        watch_(watch),
        who_(who) {}

  boost::asio::awaitable<engine::page> read(const engine::read_request& request) override;

 private:
  boost::asio::awaitable<engine::page> attempt(const engine::read_request& request);
  boost::asio::awaitable<void> answer_time(const engine::read_request& request);
  std::int64_t overtake(const engine::read_request& request, const std::string& list,
                        const engine::page& out);
  void meet_fault(const engine::read_request& request, const std::string& list);
  void add_echo(const record_list& all, engine::page& out, class page_rows& rows);
  engine::page make_page(const engine::read_request& request, const std::string& list);
  void add_record(const std::string& stage, const std::string& list, const record& r, engine::page& out,
                  class page_rows& rows);

  world& world_;
  engine::clock_port& clock_;
  directory& data_;
  const options& options_;
  const weather& weather_;
  scene& seen_;
  const checkers& watch_;
  caller who_;
};

// The list that a stage reads for an item.
[[nodiscard]] std::string list_of(const std::string& stage, const std::string& vars);
// One value of a flat JSON object of texts; empty when it is not there.
[[nodiscard]] std::string var(const std::string& vars, const std::string& name);

}  // namespace sluice::sim
