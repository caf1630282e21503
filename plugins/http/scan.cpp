#include "scan.hpp"

#include <algorithm>
#include <charconv>

#include <simdjson.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sluice/failure.hpp>

#include "codes.hpp"

namespace sluice::http {
namespace {
namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

[[noreturn]] void not_json(error_code why) {
  throw failure(status::invalid, codes::not_json, std::string("the page is no JSON: ") + simdjson::error_message(why));
}

// Errors that say "not there" rather than "broken".
bool is_absent(error_code e) {
  return e == simdjson::NO_SUCH_FIELD || e == simdjson::INCORRECT_TYPE || e == simdjson::INDEX_OUT_OF_BOUNDS ||
         e == simdjson::INVALID_JSON_POINTER || e == simdjson::SCALAR_DOCUMENT_AS_VALUE;
}

// False: absent. The document is rewound first.
bool find(ondemand::document& doc, const std::string& pointer, ondemand::value& out) {
  const error_code e = doc.at_pointer(pointer).get(out);
  if (e == simdjson::SUCCESS) return true;
  if (is_absent(e)) return false;
  not_json(e);
}

// The records of the page, from their beginning.
error_code find_records(ondemand::document& doc, const std::string& records, ondemand::array& out) {
  doc.rewind();
  return records.empty() ? doc.get_array().get(out) : doc.at_pointer(records).get_array().get(out);
}

// The records as they stand in the page; empty: there are none.
std::uint64_t hash_records(ondemand::document& doc, const std::string& records) {
  ondemand::array array;
  const error_code e = find_records(doc, records, array);
  if (is_absent(e)) return 0;
  if (e != simdjson::SUCCESS) not_json(e);
  bool none = false;
  if (const auto bad = array.is_empty().get(none); bad != simdjson::SUCCESS) not_json(bad);
  if (none) return 0;
  std::string_view raw;
  if (const auto bad = array.raw_json().get(raw); bad != simdjson::SUCCESS) not_json(bad);
  return XXH3_64bits(raw.data(), raw.size());
}

// The length of the UTF-8 character that begins there; 0: none does.
std::size_t character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  return size <= text.size() && (size < 2 || simdjson::validate_utf8(text.data(), size)) ? size : 0;
}

// With a character in place of each byte that belongs to none. The host reads the page itself, and gives up no
// more of it than the records that are damaged; here only what leads to the next page counts.
constexpr char damage = 0x7F;
simdjson::padded_string repaired(std::string_view page) {
  std::string out(page);
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t size = character(std::string_view(out).substr(at));
    if (size == 0) out[at] = damage;
    at += std::max<std::size_t>(size, 1);
  }
  return simdjson::padded_string(out);
}

std::string_view without_blanks(std::string_view token) {
  return token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
}

// Reading on from a record without an id would leave out all that follow.
[[noreturn]] void no_id(const std::string& id) {
  throw failure(status::invalid, codes::bad_cursor,
                "a record has no id at `" + id + "`, by which the next page is found; check request.page.id");
}

std::int64_t count(ondemand::document& doc, const std::string& records, const std::string& id, std::string& last) {
  ondemand::array array;
  error_code e = find_records(doc, records, array);
  if (is_absent(e)) return records.empty() ? 1 : -1;  // a single object is one record
  if (e != simdjson::SUCCESS) not_json(e);
  std::size_t n = 0;
  if (e = array.count_elements().get(n); e != simdjson::SUCCESS) not_json(e);
  if (n == 0 || id.empty()) return static_cast<std::int64_t>(n);
  ondemand::value record;
  if (e = array.at(n - 1).get(record); e != simdjson::SUCCESS) not_json(e);
  std::string_view raw;
  e = record.at_pointer(id).raw_json_token().get(raw);
  if (is_absent(e)) no_id(id);
  if (e != simdjson::SUCCESS) not_json(e);
  if (without_blanks(raw) == "null") no_id(id);
  last = raw;
  return static_cast<std::int64_t>(n);
}

