// The codes of this room, SLU-1xxx. A code never changes its meaning; a retired one is not used again.
#pragma once

#include <string_view>

namespace sluice::manifest::code {

inline constexpr std::string_view unreadable = "SLU-1001";
inline constexpr std::string_view empty = "SLU-1002";
inline constexpr std::string_view syntax = "SLU-1003";
inline constexpr std::string_view encoding = "SLU-1004";
inline constexpr std::string_view too_large = "SLU-1005";
inline constexpr std::string_view alias = "SLU-1006";
inline constexpr std::string_view tag = "SLU-1007";
inline constexpr std::string_view documents = "SLU-1008";
inline constexpr std::string_view duplicate_key = "SLU-1009";
inline constexpr std::string_view bad_key = "SLU-1010";
inline constexpr std::string_view version = "SLU-1011";
inline constexpr std::string_view missing_key = "SLU-1012";
inline constexpr std::string_view unknown_key = "SLU-1013";
inline constexpr std::string_view wrong_type = "SLU-1014";
inline constexpr std::string_view wrong_unit = "SLU-1015";
inline constexpr std::string_view out_of_range = "SLU-1016";
inline constexpr std::string_view wrong_choice = "SLU-1017";
inline constexpr std::string_view bad_name = "SLU-1018";
inline constexpr std::string_view bad_reference = "SLU-1019";
inline constexpr std::string_view missing_variable = "SLU-1020";
inline constexpr std::string_view misplaced_reference = "SLU-1021";
inline constexpr std::string_view misplaced_secret = "SLU-1022";
inline constexpr std::string_view literal_secret = "SLU-1023";
inline constexpr std::string_view secret_file = "SLU-1024";
inline constexpr std::string_view bad_url = "SLU-1025";
inline constexpr std::string_view unknown_component = "SLU-1030";
inline constexpr std::string_view plugin_value = "SLU-1031";
inline constexpr std::string_view unknown_source = "SLU-1033";
inline constexpr std::string_view unknown_entry = "SLU-1034";
inline constexpr std::string_view unknown_read = "SLU-1035";
inline constexpr std::string_view unknown_stream = "SLU-1036";
inline constexpr std::string_view unknown_column = "SLU-1037";
inline constexpr std::string_view unmapped_column = "SLU-1038";
inline constexpr std::string_view column_type = "SLU-1039";
inline constexpr std::string_view map_value = "SLU-1040";
inline constexpr std::string_view reference_map = "SLU-1041";
inline constexpr std::string_view pointer = "SLU-1042";
inline constexpr std::string_view cycle = "SLU-1043";
inline constexpr std::string_view order = "SLU-1044";
inline constexpr std::string_view not_kept = "SLU-1045";
inline constexpr std::string_view sweep = "SLU-1046";
inline constexpr std::string_view incremental = "SLU-1047";
inline constexpr std::string_view subject_columns = "SLU-1048";
inline constexpr std::string_view shared_stream = "SLU-1049";
inline constexpr std::string_view unknown_backend = "SLU-1050";
inline constexpr std::string_view unknown_measure = "SLU-1051";
inline constexpr std::string_view bad_condition = "SLU-1052";
inline constexpr std::string_view listed_twice = "SLU-1053";
inline constexpr std::string_view unused = "SLU-1060";
inline constexpr std::string_view whole_tenant = "SLU-1061";
inline constexpr std::string_view unswept = "SLU-1062";

}  // namespace sluice::manifest::code
