/* A domain: what a kind of data means. Its streams, keys, references and measures stand in
 * plugin.json; this table is only for the rules that need code, and may be absent. */
#ifndef SLUICE_ABI_DOMAIN_H
#define SLUICE_ABI_DOMAIN_H
#include "sluice/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sluice_reject {
  int64_t row;       /* index in the batch */
  sluice_str field;  /* the column that is wrong */
  sluice_str reason; /* "is negative: -3"; no secrets */
} sluice_reject;

/* Filled by transform; the host releases it. Rows ascend and are distinct. */
typedef struct sluice_rejects {
  uint32_t size;
  int64_t count;
  const sluice_reject* items;
  void (*release)(struct sluice_rejects*);
  void* impl;
} sluice_rejects;

typedef struct sluice_domain_v1 {
  uint32_t size;
  uint32_t flags;
  /* One instance per (pipeline revision, manifest entry, worker slot). config_json is valid
   * against the component's schema. [serial] */
  sluice_status (*create)(const sluice_host*, sluice_str config_json, void** self, sluice_error*);
  void (*destroy)(void* self); /* [serial] after the last call */
  /* Looks at a batch of one stream, in the layout of sluice/schema.hpp. It may replace *rows by
   * another array of the same length and schema (the array is the plugin's to release then), and
   * lists the rows that it refuses. It neither adds, drops nor reorders rows, keeps nothing
   * between calls, and gives the same answer for the same batch. On any status but OK *rows must
   * be left as it was. [serial] */
  sluice_status (*transform)(void* self, const sluice_call*, sluice_str stream,
                             const struct ArrowSchema* schema, struct ArrowArray* rows,
                             sluice_rejects* rejects, sluice_error*);
} sluice_domain_v1;

#ifdef __cplusplus
}
#endif
#endif
