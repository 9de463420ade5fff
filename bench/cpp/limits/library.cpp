// The limits for callers that load them at run time: plain functions, arrays filled by the callee.

#include <algorithm>

#include "limits/limits.hpp"

namespace {

using namespace fastgd::bench;

int give(const std::vector<double>& rates, double* out) {
    std::copy(rates.begin(), rates.end(), out);
    return static_cast<int>(rates.size());
}

}  // namespace

extern "C" {

// Of the functions below: callers find out at run time whether they mean the same ones.
FASTGD_LIMITS_API int fastgd_limits_version() { return 1; }

// Numbers of loops, which are the lengths of the arrays below; -1 where there is no such instruction set.
FASTGD_LIMITS_API int fastgd_limits_n_reads(const char* isa) {
    const LimitTable* table = find_limits(isa);
    return table != nullptr ? table->n_reads : -1;
}
FASTGD_LIMITS_API int fastgd_limits_n_fma(const char* isa) {
    const LimitTable* table = find_limits(isa);
    return table != nullptr ? table->n_fma : -1;
}

FASTGD_LIMITS_API const char* fastgd_limits_read_name(const char* isa, int i) {
    return find_limits(isa)->reads[i].name;
}
FASTGD_LIMITS_API const char* fastgd_limits_fma_name(const char* isa, int i) {
    return find_limits(isa)->fma_f32[i].name;
}

FASTGD_LIMITS_API int fastgd_limits_read(const char* isa, const void* data, std::int64_t n_rows, std::int64_t row_bytes,
                                         std::int64_t stride, const std::int64_t* order, int n_threads, int repeats,
                                         double* rates) {
    return give(read_rates(*find_limits(isa), {data, n_rows, row_bytes, stride, order}, n_threads, repeats), rates);
}

FASTGD_LIMITS_API int fastgd_limits_fma(const char* isa, int is_double, int n_threads, double* rates) {
    return give(fma_rates(*find_limits(isa), is_double != 0, n_threads), rates);
}
}
