// What a transfer sent and got, for whoever looks at single requests (sluice/trace.hpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sluice/trace.hpp>

#include "transfer.hpp"

namespace sluice::http {

enum class exchange_for : std::uint8_t { page, token };

// Nothing unless somebody looks. Credentials are masked, and so is each of `secrets` wherever it stands.
void tell_exchange(const host_ref&, const sluice_call*, const transfer&, const settings&,
                   const std::vector<std::string>& secrets, exchange_for);

}  // namespace sluice::http
