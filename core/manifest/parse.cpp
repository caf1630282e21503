// yaml-cpp's events → nodes. Limits hold while events come in, so nothing deep or wide is ever built.
#include <istream>
#include <map>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "manifest/codes.hpp"
#include "manifest/document.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

struct limit_reached {
  span at;
  std::string message, help;
};

// End of a scalar that begins at `begin`; the events only tell where things begin.
std::size_t scalar_end(std::string_view text, std::size_t begin, std::string_view value) {
  if (begin >= text.size()) return begin;
  const char first = text[begin];
  if (first == '"' || first == '\'') {
    for (std::size_t i = begin + 1; i < text.size(); ++i) {
      if (first == '"' && text[i] == '\\') {
        ++i;
      } else if (text[i] == first) {
        if (first == '\'' && i + 1 < text.size() && text[i + 1] == first) {
          ++i;
        } else {
          return i + 1;
        }
      }
    }
    return text.size();
  }
  if (text.substr(begin, value.size()) == value) return begin + value.size();
  const std::size_t line_end = text.find_first_of("\r\n", begin);  // a block scalar, or one over lines
  return line_end == std::string_view::npos ? text.size() : line_end;
}

class builder : public YAML::EventHandler {
 public:
  builder(const document& doc, std::vector<finding>& out) : doc_(doc), out_(out) {}

  std::optional<node> take() {
    if (!started_) return std::nullopt;
    return std::move(root_);
  }

