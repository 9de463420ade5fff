#pragma once

#include <cstdio>

#include "simd/vec.hpp"

namespace fastgd {
namespace {

// The check itself stays out of what needs the instructions.
bool machine_has_isa() {
#if defined(FASTGD_ISA_AVX512)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#elif defined(FASTGD_ISA_AVX2)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return true;
#endif
}

// The exit status of `test`, or that of a test left out.
template <class Test>
int run_where_isa_exists(Test test) {
    if (machine_has_isa()) return test();
    std::printf("%s: this machine does not have it\n", kIsaName);
    return 77;
}

}  // namespace
}  // namespace fastgd
