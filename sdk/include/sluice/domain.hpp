// Writing a domain: what a kind of data means. Columns, keys and references stand in plugin.json; the class
// holds only the rules that need code, one pure function for each stream.
//
//   class invoice_rules {
//    public:
//     explicit invoice_rules(const sluice::setup&);
//     sluice::verdict transform(streams::invoices::row& row) const {
//       const auto total = row[streams::invoices::total];
//       if (total && total->negative()) return sluice::reject(streams::invoices::total, "is negative");
//       return sluice::accept;
//     }
//   };
//   SLUICE_PLUGIN(sluice::domain_of<invoice_rules, components::invoices>)
//
// A transform changes or refuses the row that it gets; it neither adds nor drops rows, and gives the same
// answer for the same row. It may take a second parameter, const sluice::call&, to know the tenant.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sluice/abi/domain.h>
#include <sluice/call.hpp>
#include <sluice/detail/guard.hpp>
#include <sluice/detail/transform.hpp>
#include <sluice/host.hpp>
#include <sluice/plugin.hpp>
#include <sluice/row.hpp>
#include <sluice/text.hpp>
#include <sluice/verdict.hpp>

namespace sluice {

template <class D>
concept domain_type = std::constructible_from<D, const setup&>;

namespace detail {

template <domain_type D, class... Streams>
void transform_stream(const D& domain, const call& c, std::string_view stream, const ArrowSchema& schema,
                      ArrowArray* rows, sluice_rejects* out, stream_list<Streams...>) {
  const bool known =
      ((stream == Streams::name && (transform_batch<Streams>(domain, c, schema, rows, out), true)) || ...);
  if (!known) {
    throw failure(status::unsupported, codes::batch_mismatch,
                  "this domain has no stream `" + std::string(stream) + "`; plugin.json and code differ");
  }
}

// The C table of a domain.
template <domain_type D, class Meta>
struct domain_table {
  static sluice_status create(const sluice_host* host, sluice_str config, void** self,
                              sluice_error* e) noexcept {
    return guard(e, [&] { *self = new D(setup{host_ref(host), view(config)}); });
  }
  static void destroy(void* self) noexcept { delete static_cast<D*>(self); }
  static sluice_status transform(void* self, const sluice_call* c, sluice_str stream,
                                 const ArrowSchema* schema, ArrowArray* rows, sluice_rejects* rejects,
                                 sluice_error* e) noexcept {
    return guard(e, [&] {
      transform_stream(*static_cast<const D*>(self), call(c), view(stream), *schema, rows, rejects,
                       typename Meta::stream_types{});
    });
  }

  static constexpr sluice_domain_v1 table{sizeof(sluice_domain_v1), 0, create, destroy, transform};
};

}  // namespace detail

// A component for SLUICE_PLUGIN: the author's class and what was generated from plugin.json.
template <domain_type D, class Meta>
struct domain_of {
  static constexpr sluice_component component{sizeof(sluice_component), "domain", Meta::name,
                                              &detail::domain_table<D, Meta>::table};
};

}  // namespace sluice
