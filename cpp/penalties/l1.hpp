#pragma once

#include "simd/vec.hpp"

namespace fastgd {
namespace {

// strength * ||w||_1, as a proximal step after the update (soft thresholding), so that exact zeros appear
struct L1 {
    template <class T>
    static FASTGD_INLINE Vec<T> proximal(Vec<T> w, Vec<T> threshold) {
        const Vec<T> o = zero<T>();
        return select(lt(threshold, w), w - threshold, select(lt(w, neg(threshold)), w + threshold, o));
    }
};

}  // namespace
}  // namespace fastgd
