#include "files/files.hpp"
#include "sluice_plugin.hpp"

SLUICE_PLUGIN(sluice::source_of<sluice::files::files_source, components::files>)
