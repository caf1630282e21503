/* A service for backends whose steps may run on any host: taking over a run that another host began, stopping it on word
 * from outside, and hearing how it ended. A backend that keeps to the runs of its own process needs none of it. */
#ifndef SLUICE_ABI_RUNS_H
#define SLUICE_ABI_RUNS_H
#include "sluice/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* told_json: {"state"}, and perhaps {"error"}. */
typedef void (*sluice_run_told)(void* data, sluice_str told_json);

#define SLUICE_RUNS_1 "sluice.runs/1"
typedef struct sluice_runs_v1 {
  uint32_t size;
  /* The pipeline whose runs this instance sequences. The text lives as long as the instance. [any] */
  sluice_str (*pipeline)(const sluice_host*);
  /* Sees to it that the run is at work on this host, so that run_step may be called for it: it is already, or its
   * holder is gone and this host takes it over. The backend's `start` is not called for it. Blocks for questions to the
   * store. `told` is called before it returns OK: the state is "running", or a terminal one when the run has ended.
   * TRANSIENT: another host that lives has it, or this one has no place; NOT_FOUND: no such run of this pipeline. [any] */
  sluice_status (*adopt)(const sluice_host*, sluice_str run_id, sluice_run_told, void* data, sluice_error*);
  /* Stops a run of this host: its steps come to their end, as cancelled. The backend's own `cancel` is not called. [any] */
  sluice_status (*cancel)(const sluice_host*, sluice_str run_id, sluice_error*);
  /* As run_ended of sluice.steps/1, and says what came of it: `told` is called exactly once if this returns OK, from any
   * thread, with a terminal state, or with "open" when the run is left to another attempt. [any] */
  sluice_status (*finish)(const sluice_host*, sluice_str run_id, sluice_run_told, void* data, sluice_error*);
} sluice_runs_v1;

#ifdef __cplusplus
}
#endif
#endif
