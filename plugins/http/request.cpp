#include "request.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include <sluice/failure.hpp>

#include "codes.hpp"
#include "headers.hpp"
#include "overlap.hpp"
#include "url.hpp"

namespace sluice::http {
namespace {
using nlohmann::json;

[[noreturn]] void refuse_request(const std::string& why) {
  throw failure(status::invalid, codes::bad_request, "request." + why);
}

page_style style_of(const std::string& name) {
  constexpr std::array<std::pair<std::string_view, page_style>, 6> styles{{{"none", page_style::none},
                                                                           {"cursor", page_style::cursor},
                                                                           {"offset", page_style::offset},
                                                                           {"pages", page_style::pages},
                                                                           {"link", page_style::link},
                                                                           {"last_id", page_style::last_id}}};
  for (const auto& [text, style] : styles) {
    if (name == text) return style;
  }
  refuse_request("page.style: `" + name + "` is unknown; use none, cursor, offset, pages, link or last_id");
}

std::string default_param(page_style style) {
  switch (style) {
    case page_style::cursor: return "cursor";
    case page_style::offset: return "offset";
    case page_style::pages: return "page";
    case page_style::last_id: return "starting_after";
    default: return "";
  }
}

page_plan parse_page(const json& page) {
  page_plan out;
  out.style = style_of(page.at("style").get<std::string>());
  out.param = page.value("param", default_param(out.style));
  out.next = page.value("next", "");
  out.id = page.value("id", "");
  out.total = page.value("total", "");
  out.total_header = to_lower(page.value("total_header", ""));
  if (page.contains("start")) out.start = page.at("start").get<std::string>();
  out.more = page.value("more", "");
  out.until_empty = page.value("until", "short") == "empty";
  out.strict = page.value("check", "strict") == "strict";
  out.base = page.value("base", std::int64_t{out.style == page_style::pages ? 1 : 0});
  out.max_pages = page.value("max_pages", out.max_pages);
  out.ranges = page.value("parallel", out.ranges);
  const json size = page.value("size", json::object());
  for (const auto& [param, n] : size.items()) {
    out.size_param = param;
    out.size = n.get<std::int64_t>();
  }
  if (out.style == page_style::cursor && out.next.empty())
    refuse_request("page.next: say where a page holds the next cursor, such as /next");
  if (out.start && out.style != page_style::cursor && out.style != page_style::last_id)
    refuse_request("page.start: goes with the styles cursor and last_id");
  if (!out.total_header.empty() && !out.total.empty())
    refuse_request("page.total_header: goes without total; one of them counts");
  if (!out.id.empty() && out.style != page_style::last_id && out.style != page_style::offset)
    refuse_request("page.id: goes with the styles last_id and offset");
  if (out.style == page_style::last_id && out.id.empty())
    refuse_request("page.id: say where a record holds its id, such as /id");
  return out;
}

page_format format_of(const std::string& name) {
  if (name == "json") return page_format::json;
  if (name == "ndjson") return page_format::ndjson;
  if (name == "csv") return page_format::csv;
  refuse_request("format: `" + name + "` is unknown; use json, ndjson or csv");
}

// The literal text of a path is sent as it stands, so it has to be a path already.
void check_path(const text_template& path) {
  const std::string& text = path.text();
  if (!text.starts_with('/')) refuse_request("path: `" + text + "` must begin with /");
  bool in_name = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '$' && i + 1 < text.size() && text[i + 1] == '{') in_name = true;
    if (!in_name && (c <= ' ' || c == '?' || c == '#' || static_cast<unsigned char>(c) >= 0x7F)) {
      refuse_request(
          "path: `" + text +
          "` holds a character that a path can't; parameters go to request.query, others are written as %XX");
    }
    if (c == '}') in_name = false;
  }
}

void add_parameter(std::string& url, const std::string& name, const std::string& value) {
  url += url.find('?') == std::string::npos ? '?' : '&';
  append_percent_encoded(url, name);
  url += '=';
  append_percent_encoded(url, value);
}

bool needs_absent_since(const text_template& t, const vars& values) {
  const std::string* since = values.find("since");
  return (since == nullptr || since->empty()) && std::ranges::count(t.names(), "since") != 0;
}

void add_page(std::string& url, const page_plan& plan, const page_place& place) {
  if (plan.size != 0) add_parameter(url, plan.size_param, std::to_string(plan.size));
  if (plan.style == page_style::offset)
    add_parameter(url, plan.param, std::to_string(plan.base + first_record(place)));
  if (plan.style == page_style::pages)
    add_parameter(url, plan.param, std::to_string(plan.base + place.page - 1));
  const bool by_value = plan.style == page_style::cursor || plan.style == page_style::last_id;
  if (!by_value) return;
  if (!place.cursor.empty()) add_parameter(url, plan.param, place.cursor);
  else if (plan.start) add_parameter(url, plan.param, *plan.start);
}

}  // namespace

read_plan parse_read(std::string_view read_json) {
  try {
    const json read = json::parse(read_json);
    const json& request = read.at("request");
    read_plan out;
    out.name = read.value("name", "");
    out.records = read.value("records", "");
    out.method = request.value("method", "GET");
    out.path = text_template(request.at("path").get<std::string>());
    check_path(out.path);
    const json query = request.value("query", json::object()),
               headers = request.value("headers", json::object());
    for (const auto& [name, value] : query.items()) {
      out.query.emplace_back(name, text_template(value.get<std::string>()));
    }
    if (read.contains("incremental")) {
      out.query.emplace_back(read.at("incremental").at("param").get<std::string>(),
                             text_template("${since}"));
    }
    for (const auto& [name, value] : headers.items()) {
      out.headers.emplace_back(name, parse_header(name, value.get<std::string>(), codes::bad_request));
    }
    out.body = text_template(request.value("body", ""));
    out.content_type = request.value("content_type", "application/json");
    out.format = format_of(request.value("format", "json"));
    if (request.contains("page")) out.page = parse_page(request.at("page"));
    const bool in_header =
        out.page.style == page_style::none || (out.page.style == page_style::link && out.page.next.empty());
    if (out.format != page_format::json && !in_header) {
      refuse_request("page: " + request.value("format", "") +
                     " has no place for it; use link with the Link header, or leave it out");
    }
    if (!out.body.text().empty() && out.method != "POST") refuse_request("body: goes with method: POST only");
    return out;
  } catch (const json::exception& wrong) {
    refuse_request(std::string("it does not fit: ") + wrong.what());
  }
}

prepared_request make_request(const settings& s, const read_plan& read, const vars& values,
                              const page_place& place) {
  prepared_request out;
  out.method = read.method;
  out.origin_url = s.base_url.expand(values);
  check_base(out.origin_url);
  while (out.origin_url.ends_with('/')) out.origin_url.pop_back();
  if (read.page.style == page_style::link && !place.cursor.empty()) {
    out.url = resolve_link(out.origin_url, place.cursor);
  } else {
    out.url = out.origin_url + read.path.expand(values, encoding::segment);
    for (const auto& [name, value] : read.query) {
      if (!needs_absent_since(value, values)) add_parameter(out.url, name, value.expand(values));
    }
    add_page(out.url, read.page, place);
  }
  add_headers(out.headers, s, read, values);
  out.total_header = read.page.total_header;
  if (read.method == "POST") {
    out.body = read.body.expand(values);
    out.headers.push_back("Content-Type: " + read.content_type);
  }
  return out;
}

std::string prepared_request::shown() const { return method + " " + without_query(url); }

}  // namespace sluice::http
