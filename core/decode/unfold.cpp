#include "decode/unfold.hpp"

#include <algorithm>

#include "decode/datum.hpp"
#include "decode/text.hpp"

namespace sluice::decode {

// The JSON that the inside of a string stands for, into inner_. It has to be whole by itself: put into the record
// it must not become more than one value. Returns what is wrong.
std::string unfolder::read(std::string_view raw) {
  inner_.clear();
  if (const auto fault = unescape(raw, inner_); fault != text_fault::none)
    return std::string(describe(fault));
  if (inner_.find_first_not_of(" \t\r\n") == std::string::npos) inner_ = "null";
  tokens t;
  const std::string shown = ": \"" + one_line(inner_, 80) + "\"";
  if (index_.build(inner_, t) != index_fault::none) return "holds a text that is no JSON" + shown;
  try {
    walker over(t);
    if (const std::uint32_t end = over.skip(0); end != t.count) over.fail(end, "nothing more");
  } catch (const grammar_error& e) {
    return std::string("holds a text that is no JSON: ") + e.what() + shown;
  }
  return {};
}

unfolder::outcome unfolder::unfold(const tokens& t, std::string_view record, const std::vector<place>& at,
                                   const slot_tokens& slots) {
  outcome out;
  std::vector<std::pair<std::uint32_t, const place*>> found;
  for (const place& p : at) {
    if (read_token(t, slots[p.slot]).is == datum::type::quoted) found.emplace_back(slots[p.slot], &p);
  }
  if (found.empty()) return out;
  std::ranges::sort(found);
  text_.clear();
  const char* from = record.data();
  for (const auto& [token, p] : found) {
    const std::string_view quoted = t.scalar(token);
    out.why = read(quoted.substr(1, quoted.size() - 2));
    if (!out.why.empty()) {
      out.where = p->pointer;
      return out;
    }
    text_.append(from, static_cast<std::size_t>(quoted.data() - from)).append(inner_);
    from = quoted.data() + quoted.size();
  }
  text_.append(from, static_cast<std::size_t>(record.data() + record.size() - from));
  if (index_.build(text_, tokens_) != index_fault::none) {
    out.why = "can't be read with its texts as JSON";
    return out;
  }
  out.text = &tokens_;
  return out;
}

}  // namespace sluice::decode
