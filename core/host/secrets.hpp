// Turns templates with secrets into values, at the moment of use. Every value that is read is made
// known to the redactor first, so that it can't show up in a log line or an error.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "manifest/model.hpp"
#include "observe/redactor.hpp"

namespace sluice::host {

class secret_store {
 public:
  secret_store(const manifest::tenants& tenants, observe::redactor& redactor)
      : tenants_(tenants), redactor_(redactor) {}

  // Expands ${secret:env:N}, ${secret:file:P} and ${tenant.secrets.N}; `tenant` may be empty where no
  // tenant is meant. Throws plugin::error that names what is missing, never a value.
  [[nodiscard]] std::string expand(std::string_view tenant, std::string_view text) const;

 private:
  [[nodiscard]] std::string value_of(std::string_view tenant, std::string_view name, int depth) const;
  [[nodiscard]] std::string expand(std::string_view tenant, std::string_view text, int depth) const;

  const manifest::tenants& tenants_;
  observe::redactor& redactor_;
};

}  // namespace sluice::host