  void OnDocumentStart(const YAML::Mark&) override { started_ = true; }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    node n;
    n.at = word_at(mark);
    refuse_anchor(anchor, n.at);
    add(std::move(n));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    node n;
    n.at = word_at(mark);
    report(code::alias, n.at, "aliases are not allowed", "write the value out where it is used");
    add(std::move(n));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    node n;
    n.kind = node::kind::scalar;
    n.text = value;
    n.quoted = tag != "?";
    const std::size_t begin = offset(mark);
    n.at = {begin, scalar_end(doc_.text(), begin, value)};
    refuse_anchor(anchor, n.at);
    refuse_tag(tag, n.at);
    if (value.find('\0') != std::string::npos) {
      report(code::encoding, n.at, "a text holds a NUL character", "leave it out: no store keeps it");
    }
    add(std::move(n));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(node::kind::sequence, mark, tag, anchor);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(node::kind::mapping, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct level {
    node value;
    bool has_key = false;
    bool drop = false;                 // the key is no text: reported, and left out with its value
    member pending;                    // a mapping's key that waits for its value
    std::map<std::string, span> keys;  // so far
  };

  std::size_t offset(const YAML::Mark& m) const {
    return m.pos < 0 ? 0 : std::min(static_cast<std::size_t>(m.pos), doc_.text().size());
  }
  span word_at(const YAML::Mark& mark) const {
    const std::size_t begin = offset(mark);
    const std::size_t end = doc_.text().find_first_of(" \t\r\n,]}", begin);
    return {begin, std::max(begin, end == std::string::npos ? doc_.text().size() : end)};
  }

  void report(std::string_view code, span at, std::string message, std::string help) {
    out_.push_back({std::string(code),
                    severity::error,
                    &doc_,
                    at,
                    false,
                    {},
                    std::move(message),
                    {std::move(help)},
                    {}});
  }
  void refuse_anchor(YAML::anchor_t anchor, span at) {
    if (anchor != 0) {
      report(code::alias, {at.begin, at.begin}, "anchors are not allowed",
             "write the value out where it is used");
    }
  }
  void refuse_tag(const std::string& tag, span at) {
    constexpr std::string_view standard = "tag:yaml.org,2002:";
    if (!tag.empty() && tag != "?" && tag != "!") {
      const std::string written = tag.starts_with(standard) ? "!!" + tag.substr(standard.size()) : tag;
      report(code::tag, {at.begin, at.begin}, "the tag " + in_ticks(written) + " is not allowed",
             "leave the tag out; quote a value to make it text");
    }
  }

  void open(enum node::kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const std::size_t begin = offset(mark);
    level l;
    l.value.kind = kind;
    l.value.at = {begin, begin + 1};
    if (static_cast<int>(levels_.size()) >= max_document_depth) {
      throw limit_reached{l.value.at, "nested deeper than " + std::to_string(max_document_depth) + " levels",
                          "no part of a manifest needs that depth"};
    }
    refuse_anchor(anchor, l.value.at);
    refuse_tag(tag, l.value.at);
    count(l.value.at);
    levels_.push_back(std::move(l));
  }

  void close() {
    node done = std::move(levels_.back().value);
    levels_.pop_back();
    if (!done.items.empty()) done.at.end = std::max(done.at.end, done.items.back().at.end);
    if (!done.members.empty()) done.at.end = std::max(done.at.end, done.members.back().value.at.end);
    place(std::move(done));
  }

  void count(span at) {
    if (++nodes_ > max_document_nodes) {
      throw limit_reached{at, "more than " + std::to_string(max_document_nodes) + " values",
                          "keep tenants in a store of their own, not in the manifest"};
    }
  }

  void add(node n) {
    count(n.at);
    place(std::move(n));
  }

  void place(node n) {
    if (levels_.empty()) {
      root_ = std::move(n);
      return;
    }
    level& top = levels_.back();
    if (top.value.is_sequence()) {
      top.value.items.push_back(std::move(n));
    } else if (!top.has_key) {
      take_key(top, std::move(n));
    } else {
      top.has_key = false;
      top.pending.value = std::move(n);
      if (top.drop) return;
      const auto [first, is_new] = top.keys.emplace(top.pending.key, top.pending.key_at);
      if (!is_new) {
        finding f{std::string(code::duplicate_key),
                  severity::error,
                  &doc_,
                  top.pending.key_at,
                  false,
                  {},
                  "the key " + in_ticks(top.pending.key) + " stands here a second time",
                  {"keep one of them"},
                  {{first->second, "first here"}}};
        out_.push_back(std::move(f));
      } else {
        top.value.members.push_back(std::move(top.pending));
      }
    }
  }

  void take_key(level& top, node key) {
    top.has_key = true;
    top.drop = !key.is_scalar();
    if (top.drop) {
      report(code::bad_key, key.at, "a key must be text",
             "write it as `key: value`; quote it if it looks otherwise");
    }
    top.pending = {std::move(key.text), key.at, {}};
  }

  const document& doc_;
  std::vector<finding>& out_;
  std::vector<level> levels_;
  node root_;
  bool started_ = false;
  int nodes_ = 0;
};

finding at_offset(const document& doc, std::string_view code, std::size_t at, std::string message) {
  return {std::string(code), severity::error, &doc, {at, at}, false, {}, std::move(message), {}, {}};
}

// Offset of a tab in the indentation of a line, or npos.
std::size_t tab_in_indentation(const document& doc, int line) {
  const std::string& text = doc.text();
  std::size_t begin = 0;
  for (int i = 1; i < line && begin != std::string::npos; ++i) {
    begin = text.find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (begin == std::string::npos) return begin;
  const std::size_t word = std::min(text.find_first_not_of(" \t", begin), text.size());
  const std::size_t tab = text.find('\t', begin);
  return tab < word ? tab : std::string::npos;
}

// What the parser says most often, for people who don't know its grammar.
std::string in_our_words(const std::string& message) {
  if (message == "end of map flow not found")
    return "a `{` is not closed, or something in it is no `key: value`";
  if (message == "end of sequence flow not found")
    return "a `[` is not closed, or something in it is no value";
  if (message == "end of map not found" || message == "end of sequence not found") {
    return "this line does not continue what stands above it";
  }
  if (message == "illegal map value") return "a `:` makes a key here, where no key can be";
  return "this is not valid YAML: " + message;
}

finding syntax_finding(const document& doc, const YAML::Exception& e) {
  const std::size_t at = e.mark.pos < 0 ? 0 : static_cast<std::size_t>(e.mark.pos);
  const int line = doc.locate({at, at}).line;
  if (const std::size_t tab = tab_in_indentation(doc, line); tab != std::string::npos) {
    finding f = at_offset(doc, code::syntax, tab, "a tab is used for indentation");
    f.help = {"YAML indents with spaces: replace the tabs"};
    return f;
  }
  finding f = at_offset(doc, code::syntax, at, in_our_words(e.msg));
  const std::string source = doc.line_text(line);
  if (source.find("${") != std::string::npos && source.find_first_of("{[") != source.find("${") + 1) {
    f.help.emplace_back("inside { } and [ ] a reference needs quotes: \"${env:NAME}\"");
  } else {
    f.help.emplace_back("look at the indentation and the quotes of this line and of the one before");
  }
  return f;
}

// UTF-8 without control characters. An error here would only confuse the parser.
bool clean(const document& doc, std::vector<finding>& out) {
  const std::string& text = doc.text();
  std::size_t bad = first_invalid_utf8(text);
  std::string message = "this is not UTF-8";
  std::string help = "save the file as UTF-8";
  for (std::size_t i = 0; i < std::min(bad, text.size()); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      bad = i;
      message = "a control character stands here";
      help = "remove it; in quotes it can be written as an escape";
      break;
    }
  }
  if (bad == std::string::npos) return true;
  finding f = at_offset(doc, code::encoding, bad, message);
  f.help = {help};
  out.push_back(std::move(f));
  return false;
}

}  // namespace

std::optional<node> parse_yaml(const document& doc, std::vector<finding>& out) {
  if (!clean(doc, out)) return std::nullopt;
  builder b(doc, out);
  try {
    std::istringstream stream(doc.text());
    YAML::Parser parser(stream);
    parser.HandleNextDocument(b);
    std::optional<node> root = b.take();
    builder second(doc, out);
    if (root && parser.HandleNextDocument(second)) {
      const std::size_t marker = doc.text().find("\n---", root->at.end > 0 ? root->at.end - 1 : 0);
      const std::size_t at = marker == std::string::npos ? root->at.end : marker + 1;
      finding f = at_offset(doc, code::documents, at, "a second document begins here");
      f.help = {"a manifest is one document: make it a file of its own"};
      out.push_back(std::move(f));
    }
    return root;
  } catch (const limit_reached& e) {
    finding f = at_offset(doc, code::too_large, e.at.begin, e.message);
    f.help = {e.help};
    out.push_back(std::move(f));
  } catch (const YAML::Exception& e) {
    out.push_back(syntax_finding(doc, e));
  }
  return std::nullopt;
}

}  // namespace sluice::manifest
