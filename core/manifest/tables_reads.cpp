// The keys of `domains`: reads, maps and conditions.
#include "manifest/tables.hpp"

namespace sluice::manifest {
namespace {

using enum field_type;

}  // namespace

const shape domain_shape{
    .name = "domain",
    .about = "An entry: one use of a domain plugin. All other keys belong to the plugin.",
    .fields =
        {
            {.key = "uses", .type = text, .about = "The domain plugin.", .required = true},
            {.key = "critical",
             .type = boolean,
             .about = "Its failure fails the run, not only part of it.",
             .fallback = "false"},
            {.key = "reads",
             .type = named,
             .about = "The requests that feed its streams.",
             .required = true,
             .inner = &read_shape},
        },
    .has_plugin = true,
    .plugin = component_kind::domain};

const shape read_shape{
    .name = "read",
    .about =
        "One paged request. Without `into`, a read that the domain's plugin has under this name is the "
        "default, "
        "and the keys given here replace its keys.",
    .fields = {
        {.key = "from", .type = text, .about = "The source.", .required = true},
        {.key = "for_each",
         .type = special,
         .about =
             "The read, or reads, whose records this one is made for: `users`, or `entry.read`. It may name "
             "itself beside another: then it descends."},
        {.key = "if",
         .type = list,
         .about = "Only for parent records where all of these hold; `at` is a kept name "
                  "or a pointer into the parent record.",
         .inner = &where_shape},
        {.key = "request",
         .type = special,
         .about = "What is asked; its keys belong to the source's plugin."},
        {.key = "records",
         .type = pointer,
         .about = "Where the records stand in a page; empty: the page itself.",
         .fallback = "\"\""},
        {.key = "parse",
         .type = texts,
         .about =
             "Pointers to texts of a record that hold JSON: all that follows sees what they hold in their "
             "place. An empty text is null."},
        {.key = "where",
         .type = list,
         .about = "Only records where all of these hold.",
         .inner = &where_shape},
        {.key = "into", .type = list, .about = "The streams that it feeds.", .inner = &into_shape},
        {.key = "keep",
         .type = special,
         .about = "name → value: what reads made for its records see as `${parent.name}`.",
         .inner = &value_shape},
        {.key = "subject",
         .type = mapping,
         .about = "How the same columns are read for one subject, who signs in.",
         .inner = &subject_shape},
        {.key = "incremental",
         .type = mapping,
         .about = "How to ask only for what changed.",
         .inner = &incremental_shape},
        {.key = "rejects",
         .type = mapping,
         .about = "How much of it may be refused.",
         .inner = &rejects_shape},
    }};

const shape rejects_shape{
    .name = "rejects",
    .about =
        "When more is refused, the read has failed: its upstream must have changed its form, or the mapping "
        "is wrong. Its watermark stays, and nothing is deleted for it. It has failed too when a page brings "
        "no "
        "value for a column that more than this part of the stored rows have (never less than 50% and 10): "
        "nothing of that page is written.",
    .fields = {
        {.key = "max",
         .type = ratio,
         .about = "The largest part of its records, or of a stream's rows. 100%: as much as it likes.",
         .fallback = "50%",
         .least = 0,
         .most = 1},
        {.key = "floor",
         .type = integer,
         .about = "Up to so many never matter.",
         .fallback = "10",
         .least = 0,
         .most = 1e9},
    }};

const shape subject_shape{
    .name = "subject",
    .about =
        "Keys that are not given are those of the read. It has no parent. Rows that it maps with "
        "`${subject}` in a "
        "column or reference are all that the subject has: what a complete answer lacks is deleted.",
    .fields = {
        {.key = "request",
         .type = special,
         .about = "What is asked, with `${subject}` in it.",
         .required = true},
        {.key = "records", .type = pointer, .about = "Where the records stand in a page."},
        {.key = "parse", .type = texts, .about = "As for the read."},
        {.key = "where",
         .type = list,
         .about = "Only records where all of these hold.",
         .inner = &where_shape},
        {.key = "into",
         .type = list,
         .about = "Must map the columns that the read maps; that which names the subject by `${subject}`.",
         .inner = &into_shape},
        {.key = "keep", .type = special, .about = "As for the read.", .inner = &value_shape},
    }};

const shape incremental_shape{.name = "incremental",
                              .about = "The watermark moves only when the read is complete.",
                              .fields = {
                                  {.key = "column",
                                   .type = text,
                                   .about = "The mapped column that says when a record changed.",
                                   .required = true},
                                  {.key = "param",
                                   .type = text,
                                   .about = "The request parameter that takes the watermark. Not needed "
                                            "where `${since}` stands in the request itself."},
                                  {.key = "as",
                                   .type = choice,
                                   .about = "How the upstream writes time.",
                                   .fallback = "rfc3339",
                                   .choices = {"rfc3339", "epoch_s", "epoch_ms", "date"}},
                                  {.key = "lag",
                                   .type = duration,
                                   .about = "How far it looks back, for what became visible late.",
                                   .fallback = "30s",
                                   .least = 0,
                                   .most = 7 * 86400e6},
                              }};

const shape into_shape{
    .name = "into",
    .about = "How a record becomes rows of one stream.",
    .fields = {
        {.key = "stream", .type = text, .about = "A stream of the domain.", .required = true},
        {.key = "where",
         .type = list,
         .about = "Only records, or exploded elements, where all of these hold.",
         .inner = &where_shape},
        {.key = "explode",
         .type = special,
         .about =
             "An array or map inside the record: each element makes a row. A list nests, outermost first.",
         .inner = &explode_shape},
        {.key = "map",
         .type = special,
         .about = "column → value. A reference takes a value, or a mapping of its "
                  "key columns. `source_version` may be mapped.",
         .required = true,
         .inner = &value_shape},
        {.key = "attributes",
         .type = texts,
         .about = "Pointers whose values are kept as JSON in `attributes`."},
        {.key = "deleted_when",
         .type = list,
         .about = "The row is a delete when all of these hold.",
         .inner = &where_shape},
        {.key = "on_missing",
         .type = special,
         .about =
             "Where the plugin's choice doesn't fit: what becomes of a row whose parent isn't there when a "
             "run ends that has read all parents there are. `defer`: it waits for the next runs. `skip`: it "
             "is "
             "let go, and counted as skipped. `reject`: it goes to the rejects."},
    }};

const shape explode_shape{.name = "explode",
                          .about = "Or just the pointer.",
                          .fields = {
                              {.key = "at", .type = pointer, .about = "The array or map.", .required = true},
                              {.key = "key",
                               .type = name,
                               .about = "Names the element's key, or its index, for templates: `${key}`."},
                          }};

const shape where_shape{
    .name = "where",
    .about = "One condition: `at` and exactly one test.",
    .fields = {
        {.key = "at",
         .type = text,
         .about = "A pointer; in an exploded element `^/x` looks one level up and `${key}` is its key.",
         .required = true},
        {.key = "is", .type = special, .about = "Equal to this text, number, boolean or null."},
        {.key = "not", .type = special, .about = "Different from it."},
        {.key = "prefix", .type = text, .about = "A text that begins so."},
        {.key = "exists", .type = boolean, .about = "true: there and not null; false: absent or null."},
    }};

const shape value_shape{
    .name = "value",
    .about =
        "Text that starts with `/` is a JSON pointer (`^/x`: one level up from an exploded element), other "
        "text "
        "a template, a number or boolean a constant. Or a mapping with exactly one of `at`, `const`, "
        "`concat`, "
        "`any`, `template`.",
    .fields = {
        {.key = "at",
         .type = pointer,
         .about = "A pointer into the record; empty: the record or element itself."},
        {.key = "const", .type = special, .about = "A constant."},
        {.key = "concat",
         .type = special,
         .about = "A list of values, joined; absent when one of them is, unless that has a `default`."},
        {.key = "any",
         .type = special,
         .about = "A list of values, each read as it says: the first that is there, and not null."},
        {.key = "template",
         .type = text,
         .about = "Text with `${tenant}`, `${tenant.vars.x}`, `${subject}`, "
                  "`${parent.x}` or an exploded key in it."},
        {.key = "first",
         .type = list,
         .about = "`at` is an array: the first element where all of these hold.",
         .inner = &where_shape},
        {.key = "then", .type = pointer, .about = "The pointer inside that element."},
        {.key = "as",
         .type = choice,
         .about = "How the upstream writes it; by default as the column is typed.",
         .choices = {"text", "int", "decimal", "bool", "rfc3339", "epoch_s", "epoch_ms", "json"}},
        {.key = "scale",
         .type = integer,
         .about = "Moves the decimal point: -2 makes 1250 into 12.50.",
         .least = -30,
         .most = 30},
        {.key = "negate", .type = boolean, .about = "Changes the sign.", .fallback = "false"},
        {.key = "default", .type = special, .about = "Taken when the value is absent or null."},
    }};

}  // namespace sluice::manifest
