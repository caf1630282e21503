/* The part of the binary contract that every kind of plugin shares.
 *
 * C11, freestanding, append-only. C++ authors include <sluice/domain.hpp>, <sluice/source.hpp>
 * or <sluice/backend.hpp> instead; this header is what those compile down to.
 *
 * Growth: every struct begins with `size`, set by whoever made it to sizeof of its own view of
 * the struct. Fields are only appended. Before reading a field that is newer than 1.0, test
 * SLUICE_HAS. Enumerations are int32_t with named constants.
 *
 * Memory: whoever allocates frees. Only Arrow structs and the structs below that have a
 * `release` member change owner, and the receiver calls that `release` exactly once.
 *
 * Threads, as tags on each function:
 *   [load]   once, before anything else, on one thread;
 *   [serial] the host never overlaps two such calls on one instance, though not always on the
 *            same OS thread;
 *   [any]    callable from any thread, concurrently.
 *
 * Trust: plugins run inside the host's process. They are trusted code: nothing here protects
 * the host from a plugin that means harm. Tenants choose configuration, never code. */
#ifndef SLUICE_ABI_BASE_H
#define SLUICE_ABI_BASE_H
#include <stddef.h>
#include <stdint.h>

#include "sluice/abi/arrow.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SLUICE_ABI_MAJOR 1 /* breaks: a new entry symbol; a host may carry both */
#define SLUICE_ABI_MINOR 0 /* grows: fields appended, guarded by `size` */

/* True when *p, as its maker laid it out, is long enough to hold `field`. */
#define SLUICE_HAS(p, type, field) ((p)->size >= offsetof(type, field) + sizeof((p)->field))

/* UTF-8 text or bytes, borrowed: valid until the call that carries it returns. Not terminated. */
typedef struct sluice_str {
  const char* data;
  size_t len;
} sluice_str;

/* A status says what the caller may do next; the message is for people. */
typedef int32_t sluice_status;
enum {
  SLUICE_OK = 0,
  SLUICE_INVALID = 1,     /* stop: the input or the configuration is wrong */
  SLUICE_NOT_FOUND = 2,   /* stop for this item: what was asked for does not exist (any more) */
  SLUICE_UNSUPPORTED = 3, /* stop: this plugin can't do that */
  SLUICE_TRANSIENT = 4,   /* retry: with backoff */
  SLUICE_THROTTLED = 5,   /* retry later: not before retry_after_ms */
  SLUICE_DENIED = 6,      /* stop: the credentials are refused */
  SLUICE_CANCELLED = 7,   /* the call's cancelled() turned true */
  SLUICE_DEADLINE = 8,    /* the call's deadline passed */
  SLUICE_INTERNAL = 9     /* stop: a defect of the plugin */
};

/* The caller zero-fills it and sets `size`. The callee may fill it on any status but OK;
 * who fills `message` sets `release`. A callee leaves alone what `size` does not cover. */
typedef struct sluice_error {
  uint32_t size;
  int32_t retry_after_ms; /* with THROTTLED: from now; 0 = unknown */
  sluice_str message;     /* what, where, what to do; no secrets */
  sluice_str code;        /* stable, such as "SLU-3103"; may be empty */
  int32_t http_status;    /* 0 = none */
  void (*release)(struct sluice_error*);
  void* impl;
} sluice_error;

/* One per call. Lives until the call has returned and, for asynchronous calls, until its
 * completion has been called. */
typedef struct sluice_call {
  uint32_t size;
  uint32_t flags; /* SLUICE_CALL_* */
  sluice_str tenant;
  sluice_str run_id;
  sluice_str correlation_id;
  sluice_str traceparent;   /* W3C; may be empty */
  int64_t deadline_unix_us; /* 0 = none */
  int32_t (*cancelled)(const struct sluice_call*); /* [any] cheap: poll it between rows */
  /* fn runs at most once, on another thread, when the call is cancelled; at once if it already
   * is. off_cancel waits for an fn that is running, so fn's data may die after it. */
  uint64_t (*on_cancel)(const struct sluice_call*, void (*fn)(void*), void* data); /* [any] */
  void (*off_cancel)(const struct sluice_call*, uint64_t token);                   /* [any] */
  void* impl;                                                                      /* the host's */
} sluice_call;

enum { SLUICE_CALL_ESSENTIAL = 1 }; /* a user waits for it: goes before everything else */

enum { SLUICE_LOG_DEBUG = 1, SLUICE_LOG_INFO = 2, SLUICE_LOG_WARN = 3, SLUICE_LOG_ERROR = 4 };

/* What a plugin may ask of the host. Given at create(), valid for as long as the instance. */
typedef struct sluice_host {
  uint32_t size;
  uint32_t abi_minor;
  sluice_str name;    /* "sluice" */
  sluice_str version; /* the host's */
  /* fields_json: a JSON object or empty. The host adds plugin, tenant and correlation id. `call`
   * may be NULL. Rate-limited; never blocks. */
  void (*log)(const struct sluice_host*, const sluice_call*, int32_t level, sluice_str message,
              sluice_str fields_json); /* [any] */
  /* A service by its id, such as SLUICE_SECRETS_1, or NULL: this host doesn't have it. */
  const void* (*service)(const struct sluice_host*, const char* id); /* [any] */
  void* impl;
} sluice_host;

/* Expands a template that may hold ${secret:...} and ${tenant.secrets...} for the tenant of the
 * call. Configuration fields that the schema marks as secret reach a plugin as such templates,
 * never as values. Keep the value no longer than the request that needs it. */
#define SLUICE_SECRETS_1 "sluice.secrets/1"
typedef struct sluice_secret {
  uint32_t size;
  sluice_str value;
  void (*release)(struct sluice_secret*); /* wipes it */
  void* impl;
} sluice_secret;
typedef struct sluice_secrets_v1 {
  uint32_t size;
  sluice_status (*expand)(const sluice_host*, const sluice_call*, sluice_str text, sluice_secret* out,
                          sluice_error*); /* [any] */
} sluice_secrets_v1;

/* Counters and gauges of the plugin's own; the host prefixes the plugin's name. */
#define SLUICE_METRICS_1 "sluice.metrics/1"
typedef struct sluice_metrics_v1 {
  uint32_t size;
  void (*add)(const sluice_host*, sluice_str name, double delta); /* [any] */
  void (*set)(const sluice_host*, sluice_str name, double value); /* [any] */
} sluice_metrics_v1;

/* What a plugin offers: one component for each (kind, name). An unknown kind is skipped by an
 * older host. `table` points to the table of that kind, in static storage. */
typedef struct sluice_component {
  uint32_t size;
  const char* kind; /* "domain", "source" or "backend" */
  const char* name;
  const void* table;
} sluice_component;

typedef struct sluice_plugin {
  uint32_t size;
  uint32_t abi_major, abi_minor; /* of the SDK it was compiled against */
  uint32_t component_count;
  sluice_str metadata_json;           /* the text of plugin.json; must equal the file's */
  const sluice_component* const* components;
} sluice_plugin;

/* The one exported symbol. Returns constant data in static storage; does no work, so that
 * asking a plugin what it is costs nothing. [load] */
typedef const sluice_plugin* (*sluice_plugin_entry)(void);
#define SLUICE_PLUGIN_ENTRY_SYMBOL "sluice_plugin_v1"

#ifdef __cplusplus
}
#endif
#endif
