#include "manifest/document.hpp"

#include <algorithm>

#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

constexpr char tail_of_masked = '\x01';

// What a terminal can take: tabs as blanks, broken bytes and control characters as the replacement character.
std::string printable(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    const std::size_t good = std::min(first_invalid_utf8(line), line.size());
    for (const char c : line.substr(0, good)) {
      if (c == tail_of_masked) continue;
      if (c == '\t') {
        out += ' ';
      } else if ((c >= 0 && c < 0x20) || c == 0x7F) {
        out += "\uFFFD";
      } else {
        out += c;
      }
    }
    line.remove_prefix(good);
    if (!line.empty()) {
      out += "\uFFFD";
      line.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace

document::document(std::string file, std::string_view text) : file_(std::move(file)) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text_ = text;
  starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    const bool lone_return = text_[i] == '\r' && (i + 1 == text_.size() || text_[i + 1] != '\n');
    if (text_[i] == '\n' || lone_return) starts_.push_back(i + 1);
  }
}

std::string document::folder() const {
  const std::size_t slash = file_.rfind('/');
  return slash == std::string::npos ? std::string(".")
         : slash == 0               ? std::string("/")
                                    : file_.substr(0, slash);
}

int document::line_of(std::size_t offset) const {
  const auto after = std::ranges::upper_bound(starts_, offset);
  return static_cast<int>(after - starts_.begin());
}

position document::locate(span s) const {
  const auto column = [&](int line, std::size_t offset) {
    const std::size_t start = starts_[static_cast<std::size_t>(line) - 1];
    return count_characters(std::string_view(text_).substr(start, offset - start)) + 1;
  };
  s.begin = std::min(s.begin, text_.size());
  s.end = std::clamp(s.end, s.begin, text_.size());
  position p{file_, line_of(s.begin), 0, line_of(s.end), 0};
  p.column = column(p.line, s.begin);
  p.end_column = column(p.end_line, s.end);
  return p;
}

std::string document::line_text(int line) const {
  const auto i = static_cast<std::size_t>(line) - 1;
  if (line < 1 || i >= starts_.size()) return {};
  const std::size_t begin = starts_[i];
  std::size_t end = i + 1 < starts_.size() ? starts_[i + 1] : text_.size();
  while (end > begin && (text_[end - 1] == '\n' || text_[end - 1] == '\r')) --end;
  std::string out = text_.substr(begin, end - begin);
  for (const span& m : masks_) {
    for (std::size_t k = std::max(m.begin, begin); k < std::min(m.end, end); ++k) {
      // A character stays one character, so that carets stay where they are.
      const bool tail = (text_[k] & 0xC0) == 0x80;
      out[k - begin] = tail ? tail_of_masked : '*';
    }
  }
  return printable(out);
}

std::vector<diagnostic> to_diagnostics(std::vector<finding> findings) {
  constexpr std::size_t most = 50;
  std::ranges::stable_sort(findings, [](const finding& a, const finding& b) {
    if (a.in != b.in) return a.in->file() < b.in->file();
    return a.at.begin < b.at.begin;
  });
  // One place may break one rule by several ways into it; once is enough.
  const auto same = std::ranges::unique(findings, [](const finding& a, const finding& b) {
    return a.in == b.in && a.at == b.at && a.code == b.code && a.message == b.message;
  });
  findings.erase(same.begin(), same.end());
  if (findings.size() > most) findings.resize(most);
  std::vector<diagnostic> out;
  for (finding& f : findings) {
    diagnostic d{std::move(f.code),    f.severity,        {}, std::move(f.path),
                 std::move(f.message), std::move(f.help), {}, {}};
    d.at.file = f.in->file();
    if (!f.whole_file) {
      d.at = f.in->locate(f.at);
      d.source = f.in->line_text(d.at.line);
    }
    for (auto& [where, text] : f.related) {
      const position p = f.in->locate(where);
      d.related.push_back({p, std::move(text), f.in->line_text(p.line)});
    }
    out.push_back(std::move(d));
  }
  return out;
}

}  // namespace sluice::manifest
