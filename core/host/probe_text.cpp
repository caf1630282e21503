// The report of a probe for people.
#include <algorithm>
#include <cstdio>

#include "host/in_ticks.hpp"
#include "host/probe_report.hpp"

namespace sluice::host {

namespace {

using data = nlohmann::ordered_json;

std::string text_of(const data& of, const char* key) {
  if (!of.contains(key)) return {};
  return of[key].is_string() ? of[key].get<std::string>() : of[key].dump();
}

std::size_t number_of(const data& of, const char* key) { return of.value(key, std::size_t{0}); }

std::string milliseconds(const data& of) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", of.value("ms", 0.0));
  return text;
}

std::string size_of(std::size_t bytes) {
  constexpr std::size_t kib = 1024;
  if (bytes < 10 * kib) return std::to_string(bytes) + " bytes";
  if (bytes < 10 * kib * kib) return std::to_string(bytes / kib) + " KiB";
  return std::to_string(bytes / kib / kib) + " MiB";
}

std::string counted(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

// Characters, not bytes: what is not ASCII is about as wide.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

class writer {
 public:
  std::string run(const data& report) {
    const data& pages = report["pages"];
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (pages.size() > 1) line("== page " + std::to_string(i + 1));
      write_page(pages[i], i == 0);
    }
    return std::move(out_);
  }

 private:
  void line(const std::string& text = {}) { out_ += text + "\n"; }

  void table(const std::vector<std::vector<std::string>>& rows, std::size_t indent) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
      widths.resize(std::max(widths.size(), row.size()));
      for (std::size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], std::min<std::size_t>(width_of(row[i]), 44));
    }
    for (const auto& row : rows) {
      std::string text(indent, ' ');
      for (std::size_t i = 0; i < row.size(); ++i) {
        text += row[i];
        if (i + 1 == row.size()) break;
        text.append(widths[i] - std::min(width_of(row[i]), widths[i]) + 2, ' ');
      }
      text.erase(text.find_last_not_of(' ') + 1);
      line(text);
    }
  }

  void headers(const data& of, const char* key) {
    if (!of.contains(key)) return;
    for (const data& h : of[key]) line("    " + h[0].get<std::string>() + ": " + h[1].get<std::string>());
  }

  void write_exchange(const data& e) {
    line(text_of(e, "method") + " " + text_of(e, "url") +
         (text_of(e, "for") == "token" ? "   (for a token)" : ""));
    headers(e, "headers");
    if (!e.contains("status")) return line("  no answer, after " + milliseconds(e));
    line("  " + text_of(e, "status") + " " + text_of(e, "reason") + ", " + milliseconds(e) + ", " +
         size_of(number_of(e, "bytes")) + (text_of(e, "type").empty() ? "" : ", " + text_of(e, "type")) +
         (text_of(e, "peer").empty() ? "" : ", from " + text_of(e, "peer")));
    headers(e, "answer");
  }

  void write_page(const data& p, bool first) {
    for (const data& e : p["exchanges"]) write_exchange(e);
    if (p["exchanges"].empty()) line("the source does not tell what it asks; it took " + milliseconds(p));
    if (p.contains("error"))
      line("error[" + text_of(p["error"], "code") + "]: " + text_of(p["error"], "message"));
    else if (!p.contains("outline")) write_state(p);
    if (p.contains("mapping")) write_mapping(p["mapping"], first);
    if (p.contains("outline")) write_outline(p["outline"]);
  }

  void write_state(const data& p) {
    std::string text = p["end"].get<bool>() ? "the last page" : "the next page: " + text_of(p, "next");
    if (p.contains("parts"))
      text = "the first page; " + counted(p["parts"].size(), "part") + " can be read at the same time";
    if (p.contains("total")) text += "; the upstream says that there are " + text_of(p, "total");
    line("  " + text);
  }

  void write_mapping(const data& m, bool in_full) {
    line();
    if (m.contains("error")) {
      line("error[" + text_of(m["error"], "code") + "]: " + text_of(m["error"], "message"));
      if (m.contains("instead")) line("  = help: " + text_of(m, "instead"));
      return;
    }
    line("records at " + in_ticks(text_of(m, "at")) + ": " + text_of(m, "records") + "; " +
         text_of(m, "mapped") + " mapped, " + text_of(m, "filtered") + " filtered by `where`, " +
         text_of(m, "rejected") + " refused");
    for (const data& i : m["into"]) {
      line();
      line("into `" + text_of(i, "stream") + "`" +
           (i.contains("explode") ? " by " + text_of(i, "explode") : "") + ": " +
           counted(number_of(i, "rows"), "row") +
           (number_of(i, "rejected") == 0 ? "" : ", " + text_of(i, "rejected") + " refused"));
      if (in_full) write_columns(i["columns"]);
    }
    write_refused(m);
  }

  void write_columns(const data& columns) {
    std::vector<std::vector<std::string>> rows;
    for (const data& c : columns) {
      std::string values;
      for (const data& v : c["values"]) values += (values.empty() ? "" : " | ") + v.get<std::string>();
      rows.push_back({text_of(c, "column"), text_of(c, "from"), values});
      const std::size_t of = number_of(c, "of"), absent = number_of(c, "absent"),
                        nulls = number_of(c, "null");
      if (absent + nulls == 0) continue;
      const std::string how_many =
          absent + nulls == of ? "in none of " + std::to_string(of)
                               : "missing in " + std::to_string(absent + nulls) + " of " + std::to_string(of);
      const std::string why = absent == 0 ? "null" : text_of(c, "instead");
      rows.push_back({"", "", "^ " + how_many + ": " + why});
    }
    table(rows, 2);
  }

  void write_refused(const data& m) {
    const std::size_t all = number_of(m, "refused_in_all");
    if (all == 0) return;
    line();
    line(counted(all, "refusal") + ":");
    for (const data& r : m["refused"]) {
      line("  record " + text_of(r, "record") +
           (text_of(r, "stream").empty() ? "" : " into `" + text_of(r, "stream") + "`") +
           (text_of(r, "key").empty() ? "" : ", key " + text_of(r, "key")) +
           (text_of(r, "field").empty() ? "" : ", " + text_of(r, "field")) + ": " + text_of(r, "reason"));
    }
    if (all > m["refused"].size()) line("  and " + std::to_string(all - m["refused"].size()) + " more");
  }

  void write_fields(const data& fields, std::size_t of) {
    std::vector<std::vector<std::string>> rows;
    for (const data& f : fields) {
      const std::size_t in = number_of(f, "in");
      rows.push_back({text_of(f, "at"), text_of(f, "types"),
                      in == of ? "" : "in " + std::to_string(in) + " of " + std::to_string(of),
                      text_of(f, "example")});
    }
    table(rows, 2);
  }

  void write_outline(const data& o) {
    line();
    line("the answer is " + text_of(o, "is"));
    if (o.contains("top")) write_fields(o["top"], 1);
    if (o.contains("records")) write_places(o["records"]);
    if (o.contains("instead")) line(text_of(o, "instead"));
    if (!o.contains("fields")) return;
    const std::size_t objects = number_of(o["looked_at"], "objects");
    line();
    line("the records at " + in_ticks(text_of(o["looked_at"], "at")) + " (" + std::to_string(objects) + "):");
    write_fields(o["fields"], objects);
    line();
    std::string keys;
    for (const data& k : o["keys"]) keys += (keys.empty() ? "" : ", ") + k.get<std::string>();
    line(keys.empty() ? "no value is another one in each record: none looks like a key"
                      : "could be the key: " + keys);
    if (o.contains("paging")) write_paging(o["paging"]);
  }

  void write_places(const data& places) {
    std::vector<std::vector<std::string>> rows;
    for (const data& p : places)
      rows.push_back({"records: " + (text_of(p, "at").empty() ? "\"\"" : text_of(p, "at")),
                      counted(number_of(p, "count"), p["objects"].get<bool>() ? "object" : "value")});
    if (rows.empty()) return line("no list of objects is in it");
    line();
    line("could be the records:");
    table(rows, 2);
  }

  void write_paging(const data& hints) {
    line();
    if (hints.empty()) {
      return line(
          "nothing here names a next page: look in the API's pages for `limit` and `offset` (style: offset) "
          "or "
          "`page` (style: pages); a list without a sign of its end may be cut");
    }
    line("paging:");
    for (const data& h : hints) {
      line("  " + text_of(h, "found"));
      if (!text_of(h, "page").empty()) line("    page: " + text_of(h, "page"));
    }
  }

  std::string out_;
};

}  // namespace

std::string probe_text(const data& report) { return writer().run(report); }

}  // namespace sluice::host
