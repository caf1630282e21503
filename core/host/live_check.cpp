#include "host/live_check.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <optional>
#include <set>

#include "host/reader.hpp"
#include "manifest/check.hpp"

namespace sluice::host {

namespace {

using engine::failure;
using engine::failure_class;
using manifest::diagnostic;
using outcome = enum live_read::outcome;
using key_path = std::vector<std::string>;

class checker {
 public:
  checker(prober& host, const std::function<bool()>& cancelled) : host_(host), cancelled_(cancelled) {}

  live_result run(const std::vector<std::string>& tenants) {
    for (const std::string& tenant : tenants) {
      down_.clear();
      parents_.clear();
      for (const manifest::read& r : pipeline().reads) {
        if (out_.cancelled) return std::move(out_);
        one(r, tenant);
      }
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] const manifest::pipeline& pipeline() const { return host_.setup().pipeline; }

  void one(const manifest::read& r, const std::string& tenant) {
    live_read& line = out_.reads.emplace_back();
    line.tenant = tenant;
    line.source = r.from;
    line.stage = r.stage;
    probed_read what = read_as_request(r, tenant, {});
    line.why = why_not(r, what);
    if (!line.why.empty()) {
      line.outcome = outcome::skipped;
      return;
    }
    try {
      ask(what, line);
    } catch (const plugin::error& e) {
      tell(to_failure(e), what, line, {});
    } catch (const decode::error& e) {
      tell({failure_class::invalid, std::string(e.code()), e.what()}, what, line, {});
    }
  }

  // Why it can't be asked for; empty: it can.
  std::string why_not(const manifest::read& r, probed_read& what) const {
    if (const auto at = down_.find(r.from); at != down_.end()) return at->second;
    if (r.parents.empty()) return {};
    const auto vars = parents_.find(r.stage);
    if (vars == parents_.end()) return "no record of its parent was seen";
    const auto values = nlohmann::json::parse(vars->second);
    for (const auto& [name, value] : values.items()) what.ask.vars[name] = value.get<std::string>();
    return {};
  }

  void ask(const probed_read& what, live_read& line) {
    mapping_probe mapping(host_, what);
    const probed_page page = host_.fetch(what.ask, {}, cancelled_);
    line.ms = page.ms;
    if (const auto* e = page.exchange()) line.status = e->value("status", 0);
    if (page.failed) return refuse_page(*page.failed, what, line);
    const mapping_sight seen = mapping.look(page);
    if (seen.failed) return tell(*seen.failed, what, line, seen.why_no_records);
    line.records = seen.records;
    for (const mapped_into& i : seen.into) line.rows += i.rows;
    for (const auto& [stage, vars] : seen.children) parents_.emplace(stage, vars);
    look_at_refused(seen, what, line);
    look_at_columns(seen, what);
  }

  void refuse_page(const failure& f, const probed_read& what, live_read& line) {
    out_.cancelled = f.kind() == failure_class::cancelled;
    tell(f, what, line, {});
    // Who does not answer at all, or does not let us in, would say the same to each read.
    if (f.kind() == failure_class::denied || (f.retryable() && line.status == 0))
      down_[what.ask.source] = "its source has refused or not answered already (" + f.code() + ")";
  }

  diagnostic& add(const std::string& code, const probed_read& what, const key_path& place,
                  std::string message) {
    diagnostic d = manifest::diagnostic_at(pipeline().file, place);
    d.code = code;
    d.message = "tenant `" + what.ask.tenant + "`, read `" + what.ask.stage + "`: " + std::move(message);
    return out_.diagnostics.emplace_back(std::move(d));
  }

  static key_path place_of(const probed_read& what, key_path below) {
    key_path out{"domains", what.read->entry, "reads", what.read->name};
    out.insert(out.end(), below.begin(), below.end());
    return out;
  }

  void tell(const failure& f, const probed_read& what, live_read& line, const std::string& instead) {
    line.outcome = f.retryable() ? outcome::later : outcome::wrong;
    const bool of_source = f.retryable() || f.kind() == failure_class::denied;
    const bool of_records = f.code() == decode::codes::no_records;
    key_path place = place_of(what, {of_records ? "records" : "request"});
    if (of_source)
      place = {"sources", what.ask.source, f.kind() == failure_class::denied ? "auth" : "base_url"};
    diagnostic& d = add(f.code(), what, place, f.message());
    if (!instead.empty()) d.help.push_back(instead);
    if (f.retryable()) d.help.emplace_back("this may pass: try again later");
    d.help.push_back("`sluice probe " + pipeline().file + " --read " + what.ask.stage + " --tenant " +
                     what.ask.tenant + "` shows the request and the answer");
  }

  void look_at_refused(const mapping_sight& seen, const probed_read& what, live_read& line) {
    if (seen.refused.empty()) return;
    std::set<std::int64_t> records;
    for (const refused_row& r : seen.refused) records.insert(r.ordinal);
    const manifest::guard& allowed = what.read->rejects;
    const auto refused = static_cast<double>(records.size());
    const bool too_many =
        refused > allowed.floor && refused > allowed.max * static_cast<double>(seen.records);
    const bool all = static_cast<std::int64_t>(records.size()) == seen.records;
    const refused_row& first = seen.refused.front();
    diagnostic& d = add("SLU-1071", what, place_of_column(seen, what, first),
                        std::to_string(records.size()) + " of " + std::to_string(seen.records) +
                            " records of the first page are refused: `" + first.field + "`: " + first.reason);
    if (too_many || all) line.outcome = outcome::wrong;
    else d.severity = manifest::severity::warning;
    for (const mapped_into& i : seen.into) {
      for (const mapped_column& c : i.columns) {
        if (c.column == first.field && i.stream == first.stream && !c.why.empty()) d.help.push_back(c.why);
      }
    }
  }

  static key_path place_of_column(const mapping_sight& seen, const probed_read& what,
                                  const refused_row& row) {
    for (std::size_t i = 0; i < seen.into.size(); ++i) {
      if (seen.into[i].stream == row.stream) return column_path(what, i, row.field);
    }
    return place_of(what, {});
  }

  // `entity.kind` is a key below `entity`.
  static key_path column_path(const probed_read& what, std::size_t into, const std::string& column) {
    key_path out = place_of(what, {"into", std::to_string(into), "map"});
    const std::size_t dot = column.find('.');
    out.push_back(column.substr(0, dot));
    if (dot != std::string::npos) out.push_back(column.substr(dot + 1));
    return out;
  }

  void look_at_columns(const mapping_sight& seen, const probed_read& what) {
    for (std::size_t i = 0; i < seen.into.size(); ++i) {
      for (const mapped_column& c : seen.into[i].columns) {
        if (c.of == 0 || c.absent < c.of || c.has_default) continue;
        diagnostic& d = add("SLU-1070", what, column_path(what, i, c.column),
                            "`" + c.pointer + "` is in none of the " + std::to_string(c.of) +
                                " that the first page has, so `" + c.column + "` stays empty");
        d.severity = manifest::severity::warning;
        d.help.push_back(c.why);
      }
    }
  }

  prober& host_;
  const std::function<bool()>& cancelled_;
  live_result out_;
  std::map<std::string, std::string> down_;     // sources that this tenant can't use, and why
  std::map<std::string, std::string> parents_;  // variables of the first item of a read
};

std::string word_for(outcome o) {
  switch (o) {
    case outcome::good: return "good";
    case outcome::wrong: return "wrong";
    case outcome::later: return "try again later";
    case outcome::skipped: break;
  }
  return "not asked";
}

}  // namespace

bool live_result::has(outcome o) const {
  return std::ranges::any_of(reads, [&](const live_read& r) { return r.outcome == o; });
}

live_result check_live(prober& host, const std::vector<std::string>& tenants,
                       const std::function<bool()>& cancelled) {
  return checker(host, cancelled).run(tenants);
}

std::string to_text(const live_result& r) {
  std::string out;
  for (const live_read& l : r.reads) {
    out += l.tenant + "  " + l.stage + "  from " + l.source + ": " + word_for(l.outcome);
    if (!l.why.empty()) out += ": " + l.why;
    if (l.status != 0) out += ", " + std::to_string(l.status);
    char took[32];
    std::snprintf(took, sizeof took, " in %.0f ms", l.ms);
    if (l.outcome != outcome::skipped) out += took;
    const bool read = l.outcome == outcome::good || l.records > 0;
    if (read && l.outcome != outcome::skipped)
      out += ", " + std::to_string(l.records) + " records, " + std::to_string(l.rows) + " rows";
    out += "\n";
  }
  return out;
}

}  // namespace sluice::host
