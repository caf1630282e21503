/* The complete binary contract between the host and its plugins, in one include. */
#ifndef SLUICE_ABI_H
#define SLUICE_ABI_H
#include "sluice/abi/backend.h"
#include "sluice/abi/base.h"
#include "sluice/abi/domain.h"
#include "sluice/abi/source.h"
#include "sluice/abi/runs.h"
#include "sluice/abi/trace.h"
#endif
