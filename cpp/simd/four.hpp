#pragma once

#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Four numbers side by side. A type of its own, since of arrays that small compilers make so many single numbers.
template <class T>
struct Four {
    typedef T Numbers __attribute__((vector_size(4 * sizeof(T))));
    Numbers v;

    FASTGD_INLINE static Four load(const T* from) {
        Four four;
        __builtin_memcpy(&four.v, from, sizeof four.v);
        return four;
    }
    FASTGD_INLINE void store(T* to) const { __builtin_memcpy(to, &v, sizeof v); }
    FASTGD_INLINE Four operator+(Four other) const { return {v + other.v}; }
};

}  // namespace
}  // namespace fastgd
