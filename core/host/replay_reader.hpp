// Serves the rejects of a stage as its pages, one record a page.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/replay.hpp"

namespace sluice::host {

class replay_reader final : public engine::reader_port {
 public:
  replay_reader(local_host& host, const manifest::pipeline& pipeline, const replay_ask& ask)
      : host_(host), pipeline_(pipeline), ask_(ask) {}

  boost::asio::awaitable<engine::page> read(const engine::read_request& request) override;
  // What has become of the rejects that were met.
  void add_to(replay_result& out) const;

 private:
  // The rejects of one record.
  using group = std::vector<engine::kept_reject>;
  boost::asio::awaitable<std::vector<engine::kept_reject>> more(const engine::read_request& request,
                                                                std::int64_t after);
  // Of one record. A page may be read more than once: then the last time counts.
  struct tally {
    std::int64_t rejects = 0, refused_again = 0, stale = 0, children = 0;
    std::string left;  // why it stays as it is
  };
  // Nothing: it stays as it is, and the tally says why.
  boost::asio::awaitable<std::optional<engine::page>> bring(const engine::read_request& request,
                                                            const group& rejects, tally& told);
  boost::asio::awaitable<engine::page> decode(const engine::read_request& request,
                                              const engine::kept_reject& reject);
  boost::asio::awaitable<engine::page> make_row(const engine::read_request& request,
                                                const engine::kept_reject& reject);
  boost::asio::awaitable<void> drop_stale(engine::page& page, tally& told);

  local_host& host_;
  const manifest::pipeline& pipeline_;
  const replay_ask& ask_;
  std::map<std::int64_t, std::int64_t> first_of_;  // of the other rejects of a record: the first one
  std::map<std::int64_t, std::pair<engine::kept_reject, tally>> tallies_;  // by the first one
};

}  // namespace sluice::host
