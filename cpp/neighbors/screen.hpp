#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "fastgd/matrix_view.hpp"
#include "kernels/kernel_table.hpp"
#include "runtime/aligned_buffer.hpp"

// Which rows x may be among the k nearest to z, by products in T.
//
// Let x' and z' be the rows less a shift m, times a power of two s, rounded to T; n_x = |x'|^2 / 2, n_z likewise. With
// X = s (x - m) and Z = s (z - m) exactly, D = |X - Z|^2 is s^2 times the square of the distance, and
//
//     D / 2 - |Z|^2 / 2  =  |X|^2 / 2 - X.Z  ~  n_x - x'.z'  =:  h(x),
//
// which ranks rows as D does. The error of h is at most c (n_x + n_z) + a, where t products are summed one by one,
// u is the unit roundoff of T and v = 2^-53 that of double:
//
//     rounding x', z'        | |x' - z'|^2 - D | / 2 <= 4 u (n_x + n_z), to first order
//     the product            t u |x'| |z'| <= t u (n_x + n_z)
//     n_x, summed in double  (t + 1) v n_x, and u n_x where it becomes a T
//     the subtraction        u |h| <= 2 u (n_x + n_z)
//     computed distances     n_cols + 2 roundings v of D / 2 <= 2 (n_x + n_z)
//
// so c = t u + 4 (t + n_cols) v and a few u, all over 1 minus that, for the terms of higher order; a = 4 (t + 4) times
// the smallest T, for what is lost below it. Of a row with several entries in a column n_x is, in the error, that of
// the sums of their magnitudes: g_x.
//
// A row is kept unless h(x) - error > the k-th smallest of h + error among rows seen: then k computed distances are
// truly smaller than its own. With low = (n_x - c g_x) - x'.z', which is what the kernel has at hand, that is unless
//
//     low > the k-th smallest of (low + 2 c g_x)  +  2 (c n_z + a).
//
// n_x - c g_x and 2 c g_x stand ready as row_term and slack. Rows and queries so large that a sum could leave the range
// of T have NaN in the place of the first, and are kept.

namespace fastgd {

template <class T>
class Screen {
public:
    // Throws NonFiniteError where X holds NaN or infinity.
    Screen(const MatrixView& X, int n_threads, const std::function<void()>& poll);

    const MatrixView& X() const { return X_; }
    const Kernels<T>& kernels() const { return *kernels_; }
    const T* shift() const { return shift_.data(); }
    T scale() const { return scale_; }
    T slack(std::int64_t row) const { return slack_[static_cast<std::size_t>(row)]; }
    const T* row_terms(std::int64_t first) const { return row_term_.data() + first; }

    // What a query's bound has beyond the k-th smallest of its rows'; NaN for one that is too large.
    double margin(double n_z) const {
        if (!(n_z <= kLargest)) return std::numeric_limits<double>::quiet_NaN();
        return 2.0 * (relative_ * n_z + absolute_);
    }
    // The T to compare with.
    static T limit(double bound) {
        const T nearest = static_cast<T>(bound);
        if (static_cast<double>(nearest) < bound) return std::nextafter(nearest, std::numeric_limits<T>::infinity());
        return nearest;
    }
    // Multiplications for a product, on average.
    std::int64_t row_work() const { return row_work_; }

private:
    static constexpr double kLargest = static_cast<double>(std::numeric_limits<T>::max()) / 8.0;

    void choose_shift_and_scale();
    void set_error(std::int64_t n_terms);
    void measure_rows(int n_threads, const std::function<void()>& poll);
    void set_row(std::int64_t row, double half_norm, double gross);

    MatrixView X_;
    const Kernels<T>* kernels_;
    AlignedBuffer<T> shift_;
    T scale_ = T(1);
    double relative_ = 0.0;
    double absolute_ = 0.0;
    std::int64_t row_work_ = 1;
    std::vector<T> row_term_;
    std::vector<T> slack_;
};

extern template class Screen<float>;
extern template class Screen<double>;

}  // namespace fastgd
