/* A source: how an upstream system is read, page by page. It owns the request, authentication
 * and paging. It never retries, except one renewal of a token after a 401. */
#ifndef SLUICE_ABI_SOURCE_H
#define SLUICE_ABI_SOURCE_H
#include "sluice/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SLUICE_FORMAT_JSON = 1, SLUICE_FORMAT_NDJSON = 2, SLUICE_FORMAT_CSV = 3, SLUICE_FORMAT_ARROW = 4 };

/* A host parses in place when at least this many bytes after the body may be read. */
#define SLUICE_BODY_PADDING 64

/* Moved to the host by `done`; the host calls release exactly once, from any thread. */
typedef struct sluice_page {
  uint32_t size;
  int32_t format;           /* SLUICE_FORMAT_* */
  sluice_str body;          /* the bytes of the page as decoded from the transport */
  uint64_t body_capacity;   /* readable bytes from body.data; >= body.len */
  struct ArrowArray* array; /* with ARROW: one batch; else NULL. Owned by the page */
  struct ArrowSchema* schema;
  sluice_str next_state;    /* what to pass for the next page; opaque, at most 4 KiB */
  int32_t end;              /* 1: this was the last page and next_state is ignored */
  int64_t declared_total;   /* records that the upstream says there are; -1 = it doesn't say */
  uint64_t wire_bytes;      /* received, for metrics */
  int32_t http_status;
  void (*release)(struct sluice_page*);
  void* impl;
  sluice_str parts_json;    /* may be missing: where other parts of the same read begin that may be read at the
                               same time, a JSON array of texts. Each is passed as page_state and read on its own
                               to its end; this page's own part goes on with next_state, or ends. Empty: no parts */
} sluice_page;

typedef struct sluice_fetch {
  uint32_t size;
  sluice_str vars_json;  /* one flat JSON object, text to text: "tenant", "tenant.vars.realm",
                            "subject", "parent.id", "since" (formatted as the read asks) */
  sluice_str page_state; /* empty: the first page */
} sluice_fetch;

/* Called exactly once for each fetch that returned OK, from any thread. On OK *page is moved; on
 * any other status page is NULL and *error is moved (may be zero). */
typedef void (*sluice_fetch_done)(void* data, sluice_status, sluice_page* page, sluice_error* error);

typedef struct sluice_source_v1 {
  uint32_t size;
  uint32_t flags;
  /* One instance per (pipeline revision, manifest entry). [serial] */
  sluice_status (*create)(const sluice_host*, sluice_str config_json, void** self, sluice_error*);
  void (*destroy)(void* self); /* [serial] after the last completion; may block for its threads */
  /* Checks and keeps the `request` of one read: {"name": "entities.users", "request": {…},
   * "records": "/data"}. The handle lives as long as the instance. [serial] */
  sluice_status (*prepare)(void* self, sluice_str read_json, void** read, sluice_error*);
  /* Starts to read one page and returns. `call` and the strings of `fetch` live until `done` has
   * been called. A status other than OK means that `done` won't be called. [any] */
  sluice_status (*fetch)(void* self, void* read, const sluice_call* call, const sluice_fetch* fetch,
                         sluice_fetch_done done, void* data, sluice_error*);
} sluice_source_v1;

#ifdef __cplusplus
}
#endif
#endif
