#include "server/api.hpp"

#include <algorithm>
#include <charconv>

#include "observe/identifiers.hpp"
#include "server/body.hpp"
#include "server/codes.hpp"
#include "server/problem.hpp"
#include "server/target.hpp"

namespace sluice::server {

namespace {

constexpr unsigned desk_threads = 4;
constexpr std::size_t desk_room = 2'000;

std::string_view path_of(const std::string& target) {
  return std::string_view(target).substr(0, target.find('?'));
}

std::string_view query_of(const std::string& target) {
  const std::size_t at = target.find('?');
  return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
}

// Text as the schema's type has it; what is none stays text, and does not fit.
nlohmann::json typed(const std::string& text, const nlohmann::json& schema) {
  if (schema.at("type") != "integer") return text;
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return text;
  return n;
}

void check_query(const route& at, const named_values& query) {
  for (const auto& [name, value] : query) {
    const auto known =
        std::find_if(at.query.begin(), at.query.end(), [&](const auto& q) { return q.name == name; });
    if (known == at.query.end()) {
      throw refusal(400, code::bad_parameter, "no parameter `" + name + "` is known here");
    }
    const nlohmann::json schema = known->schema();
    const nlohmann::json wrong = misfits(typed(value, schema), schema);
    if (wrong.empty()) continue;
    throw refusal(400, code::bad_parameter,
                  "the parameter `" + name + "` " + wrong.front()["detail"].get<std::string>());
  }
}

}  // namespace

api::api(api_setup setup)
    : setup_(setup),
      sessions_(setup.service.store(), static_cast<int>(desk_threads)),
      store_(setup.context, desk_, sessions_),
      tokens_(setup.tokens),
      wrong_(setup.listen.wrong_tokens_per_second),
      desk_(desk_threads, desk_room, clock_) {}

void api::leave() {
  leaving_ = true;
  setup_.signals.leave();
}

const route& api::find_route(const request& r) const {
  const std::string_view path = path_of(r.target);
  std::string methods;
  for (const route& at : routes()) {
    if (!match_path(at.path, path)) continue;
    if (at.method != r.method) {
      methods += (methods.empty() ? "" : ", ") + std::string(at.method);
      continue;
    }
    return at;
  }
  if (methods.empty()) throw refusal(404, code::no_route, "there is nothing at this address");
  throw refusal(405, code::no_method, "this address takes " + methods).with("Allow", methods);
}

const route& api::admit(request& r) {
  const route& at = find_route(r);
  if (at.needs == right::anybody) return at;
  authorize(at, r);
  if (!leaving_) return at;
  throw refusal(503, code::stopping, "this host takes no new requests any more")
      .with("Retry-After", std::to_string(1 + random_.next() % 5))
      .last();
}

call api::take_apart(const route& at, const request& r) const {
  call out{r, *match_path(at.path, path_of(r.target)), read_query(query_of(r.target)), {}};
  check_query(at, out.query);
  if (at.body == nullptr) return out;
  const std::string type = r.header("content-type");
  const std::string bare = type.substr(0, type.find_first_of("; "));
  if (!r.body.empty() && bare != "application/json") {
    throw refusal(415, code::bad_type, "the body must be application/json");
  }
  out.body = read_body(r.body, at.body());
  return out;
}

answer api::refuse(const request& r, const refusal& why) {
  count_refused(why.code());
  const bool ours = why.status() >= 500;
  // Of those the first was said when it came.
  if (why.code() != code::wrong_too_often)
    setup_.log.write(ours ? observe::log_level::error : observe::log_level::info,
                     {.correlation_id = r.correlation_id, .code = why.code()}, why.what(),
                     {{"event", "http.refused"}, {"method", r.method}, {"status", why.status()}});
  const refusal shown =
      why.status() == 500 && why.code() == "SLU-6016"
          ? refusal(500, why.code(), "a defect ended this request; the log has it under its correlation id")
          : why;
  answer out = shown.to_answer(r.correlation_id);
  out.body = setup_.redactor.redact(out.body);
  return out;
}

boost::asio::awaitable<answer> api::carry_out(const route& at, const request& r) {
  std::optional<refusal> refused;
  try {
    call c = take_apart(at, r);
    // A run that is to be repeated is looked for at the desk: whoever would wait for long there is told before.
    if (at.needs == right::start && at.about == reach::object) check_desk(r.caller_tenant);
    co_await keep_to_own(at, c);
    answer out = co_await (this->*at.carry_out)(c);
    if (at.method != "GET") {
      setup_.log.write(observe::log_level::info, {.correlation_id = r.correlation_id}, std::string(at.id),
                       {{"event", "http.done"}, {"status", out.status}, {"token", r.caller}});
    }
    co_return out;
  } catch (...) {
    refused = current_refusal();
  }
  co_return refuse(r, *refused);
}

void api::check_desk(const std::string& tenant, std::int64_t patience_us) {
  // The run may have to wait for its turn as well.
  const std::int64_t longest_us = host::longest_turn_us(setup_.service.queue_wait_us(), patience_us) / 2;
  if (longest_us > 0) desk_.refuse_beyond(longest_us, tenant);
}

host::served_pipeline api::pipeline_named(const std::string& name) const {
  const auto all = setup_.service.pipelines();
  std::string names;
  for (const host::served_pipeline& p : all) {
    if (p.pipeline->name == name || (name.empty() && all.size() == 1)) return p;
    names += (names.empty() ? "`" : ", `") + p.pipeline->name + "`";
  }
  throw refusal(422, code::which_pipeline,
                name.empty() ? "several pipelines are served; name one as `pipeline`: " + names
                             : "no pipeline `" + name + "` is served here; there is " + names);
}

boost::asio::awaitable<desk::reply> api::look(std::string tenant, std::string same_as,
                                              std::function<nlohmann::json(engine::session&)> what,
                                              desk::errand why) {
  // g++ 12 destroys twice what is converted inside of a co_await.
  desk::question question = [this, what = std::move(what)] { return sessions_.with(what); };
  const engine::turn turn{engine::urgency::background, tenant};
  co_return co_await desk_.ask(turn, std::move(same_as), std::move(question), why);
}

}  // namespace sluice::server
