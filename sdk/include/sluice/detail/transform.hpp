// Takes a domain's per-row function over a batch: columns are found once, rejects are listed, and the array
// goes back untouched when no value changed.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <sluice/abi/domain.h>
#include <sluice/call.hpp>
#include <sluice/detail/edits.hpp>
#include <sluice/row.hpp>
#include <sluice/verdict.hpp>

namespace sluice::detail {

template <class D, class Stream>
concept has_rules = requires(const D& d, row<Stream>& r) {
  { d.transform(r) } -> std::convertible_to<verdict>;
};
template <class D, class Stream>
concept has_rules_with_call = requires(const D& d, row<Stream>& r, const call& c) {
  { d.transform(r, c) } -> std::convertible_to<verdict>;
};

// The rejects of one batch while they are collected, and of the struct that the host releases.
struct reject_list {
  std::vector<verdict> verdicts;
  std::vector<sluice_reject> items;
};

inline void release_rejects(sluice_rejects* r) {
  delete static_cast<reject_list*>(r->impl);
  r->impl = nullptr;
  r->items = nullptr;
  r->count = 0;
  r->release = nullptr;
}

inline void hand_over(std::unique_ptr<reject_list> list, sluice_rejects* out) noexcept {
  out->count = static_cast<std::int64_t>(list->items.size());
  if (out->count == 0) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    list->items[i].field = str(list->verdicts[i].field());
    list->items[i].reason = str(list->verdicts[i].reason());
  }
  out->items = list->items.data();
  out->release = release_rejects;
  out->impl = list.release();
}

// The columns of the stream, found by name in this batch's schema.
template <class Stream>
[[nodiscard]] std::vector<edited_column> bind_columns(const ArrowSchema& schema, const ArrowArray& rows) {
  std::vector<edited_column> out;
  out.reserve(Stream::columns.size());
  for (std::size_t i = 0; i < Stream::columns.size(); ++i) {
    const column_name& wanted = Stream::columns[i];
    std::int64_t at = static_cast<std::int64_t>(i);  // where it is unless the host's layout is newer
    if (at >= schema.n_children || wanted.name != schema.children[at]->name) {
      for (at = 0; at < schema.n_children && wanted.name != schema.children[at]->name; ++at) continue;
    }
    if (at >= schema.n_children || at >= rows.n_children ||
        std::strcmp(schema.children[at]->format, arrow_format(wanted.type)) != 0) {
      throw failure(status::invalid, codes::batch_mismatch,
                    "the batch of `" + std::string(Stream::name) + "` has no column `" +
                        std::string(wanted.name) + "` of format " + arrow_format(wanted.type) +
                        "; build the plugin and plugin.json together");
    }
    out.emplace_back(*rows.children[at], static_cast<int>(at), wanted.type);
  }
  return out;
}

template <class Stream, class D>
void transform_batch(const D& domain, const call& c, const ArrowSchema& schema, ArrowArray* rows,
                     sluice_rejects* out) {
  static_assert(
      has_rules<D, Stream> || has_rules_with_call<D, Stream>,
      "a domain needs, for each stream of its plugin.json, `sluice::verdict transform(streams::NAME::row&) "
      "const`; one without rules returns sluice::accept");
  constexpr std::int64_t rows_between_polls = 1024;
  std::vector<edited_column> columns = bind_columns<Stream>(schema, *rows);
  auto rejected = std::make_unique<reject_list>();
  for (std::int64_t i = 0; i < rows->length; ++i) {
    if (i % rows_between_polls == 0) c.throw_if_cancelled();
    row<Stream> r(columns, i);
    verdict v = [&]() -> verdict {
      if constexpr (has_rules_with_call<D, Stream>) return domain.transform(r, c);
      else return domain.transform(r);
    }();
    if (v.accepted()) continue;
    rejected->items.push_back({i, {}, {}});
    rejected->verdicts.push_back(std::move(v));
  }
  apply_edits(columns, rows);
  hand_over(std::move(rejected), out);
}

}  // namespace sluice::detail
