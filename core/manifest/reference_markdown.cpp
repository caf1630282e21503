// The reference page, from the tables.
#include "manifest/scalar.hpp"
#include "manifest/schema.hpp"
#include "manifest/tables.hpp"

namespace sluice::manifest {
namespace {

constexpr std::string_view head = R"(# Manifest reference

Made from the tables that `sluice check` uses; a test keeps it so. `sluice schema` prints the same for editors, with the
installed plugins in it.

A manifest is one YAML 1.2 document: `true` and `false` are the only booleans, keys stand once, there are no aliases and
no tags. At most 1 MiB, 32 levels, 50,000 values. Keys that begin with `x-` are yours.

| written | means |
| --- | --- |
| `200ms` `3s` `15m` `24h` `7d` | a duration |
| `10%` | a ratio |
| `50/s` `600/m` `1000/h` | a rate |
| `[a-z][a-z0-9_-]{0,62}` | a name |
| `/data/0/id` | a JSON pointer; `~1` is a `/` in a key, `~0` a `~` |

**References** are resolved inside one value, after the file is read, and never add structure. What comes out takes the
type that the field has.

| reference | where | value |
| --- | --- | --- |
| `${env:NAME}` `${env:NAME:-default}` | everywhere | an environment variable; the default also when it is empty |
| `${secret:env:NAME}` `${secret:file:PATH}` | secret fields | read when it is used, shown nowhere; the file must be closed to others |
| `${tenant}` `${tenant.vars.x}` | sources, requests, map values | of the tenant that is synced; only vars may be part of a host |
| `${tenant.secrets.x}` | secret fields of sources | of that tenant |
| `${subject}` | the `subject` of a read | who signs in |
| `${parent.x}` | reads with `for_each` | what the parent read keeps as `x` |
| `${since}` | requests of reads with `incremental` | the watermark |
| `${k}` | map values under `explode` with `key: k` | the element's key or index |
| `$${` | everywhere | a plain `${` |

In a path a value is encoded as one segment.

Secret fields are those that a plugin marks so, `store.dsn`, `notify.*.secret` and `tenants.*.secrets`; nothing but a reference may stand there.

What `request` of a read may hold is up to the source's plugin: [http](../plugins/http/README.md) has the ways to page,
[files](../plugins/files/README.md) the formats. [REST recipes](rest-recipes.md) shows both for services as they are: SCIM, Link
headers, trees, maps, events; a test runs what stands there. [plugin.json](plugin-json.md) says what a plugin declares.

A host file, not the manifest, says where to listen, where plugins are and what is kept how long.
)";

// What a field of its own form takes.
std::string special_text(std::string_view key, const std::string& inner) {
  if (key == "vars" || key == "secrets") return "names → text";
  if (key == "only" || key == "for_each") return "text or list of texts";
  if (key == "over") return "ratio, duration or whole number";
  if (key == "request") return "mapping";
  if (key == "keep") return "names → " + inner;
  if (key == "map") return "columns → " + inner;
  if (key == "explode") return inner + ", or a list of them";
  if (key == "on_missing") return "references → `defer`, `skip` or `reject`";
  if (key == "concat" || key == "any") return "list of values";
  if (key == "tenants") return inner;
  return "text, number, boolean or null";
}

std::string type_text(const field& f) {
  using enum field_type;
  const std::string inner = f.inner == nullptr ? "" : "[" + std::string(f.inner->name) + "](#" + [&] {
    std::string anchor;
    for (const char c : f.inner->name) {
      if (c == ' ') anchor += '-';
      else if (c != '.') anchor += c;
    }
    return anchor;
  }() + ")";
  switch (f.type) {
    case text: return "text";
    case name: return "name";
    case boolean: return "boolean";
    case integer: return "whole number";
    case ratio: return "ratio";
    case duration: return "duration";
    case rate: return "rate";
    case choice: {
      std::string out;
      for (const std::string_view c : f.choices) out += (out.empty() ? "`" : " or `") + std::string(c) + "`";
      return out;
    }
    case pointer: return "pointer";
    case texts: return "list of texts";
    case mapping: return inner;
    case named: return "names → " + inner;
    case list: return "list of " + inner;
    case special: break;
  }
  return special_text(f.key, inner);
}

std::string range_text(const field& f) {
  if (f.least == 0 && f.most == 0) return {};
  const auto bound = [&](double v) {
    if (f.type == field_type::duration) return format_duration(static_cast<std::int64_t>(v));
    if (f.type == field_type::ratio) return format_number(v * 100) + "%";
    if (f.type == field_type::rate) return v < 1 ? std::string("1/h") : format_number(v) + "/s";
    return std::to_string(static_cast<std::int64_t>(v));
  };
  return " From " + bound(f.least) + " to " + bound(f.most) + ".";
}

}  // namespace

std::string reference_markdown() {
  std::string out(head);
  for (const shape* s : all_shapes()) {
    out += "\n## " + std::string(s->name) + "\n\n" + std::string(s->about) + "\n\n";
    out += "| key | type | default | |\n| --- | --- | --- | --- |\n";
    for (const field& f : s->fields) {
      const std::string fallback = f.required           ? "required"
                                   : f.fallback.empty() ? ""
                                                        : "`" + std::string(f.fallback) + "`";
      out += "| `" + std::string(f.key) + "` | " + type_text(f) + " | " + fallback + " | " +
             std::string(f.about) + range_text(f) + " |\n";
    }
  }
  return out;
}

}  // namespace sluice::manifest
