#include "upstream/records.hpp"

#include <array>

#include "upstream/text.hpp"
#include "upstream/values.hpp"

namespace sluice::upstream {
namespace {

// Writes `"name": value` pairs in one object.
class object {
 public:
  explicit object(std::string& out, spoil how = spoil::none) : out_(out), how_(how) { out_ += '{'; }
  ~object() { out_ += '}'; }
  object(const object&) = delete;
  object& operator=(const object&) = delete;

  std::string& key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    put_json_text(out_, name);
    out_ += ':';
    return out_;
  }
  void put(std::string_view name, const maybe_text& value, bool ascii = false) {
    key(name);
    if (how_ != spoil::none && (name == "name" || name == "description" || name == "role")) {
      constexpr std::array<std::string_view, 4> texts{"", "\"a\xFFz\"", R"("a\ud800z")", R"("a\u0000z")"};
      out_ += texts[static_cast<std::size_t>(how_)];
      return;
    }
    if (value) put_json_text(out_, *value, ascii);
    else out_ += "null";
  }
  void raw(std::string_view name, std::string_view value) { key(name) += value; }
  void flag(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
  void instant(std::string_view name, std::int64_t us, std::uint64_t h = 0) {
    key(name) += '"';
    put_instant(out_, us, static_cast<instant_style>(h % 3));
    out_ += '"';
  }
  void reference(std::string_view name, kind what, const std::string& id) {
    key(name);
    object ref(out_);
    ref.put("kind", std::string(kind_names[static_cast<std::size_t>(what)]));
    if (what == kind::organization) ref.raw("id", id);
    else ref.put("id", id);
  }

 private:
  std::string& out_;
  spoil how_;
  bool first_ = true;
};

void put_attributes(object& o, std::uint64_t h) {
  object a(o.key("attributes"));
  a.put("note", make_phrase(h, 5));
  a.put("a/b", number_text(h % 97));
  a.put("q\"uote", "~" + number_text(h % 7));
}

void put_entity(object& o, const tenant& t, kind what, std::uint32_t at) {
  const entity_values v = values_of_entity(t, what, at);
  const bool ascii = v.h % 5 == 0;
  if (what == kind::organization) o.raw("id", entity_id(what, at));
  else o.put("id", entity_id(what, at));
  if (what == kind::user) o.put("username", "user." + number_text(at));
  o.put("name", v.name, ascii);
  if (what == kind::group) {
    o.put("description", v.h % 2 == 0 ? maybe_text(make_phrase(v.h, 3)) : std::nullopt, ascii);
    o.put("parent_id", v.parent);
  } else {
    if (!v.email_absent) o.put("email", v.email);
    o.flag("enabled", *v.enabled);
  }
  o.instant("created_at", v.created_us);
  o.instant("updated_at", t.rows(static_cast<list>(what))[at].updated_us, v.h);
  if (what == kind::organization) {
    o.raw("domains", R"([{"name":")" + t.name() + number_text(at) + R"(.example","verified":)" + (v.h % 2 == 0 ? "true" : "false") + "}]");
    put_attributes(o, v.h);
  }
  if (what != kind::user) return;
  constexpr std::array<std::string_view, 4> locales{"en-GB", "el", "zh-Hant-TW", "ar"};
  o.raw("organization_id", entity_id(kind::organization, t.container_of(t.part_of(at).membership)));
  o.put("locale", std::string(locales[v.h % 4]));
  o.put("phone", v.h % 3 == 0 ? maybe_text("+49 30 " + number_text(v.h % 1'000'000, 6)) : std::nullopt);
  o.raw("login_count", number_text(9'007'199'254'740'993ULL + v.h % 1000));
  o.raw("score", "0." + number_text(v.h % 100, 2) + "00");
  o.raw("tags", v.h % 4 == 0 ? "[]" : R"(["alpha","βήτα"])");
  put_attributes(o, v.h);
}

void put_credit(object& o, const tenant& t, std::uint32_t at) {
  const credit_values v = values_of_credit(t, at);
  const cell& c = t.rows(list::credits)[at];
  o.put("id", v.id);
  o.reference("entity", c.owner.what, v.owner);
  o.put("kind", v.balance ? "balance" : "grant");
  if (v.amount_as_text) o.put("amount", v.amount);
  else o.raw("amount", v.amount);
  o.put("currency", v.currency);
  o.put("unit", v.unit);
  o.instant("effective_at", v.effective_us, at);
  if (v.expires_us) o.instant("expires_at", *v.expires_us, at);
  else if (at % 2 == 0) o.put("expires_at", std::nullopt);
  if (v.voided_us) o.instant("voided_at", *v.voided_us);
  else if (at % 3 == 0) o.put("voided_at", std::nullopt);
  o.put("description", v.description, at % 5 == 0);
  o.instant("updated_at", c.updated_us);
}

void put_assignment(object& o, const tenant& t, std::uint32_t at) {
  const assignment_values v = values_of_assignment(t, at);
  const cell& c = t.rows(list::assignments)[at];
  o.reference("entity", c.owner.what, v.owner);
  o.put("role_id", v.role);
  if (v.scope) o.reference("scope", kind::organization, *v.scope);
  else o.put("scope", std::nullopt);
  o.instant("granted_at", v.granted_us, at);
  if (v.expires_us) o.instant("expires_at", *v.expires_us);
  else if (at % 2 == 0) o.put("expires_at", std::nullopt);
  o.instant("updated_at", c.updated_us);
}

void put_membership(object& o, const tenant& t, std::uint32_t at) {
  const membership_values v = values_of_membership(t, at);
  o.reference("container", v.container, v.container_id);
  o.reference("member", kind::user, v.member_id);
  o.put("role", v.role);
  o.instant("updated_at", t.rows(list::memberships)[at].updated_us);
}

void put_role(object& o, const tenant& t, std::uint32_t at) {
  const role_values v = values_of_role(t, at);
  o.put("id", v.id);
  o.put("name", v.name);
  o.put("description", v.description);
  o.flag("composite", v.composite);
  o.put("scope", "tenant");
  o.instant("updated_at", t.rows(list::roles)[at].updated_us);
}

void put_any(object& o, const tenant& t, list l, std::uint32_t at) {
  const cell& c = t.rows(l)[at];
  switch (l) {
    case list::users: case list::organizations: case list::groups: return put_entity(o, t, static_cast<kind>(l), at);
    case list::memberships: return put_membership(o, t, at);
    case list::credits: return put_credit(o, t, at);
    case list::roles: return put_role(o, t, at);
    case list::role_parts:
      o.put("role_id", role_id(c.owner.at));
      o.put("part_id", part_role(t, c));
      return o.instant("updated_at", c.updated_us);
    case list::assignments: return put_assignment(o, t, at);
  }
}

class columns {
 public:
  explicit columns(std::string& out) : out_(out) {}
  columns& put(const maybe_text& value) {
    if (!first_) out_ += '\x1F';
    first_ = false;
    if (value) out_ += *value;
    else out_ += '\0';
    return *this;
  }
  columns& flag(std::optional<bool> value) { return put(value ? maybe_text(*value ? "true" : "false") : std::nullopt); }
  columns& instant(std::optional<std::int64_t> us) {
    return put(us ? maybe_text(std::to_string(*us)) : std::nullopt);
  }
  columns& name(kind k) { return put(std::string(kind_names[static_cast<std::size_t>(k)])); }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace

void put_record(std::string& out, const tenant& t, list l, std::uint32_t at, spoil how) {
  object o(out, how);
  put_any(o, t, l, at);
}

void put_deleted(std::string& out, const tenant& t, list l, std::uint32_t at) {
  object o(out);
  if (l == list::users) {
    o.put("id", user_id(at));
    o.instant("updated_at", t.rows(l)[at].updated_us);
  } else {
    put_any(o, t, l, at);
  }
  o.flag("deleted", true);
}

void put_columns(std::string& out, const tenant& t, list l, std::uint32_t at) {
  columns row(out);
  const cell& c = t.rows(l)[at];
  switch (l) {
    case list::users: case list::organizations: case list::groups: {
      const entity_values v = values_of_entity(t, static_cast<kind>(l), at);
      row.name(static_cast<kind>(l)).put(entity_id(static_cast<kind>(l), at)).put(v.name).put(v.email).flag(v.enabled);
      row.instant(v.created_us).instant(c.updated_us).put(v.parent);
      return;
    }
    case list::memberships: {
      const membership_values v = values_of_membership(t, at);
      row.name(v.container).put(v.container_id).name(kind::user).put(v.member_id).put(v.role);
      return;
    }
    case list::credits: {
      const credit_values v = values_of_credit(t, at);
      row.put(v.id).name(c.owner.what).put(v.owner).put(v.balance ? "balance" : "grant").put(v.amount).put(v.unit);
      row.put(v.currency).instant(v.effective_us).instant(v.expires_us).instant(v.voided_us).put(v.description);
      return;
    }
    case list::roles: {
      const role_values v = values_of_role(t, at);
      row.put(v.id).put(v.name).put(v.description).flag(v.composite).put("tenant");
      return;
    }
    case list::role_parts: row.put(role_id(c.owner.at)).put(part_role(t, c)); return;
    case list::assignments: {
      const assignment_values v = values_of_assignment(t, at);
      row.name(c.owner.what).put(v.owner).put(v.role).put(v.scope ? maybe_text("organization") : std::nullopt).put(v.scope);
      row.instant(v.granted_us).instant(v.expires_us);
      return;
    }
  }
}

}  // namespace sluice::upstream
