// RFC 4180, record by record: fields may be quoted, quotes are doubled inside, a quoted field may hold line
// ends.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::decode {

struct csv_field {
  std::string text;
  bool quoted = false;  // an empty field without quotes is null, one with quotes is empty text
};

class csv_reader {
 public:
  explicit csv_reader(std::string_view text) : text_(text) {}

  // The next record that isn't an empty line; false at the end. Throws error SLU-4109 with the line on
  // broken quoting.
  [[nodiscard]] bool next(std::vector<csv_field>& fields);

  [[nodiscard]] std::size_t offset() const noexcept { return from_; }  // of the record just read
  [[nodiscard]] std::string_view raw() const noexcept { return text_.substr(from_, to_ - from_); }
  [[nodiscard]] std::size_t line() const noexcept { return record_line_; }  // where it begins, from 1

 private:
  void read_field(csv_field& field);
  void read_quoted(csv_field& field);
  [[nodiscard]] bool at_line_end() const noexcept;

  std::string_view text_;
  std::size_t at_ = 0, line_ = 1;
  std::size_t from_ = 0, to_ = 0, record_line_ = 1;
};

}  // namespace sluice::decode
