#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cpu.hpp"

namespace fastgd {

struct KernelTable;

// One row of the ISA table that this build holds.
struct Isa {
    std::string_view name;
    CpuFeatures required;
    const KernelTable& (*table)();
};

// The rows of this build, best first. The last one, `generic`, requires nothing.
std::span<const Isa> isa_table();

// The row that a machine with these features uses: the best one, or the one named by `requested` (empty: none named).
// Throws std::invalid_argument where the request is unknown, not in `table`, or needs features that are missing.
const Isa& choose_isa(std::span<const Isa> table, CpuFeatures available, std::string_view requested);

// The kernels of this process. Chosen at the first call from the machine and the environment variable FASTGD_SIMD;
// a request that cannot be met throws std::invalid_argument, at every call until it is corrected.
const KernelTable& kernels();

// The name of the chosen row. Throws as `kernels` does.
std::string_view simd_level();

// The names of all rows that this machine can run, best first, whatever FASTGD_SIMD says.
std::vector<std::string> simd_levels();

}  // namespace fastgd
