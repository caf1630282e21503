#include "http.hpp"
#include "sluice_plugin.hpp"

SLUICE_PLUGIN(sluice::source_of<sluice::http::http_source, components::http>)
