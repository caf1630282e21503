// The source `files`: pages out of the files that one tenant's folder holds.
//
// A page of NDJSON or CSV is a range of bytes that ends with a record; a JSON file is one page. The state
// of the next page names file and offset, and a print of all files that the read matches: when any of them
// changes in between, the read fails instead of mixing two versions.
#pragma once

#include <string>
#include <string_view>

#include <sluice/source.hpp>

#include "files/folder.hpp"
#include "files/settings.hpp"

namespace sluice::files {

class files_source : public blocking_source {
 public:
  using read = files::read;
  static constexpr unsigned threads = 4;

  explicit files_source(const setup& s);
  read prepare(std::string_view read_json);
  page fetch(const read& r, const call& c, const fetch_request& f);

 private:
  struct state {
    std::string name, print;
    std::uint64_t offset = 0;
  };
  [[nodiscard]] static state parse_state(std::string_view json);
  [[nodiscard]] page read_file(const read& r, const call& c, const file& f, std::uint64_t offset,
                               std::uint64_t& next) const;
  [[nodiscard]] page_format format_of(const read& r, const std::string& name) const;

  settings settings_;
};

}  // namespace sluice::files
