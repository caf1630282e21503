#include "scan.hpp"

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

std::int64_t count(ondemand::document& doc, const std::string& records, const std::string& id, std::string& last) {
  ondemand::array array;
  error_code e = simdjson::SUCCESS;
  if (records.empty()) {
    doc.rewind();
    e = doc.get_array().get(array);
  } else {
    e = doc.at_pointer(records).get_array().get(array);
  }
  if (is_absent(e)) return records.empty() ? 1 : -1;  // a single object is one record
  if (e != simdjson::SUCCESS) not_json(e);
  std::size_t n = 0;
  if (e = array.count_elements().get(n); e != simdjson::SUCCESS) not_json(e);
  if (n == 0 || id.empty()) return static_cast<std::int64_t>(n);
  ondemand::value record;
  if (e = array.at(n - 1).get(record); e != simdjson::SUCCESS) not_json(e);
  std::string_view raw;
  e = record.at_pointer(id).raw_json_token().get(raw);
  if (e == simdjson::SUCCESS) last = raw;
  else if (!is_absent(e)) not_json(e);
  return static_cast<std::int64_t>(n);
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
  if (plan.style == page_style::none && plan.total.empty()) return facts;
  ondemand::document doc;
  const auto e = impl_->parser.iterate(body.data(), body.size(), body.capacity()).get(doc);
  if (e != simdjson::SUCCESS) not_json(e);

  std::string last;
  if (plan.counts() || by_last) facts.records = count(doc, records, by_last ? plan.id : "", last);
  if (plan.counts()) facts.hash = XXH3_64bits(body.data(), body.size());
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
  if (by_last && facts.records > 0) {
    // The token of a text is quoted; a page of its own gives it back unescaped.
    simdjson::padded_string token(last.empty() ? "null" : last);
    ondemand::document id;
    if (const auto bad = impl_->parser.iterate(token).get(id); bad != simdjson::SUCCESS) not_json(bad);
    std::string_view text;
    if (last.starts_with('"') && id.get_string().get(text) == simdjson::SUCCESS) facts.next = std::string(text);
    else if (!last.starts_with('"') && !last.empty()) facts.next = last.substr(0, last.find_last_not_of(" \t\r\n") + 1);
  }
  return facts;
}

}  // namespace sluice::http
