// NDJSON and CSV: every line or row is a record by itself, so that a broken one spoils no other.
#include "decode/pages.hpp"
#include "decode/text.hpp"

namespace sluice::decode {

namespace {

std::string describe_fault(index_fault fault) {
  switch (fault) {
    case index_fault::unclosed_text: return "is not JSON: it ends within a text";
    case index_fault::control_character: return "is not JSON: a control character in a text isn't escaped";
    case index_fault::not_utf8: return "holds bytes that are no UTF-8";
    default: return "can't be indexed as JSON";
  }
}

// One record's text; `raw` are the page's bytes of it.
void read_record(std::string_view text, std::string_view raw, scratch::state& s, const plan& p, mapper& m) {
  if (raw.size() > p.caps.record_bytes) {
    return m.refuse(raw, "is larger than " + std::to_string(p.caps.record_bytes) + " bytes");
  }
  tokens t;
  if (const auto fault = s.index.build(text, t); fault != index_fault::none)
    return m.refuse(raw, describe_fault(fault));
  try {
    m.take(t, 0, raw);
  } catch (const grammar_error& e) {
    m.refuse(raw, std::string("is not JSON: ") + e.what());
  }
}

std::vector<std::string> read_header(csv_reader& csv, std::vector<csv_field>& fields) {
  if (!csv.next(fields)) throw error(codes::bad_csv, "the CSV page has no header");
  std::vector<std::string> header;
  for (const csv_field& f : fields) {
    for (const std::string& before : header) {
      if (before == f.text)
        throw error(codes::bad_csv, "the CSV header names `" + one_line(f.text, 80) + "` twice");
    }
    if (f.text.empty()) {
      throw error(codes::bad_csv,
                  "column " + std::to_string(header.size() + 1) + " of the CSV header has no name");
    }
    if (find_invalid_utf8(f.text) != std::string::npos)
      throw error(codes::not_utf8, "the CSV header is not UTF-8");
    header.push_back(f.text);
  }
  for (std::string& name : header) {
    std::string quoted;
    append_quoted(quoted, name);
    name = std::move(quoted);
  }
  return header;
}

}  // namespace

void read_ndjson(const plan& p, std::string_view bytes, scratch::state& s, mapper& m, result& out) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    std::string_view line = bytes.substr(at, end - at);
    const std::size_t from = at;
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    check_count(p, out);
    out.spans.push_back({from, line.size()});
    read_record(line, line, s, p, m);
  }
}

void read_csv(const plan& p, std::string_view bytes, scratch::state& s, mapper& m, result& out) {
  csv_reader csv(bytes);
  const std::vector<std::string> header = read_header(csv, s.fields);
  while (csv.next(s.fields)) {
    check_count(p, out);
    out.spans.push_back({csv.offset(), csv.raw().size()});
    if (s.fields.size() != header.size()) {
      m.refuse(csv.raw(), "has " + std::to_string(s.fields.size()) + " fields, the header has " +
                              std::to_string(header.size()) + " (line " + std::to_string(csv.line()) + ")");
      continue;
    }
    s.bytes = "{";
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (i > 0) s.bytes += ',';
      s.bytes += header[i];
      s.bytes += ':';
      if (s.fields[i].text.empty() && !s.fields[i].quoted) s.bytes += "null";
      else append_quoted(s.bytes, s.fields[i].text);
    }
    s.bytes += '}';
    read_record(s.bytes, csv.raw(), s, p, m);
  }
}

}  // namespace sluice::decode
