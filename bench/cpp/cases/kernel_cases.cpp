#include "cases/kernel_case.hpp"

namespace fastgd::bench {
namespace {

template <class T>
void add_type(KernelCases& to, const KernelTable& table) {
    add_row_kernels<T>(to, table);
    add_sparse_kernels<T>(to, table);
    add_layer_kernels<T>(to, table);
    add_score_kernels<T>(to, table);
    add_update_kernels<T>(to, table);
    add_density_kernels<T>(to, table);
}

}  // namespace

std::vector<KernelCase> kernel_cases(const KernelTable& table) {
    KernelCases cases;
    add_type<float>(cases, table);
    add_type<double>(cases, table);
    return cases.all();
}

}  // namespace fastgd::bench
