// The keys of `phases`, `routing`, `alerts` and `notify`.
#include "manifest/tables.hpp"

namespace sluice::manifest {
namespace {

constexpr double second = 1e6, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
using enum field_type;

}  // namespace

const shape phases_shape{
    .name = "phases",
    .about = "A caller waits for the essential phase; the background phase begins when it is over.",
    .fields = {
        {.key = "essential",
         .type = mapping,
         .about = "What a user needs to get in.",
         .inner = &essential_shape},
        {.key = "background", .type = mapping, .about = "The rest.", .inner = &background_shape},
    }};

const shape essential_shape{
    .name = "phases.essential",
    .about = "Kept short: a failure here fails the run.",
    .fields = {
        {.key = "deadline",
         .type = duration,
         .about = "How long a caller waits at most; the work goes on.",
         .fallback = "3s",
         .least = 100e3,
         .most = 10 * minute},
        {.key = "fresh_for",
         .type = duration,
         .about = "Younger data are not read again.",
         .fallback = "60s",
         .least = 0,
         .most = 30 * day},
        {.key = "sync",
         .type = list,
         .about = "The entries of `domains`: `ENTRY`, or `{ ENTRY: … }` with settings.",
         .required = true,
         .inner = &item_shape},
    }};

const shape background_shape{
    .name = "phases.background",
    .about = "Without a deadline.",
    .fields = {
        {.key = "fresh_for",
         .type = duration,
         .about = "Younger data are not read again.",
         .fallback = "15m",
         .least = 0,
         .most = 30 * day},
        {.key = "sync",
         .type = list,
         .about = "The entries of `domains`: `ENTRY`, or `{ ENTRY: … }` with settings.",
         .required = true,
         .inner = &item_shape},
    }};

const shape item_shape{
    .name = "sync item",
    .about = "How one domain entry is synced in a phase.",
    .fields = {
        {.key = "scope",
         .type = choice,
         .about = "`subject`: at a sign-in only what belongs to who signs in.",
         .fallback = "tenant",
         .choices = {"tenant", "subject"}},
        {.key = "mode",
         .type = choice,
         .about = "`incremental`: only what changed, where a read says how.",
         .fallback = "full",
         .choices = {"full", "incremental"}},
        {.key = "full_every",
         .type = duration,
         .about = "incremental: read everything this often.",
         .least = minute,
         .most = 365 * day},
        {.key = "deletes",
         .type = choice,
         .about = "`events`: by `deleted_when`, or gone from a subject; `sweep`: all that is gone; `none`.",
         .fallback = "events",
         .choices = {"none", "events", "sweep"}},
        {.key = "guard",
         .type = mapping,
         .about = "When deletes wait for somebody's approval.",
         .inner = &guard_shape},
        {.key = "reads", .type = texts, .about = "Only these reads of the entry; without it, all."},
    }};

const shape guard_shape{.name = "guard",
                        .about = "A run that would delete more is held until it is approved.",
                        .fields = {
                            {.key = "max",
                             .type = ratio,
                             .about = "The largest part of a stream's rows.",
                             .fallback = "20%",
                             .least = 0,
                             .most = 1},
                            {.key = "floor",
                             .type = integer,
                             .about = "Up to so many rows it never holds.",
                             .fallback = "10",
                             .least = 0,
                             .most = 1e9},
                        }};

const shape routing_shape{
    .name = "routing",
    .about = "The first rule that matches wins; rule and value are stored with the run.",
    .fields = {
        {.key = "default",
         .type = text,
         .about = "The backend when no rule matches; needed when there are several."},
        {.key = "rules", .type = list, .about = "Asked from top to bottom.", .inner = &rule_shape},
        {.key = "when_unavailable",
         .type = named,
         .about = "What happens when a backend is down: `wait`, or another.",
         .inner = &unavailable_shape},
    }};

const shape rule_shape{
    .name = "rule",
    .about = "With neither `only` nor `when` it matches every tenant.",
    .fields = {
        {.key = "backend", .type = text, .about = "Where a match goes.", .required = true},
        {.key = "enabled", .type = boolean, .about = "false: the rule is off.", .fallback = "true"},
        {.key = "only",
         .type = special,
         .about = "Exactly these tenants, as a list or with commas; `when` is not asked."},
        {.key = "share",
         .type = ratio,
         .about = "A stable part of the tenants that match.",
         .fallback = "100%",
         .least = 0,
         .most = 1},
        {.key = "when",
         .type = texts,
         .about = "Any of these: `tenant.MEASURE > N` for measures of the domains, `tenant.average_duration "
                  "> 30s`, `tenant.failure_rate > 5%`, "
                  "`tenant.runs_per_day > N`, `tenant.critical`, `host.active_runs > N`."},
    }};

const shape unavailable_shape{.name = "when_unavailable",
                              .about = "Or just `wait`: the run is submitted when the backend is back.",
                              .fields = {
                                  {.key = "use", .type = text, .about = "Another backend.", .required = true},
                                  {.key = "after",
                                   .type = duration,
                                   .about = "How long the first one is waited for.",
                                   .fallback = "2s",
                                   .least = 0,
                                   .most = hour},
                              }};

const shape alert_shape{
    .name = "alert",
    .about = "Fires while the metric is over its limit.",
    .fields = {
        {.key = "metric",
         .type = choice,
         .about = "What is watched.",
         .required = true,
         .choices = {"failure_rate", "average_duration", "stuck_runs", "held_runs", "domain_failures"}},
        {.key = "domain", .type = text, .about = "domain_failures: the entry of `domains`."},
        {.key = "over",
         .type = special,
         .about = "The limit: a ratio, a duration or a number, as the metric is.",
         .required = true},
        {.key = "window",
         .type = duration,
         .about = "The time that is looked at.",
         .fallback = "15m",
         .least = minute,
         .most = 30 * day},
        {.key = "min_runs",
         .type = integer,
         .about = "With fewer runs it stays silent.",
         .fallback = "0",
         .least = 0,
         .most = 1e6},
        {.key = "severity",
         .type = choice,
         .about = "How loud.",
         .fallback = "warning",
         .choices = {"warning", "critical"}},
    }};

const shape notification_shape{
    .name = "notify",
    .about = "Empty addresses are left out.",
    .fields = {{.key = "webhook",
                .type = text,
                .about = "A URL that gets the alert as a JSON POST.",
                .required = true},
               {.key = "secret",
                .type = text,
                .about = "Signs what is sent, so that the receiver knows it to be ours: a "
                         "secret reference."}}};

}  // namespace sluice::manifest
