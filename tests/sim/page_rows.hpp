// The rows of one page of a list, as a mapping would make them of its records.
#pragma once

#include <sluice/batch_builder.hpp>

#include "directory.hpp"
#include "engine/row_hash.hpp"

namespace sluice::sim {

class page_rows {
 public:
  page_rows(const std::string& list, bool versions)
      : schema_(directory::stream_of(list)),
        list_(list),
        versions_(versions),
        layout_(wire_layout(schema_)),
        builder_(layout_) {}

  void add(const record& r) {
    std::size_t at = 0;
    const auto put = [&](const std::string& text) {
      if (!text.empty()) builder_.text(at, text);
      ++at;
    };
    const bool named = schema_.key.size() == 2;
    if (named) put(list_ == "groups" ? "group" : "person");
    put(r.id);
    put(std::to_string(r.value));
    for (const reference& to : schema_.references) {
      const std::string& key = &to == &schema_.references.front() ? r.ref : r.other;
      const auto mark = key.find('\x1f');
      if (to.columns.size() == 2) put(key.empty() ? "" : key.substr(0, mark));
      put(to.columns.size() == 2 && !key.empty() ? key.substr(mark + 1) : key);
    }
    ++at;  // no attributes
    if (versions_) builder_.int64(at, r.version);
    ++at;
    builder_.boolean(at, r.deleted);
    builder_.next_row();
    refused_.push_back(r.refused ? 1 : 0);
  }

  engine::stream_rows finish(std::size_t& bytes) {
    bytes = builder_.bytes();
    engine::stream_rows out;
    out.schema = &schema_;
    out.rows = builder_.finish();
    out.hashes = engine::hash_rows(batch_view(out.rows.get()), layout_);
    out.refused = std::move(refused_);
    return out;
  }
  [[nodiscard]] const stream_schema& schema() const { return schema_; }

 private:
  const stream_schema& schema_;
  const std::string& list_;
  bool versions_;
  std::vector<column> layout_;
  batch_builder builder_;
  std::vector<std::uint8_t> refused_;
};

// The hash that a record's row has.
[[nodiscard]] inline engine::hash128 hash_of(const std::string& list, const record& r, bool versions) {
  page_rows one(list, versions);
  one.add(r);
  std::size_t bytes = 0;
  return one.finish(bytes).hashes.front();
}

}  // namespace sluice::sim
