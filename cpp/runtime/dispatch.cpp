#include "runtime/dispatch.hpp"

#include <cstdlib>
#include <stdexcept>

#include "isa_table.hpp"

namespace fastgd {
namespace {

constexpr const char* kVariable = "FASTGD_SIMD";

std::string names(std::span<const Isa> table, CpuFeatures available) {
    std::string list;
    for (const Isa& isa : table)
        if (available.contains(isa.required)) list += (list.empty() ? "'" : ", '") + std::string(isa.name) + "'";
    return list;
}

bool is_known(std::string_view name) {
    for (const std::string_view known : kKnownIsas)
        if (known == name) return true;
    return false;
}

const Isa& chosen() {
    // Where the initialiser throws, the next call tries again.
    static const Isa& isa = [&]() -> const Isa& {
        const char* requested = std::getenv(kVariable);
        return choose_isa(isa_table(), cpu_features(), requested == nullptr ? "" : requested);
    }();
    return isa;
}

}  // namespace

std::span<const Isa> isa_table() { return kIsaTable; }

const Isa& choose_isa(std::span<const Isa> table, CpuFeatures available, std::string_view requested) {
    bool is_built = false;
    for (const Isa& isa : table) {
        const bool can_run = available.contains(isa.required);
        if (can_run && (requested.empty() || requested == isa.name)) return isa;
        is_built = is_built || requested == isa.name;
    }
    const char* reason = is_built              ? "this machine lacks it"
                         : is_known(requested) ? "this build does not contain it"
                                               : "there is no such instruction set";
    throw std::invalid_argument(std::string(kVariable) + "='" + std::string(requested) + "': " + reason +
                                "; allowed here are " + names(table, available) + ", or leave it unset");
}

const KernelTable& kernels() {
    static const KernelTable& table = chosen().table();
    return table;
}

std::string_view simd_level() { return chosen().name; }

std::vector<std::string> simd_levels() {
    std::vector<std::string> levels;
    for (const Isa& isa : isa_table())
        if (cpu_features().contains(isa.required)) levels.emplace_back(isa.name);
    return levels;
}

}  // namespace fastgd
