#include "engine/store.hpp"

namespace sluice::engine {

std::vector<stage_attempt> session::begin_stages(const stages_start& start) {
  if (start.first) mark_running(start.run_id, start.run_epoch);
  std::vector<stage_attempt> out;
  out.reserve(start.stages.size());
  for (const stage_start& s : start.stages) out.push_back(begin_stage(start.run_id, start.run_epoch, s));
  return out;
}

void session::end_stages(const stages_end& end) {
  for (const stage_end& s : end.stages) end_stage(s);
  if (end.essential) mark_essential(end.run_id, end.run_epoch);
}

read_history session::read_before(const std::string& tenant, const std::string& pipeline,
                                  const std::string& scope, history_use use) {
  read_history out;
  if (use.watermarks) out.watermarks = watermarks(tenant, pipeline);
  if (use.fresh) out.fresh = freshness(tenant, pipeline, scope);
  out.now_us = now_us();
  return out;
}

}  // namespace sluice::engine
