// The source `http`: what the host calls. Requests run on one thread of the instance; callers never wait.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <sluice/source.hpp>

#include "client.hpp"
#include "request.hpp"
#include "scan.hpp"
#include "settings.hpp"
#include "tokens.hpp"

namespace sluice::http {

class http_source : public async_source {
 public:
  using read = read_plan;

  explicit http_source(const setup&);
  [[nodiscard]] read prepare(std::string_view read_json) { return parse_read(read_json); }
  void fetch(const read&, const fetch_request&, completion&);

 private:
  struct pending;
  [[nodiscard]] std::string credentials(const call&, const vars&, std::string& secret) const;
  void send(const std::shared_ptr<pending>&);
  [[nodiscard]] bool authorize(pending&, transfer&);
  // True: the upstream has refused the token, and the request is on its way once more with another one.
  [[nodiscard]] bool repeat(const std::shared_ptr<pending>&, const transfer&);
  void answer(const std::shared_ptr<pending>&, transfer&);

  host_ref host_;
  settings settings_;
  scanner scanner_;      // the client's thread alone uses it
  token_keeper tokens_;  // so too
  client client_;        // last: its thread ends before the rest goes
};

}  // namespace sluice::http
