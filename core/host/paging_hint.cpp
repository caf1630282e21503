// Signs of further pages in an answer: of the ways to page that APIs have, the usual names.
#include <algorithm>
#include <array>
#include <optional>

#include "host/absent.hpp"
#include "host/outline.hpp"

namespace sluice::host {

namespace {

using type = enum json_tree::type;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> known) {
  return std::ranges::any_of(known, [&](std::string_view k) { return likeness(name, k) == 3; });
}

// Values beside the records: at the top of a page, and in the objects that stand there.
struct beside {
  std::string pointer, name;
  const json_tree* value;
};

std::vector<beside> values_beside(const json_tree& page, const std::string& records) {
  std::vector<beside> out;
  for (std::size_t i = 0; i < page.keys.size(); ++i) {
    const std::string here = child_pointer({}, page.keys[i]);
    if (here == records) continue;
    out.push_back({here, page.keys[i], &page.items[i]});
    for (std::size_t k = 0; k < page.items[i].keys.size(); ++k) {
      const json_tree& inner = page.items[i];
      out.push_back({child_pointer(here, inner.keys[k]), inner.keys[k], &inner.items[k]});
    }
  }
  return out;
}

std::optional<std::string> header(const header_list& all, std::string_view name) {
  const auto at = std::ranges::find_if(all, [&](const auto& h) { return likeness(h.first, name) == 3; });
  return at == all.end() ? std::nullopt : std::optional(at->second);
}

class hinter {
 public:
  hinter(const json_tree& page, const std::string& records, const header_list& headers)
      : all_(values_beside(page, records)), headers_(headers) {
    const json_tree* list = at_pointer(page, records);
    if (list != nullptr && list->holds(type::list)) count_ = list->items.size();
  }

  std::vector<paging_hint> run() {
    const auto link = header(headers_, "Link");
    if (link && link->find("next") != std::string::npos)
      add("the header `Link` names the next page", "{ style: link }");
    for (const beside& b : all_) look_at(b);
    by_number();
    if (const auto total = header(headers_, "X-Total-Count"))
      add("the header `X-Total-Count` says " + *total +
              ": `total_header: X-Total-Count` holds the list against it",
          "");
    return std::move(out_);
  }

 private:
  void add(std::string found, std::string page) { out_.push_back({std::move(found), std::move(page)}); }

  void look_at(const beside& b) {
    const std::string named = "`" + b.pointer + "` ";
    if (is_one_of(b.name, {"next", "next_url", "next_link", "nextHref", "@odata.nextLink", "next_page_url",
                           "href_next"}) ||
        is_one_of(b.name, {"next_cursor", "cursor", "next_page_token", "next_token", "continuation", "after",
                           "end_cursor", "scroll_id", "next_page"}))
      return next_page(b, named);
    if (is_one_of(b.name, {"has_more", "more", "has_next", "has_next_page"}) && b.value->holds(type::truth)) {
      add(named + "is " + b.value->text + ": it says whether there is more",
          "{ style: last_id, id: /id, param: starting_after, more: " + b.pointer + " }");
    }
    const bool total = is_one_of(b.name, {"total", "total_count", "total_results", "total_records",
                                          "total_items", "total_elements", "@odata.count"});
    if (total && b.value->holds(type::number)) {
      total_ = b.pointer;
      add(named + "says that there are " + b.value->text + "; " + std::to_string(count_) + " came", "");
    }
  }

  void next_page(const beside& b, const std::string& named) {
    if (b.value->holds(type::null)) return add(named + "is null: this is the last page", "");
    if (b.value->holds(type::object) || b.value->holds(type::list) || b.value->holds(type::truth)) return;
    const std::string& v = b.value->text;
    if (v.empty()) return add(named + "is empty: this is the last page", "");
    if (v.starts_with("http") || v.starts_with('/'))
      return add(named + "is the address of the next page", "{ style: link, next: " + b.pointer + " }");
    const std::string param = likeness(b.name, "next_page_token") == 3 ? "page_token" : "cursor";
    add(named + "holds what the next page is asked for with; the API's pages say in which parameter",
        "{ style: cursor, next: " + b.pointer + ", param: " + param + " }");
  }

  [[nodiscard]] const beside* named(std::initializer_list<std::string_view> names) const {
    const auto at = std::ranges::find_if(
        all_, [&](const beside& b) { return b.value->holds(type::number) && is_one_of(b.name, names); });
    return at == all_.end() ? nullptr : &*at;
  }

  void by_number() {
    const std::string total = total_.empty() ? "" : ", total: " + total_;
    if (const beside* start = named({"start_index"})) {
      add("`" + start->pointer + "` is " + start->value->text + ", as in SCIM",
          "{ style: offset, param: startIndex, base: 1, size: { count: 100 }" + total + " }");
    } else if (const beside* offset = named({"offset", "skip", "start", "first"})) {
      add("`" + offset->pointer + "` is " + offset->value->text,
          "{ style: offset, param: " + offset->name + ", size: { limit: 100 }" + total + " }");
    } else if (const beside* page = named({"page", "page_number", "current_page", "number"})) {
      add("`" + page->pointer + "` is " + page->value->text,
          "{ style: pages, param: page, base: " + page->value->text + ", size: { per_page: 100 }" + total +
              " }");
    }
  }

  std::vector<beside> all_;
  const header_list& headers_;
  std::size_t count_ = 0;
  std::string total_;
  std::vector<paging_hint> out_;
};

}  // namespace

std::vector<paging_hint> paging_hints(const json_tree& page, const std::string& records,
                                      const header_list& headers) {
  return hinter(page, records, headers).run();
}

}  // namespace sluice::host
