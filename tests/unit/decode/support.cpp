#include "unit/decode/support.hpp"

#include <stdexcept>

namespace sluice::decode::test {

std::vector<stream_schema> streams() {
  stream_schema things;
  things.name = "things";
  things.columns = {{"external_id", column_type::text, true, {}}, {"name", column_type::text, false, {}},
                    {"count", column_type::int64, false, {}},     {"amount", column_type::decimal, false, {}},
                    {"ratio", column_type::float64, false, {}},   {"flag", column_type::boolean, false, {}},
                    {"born", column_type::date, false, {}},       {"at", column_type::timestamp, false, {}},
                    {"extra", column_type::json, false, {}}};
  things.key = {"external_id"};
  things.references = {
      {"parent", "things", {"external_id"}, false, on_missing::defer, std::chrono::hours(24)}};
  stream_schema links;
  links.name = "links";
  links.columns = {{"external_id", column_type::text, true, {}}, {"note", column_type::text, true, {}}};
  links.key = {"external_id"};
  links.derived_key = {"from.external_id", "to.external_id", "note"};
  links.references = {{"from", "things", {"external_id"}, true, on_missing::defer, std::chrono::hours(24)},
                      {"to", "things", {"external_id"}, false, on_missing::defer, std::chrono::hours(24)}};
  return {things, links};
}

std::string one_column(std::string_view column, std::string_view value) {
  return R"({"records":"/data","into":[{"stream":"things","map":{"external_id":{"at":"/id"},")" +
         std::string(column) + R"(":)" + std::string(value) + "}}]}";
}

namespace {

std::string show(const column_view& c, column_type type, std::int64_t row) {
  switch (type) {
    case column_type::boolean: return c.boolean(row) ? "true" : "false";
    case column_type::date: return std::to_string(c.date(row));
    case column_type::float64: return std::to_string(c.float64(row));
    case column_type::int64:
    case column_type::timestamp: return std::to_string(c.int64(row));
    default: return std::string(c.text(row));
  }
}

}  // namespace

const stream_rows& decoded::of(std::string_view stream) const {
  for (const stream_rows& s : out.streams) {
    if (s.schema->name == stream) return s;
  }
  throw std::runtime_error("no such stream");
}

std::int64_t decoded::accepted(std::string_view stream) const {
  return of(stream).rows - of(stream).rejected;
}

std::optional<std::string> decoded::cell(std::string_view stream, std::string_view column,
                                         std::size_t row) const {
  const stream_rows& s = of(stream);
  const auto layout = wire_layout(*s.schema);
  const auto index = static_cast<std::size_t>(column_index(layout, column));
  auto left = static_cast<std::int64_t>(row);
  for (const array_handle& b : s.batches) {
    if (auto wrong = check_batch(b.get(), layout); !wrong.empty()) throw std::runtime_error(wrong);
    if (left < b.get().length) {
      const column_view c = batch_view(b.get())[index];
      if (c.is_null(left)) return std::nullopt;
      return show(c, layout[index].type, left);
    }
    left -= b.get().length;
  }
  throw std::runtime_error("no row " + std::to_string(row) +
                           (out.rejects.empty() ? "" : ": " + out.rejects[0].reason));
}

std::string decoded::refusal() const {
  if (out.rejects.size() != 1) return std::to_string(out.rejects.size()) + " rejects";
  return out.rejects[0].field + ": " + out.rejects[0].reason;
}

decoded run(std::string_view spec, std::string_view bytes, format as, const variables& vars,
            const limits& caps) {
  const auto all = streams();
  // Streams live in the program, and rows point there: keep every program of the test process.
  static std::vector<std::unique_ptr<program>> programs;
  programs.push_back(std::make_unique<program>(compile(spec, all, caps)));
  // Exactly as long as the page, so that a sanitizer sees any byte read behind it.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  return {decode(*programs.back(), {as, {exact.data(), exact.size()}}, vars)};
}

std::string page_error(std::string_view spec, std::string_view bytes, format as, const limits& caps) {
  try {
    (void)run(spec, bytes, as, {}, caps);
  } catch (const error& e) {
    return std::string(e.code()) + (e.retry() ? " (retry) " : " ") + e.what();
  }
  return "no error";
}

}  // namespace sluice::decode::test
