#include "manifest/diagnostic.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

// A part of a long line around the columns of interest.
struct excerpt {
  std::string text;
  int column = 1;  // of the place within `text`
};

excerpt cut(const std::string& line, int column) {
  constexpr int widest = 110, before = 60;
  std::vector<std::string> characters;
  for (const char c : line) {
    if ((c & 0xC0) != 0x80 || characters.empty()) characters.emplace_back();
    characters.back() += c;
  }
  const int all = static_cast<int>(characters.size());
  if (all <= widest) return {line, column};
  const int first = std::clamp(column - before, 0, std::max(0, all - widest));
  const int last = std::min(all, first + widest);
  excerpt out;
  if (first > 0) out.text = "…";
  for (int i = first; i < last; ++i) out.text += characters[static_cast<std::size_t>(i)];
  if (last < all) out.text += "…";
  out.column = column - first + (first > 0 ? 1 : 0);
  return out;
}

std::string place(const position& p) {
  if (p.line == 0) return p.file;
  return p.file + ":" + std::to_string(p.line) + ":" + std::to_string(p.column);
}

std::string snippet(const position& p, const std::string& source, char underline, const std::string& label) {
  const std::string number = std::to_string(p.line);
  const std::string margin(number.size(), ' ');
  const excerpt e = cut(source, p.column);
  const int shown = count_characters(e.text);
  int width = p.end_line == p.line ? p.end_column - p.column : shown - e.column + 1;
  width = std::clamp(width, 1, std::max(1, shown - e.column + 1));
  std::string out = margin + " |\n" + number + " | " + e.text + "\n" + margin + " | ";
  out += std::string(static_cast<std::size_t>(e.column - 1), ' ');
  out += std::string(static_cast<std::size_t>(width), underline);
  if (!label.empty()) out += " " + label;
  return out + "\n";
}

nlohmann::json to_json(const position& p) {
  return {{"file", p.file},
          {"line", p.line},
          {"column", p.column},
          {"end_line", p.end_line},
          {"end_column", p.end_column}};
}

}  // namespace

std::string render_text(const diagnostic& d) {
  std::string out = d.severity == severity::error ? "error" : "warning";
  out += "[" + d.code + "]: " + d.message + "\n";
  const std::string margin(d.at.line == 0 ? 1 : std::to_string(d.at.line).size(), ' ');
  out += margin + "--> " + place(d.at) + "\n";
  if (d.at.line > 0) out += snippet(d.at, d.source, '^', {});
  for (const related_position& r : d.related) {
    if (r.at.file != d.at.file) out += margin + "::: " + place(r.at) + "\n";
    out += snippet(r.at, r.source, '-', r.message);
  }
  for (const std::string& h : d.help) out += margin + " = help: " + h + "\n";
  return out;
}

std::string render_text(const std::vector<diagnostic>& all) {
  std::string out;
  for (const diagnostic& d : all) out += render_text(d) + "\n";
  const auto errors = std::ranges::count(all, severity::error, &diagnostic::severity);
  const auto warnings = static_cast<std::ptrdiff_t>(all.size()) - errors;
  const auto counted = [](std::ptrdiff_t n, const std::string& what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
  };
  if (errors > 0) out += counted(errors, "error");
  if (warnings > 0) out += (errors > 0 ? ", " : "") + counted(warnings, "warning");
  if (!all.empty()) out += "\n";
  return out;
}

std::string render_json(const std::vector<diagnostic>& all) {
  nlohmann::json out = nlohmann::json::array();
  for (const diagnostic& d : all) {
    nlohmann::json j = to_json(d.at);
    j["code"] = d.code;
    j["severity"] = d.severity == severity::error ? "error" : "warning";
    j["path"] = d.path;
    j["message"] = d.message;
    j["help"] = d.help;
    j["related"] = nlohmann::json::array();
    for (const related_position& r : d.related) {
      nlohmann::json n = to_json(r.at);
      n["message"] = r.message;
      j["related"].push_back(std::move(n));
    }
    out.push_back(std::move(j));
  }
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sluice::manifest
