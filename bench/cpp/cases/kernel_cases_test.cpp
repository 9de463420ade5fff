// Every function of every kernel table has a benchmark: a table without it has fewer.

#include <cstdio>
#include <cstring>

#include "cases/kernel_case.hpp"
#include "runtime/dispatch.hpp"

namespace fastgd::bench {
namespace {

using Function = void (*)();

// Kernels are function pointers and nothing else.
template <class T>
int missing(const KernelTable& table, const Kernels<T>& (*part)(const KernelTable&)) {
    static_assert(sizeof(Kernels<T>) % sizeof(Function) == 0);
    const std::size_t n_all = kernel_cases(table).size();
    int n_missing = 0;
    for (std::size_t at = 0; at < sizeof(Kernels<T>); at += sizeof(Function)) {
        KernelTable without = table;
        auto* function = reinterpret_cast<std::byte*>(const_cast<Kernels<T>*>(&part(without))) + at;
        const Function none = nullptr;
        if (std::memcmp(function, &none, sizeof none) == 0) continue;
        std::memcpy(function, &none, sizeof none);
        if (kernel_cases(without).size() < n_all) continue;
        ++n_missing;
        std::printf("%s, %s: the function at byte %zu of Kernels has no benchmark\n", table.isa,
                    kInDouble<T> ? "float64" : "float32", at);
    }
    return n_missing;
}

}  // namespace
}  // namespace fastgd::bench

int main() {
    using namespace fastgd;
    int n_missing = 0;
    for (const Isa& isa : isa_table()) {
        n_missing += bench::missing<float>(isa.table(), kernels_for<float>);
        n_missing += bench::missing<double>(isa.table(), kernels_for<double>);
    }
    return n_missing == 0 ? 0 : 1;
}
