// One run at a time in this process without a backend: its steps are sequenced here, on the caller's
// thread. For runs that are no one else's business: those of a plan, and records that are brought again.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "engine/run.hpp"
#include "host/ports.hpp"
#include "host/reader.hpp"
#include "host/run_parts.hpp"
#include "host/turn_pool.hpp"
#include "store/threaded_store.hpp"

namespace sluice::host {

struct local_setup {
  const manifest::pipeline& pipeline;
  const plugin::catalog& catalog;
  plugin::loader& loader;
  observe::logger& log;
  const secret_store& secrets;
  store::store& store;  // migrated
};

struct local_ask {
  std::string tenant, scope, mode, reason, retry_of;
  engine::run_plan plan;
  engine::reader_port* reader = nullptr;  // instead of the sources
  engine::progress_fn on_progress;
  std::function<bool()> cancelled;  // asked several times a second
};

class local_host final : public plain_services {
 public:
  // Loads the pipeline's plugins and makes the tables of its streams. Throws plugin::error, decode::error
  // or engine::failure.
  explicit local_host(const local_setup& setup);
  ~local_host() override;

  // Throws engine::failure; transient when another process has the run of that scope.
  engine::run_row execute(const local_ask& ask);

  [[nodiscard]] engine::session& session() noexcept { return *session_; }
  [[nodiscard]] host::reader& sources() noexcept { return *reader_; }
  [[nodiscard]] engine::store_port& store() noexcept { return store_; }

 private:
  struct drive;
  [[nodiscard]] engine::run_request request_of(const local_ask& ask);

  local_setup setup_;
  boost::asio::io_context context_{1};
  turn_pool pool_;
  std::unique_ptr<engine::session> session_;
  system_clock clock_;
  system_random random_;
  store::threaded_store store_;
  std::unique_ptr<host::reader> reader_;
};

}  // namespace sluice::host
