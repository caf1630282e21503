// The credits domain: an amount is exact, in one unit or one currency, and a grant is never negative.
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include <sluice/domain.hpp>

#include "minor_units.hpp"
#include "sluice_plugin.hpp"

namespace {

namespace credit = streams::entity_credits;

class credit_rules {
 public:
  explicit credit_rules(const sluice::setup& s) {
    const auto config = nlohmann::json::parse(s.config_json);
    in_minor_units_ = config.value("minor_units", false);
    using digits = std::map<std::string, int, std::less<>>;
    minor_ = credits::minor_units(config.value("minor_unit_digits", digits{}));
  }

  sluice::verdict transform(credit::row& row) const {
    if (row.deleted()) return sluice::accept;
    const std::string_view kind = row[credit::kind].value_or("");
    if (kind != "grant" && kind != "balance") {
      return sluice::reject(credit::kind, "is `" + std::string(kind) + "`; use grant or balance");
    }
    if (auto v = check_amount(row, kind); !v.accepted()) return v;
    if (auto v = tidy_measure(row); !v.accepted()) return v;
    if (in_minor_units_) to_major(row);
    const auto from = row[credit::effective_at];
    const auto to = row[credit::expires_at];
    if (from && to && *to <= *from) return sluice::reject(credit::expires_at, "is not after effective_at");
    return sluice::accept;
  }

 private:
  static sluice::verdict check_amount(const credit::row& row, std::string_view kind) {
    const auto amount = row[credit::amount];
    if (!amount) return sluice::reject(credit::amount, "is missing");
    const std::string text(amount->text());
    if (!amount->plain()) return sluice::reject(credit::amount, "is not a plain decimal number: " + text);
    if (kind == "grant" && amount->negative())
      return sluice::reject(credit::amount, "of a grant is negative: " + text);
    return sluice::accept;
  }

  // Exactly one of unit and currency says what the amount counts.
  static sluice::verdict tidy_measure(credit::row& row) {
    const std::string_view unit = sluice::trim(row[credit::unit].value_or(""));
    const std::string currency = sluice::to_upper(sluice::trim(row[credit::currency].value_or("")));
    if (unit.empty() == currency.empty()) {
      return sluice::reject(credit::unit, unit.empty() ? "and currency are both missing; one is needed"
                                                       : "and currency are both given; only one can be");
    }
    if (unit.empty()) {
      const bool letters = currency.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
      if (currency.size() != 3 || !letters)
        return sluice::reject(credit::currency, "is not a code of three letters: " + currency);
      row.clear(credit::unit);
      row.set(credit::currency, currency);
    } else {
      row.clear(credit::currency);
      row.set(credit::unit, unit);
    }
    return sluice::accept;
  }

  void to_major(credit::row& row) const {
    const auto currency = row[credit::currency];
    if (!currency) return;
    const std::string amount = minor_.major(row[credit::amount]->text(), *currency);
    row.set(credit::amount, std::string_view(amount));
  }

  bool in_minor_units_ = false;
  credits::minor_units minor_;
};

}  // namespace

SLUICE_PLUGIN(sluice::domain_of<credit_rules, components::credits>)
