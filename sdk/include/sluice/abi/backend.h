/* A backend: what sequences the steps of a run. It never sees a record: it gets a plan, asks the
 * host to run steps in an order that the plan allows, and says when the run has no more steps. */
#ifndef SLUICE_ABI_BACKEND_H
#define SLUICE_ABI_BACKEND_H
#include "sluice/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  SLUICE_STEP_ENDED = 0,   /* the step's stages are terminal (complete or failed): go on */
  SLUICE_STEP_YIELDED = 1, /* call again, after others had their turn */
  SLUICE_STEP_FENCED = 2,  /* another attempt has taken over: stop, without a result */
  SLUICE_STEP_CANCELLED = 3
};

/* progress_json: {"stage", "pages", "rows"}; may be called often. [any] */
typedef void (*sluice_step_progress)(void* data, sluice_str progress_json);
/* Exactly once for each run_step that returned OK. result_json: {"state", "error"}. [any] */
typedef void (*sluice_step_done)(void* data, int32_t outcome, sluice_str result_json);

/* The host's side, found by service id. */
#define SLUICE_STEPS_1 "sluice.steps/1"
typedef struct sluice_steps_v1 {
  uint32_t size;
  /* Runs one step of a run, from its checkpoints, until it ends, yields or fails. `step` is the
   * JSON of one entry of the plan's "steps". Errors of upstream and store are retried inside; a
   * backend repeats a step only because its host died or timed out. `cancel` of the run ends it
   * early. [any] */
  sluice_status (*run_step)(const sluice_host*, sluice_str run_id, sluice_str step_json,
                            sluice_step_progress, sluice_step_done, void* data, sluice_error*);
  /* No steps are left: the host proves the run's account and writes its terminal state. Called
   * exactly once for each run that was started and not fenced. [any] */
  sluice_status (*run_ended)(const sluice_host*, sluice_str run_id, sluice_error*);
} sluice_steps_v1;

typedef struct sluice_backend_v1 {
  uint32_t size;
  uint32_t flags;
  sluice_status (*create)(const sluice_host*, sluice_str config_json, void** self, sluice_error*);
  void (*destroy)(void* self); /* [serial] waits until no step of it is under way */
  /* plan_json: {"run_id", "tenant", "pipeline", "correlation_id", "steps": [{"name", "phase",
   * "after": [names], "stages": [names]}]}. A step may start when every step in its `after` has
   * ended, whatever the result. Returns soon. Starting a run twice is harmless. [any] */
  sluice_status (*start)(void* self, sluice_str run_id, sluice_str plan_json, sluice_error*);
  sluice_status (*cancel)(void* self, sluice_str run_id, sluice_error*); /* [any] */
  /* After a start of the host: {"runs": [plan, …]} are open in the store and belong to this
   * backend; it goes on with them. [any] */
  sluice_status (*reconcile)(void* self, sluice_str runs_json, sluice_error*);
  /* OK, or why it can't take runs now. Answers within 100 ms. [any] */
  sluice_status (*health)(void* self, sluice_error*);
} sluice_backend_v1;

#ifdef __cplusplus
}
#endif
#endif
