#include <algorithm>

#include "decode/pages.hpp"
#include "decode/text.hpp"

namespace sluice::decode {

namespace {

// Walks from the root to the records and on to the end of the page, so that nothing of it goes unchecked.
class document {
 public:
  document(const plan& p, const tokens& t, std::string_view bytes, mapper& m, result& out)
      : plan_(p), t_(t), bytes_(bytes), mapper_(m), out_(out), walker_(t) {}

  void read() {
    const std::uint32_t end = descend(0, 0);
    if (end != t_.count) walker_.fail(end, "nothing more");
    if (found_) return;
    throw error(codes::no_records,
                "expected an array at `" + plan_.records + "`, found " + instead_ + "; " + beginning(bytes_));
  }

 private:
  std::uint32_t descend(std::uint32_t i, std::size_t depth) {
    if (depth == plan_.records_at.size()) return read_records(i);
    const char c = t_[i];
    if (c == '{') return descend_object(i + 1, depth);
    if (c == '[') return descend_array(i + 1, depth);
    return walker_.skip(i);
  }

  std::uint32_t descend_object(std::uint32_t i, std::size_t depth) {
    if (t_[i] == '}') return i + 1;
    bool seen = false;
    do {
      std::string_view raw;
      i = walker_.key(i, raw);
      if (!is_key(raw, plan_.records_at[depth])) {
        i = walker_.skip(i);
        continue;
      }
      if (seen) forget();  // of duplicate keys the last counts
      seen = true;
      i = descend(i, depth + 1);
    } while (walker_.more(i, '}'));
    return i;
  }

  std::uint32_t descend_array(std::uint32_t i, std::size_t depth) {
    if (t_[i] == ']') return i + 1;
    std::size_t element = 0;
    do {
      const bool here = std::to_string(element++) == plan_.records_at[depth];
      i = here ? descend(i, depth + 1) : walker_.skip(i);
    } while (walker_.more(i, ']'));
    return i;
  }

  std::uint32_t read_records(std::uint32_t i) {
    if (t_[i] == '{') {
      found_ = true;
      return mapper_.take(t_, i);
    }
    if (t_[i] != '[') {
      const std::uint32_t after = walker_.skip(i);
      instead_ = show(read_token(t_, i));
      return after;
    }
    found_ = true;
    ++i;
    if (t_[i] == ']') return i + 1;
    do {
      check_count(plan_, out_);
      i = mapper_.take(t_, i);
    } while (walker_.more(i, ']'));
    return i;
  }

  void forget() {
    mapper_.restart();
    found_ = false;
    instead_ = "nothing";
  }

  static bool is_key(std::string_view raw, const std::string& key) {
    if (raw.find('\\') == std::string_view::npos) return raw == key;
    std::string plain;
    return unescape(raw, plain) == text_fault::none && plain == key;
  }

  const plan& plan_;
  const tokens& t_;
  std::string_view bytes_;
  mapper& mapper_;
  result& out_;
  walker walker_;
  bool found_ = false;
  std::string instead_ = "nothing";
};

void check_looks_like_json(std::string_view bytes) {
  const char first = bytes[bytes.find_first_not_of(" \t\r\n")];
  if (std::string_view("{[\"-0123456789tfn").find(first) != std::string_view::npos) return;
  const char* what = first == '<' ? "HTML or XML" : "something else";
  throw error(codes::not_json, std::string("expected JSON, found ") + what + "; " + beginning(bytes));
}

// The first control character inside a string.
std::size_t find_control(std::string_view bytes) {
  bool inside = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (inside && static_cast<unsigned char>(bytes[i]) < ' ') return i;
    if (bytes[i] == '"') inside = !inside;
    else if (inside && bytes[i] == '\\') ++i;
  }
  return bytes.size();
}

[[noreturn]] void refuse_page(index_fault fault, std::string_view bytes) {
  if (fault == index_fault::unclosed_text) {
    throw error(codes::truncated,
                "the page ends within a text after " + std::to_string(bytes.size()) +
                    " bytes: it was cut off on its way; " + beginning(bytes),
                true);
  }
  if (fault == index_fault::control_character) {
    throw error(codes::malformed, "the page is not JSON: a control character that isn't escaped at byte " +
                                      std::to_string(find_control(bytes)) + "; " + beginning(bytes));
  }
  throw error(codes::malformed, "the page can't be indexed as JSON; " + beginning(bytes));
}

// Makes bytes that are no UTF-8 into `?` and remembers where, so that only their records suffer.
std::string_view repair(std::string_view bytes, scratch::state& s) {
  s.bytes.assign(bytes);
  for (std::size_t bad = find_invalid_utf8(bytes); bad != std::string_view::npos;
       bad = find_invalid_utf8(s.bytes, bad)) {
    s.damage.push_back(bad);
    s.bytes[bad] = '?';
  }
  return s.bytes;
}

}  // namespace

void check_count(const plan& p, const result& out) {
  if (static_cast<std::size_t>(out.records) < p.caps.records) return;
  throw error(codes::too_many_records,
              "the page has more than " + std::to_string(p.caps.records) + " records: ask for smaller pages");
}

void read_json(const plan& p, std::string_view bytes, scratch::state& s, mapper& m, result& out) {
  check_looks_like_json(bytes);
  tokens t;
  s.damage.clear();
  auto fault = s.index.build(bytes, t);
  if (fault == index_fault::not_utf8) {
    fault = s.index.build(repair(bytes, s), t);
    m.set_damage(&s.damage);
  }
  if (fault != index_fault::none) refuse_page(fault, bytes);
  try {
    document(p, t, bytes, m, out).read();
  } catch (const grammar_error& e) {
    if (!e.ends_early())
      throw error(codes::malformed,
                  std::string("the page is not JSON: ") + e.what() + "; " + beginning(bytes));
    throw error(codes::truncated,
                "the page ends early, after " + std::to_string(bytes.size()) +
                    " bytes: it was cut off on its way: " + e.what() + "; " + beginning(bytes),
                true);
  }
  if (m.damage_seen() < s.damage.size()) {
    throw error(codes::not_utf8, "the page is not UTF-8: byte " + std::to_string(s.damage[m.damage_seen()]) +
                                     " belongs to no character; " + beginning(bytes));
  }
}

}  // namespace sluice::decode
