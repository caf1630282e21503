#include "plugin/domain_instance.hpp"

#include <map>
#include <utility>

#include <sluice/abi/domain.h>
#include <sluice/batch.hpp>

#include "plugin/codes.hpp"
#include "plugin/guard.hpp"
#include "plugin/host_binding.hpp"

namespace sluice::plugin {

namespace {

constexpr std::size_t longest_text = 1024;

class schema_handle {
 public:
  explicit schema_handle(const std::vector<column>& layout) : schema_(make_arrow_schema(layout)) {}
  schema_handle(const schema_handle&) = delete;
  schema_handle& operator=(const schema_handle&) = delete;
  ~schema_handle() {
    if (schema_.release != nullptr) schema_.release(&schema_);
  }
  [[nodiscard]] const ArrowSchema* get() const noexcept { return &schema_; }

 private:
  ArrowSchema schema_;
};

struct stream_face {
  explicit stream_face(const stream_schema& s) : layout(wire_layout(s)), schema(layout) {}
  std::vector<column> layout;
  schema_handle schema;
};

// The list of refused rows that a plugin fills.
class reject_list {
 public:
  reject_list() { list_.size = sizeof list_; }
  reject_list(const reject_list&) = delete;
  reject_list& operator=(const reject_list&) = delete;
  ~reject_list() {
    if (list_.release != nullptr) list_.release(&list_);
  }
  [[nodiscard]] sluice_rejects* raw() noexcept { return &list_; }

  // Empty: rows ascend, are distinct and in range; else what is wrong.
  [[nodiscard]] std::string check(std::int64_t rows) const {
    if (list_.count < 0 || list_.count > rows)
      return "lists " + std::to_string(list_.count) + " rejected rows";
    if (list_.count > 0 && list_.items == nullptr) return "counts rejected rows but lists none";
    std::int64_t last = -1;
    for (std::int64_t i = 0; i < list_.count; ++i) {
      const std::int64_t row = list_.items[i].row;
      if (row < 0 || row >= rows) return "rejects row " + std::to_string(row) + ", which is not in the batch";
      if (row <= last) return "rejects row " + std::to_string(row) + " after row " + std::to_string(last);
      last = row;
    }
    return {};
  }

  [[nodiscard]] std::vector<rejected_row> take() const {
    std::vector<rejected_row> out;
    out.reserve(static_cast<std::size_t>(list_.count));
    for (std::int64_t i = 0; i < list_.count; ++i) {
      const sluice_reject& r = list_.items[i];
      out.push_back({r.row, readable(r.field, longest_text), readable(r.reason, longest_text)});
    }
    return out;
  }

 private:
  sluice_rejects list_{};
};

}  // namespace

struct domain_instance::state {
  state(const loaded_component& domain, host_services& services)
      : table(static_cast<const sluice_domain_v1*>(domain.table)),
        who("domain `" + domain.item->name + "` of plugin " + domain.plugin->meta.name + " " +
            domain.plugin->meta.version),
        host(services, domain.plugin->meta.name) {
    for (const stream_schema& s : domain.item->streams) streams.try_emplace(s.name, s);
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    if (made) table->destroy(self);
  }

  [[nodiscard]] bool transforms() const noexcept {
    return table != nullptr && SLUICE_HAS(table, sluice_domain_v1, transform) && table->transform != nullptr;
  }
  [[noreturn]] void broke(std::string_view stream, const std::string& what) const {
    throw error(status::internal, code::transform_broke,
                who + " broke the contract of transform on stream `" + std::string(stream) + "`: " + what +
                    "; report it to the plugin's maker");
  }

  const sluice_domain_v1* table;
  std::string who;
  host_binding host;
  std::map<std::string, stream_face, std::less<>> streams;
  void* self = nullptr;  // a plugin without state may leave it
  bool made = false;     // what failed to be made is not destroyed
};

domain_instance::domain_instance(const loaded_component& domain, host_services& host,
                                 std::string_view config_json)
    : state_(std::make_unique<state>(domain, host)) {
  if (state_->table == nullptr) return;
  call_plugin(state_->who + ": create", [&](sluice_error* e) {
    return state_->table->create(state_->host.abi(), to_abi(config_json), &state_->self, e);
  });
  state_->made = true;
}

domain_instance::~domain_instance() = default;
domain_instance::domain_instance(domain_instance&&) noexcept = default;
domain_instance& domain_instance::operator=(domain_instance&&) noexcept = default;

bool domain_instance::transforms() const noexcept { return state_->transforms(); }

std::vector<rejected_row> domain_instance::transform(const call_scope& call, std::string_view stream,
                                                     array_handle& rows) {
  const auto face = state_->streams.find(stream);
  if (face == state_->streams.end()) {
    throw error(status::internal, code::unknown_stream,
                state_->who + " has no stream `" + std::string(stream) +
                    "`; this is a defect of the host, report it");
  }
  if (!transforms()) return {};
  const std::int64_t before = rows.get().length;
  reject_list rejects;
  call_plugin(state_->who + ": transform of stream `" + std::string(stream) + "`", [&](sluice_error* e) {
    return state_->table->transform(state_->self, call.abi(), to_abi(stream), face->second.schema.get(),
                                    rows.raw(), rejects.raw(), e);
  });
  const std::int64_t after = rows.get().length;
  if (rows && after != before) {
    state_->broke(stream,
                  "it got " + std::to_string(before) + " rows and gave back " + std::to_string(after));
  }
  if (const std::string why = check_batch(rows.get(), face->second.layout); !why.empty())
    state_->broke(stream, why);
  if (const std::string why = rejects.check(before); !why.empty()) state_->broke(stream, "it " + why);
  return rejects.take();
}

}  // namespace sluice::plugin
