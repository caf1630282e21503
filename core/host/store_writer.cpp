#include "host/store_writer.hpp"

#include <cstring>
#include <utility>

#include "host/ports.hpp"
#include "host/run_parts.hpp"

namespace sluice::host {

namespace {

engine::run_request writing_run(engine::session& session, const std::string& tenant,
                                const std::string& pipeline, const std::string& scope) {
  system_random random;
  engine::run_request r = new_request(tenant, pipeline, scope, {}, session.now_us(), random);
  r.mode = "copy";
  r.plan = "{}";
  return r;
}

}  // namespace

store_writer::store_writer(engine::session& session, std::string tenant, std::string pipeline,
                           const std::string& scope)
    : session_(session), tenant_(std::move(tenant)), pipeline_(std::move(pipeline)) {
  lease_ = session_.start_run(writing_run(session_, tenant_, pipeline_, scope), {});
}

void store_writer::begin(const std::string& stage) {
  stage_ = stage;
  seq_ = 0;
  engine::stage_start start;
  start.stage = stage;
  start.root_vars = "{}";
  epoch_ = session_.begin_stage(lease_.run_id, lease_.epoch, start).epoch;
}

engine::commit_result store_writer::put(const std::string& entry, engine::page page, bool end) {
  engine::commit_request r;
  r.run_id = lease_.run_id;
  r.tenant = tenant_;
  r.pipeline = pipeline_;
  r.run_epoch = lease_.epoch;
  const auto n = static_cast<std::uint64_t>(++commits_);
  std::memcpy(r.id.data(), &n, sizeof n);
  engine::page_write& w = r.pages.emplace_back();
  w.stage = stage_;
  w.item = "0";
  w.entry = entry;
  w.stage_epoch = epoch_;
  w.page_seq = seq_++;
  w.end = end;
  w.page = std::move(page);
  w.page.end = end;
  return session_.commit(r);
}

void store_writer::end() {
  put("", {}, true);
  engine::stage_end done;
  done.run_id = lease_.run_id;
  done.stage = stage_;
  done.epoch = epoch_;
  session_.end_stage(done);
}

engine::resolve_result store_writer::resolve(int rows) {
  return session_.resolve(lease_.run_id, lease_.epoch, tenant_, rows);
}

void store_writer::finish() {
  static_cast<void>(session_.finish_run(lease_.run_id, lease_.epoch, false, {}, {}));
}

}  // namespace sluice::host
