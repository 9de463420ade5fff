#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace fastgd {

template <class T>
bool all_finite(const T* values, std::int64_t n) {
    int bad = 0;
    for (std::int64_t i = 0; i < n; ++i) bad |= !(std::abs(values[i]) <= std::numeric_limits<T>::max());
    return bad == 0;
}

}  // namespace fastgd
