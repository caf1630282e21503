// What earlier runs of a tenant mean for the next one: what is fresh enough to be left alone, and where
// incremental reads go on.
#pragma once

#include "engine/plan.hpp"
#include "manifest/model.hpp"

namespace sluice::host {

using engine::read_history;

// True: each of these stages was read less than `fresh_for` ago, by this very manifest.
[[nodiscard]] bool is_fresh(const manifest::pipeline& pipeline, const manifest::phase& phase,
                            const std::vector<std::string>& stages, const read_history& history);
// Makes a stage incremental where item, read and watermark allow it, and says why or why not.
void set_watermark(engine::stage_plan& stage, const manifest::item& item, const manifest::read& read,
                   const read_history& history);
// An instant as the upstream wants it: `as` is rfc3339, epoch_s, epoch_ms or date.
[[nodiscard]] std::string format_since(std::int64_t us, const std::string& as);

}  // namespace sluice::host
