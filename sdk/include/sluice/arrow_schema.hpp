// Builds the ArrowSchema of a wire layout, and owns Arrow structs (RAII over their `release`).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/abi/arrow.h>
#include <sluice/schema.hpp>

namespace sluice {

// Owns one ArrowArray. Move-only; releases on destruction.
class array_handle {
 public:
  array_handle() noexcept : array_{} {}
  explicit array_handle(ArrowArray&& taken) noexcept : array_(taken) { taken.release = nullptr; }
  array_handle(array_handle&& other) noexcept : array_handle(std::move(other.array_)) {}
  array_handle& operator=(array_handle&& other) noexcept {
    if (this != &other) {
      reset();
      array_ = other.array_;
      other.array_.release = nullptr;
    }
    return *this;
  }
  ~array_handle() { reset(); }

  [[nodiscard]] const ArrowArray& get() const noexcept { return array_; }
  // For a callee that replaces or fills the array in place.
  [[nodiscard]] ArrowArray* raw() noexcept { return &array_; }
  [[nodiscard]] ArrowArray take() noexcept {
    ArrowArray out = array_;
    array_.release = nullptr;
    return out;
  }
  [[nodiscard]] explicit operator bool() const noexcept { return array_.release != nullptr; }
  void reset() noexcept {
    if (array_.release != nullptr) array_.release(&array_);
    array_.release = nullptr;
  }

 private:
  ArrowArray array_;
};

// Owns one ArrowSchema. Move-only; releases on destruction.
class schema_handle {
 public:
  schema_handle() noexcept : schema_{} {}
  explicit schema_handle(ArrowSchema&& taken) noexcept : schema_(taken) { taken.release = nullptr; }
  schema_handle(schema_handle&& other) noexcept : schema_handle(std::move(other.schema_)) {}
  schema_handle& operator=(schema_handle&& other) noexcept {
    std::swap(schema_, other.schema_);
    return *this;
  }
  ~schema_handle() {
    if (schema_.release != nullptr) schema_.release(&schema_);
  }

  [[nodiscard]] const ArrowSchema& get() const noexcept { return schema_; }
  [[nodiscard]] ArrowSchema* raw() noexcept { return &schema_; }
  [[nodiscard]] explicit operator bool() const noexcept { return schema_.release != nullptr; }

 private:
  ArrowSchema schema_;
};

[[nodiscard]] inline const char* arrow_format(column_type t) noexcept {
  switch (t) {
    case column_type::boolean: return "b";
    case column_type::int64: return "l";
    case column_type::float64: return "g";
    case column_type::date: return "tdD";
    case column_type::timestamp: return "tsu:UTC";
    case column_type::text:
    case column_type::decimal:
    case column_type::json: break;
  }
  return "u";
}

[[nodiscard]] inline std::string_view arrow_extension(column_type t) noexcept {
  if (t == column_type::decimal) return "sluice.decimal";
  if (t == column_type::json) return "arrow.json";
  return {};
}

namespace detail {

struct schema_node {
  std::string format, name, metadata;
  std::vector<std::unique_ptr<ArrowSchema>> children;
  std::vector<ArrowSchema*> pointers;
};

inline void release_schema(ArrowSchema* s) {
  auto* node = static_cast<schema_node*>(s->private_data);
  for (auto& child : node->children) {
    if (child->release != nullptr) child->release(child.get());
  }
  delete node;
  s->release = nullptr;
}

inline void append_int32(std::string& out, std::int32_t v) {
  out.append(reinterpret_cast<const char*>(&v), sizeof v);
}

// Arrow's metadata encoding of the one pair that names an extension type.
[[nodiscard]] inline std::string extension_metadata(std::string_view name) {
  constexpr std::string_view key = "ARROW:extension:name";
  std::string out;
  append_int32(out, 1);
  append_int32(out, static_cast<std::int32_t>(key.size()));
  out.append(key);
  append_int32(out, static_cast<std::int32_t>(name.size()));
  out.append(name);
  return out;
}

inline void fill_schema(ArrowSchema& s, std::unique_ptr<schema_node> node, bool nullable) {
  s = {};
  s.format = node->format.c_str();
  s.name = node->name.c_str();
  s.metadata = node->metadata.empty() ? nullptr : node->metadata.data();
  s.flags = nullable ? ARROW_FLAG_NULLABLE : 0;
  s.n_children = static_cast<std::int64_t>(node->children.size());
  s.children = node->pointers.empty() ? nullptr : node->pointers.data();
  s.release = release_schema;
  s.private_data = node.release();
}

}  // namespace detail

// A struct schema with one child for each column. The caller owns it and calls its release.
[[nodiscard]] inline ArrowSchema make_arrow_schema(const std::vector<column>& layout) {
  auto root = std::make_unique<detail::schema_node>();
  root->format = "+s";
  for (const column& c : layout) {
    auto node = std::make_unique<detail::schema_node>();
    node->format = arrow_format(c.type);
    node->name = c.name;
    if (auto ext = arrow_extension(c.type); !ext.empty()) node->metadata = detail::extension_metadata(ext);
    auto child = std::make_unique<ArrowSchema>();
    detail::fill_schema(*child, std::move(node), true);
    root->pointers.push_back(child.get());
    root->children.push_back(std::move(child));
  }
  ArrowSchema out;
  detail::fill_schema(out, std::move(root), false);
  return out;
}

}  // namespace sluice
