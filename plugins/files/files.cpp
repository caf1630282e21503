#include "files/files.hpp"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "files/codes.hpp"
#include "files/cutter.hpp"

namespace sluice::files {

namespace {

// One part of the path; what a variable gives is one name and no pattern.
std::string expand_part(const text_template& part, const vars& values, const std::string& path) {
  for (const std::string& name : part.names()) {
    const std::string* value = values.find(name);
    if (value != nullptr && value->find_first_of("/*?[") != std::string::npos) {
      throw failure(
          status::invalid, codes::unsafe_path,
          "`" + path + "`: the value of `${" + name + "}` holds one of / * ? [, which would be another file");
    }
  }
  std::string out = part.expand(values);
  check_part(out, path);
  return out;
}

std::string join_prints(const folder& in, const std::vector<std::string>& names) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a: changes are to be noticed, not resisted
  for (const std::string& name : names) {
    for (const char c : name + '\n' + in.open(name).print + '\n') {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
  }
  return std::to_string(names.size()) + "-" + std::to_string(hash);
}

}  // namespace

files_source::files_source(const setup& s) : settings_(parse_settings(s.config_json)) {}

files_source::read files_source::prepare(std::string_view read_json) {
  read r = parse_read(read_json);
  const std::string_view name = r.name.text();
  if (!r.format && !settings_.format && !format_of_name(name) && !name.ends_with('*') &&
      !name.ends_with('}')) {
    throw failure(status::invalid, codes::unknown_format,
                  "`" + r.path + "`: the name doesn't end in .json, .ndjson, .jsonl or .csv; say `format`");
  }
  return r;
}

page_format files_source::format_of(const read& r, const std::string& name) const {
  if (r.format) return *r.format;
  if (const auto known = format_of_name(name)) return *known;
  if (settings_.format) return *settings_.format;
  throw failure(
      status::invalid, codes::unknown_format,
      "`" + name + "` doesn't end in .json, .ndjson, .jsonl or .csv; say `format`, or match fewer files");
}

files_source::state files_source::parse_state(std::string_view json) {
  try {
    const vars v = vars::parse(json);
    const std::string *name = v.find("file"), *print = v.find("print"), *offset = v.find("offset");
    state s;
    if (name != nullptr && print != nullptr && offset != nullptr) {
      s.name = *name;
      s.print = *print;
      const auto [end, ec] = std::from_chars(offset->data(), offset->data() + offset->size(), s.offset);
      if (ec == std::errc{} && end == offset->data() + offset->size()) return s;
    }
  } catch (const failure& e) {
    throw failure(status::invalid, codes::bad_state,
                  "the page state is not one of this plugin: " + e.message());
  }
  throw failure(status::invalid, codes::bad_state,
                "the page state is not one of this plugin; start the sync anew");
}

page files_source::fetch(const read& r, const call& c, const fetch_request& f) {
  const vars values = f.variables();
  std::vector<std::string> parts;
  for (const text_template& part : r.folders) parts.push_back(expand_part(part, values, r.path));
  const std::string name = expand_part(r.name, values, r.path);
  const folder in(settings_.root, std::string(c.tenant()), parts);
  const std::vector<std::string> names = r.pattern ? in.names(name) : std::vector<std::string>{name};
  if (names.empty()) {
    throw failure(status::not_found, codes::not_found,
                  "no file matches `" + r.path + "`; a read without files is not taken for an empty one");
  }
  const std::string print = join_prints(in, names);
  state at{names.front(), print, 0};
  if (!f.first()) at = parse_state(f.page_state);
  const auto current = std::find(names.begin(), names.end(), at.name);
  if (at.print != print || current == names.end()) {
    throw failure(status::invalid, codes::changed,
                  "`" + r.path + "` changed while it was read; sync again when it is complete");
  }

  const file open = in.open(at.name);
  std::uint64_t next = 0;
  page out = read_file(r, c, open, at.offset, next);
  if (open.print_now() != open.print) {
    throw failure(status::invalid, codes::changed,
                  "`" + open.name + "` changed while it was read; sync again when it is complete");
  }
  const bool more = next < open.size;
  out.end = !more && current + 1 == names.end();
  if (!out.end) {
    out.next_state = nlohmann::json{
        {"file", more ? at.name : *(current + 1)},
        {"offset", std::to_string(more ? next : 0)},
        {"print", print}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return out;
}

page files_source::read_file(const read& r, const call& c, const file& f, std::uint64_t offset,
                             std::uint64_t& next) const {
  page out;
  out.format = format_of(r, f.name);
  if (f.size == 0 || offset >= f.size) {
    throw failure(
        status::invalid, codes::empty,
        "`" + f.name +
            "` is empty, as after an export that failed; for no records write `[]` or a CSV header alone");
  }
  if (out.format == page_format::json) {
    if (f.size > settings_.max_file) {
      throw failure(status::invalid, codes::too_large,
                    "`" + f.name + "` has " + std::to_string(f.size) + " bytes; a JSON file may have " +
                        std::to_string(settings_.max_file) +
                        " (max_file): write NDJSON, which is read page by page");
    }
    read_exactly(f, 0, f.size, c, out.body);
    next = f.size;
  } else {
    const bool csv = out.format == page_format::csv;
    // Each page of CSV begins with the header.
    if (csv && offset > 0 && cut(f, 0, {1, 1}, true, c, out.body) > offset) {
      throw failure(status::invalid, codes::bad_state,
                    "`" + f.name + "`: the page state points into the header");
    }
    const std::uint64_t header = csv && offset == 0 ? 1 : 0;
    next = cut(f, offset, {r.page_bytes, r.page_records + header}, csv, c, out.body);
  }
  out.wire_bytes = out.body.size();
  return out;
}

}  // namespace sluice::files
