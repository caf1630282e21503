// One instance of a domain: looks at batches and refuses rows. Not thread-safe: one for each worker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/arrow_schema.hpp>

#include "plugin/call_scope.hpp"
#include "plugin/host_services.hpp"
#include "plugin/loader.hpp"

namespace sluice::plugin {

struct rejected_row {
  std::int64_t row = 0;
  std::string field, reason;

  friend bool operator==(const rejected_row&, const rejected_row&) = default;
};

class domain_instance {
 public:
  // `config_json` is valid against the component's schema. Throws error.
  domain_instance(const loaded_component& domain, host_services& host, std::string_view config_json);
  ~domain_instance();
  domain_instance(domain_instance&&) noexcept;
  domain_instance& operator=(domain_instance&&) noexcept;

  // False: transform changes and refuses nothing, and need not be called.
  [[nodiscard]] bool transforms() const noexcept;

  // `rows` is in the wire layout of `stream` and is replaced where the domain changes cells. Returns the
  // rows that it refuses, ascending. Throws error; a breach of the contract is error(internal), and
  // `rows` must then be thrown away.
  [[nodiscard]] std::vector<rejected_row> transform(const call_scope& call, std::string_view stream,
                                                    array_handle& rows);

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::plugin
