// Which rows a run may delete for having vanished upstream: whole streams, or the partitions of its items.
#pragma once

#include "engine/plan.hpp"
#include "manifest/model.hpp"

namespace sluice::host {

// Of a run of the tenant: of the entries that say `deletes: sweep`.
void add_sweeps(engine::run_plan& plan, const manifest::pipeline& pipeline, const std::string& tenant);
// Of a run of one subject: what it has no more is gone, unless the item says `deletes: none`. Without a guard:
// an empty answer is believed.
void add_subject_sweeps(engine::run_plan& plan, const manifest::pipeline& pipeline,
                        const std::string& tenant);

// Of a run of the tenant: what becomes of rows whose parent it proves not to be upstream.
void add_missing_rules(engine::run_plan& plan, const manifest::pipeline& pipeline);

}  // namespace sluice::host
