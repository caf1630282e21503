#include "decode/decode.hpp"

#include "decode/pages.hpp"
#include "decode/text.hpp"

namespace sluice::decode {

program::program(std::unique_ptr<const plan> p) : plan_(std::move(p)) {}
program::program(program&&) noexcept = default;
program& program::operator=(program&&) noexcept = default;
program::~program() = default;
const std::vector<stream_schema>& program::streams() const noexcept { return plan_->streams; }

scratch::scratch() : state_(std::make_unique<state>()) {}
scratch::scratch(scratch&&) noexcept = default;
scratch& scratch::operator=(scratch&&) noexcept = default;
scratch::~scratch() = default;

std::string result::raw(const page& from, std::int64_t ordinal, std::size_t max) const {
  const span s = spans.at(static_cast<std::size_t>(ordinal));
  return excerpt(from.bytes.substr(s.offset, s.size), max);
}

std::string beginning(std::string_view bytes) { return "the page begins: " + one_line(bytes, 120); }

namespace {

// Refuses what can't be a page in any format, and takes the byte order mark away.
std::string_view check_bytes(const page& from, const limits& caps) {
  std::string_view bytes = from.bytes;
  if (bytes.size() > caps.page_bytes) {
    throw error(codes::page_too_large, "the page has " + std::to_string(bytes.size()) + " bytes; at most " +
                                           std::to_string(caps.page_bytes) +
                                           " are taken: ask for smaller pages");
  }
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
    throw error(codes::not_utf8, "the page is UTF-16; make the upstream send UTF-8");
  }
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw error(codes::empty_page,
                "the page is empty; an upstream without records has to say so in its format", true);
  }
  return bytes;
}

}  // namespace

result decode(const program& by, const page& from, const variables& vars, scratch& reuse) {
  const plan& p = by.compiled();
  const std::string_view bytes = check_bytes(from, p.caps);
  if (from.as != format::json && !p.records.empty()) {
    throw error(
        codes::no_records,
        "a line or a row is a record itself, so `records` has to be \"\" here, not `" + p.records + "`");
  }
  result out;
  mapper m(p, vars, from.as == format::csv, out);
  const auto shift = static_cast<std::size_t>(bytes.data() - from.bytes.data());
  switch (from.as) {
    case format::json: read_json(p, bytes, reuse.get(), m, out); break;
    case format::ndjson: read_ndjson(p, bytes, reuse.get(), m, out); break;
    case format::csv: read_csv(p, bytes, reuse.get(), m, out); break;
  }
  m.finish();
  for (span& s : out.spans) s.offset += shift;
  return out;
}

result decode(const program& by, const page& from, const variables& vars) {
  scratch fresh;
  return decode(by, from, vars, fresh);
}

}  // namespace sluice::decode
