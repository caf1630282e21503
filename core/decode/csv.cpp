#include "decode/csv.hpp"

#include "decode/error.hpp"

namespace sluice::decode {

bool csv_reader::at_line_end() const noexcept {
  if (at_ >= text_.size() || text_[at_] == '\n') return true;
  return text_[at_] == '\r' && (at_ + 1 == text_.size() || text_[at_ + 1] == '\n');
}

bool csv_reader::next(std::vector<csv_field>& fields) {
  while (at_ < text_.size() && at_line_end()) {
    if (text_[at_++] == '\n') ++line_;
  }
  if (at_ >= text_.size()) return false;
  from_ = at_;
  record_line_ = line_;
  std::size_t count = 0;
  for (;;) {
    if (count == fields.size()) fields.emplace_back();
    read_field(fields[count++]);
    if (at_ >= text_.size() || text_[at_] != ',') break;
    ++at_;
  }
  fields.resize(count);
  to_ = at_;
  return true;
}

void csv_reader::read_field(csv_field& field) {
  field.text.clear();
  field.quoted = at_ < text_.size() && text_[at_] == '"';
  if (field.quoted) return read_quoted(field);
  const std::size_t from = at_;
  while (!at_line_end() && text_[at_] != ',') {
    if (text_[at_] == '"') {
      throw error(codes::bad_csv,
                  "line " + std::to_string(line_) +
                      " of the CSV page has a quote within a field that doesn't begin with one; "
                      "put the whole field in quotes and double those inside");
    }
    ++at_;
  }
  field.text.assign(text_, from, at_ - from);
}

void csv_reader::read_quoted(csv_field& field) {
  const std::size_t opened = line_;
  ++at_;
  for (;;) {
    const std::size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) {
      throw error(codes::bad_csv,
                  "line " + std::to_string(opened) +
                      " of the CSV page opens a quoted field that is never closed; the page may be cut off");
    }
    for (std::size_t i = at_; i < quote; ++i) line_ += text_[i] == '\n' ? 1U : 0U;
    field.text.append(text_, at_, quote - at_);
    at_ = quote + 1;
    if (at_ >= text_.size() || text_[at_] != '"') break;
    field.text += '"';
    ++at_;
  }
  if (!at_line_end() && text_[at_] != ',') {
    throw error(codes::bad_csv,
                "line " + std::to_string(line_) +
                    " of the CSV page has text after a closing quote; double the quotes inside a field");
  }
}

}  // namespace sluice::decode