// Of each record the id as it stands there.
std::vector<std::uint64_t> hash_ids(ondemand::document& doc, const std::string& records, const std::string& id) {
  std::vector<std::uint64_t> out;
  ondemand::array array;
  const error_code e = find_records(doc, records, array);
  if (is_absent(e)) return out;
  if (e != simdjson::SUCCESS) not_json(e);
  for (auto record : array) {
    std::string_view raw;
    const error_code bad = record.at_pointer(id).raw_json_token().get(raw);
    if (is_absent(bad)) no_id(id);
    if (bad != simdjson::SUCCESS) not_json(bad);
    raw = without_blanks(raw);
    if (raw == "null") no_id(id);
    out.push_back(XXH3_64bits(raw.data(), raw.size()));
  }
  return out;
}

// The last record's id from its token, which is still quoted where it is a text.
std::optional<std::string> last_id(ondemand::parser& parser, const std::string& token) {
  if (token.empty()) return std::nullopt;
  if (!token.starts_with('"')) return std::string(without_blanks(token));
  const simdjson::padded_string quoted(token);  // a page of its own gives it back unescaped
  ondemand::document id;
  if (const auto bad = parser.iterate(quoted).get(id); bad != simdjson::SUCCESS) not_json(bad);
  std::string_view text;
  if (id.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
  return std::string(text);
}

// A cursor is text, or a number that is kept digit by digit.
std::optional<std::string> cursor_text(ondemand::value value, const std::string& where) {
  ondemand::json_type type{};
  if (const auto e = value.type().get(type); e != simdjson::SUCCESS) not_json(e);
  if (type == ondemand::json_type::null) return std::nullopt;
  if (type == ondemand::json_type::string) {
    std::string_view text;
    if (const auto e = value.get_string().get(text); e != simdjson::SUCCESS) not_json(e);
    return std::string(text);
  }
  std::string_view token = value.raw_json_token();
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  if (type == ondemand::json_type::number) return std::string(token);
  throw failure(status::invalid, codes::bad_cursor,
                "the next page at `" + where + "` is neither text nor a number: " + std::string(token.substr(0, 60)));
}

}  // namespace

struct scanner::impl {
  ondemand::parser parser;
};

scanner::scanner() : impl_(std::make_unique<impl>()) {}
scanner::~scanner() = default;

page_facts scanner::scan(page_body& body, const page_plan& plan, const std::string& records) {
  page_facts facts;
  const bool by_last = plan.style == page_style::last_id;
  const bool totals = !plan.total.empty() || !plan.total_header.empty();
  if (plan.style == page_style::none && !totals) return facts;
  const std::string_view all = body.view();
  const std::size_t mark = all.starts_with("\xEF\xBB\xBF") ? 3 : 0;
  ondemand::document doc;
  simdjson::padded_string mended;
  auto e = impl_->parser.iterate(body.data() + mark, body.size() - mark, body.capacity() - mark).get(doc);
  if (e == simdjson::UTF8_ERROR) {
    mended = repaired(all.substr(mark));
    e = impl_->parser.iterate(mended).get(doc);
  }
  if (e != simdjson::SUCCESS) not_json(e);

  std::string last;
  if (plan.overlaps()) facts.ids = hash_ids(doc, records, plan.id);
  if (!facts.ids.empty()) facts.records = std::ssize(facts.ids);
  else if (plan.counts() || by_last || totals) facts.records = count(doc, records, by_last ? plan.id : "", last);
  if (plan.style != page_style::none) facts.hash = hash_records(doc, records);
  ondemand::value value;
  if (!plan.total.empty() && find(doc, plan.total, value)) {
    std::int64_t total = -1;
    if (value.get_int64().get(total) == simdjson::SUCCESS && total >= 0) facts.total = total;
  }
  if (!plan.more.empty() && find(doc, plan.more, value)) {
    bool more = false;
    if (value.get_bool().get(more) == simdjson::SUCCESS) facts.more = more;
  }
  if (!plan.next.empty() && find(doc, plan.next, value)) facts.next = cursor_text(value, plan.next);
  if (by_last && facts.records > 0) facts.next = last_id(impl_->parser, last);
  if (facts.next && facts.next->find(damage) != std::string::npos) {
    throw failure(status::transient, codes::bad_cursor, "what leads to the next page holds bytes that are no UTF-8");
  }
  return facts;
}

}  // namespace sluice::http
