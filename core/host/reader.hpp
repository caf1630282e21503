// The engine's reader for real: source plugin → decode → domain plugin → hashes, for every stage of
// a pipeline. Fetching waits on the source's own threads, the rest runs on the worker pool.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "decode/decode.hpp"
#include "host/shared_answers.hpp"
#include "host/source_health.hpp"
#include "host/source_lanes.hpp"
#include "host/turn_pool.hpp"
#include "manifest/model.hpp"
#include "plugin/domain_instance.hpp"
#include "plugin/source_instance.hpp"

namespace sluice::host {

struct reader_setup {
  const manifest::pipeline& pipeline;
  const plugin::catalog& catalog;
  plugin::loader& loader;
  plugin::host_services& services;
  boost::asio::any_io_executor executor;  // the engine's
  turn_pool& pool;
  engine::clock_port& clock;
  source_health* health = nullptr;  // told how the sources do, unless null
};

class reader final : public engine::reader_port {
 public:
  // Loads the plugins that the pipeline's reads need. Throws plugin::error or decode::error.
  explicit reader(reader_setup setup);
  ~reader() override;

  boost::asio::awaitable<engine::page> read(const engine::read_request& request) override;
  // The same without the source: these bytes are the page. `request` must live until it has returned.
  boost::asio::awaitable<engine::page> read_again(const engine::read_request& request, decode::page raw);
  // Under which name source_health knows how the source does for that tenant. Any thread.
  [[nodiscard]] std::string address_of(const std::string& source, const std::string& tenant) const;
  // As the stage's mapping has it; null: it feeds no such stream.
  [[nodiscard]] const stream_schema* find_stream(const std::string& stage, const std::string& stream) const;

  // A part of a read is an item like any other; where it begins stands among its variables, under a name that no
  // manifest can use.
  static constexpr const char* place_name = "sluice.place";

 private:
  // What one worker uses for a page at a time: a domain's instance and the decoder's buffers.
  struct worker_slot {
    std::unique_ptr<plugin::domain_instance> domain;
    decode::scratch scratch;
  };
  struct entry_work {
    plugin::loaded_component component;
    std::string uses, config;
    std::mutex mutex;
    std::vector<std::unique_ptr<worker_slot>> idle;
  };
  struct source_work {
    std::unique_ptr<plugin::source_instance> instance;
    std::unique_ptr<source_lanes> lanes;
    std::vector<std::string> by_tenant;  // what of its address depends on the tenant
    bool tells_tenants = false;          // anything of its config does
  };
  // A read of the tenant, or what it says of reading one subject.
  struct stage_work {
    const manifest::read* read = nullptr;
    source_work* source = nullptr;
    entry_work* entry = nullptr;
    plugin::source_instance::read handle;
    std::string question;  // the request as it stands in the manifest, and whom it asks
    std::string since_param;
    const std::set<std::string>* who_ask = nullptr;  // the stages that ask it
    std::unique_ptr<decode::program> program;
    std::vector<std::vector<column>> layouts;  // by the program's streams
    std::vector<int> watermarks;               // the column that an incremental read goes by, or -1
    std::vector<std::vector<engine::optional_column>> optional;  // the same
  };

  void open_source(const manifest::source& source);
  void open_entry(const manifest::domain& domain);
  [[nodiscard]] stage_work open_stage(const manifest::read& read, const std::string& request,
                                      const std::string& mapping, bool incremental);
  [[nodiscard]] const stage_work& work_of(const engine::read_request& request) const;
  [[nodiscard]] std::map<std::string, std::string, std::less<>> variables(
      const engine::read_request& request) const;
  using lane = std::shared_ptr<source_lanes::lane>;
  [[nodiscard]] std::string origin_of_tenant(const source_work& source, const std::string& tenant) const;
  boost::asio::awaitable<void> keep_quiet(const source_lanes::lane& at, engine::stop_source& stop);
  boost::asio::awaitable<plugin::page> fetch(const stage_work& stage, const engine::read_request& request,
                                             const std::shared_ptr<plugin::call_scope>& call,
                                             const plugin::fetch_request& what, source_lanes::lane& at);
  boost::asio::awaitable<answer> ask(const stage_work& stage, const engine::read_request& request,
                                     const std::shared_ptr<plugin::call_scope>& call,
                                     const plugin::fetch_request& what);
  // The same, or what another read of the run was answered.
  boost::asio::awaitable<answer> find_answer(const stage_work& stage, const engine::read_request& request,
                                             const std::shared_ptr<plugin::call_scope>& call);
  [[nodiscard]] static engine::turn turn_of(const engine::read_request& request);
  engine::page make_page(const stage_work& stage, const engine::read_request& request,
                         const plugin::call_scope& call, const decode::page& raw);
  void take_stream(const stage_work& stage, std::size_t index, const plugin::call_scope& call,
                   plugin::domain_instance& domain, decode::result& decoded, const decode::page& raw,
                   engine::page& out);
  [[nodiscard]] std::unique_ptr<worker_slot> take_slot(entry_work& entry);

  reader_setup setup_;
  std::map<std::string, source_work> sources_;
  std::map<std::string, entry_work> entries_;
  std::map<std::string, stage_work> stages_, subjects_;
  std::map<std::string, std::set<std::string>> asked_;  // by question
  shared_answers answers_;
};

// What a failure of a plugin or of the decoder means to the engine.
[[nodiscard]] engine::failure to_failure(const plugin::error& e);

}  // namespace sluice::host
