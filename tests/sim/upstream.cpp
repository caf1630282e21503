#include "upstream.hpp"

#include <algorithm>

#include "page_rows.hpp"

namespace sluice::sim {

using boost::asio::awaitable;
using engine::failure;
using engine::failure_class;

std::string var(const std::string& vars, const std::string& name) {
  const std::string mark = "\"" + name + "\":\"";
  const auto from = vars.find(mark);
  if (from == std::string::npos) return {};
  const auto begin = from + mark.size();
  return vars.substr(begin, vars.find('"', begin) - begin);
}

std::string list_of(const std::string& stage, const std::string& vars) {
  return stage == "members" ? "members:" + var(vars, "g") : stage;
}

awaitable<engine::page> upstream::read(const engine::read_request& request) {
  for (const auto& c : watch_) c->asked(who_, request);
  std::optional<failure> why;
  try {
    engine::page out = co_await attempt(request);
    for (const auto& c : watch_) c->served(who_, request, out);
    co_return out;
  } catch (const failure& f) {
    why = f;
  }
  if (!request.stop->stopped()) {
    for (const auto& c : watch_) c->failed(who_, request, *why);
  }
  throw failure(*why);
}

awaitable<void> upstream::answer_time(const engine::read_request& request) {
  std::int64_t us = world_.between(500, options_.upstream.latency_us);
  if (weather_.faults && world_.chance(options_.upstream.slow)) us = world_.between(1'000'000, 45'000'000);
  co_await clock_.sleep(us, *request.stop);
  request.stop->throw_if_stopped();
}

awaitable<engine::page> upstream::attempt(const engine::read_request& request) {
  const std::string list = list_of(request.stage, request.vars);
  const std::int64_t requested_us = clock_.now_us();
  co_await answer_time(request);
  if (weather_.faults && world_.chance(options_.upstream.hang)) {
    co_await clock_.sleep(30'000'000, *request.stop);
    request.stop->throw_if_stopped();
    throw failure(failure_class::transient, "SLU-3102", "no answer within 30 s");
  }
  meet_fault(request, list);
  engine::page out = make_page(request, list);
  if (const std::int64_t us = overtake(request, list, out); us > 0) {
    co_await clock_.sleep(us, *request.stop);
    request.stop->throw_if_stopped();
  }
  if (!out.end && world_.chance(options_.upstream.early)) {
    if (world_.chance(0.5)) co_await answer_time(request);
    ++seen_.early_pages;
    for (const auto& c : watch_) c->told_next(request, out.next_state);
    request.on_next(out.next_state);
  }
  co_await answer_time(request);
  if (weather_.faults && world_.chance(options_.upstream.truncated)) {
    throw failure(failure_class::transient, "SLU-3103", "the answer breaks off");
  }
  out.requested_at_us = requested_us;
  world_.note(
      "page " + request.run_id + " " + request.stage + " " + request.item + " from " + request.page_state,
      who_.host);
  co_return out;
}

// How long the page is under way meanwhile; 0: nothing has happened.
std::int64_t upstream::overtake(const engine::read_request& request, const std::string& list,
                                const engine::page& out) {
  if (!weather_.faults || list == "groups" || request.stage == "members") return 0;
  if (!world_.chance(options_.upstream.overtaken)) return 0;
  const std::int64_t from = request.page_state.empty() ? 0 : std::stoll(request.page_state);
  const std::string about = data_.lose_one(list, from, std::stoll(out.next_state));
  if (about.empty()) return 0;
  seen_.lost(about);
  return world_.between(5'000'000, 45'000'000);
}

void upstream::meet_fault(const engine::read_request& request, const std::string& list) {
  if (!weather_.faults) return;
  const auto out = weather_.outages.find(request.stage);
  if (out != weather_.outages.end() && world_.now_us() < out->second.until_us) {
    if (out->second.kind == failure_class::not_found) data_.denied(list);
    throw failure(out->second.kind, "SLU-3107", "the whole list fails");
  }
  const auto& f = options_.upstream;
  if (world_.chance(f.transient)) throw failure(failure_class::transient, "SLU-3104", "503");
  if (world_.chance(f.throttled)) {
    throw failure(failure_class::throttled, "SLU-3105", "429", world_.between(0, 3) * 1'000'000);
  }
  if (request.stage == "members" && world_.chance(f.gone)) {
    data_.denied(list);
    throw failure(failure_class::not_found, "SLU-3106", "404");
  }
}

void upstream::add_record(const std::string& stage, const std::string& list, const record& r,
                          engine::page& out, page_rows& rows) {
  ++out.records.records;
  const std::int64_t ordinal = out.records.records - 1;
  if (r.unreadable) {
    ++out.records.rejected;
    out.rejects.push_back({ordinal, "", "", "/id", "is not a record", "{}"});
    return;
  }
  ++out.records.mapped;
  rows.add(r);
  if (r.refused) {
    out.rejects.push_back(
        {ordinal, rows.schema().name, directory::key_of(list, r), "name", "is refused", "{}"});
  }
  if (stage == "groups") out.children.push_back({"members", "", R"({"g":")" + r.id + R"("})"});
}

// Some cache of the upstream remembers what a record was before.
void upstream::add_echo(const record_list& all, engine::page& out, page_rows& rows) {
  record r = std::next(all.begin(), world_.between(0, static_cast<std::int64_t>(all.size()) - 1))->second;
  if (r.deleted) return;
  --r.version;
  r.value += 1'000;
  r.unreadable = r.refused = r.deleted = false;
  ++out.records.records;
  ++out.records.mapped;
  rows.add(r);
}

engine::page upstream::make_page(const engine::read_request& request, const std::string& list) {
  const record_list& all = data_.list(list);
  const std::string since = var(request.vars, "since"), subject = var(request.vars, "subject");
  const std::int64_t from = request.page_state.empty() ? 0 : std::stoll(request.page_state);
  engine::page out;
  page_rows rows(list, options_.tenant.versions);
  std::int64_t last = from;
  bool more = false;
  if (weather_.faults && !all.empty() && world_.chance(options_.upstream.echo)) add_echo(all, out, rows);
  std::int64_t most = options_.page + out.records.records;
  if (options_.page > 1 && world_.chance(options_.upstream.uneven))
    most -= world_.between(1, options_.page - 1);
  for (auto at = all.upper_bound(from); at != all.end() && !more; ++at) {
    const record& r = at->second;
    if (!since.empty() && r.changed_us < std::stoll(since)) continue;
    if (!subject.empty() && r.id != subject && r.ref != "person\x1f" + subject) continue;
    if (out.records.records == most) {
      more = true;
      break;
    }
    add_record(request.stage, list, r, out, rows);
    if (!r.unreadable) out.high_us = std::max(out.high_us.value_or(0), r.changed_us);
    last = at->first;
  }
  std::size_t bytes = 0;
  out.streams.push_back(rows.finish(bytes));
  out.bytes = bytes;
  out.end = !more && (!options_.tenant.empty_tail || last == from);
  out.next_state = std::to_string(last);
  return out;
}

}  // namespace sluice::sim
