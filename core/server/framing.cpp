#include "server/framing.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "server/codes.hpp"
#include "server/problem.hpp"

namespace sluice::server {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw refusal(400, code::bad_frame, why).last(); }

bool is_token(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  const auto good = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || marks.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), good);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// The next line without its end. Nothing but CR LF ends one.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  if (end == std::string_view::npos) refuse("a line of the header doesn't end with CR LF");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) refuse("the header holds a control character");
  }
  return line;
}

// True: HTTP/1.1.
bool read_request_line(std::string_view line, request_head& out) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    refuse("the first line is not METHOD, one blank, target, one blank, version");
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") refuse("the version is neither HTTP/1.1 nor HTTP/1.0");
  out.method = line.substr(0, first);
  if (!is_token(out.method)) refuse("the method is no token");
  const bool plain =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (target.empty() || target.front() != '/' || !plain)
    refuse("the target is not a path that begins with /");
  if (target.size() > limits::target)
    throw refusal(414, code::header_too_large, "the target has more than 4 KiB").last();
  out.target = target;
  return version == "HTTP/1.1";
}

// What is meant to be there once: whom would one believe?
bool is_single(std::string_view name) {
  constexpr std::string_view names[] = {
      "authorization",  "content-type",      "host",  "last-event-id", "x-correlation-id",
      "content-length", "transfer-encoding", "expect"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

void read_field(std::string_view line, request_head& out) {
  if (line.front() == ' ' || line.front() == '\t') refuse("a field of the header is folded over two lines");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    refuse("a field of the header is not NAME: VALUE, without a blank before the colon");
  }
  const std::string name = lower(line.substr(0, colon));
  const std::string_view value = trimmed(line.substr(colon + 1));
  const auto [at, is_new] = out.fields.emplace(name, value);
  if (is_new) return;
  if (is_single(name)) refuse("the field " + name + " stands there twice");
  at->second += ", " + std::string(value);
}

// A name that a page in a browser could have pointed to this machine is not one of ours: an address can't be.
void check_host(const std::string& host, host_names allowed) {
  std::string_view name = host;
  if (!name.empty() && name.front() == '[') {
    name = name.substr(0, name.find(']') + 1);
  } else {
    name = name.substr(0, name.find(':'));
  }
  const std::string_view port = std::string_view(host).substr(name.size());
  const bool good_port = port.empty() || (port.size() > 1 && port.front() == ':' &&
                                          std::all_of(port.begin() + 1, port.end(),
                                                      [](unsigned char c) { return std::isdigit(c) != 0; }));
  const auto of = [&](std::string_view letters) {
    return !name.empty() && name.find_first_not_of(letters) == std::string_view::npos;
  };
  const bool v6 =
      name.size() > 2 && name.front() == '[' && name.back() == ']' && of("[]0123456789abcdefABCDEF:.");
  if (good_port && (v6 || of("0123456789.") || lower(name) == "localhost")) return;
  constexpr std::string_view of_names = "abcdefghijklmnopqrstuvwxyz0123456789-._";
  if (good_port && allowed == host_names::any &&
      lower(name).find_first_not_of(of_names) == std::string::npos && !name.empty())
    return;
  refuse("the field Host is neither an address nor localhost");
}

void read_length(request_head& out, bool is_11) {
  const auto coding = out.fields.find("transfer-encoding");
  const auto length = out.fields.find("content-length");
  if (coding != out.fields.end()) {
    if (!is_11 || coding->second != "chunked") refuse("the only Transfer-Encoding is `chunked`, in HTTP/1.1");
    if (length != out.fields.end()) refuse("both Transfer-Encoding and Content-Length");
    out.chunked = true;
  }
  if (length == out.fields.end()) return;
  const std::string& digits = length->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    refuse("Content-Length is no number");
  }
  out.length = value;
}

}  // namespace

request_head read_head(std::string_view text, host_names allowed) {
  request_head out;
  const bool is_11 = read_request_line(take_line(text), out);
  std::size_t fields = 0;
  for (;;) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    if (++fields > limits::fields) {
      throw refusal(431, code::header_too_large, "the header has more than 64 fields").last();
    }
    read_field(line, out);
  }
  const auto host = out.fields.find("host");
  if (host != out.fields.end()) check_host(host->second, allowed);
  else if (is_11) refuse("the field Host is missing");
  read_length(out, is_11);
  const auto connection = out.fields.find("connection");
  const std::string wish = connection == out.fields.end() ? std::string() : lower(connection->second);
  out.keep_alive = is_11 && wish.find("close") == std::string::npos;
  return out;
}

}  // namespace sluice::server
