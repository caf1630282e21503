// The streams of the simulated tenant: keys of one and two columns; references that wait, that are left out,
// that are optional, and one to the stream itself.
#include "directory.hpp"

namespace sluice::sim {

namespace {

column text(const char* name, bool required = false) { return {name, column_type::text, required, {}}; }

reference to(const char* name, const char* stream, bool required, on_missing missing) {
  const std::vector<std::string> columns = std::string(stream) == "people"
                                               ? std::vector<std::string>{"kind", "external_id"}
                                               : std::vector<std::string>{"external_id"};
  return {name, stream, columns, required, missing, std::chrono::minutes(4)};
}

stream_schema make(const char* name, std::vector<column> columns, std::vector<std::string> key,
                   std::vector<reference> references) {
  stream_schema s;
  s.name = name;
  s.columns = std::move(columns);
  s.key = std::move(key);
  s.references = std::move(references);
  return s;
}

}  // namespace

const stream_schema& directory::stream_of(const std::string& list) {
  static const stream_schema people = make(
      "people", {text("kind", true), text("external_id", true), text("name")}, {"kind", "external_id"}, {});
  static const stream_schema grants =
      make("grants", {text("external_id", true), {"amount", column_type::decimal, true, {}}}, {"external_id"},
           {to("person", "people", true, on_missing::defer)});
  static const stream_schema memberships = make(
      "memberships", {text("external_id", true), text("since")}, {"external_id"},
      {to("container", "people", true, on_missing::defer), to("member", "people", true, on_missing::defer)});
  static const stream_schema notes = make(
      "notes", {text("external_id", true), text("body")}, {"external_id"},
      {to("author", "people", false, on_missing::defer), to("above", "notes", false, on_missing::defer)});
  static const stream_schema badges = make("badges", {text("external_id", true), text("label")},
                                           {"external_id"}, {to("person", "people", true, on_missing::skip)});
  if (list == "grants") return grants;
  if (list == "notes") return notes;
  if (list == "badges") return badges;
  return list.starts_with("members") ? memberships : people;
}

const std::vector<const stream_schema*>& directory::streams() {
  static const std::vector<const stream_schema*> all = {&stream_of("people"), &stream_of("grants"),
                                                        &stream_of("members"), &stream_of("notes"),
                                                        &stream_of("badges")};
  return all;
}

}  // namespace sluice::sim
