#include "server/problem.hpp"

#include <chrono>

#include "plugin/error.hpp"
#include "server/codes.hpp"

namespace sluice::server {

using engine::failure;
using engine::failure_class;

namespace {

// Without a title of its own an error has that of its status.
std::string_view title_of(unsigned status) {
  switch (status) {
    case 400: return "the request is wrong";
    case 404: return "there is no such thing";
    case 409: return "that is not possible in its present state";
    case 422: return "the request can't be carried out as it is";
    case 429: return "too much at once";
    case 503: return "not possible for the moment";
    default: return status >= 500 ? "the host has failed" : "the request was refused";
  }
}

unsigned status_of(const failure& f) {
  struct exception {
    std::string_view code;
    unsigned status;
  };
  // Where the class alone says less than the code.
  constexpr exception exceptions[] = {{"SLU-5046", 409}, {"SLU-6023", 422}, {"SLU-6026", 404},
                                      {"SLU-6028", 404}, {"SLU-6041", 400}, {"SLU-6052", 409},
                                      {"SLU-6056", 409}, {"SLU-6060", 503}, {"SLU-6068", 503},
                                      {"SLU-6069", 503}, {"SLU-7012", 404}, {"SLU-7025", 404}};
  for (const exception& e : exceptions) {
    if (e.code == f.code()) return e.status;
  }
  switch (f.kind()) {
    case failure_class::throttled: return 429;
    case failure_class::transient:
    case failure_class::in_doubt:
    case failure_class::fenced: return 503;
    case failure_class::not_found: return 404;
    case failure_class::denied: return 403;
    case failure_class::invalid: return 422;
    case failure_class::cancelled: return 409;
    case failure_class::deadline: return 504;
    case failure_class::internal: break;
  }
  return 500;
}

// What a plugin can't do for the moment is no mistake of the caller. That a plugin is denied something says nothing of
// what the caller may.
failure_class class_of(plugin::status s) {
  switch (s) {
    case plugin::status::not_found: return failure_class::not_found;
    case plugin::status::transient: return failure_class::transient;
    case plugin::status::throttled: return failure_class::throttled;
    case plugin::status::cancelled: return failure_class::cancelled;
    case plugin::status::deadline: return failure_class::deadline;
    case plugin::status::internal: return failure_class::internal;
    case plugin::status::invalid:
    case plugin::status::unsupported:
    case plugin::status::denied: break;
  }
  return failure_class::invalid;
}

}  // namespace

answer refusal::to_answer(const std::string& correlation_id) const {
  const observe::code_entry* known = observe::find_code(code::table, code_);
  nlohmann::json body{{"type", "urn:sluice:error:" + code_},
                      {"title", known != nullptr ? known->title : title_of(status_)},
                      {"status", status_},
                      {"detail", detail_},
                      {"code", code_},
                      {"correlation_id", correlation_id},
                      {"retryable", status_ == 429 || status_ == 503}};
  if (known != nullptr) body["next"] = known->next_step;
  if (!errors_.is_null()) body["errors"] = errors_;
  return {status_, "application/problem+json", to_text(body) + "\n", headers_, close_};
}

refusal no_such_tenant(const std::string& tenant) {
  return {404, "SLU-6028", "there is no tenant `" + tenant + "`"};
}
refusal no_such_run(const std::string& run_id) {
  return {404, code::no_run, "there is no run `" + run_id + "`"};
}

refusal refusal_of(const failure& f) {
  const unsigned status = status_of(f);
  refusal out(status, f.code(), f.message());
  if (status != 429 && status != 503) return out;
  // Where the failure itself doesn't know, not the same for all: they would come back together.
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count() / 1'000;
  const std::int64_t seconds =
      f.retry_after_us() > 0 ? (f.retry_after_us() + 999'999) / 1'000'000 : 1 + ticks % 3;
  return std::move(out).with("Retry-After", std::to_string(seconds));
}

refusal current_refusal() {
  try {
    throw;
  } catch (const refusal& r) {
    return r;
  } catch (const failure& f) {
    return refusal_of(f);
  } catch (const plugin::error& e) {
    return refusal_of(failure(class_of(e.kind()), e.code(), e.message(), e.retry_after_ms() * 1'000LL));
  } catch (const std::exception& e) {
    return refusal_of(failure(failure_class::internal, "SLU-6016", std::string("unexpected: ") + e.what()));
  }
}

}  // namespace sluice::server
