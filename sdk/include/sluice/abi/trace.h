/* For whoever looks at single requests, such as `sluice probe`: what a source sent and what came back. A host has
 * this service only while somebody looks, and a source works the same without it. */
#ifndef SLUICE_ABI_TRACE_H
#define SLUICE_ABI_TRACE_H
#include "sluice/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_TRACE_1 "sluice.trace/1"
typedef struct sluice_trace_v1 {
  uint32_t size;
  /* One exchange that has ended, before the fetch that it belongs to is completed. exchange_json: an object with
   * "for" ("page" or "token"), "method", "url" and, where they are known, "headers" and "answer" (lists of name and
   * value), "status", "reason", "type", "ms", "bytes", "peer". Secrets are masked by the source. `body`: what was
   * answered, as far as it was kept; empty for a token. `call` may be NULL. */
  void (*exchange)(const sluice_host*, const sluice_call* call, sluice_str exchange_json,
                   sluice_str body); /* [any] */
} sluice_trace_v1;

#ifdef __cplusplus
}
#endif
#endif
