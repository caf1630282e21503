#include "host/history.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "observe/instant.hpp"

namespace sluice::host {

namespace {

const engine::watermark_row* find_watermark(const read_history& history, const std::string& stage) {
  const auto at = std::find_if(history.watermarks.begin(), history.watermarks.end(),
                               [&](const engine::watermark_row& w) { return w.stage == stage; });
  return at == history.watermarks.end() ? nullptr : &*at;
}

// Why a read that could be incremental is full; empty: it is incremental.
std::string why_full(const manifest::item& item, const manifest::read& read,
                     const engine::watermark_row* from, std::int64_t now_us) {
  if (from == nullptr || from->value_us == 0) return "full: there is no watermark yet";
  if (from->mapping != read.mapping_digest) return "full: the mapping or its plugin has changed";
  if (item.full_every_us > 0 && now_us - from->full_us >= item.full_every_us) {
    return "full: the last full read is older than `full_every`";
  }
  return {};
}

}  // namespace

std::string format_since(std::int64_t us, const std::string& as) {
  if (as == "epoch_s") return std::to_string(us / 1'000'000);
  if (as == "epoch_ms") return std::to_string(us / 1'000);
  const std::string text = observe::rfc3339(us);
  return as == "date" ? text.substr(0, 10) : text;
}

bool is_fresh(const manifest::pipeline& pipeline, const manifest::phase& phase,
              const std::vector<std::string>& stages, const read_history& history) {
  if (phase.fresh_for_us == 0 || stages.empty()) return false;
  return std::all_of(stages.begin(), stages.end(), [&](const std::string& stage) {
    return std::any_of(history.fresh.begin(), history.fresh.end(), [&](const engine::freshness_row& f) {
      return f.stage == stage && f.manifest_hash == pipeline.hash &&
             history.now_us - f.started_us < phase.fresh_for_us;
    });
  });
}

void set_watermark(engine::stage_plan& stage, const manifest::item& item, const manifest::read& read,
                   const read_history& history) {
  if (!read.incremental) return;
  // A full read leaves a watermark too, for the day on which the item becomes incremental.
  stage.watermark = engine::watermark_rule{read.mapping_digest, read.incremental->lag_us, true};
  if (item.mode != manifest::mode::incremental || !read.parents.empty()) return;
  const engine::watermark_row* from = find_watermark(history, stage.name);
  stage.why = why_full(item, read, from, history.now_us);
  if (!stage.why.empty()) return;
  const std::string since = format_since(from->value_us, read.incremental->as);
  stage.watermark->full = false;
  stage.root_vars = nlohmann::json{{"since", since}}.dump();
  stage.why = "incremental: since " + observe::rfc3339(from->value_us);
}

}  // namespace sluice::host
