// The plan of a run that repeats another one.
#pragma once

#include "engine/plan.hpp"
#include "host/history.hpp"
#include "host/runtime.hpp"

namespace sluice::host {

// Those steps of `run` in which a stage was not complete; all that it was to read, when `all`. A step goes
// whole: what hangs on a record can't be read without reading the record. Throws engine::failure when
// nothing is left to do, or the manifest has not got the stages any more.
[[nodiscard]] engine::run_plan retry_plan(const manifest::pipeline& pipeline, const engine::run_row& run,
                                          const read_history& history, bool all);

// What to ask a runtime of the pipeline for, to repeat that run. Throws the same.
[[nodiscard]] run_ask retry_ask(const manifest::pipeline& pipeline, engine::session& session,
                                const engine::run_row& run, bool all);

}  // namespace sluice::host
