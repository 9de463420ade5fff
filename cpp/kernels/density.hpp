#pragma once

#include "kernels/kernel_table.hpp"
#include "simd/math.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Tile shapes by the registers there are; each number of a tile has an accumulator of its own, so that its bits do not
// depend on them.
constexpr int kWhitenVectors = kRegisters >= 32 ? 4 : 1;
constexpr int kWhitenColumns = kRegisters >= 8 ? 4 : 2;
constexpr int kMomentRows = kRegisters >= 32 ? 4 : 2;
constexpr int kMomentColumns = kRegisters >= 32 ? 4 : 2;
constexpr int kDiagonalColumns = kRegisters >= 32 ? 4 : 2;

template <class T>
void lay_columns(const LayColumnsCall<T>& call) {
    for (std::ptrdiff_t first = 0; first < call.n_padded; first += kLaneAlign) {
        const T* row[kLaneAlign];
        for (std::ptrdiff_t r = 0; r < kLaneAlign; ++r) {
            const std::ptrdiff_t at = first + r < call.n_rows ? first + r : call.n_rows - 1;
            row[r] = call.rows + at * call.row_stride;
        }
        for (std::ptrdiff_t j = 0; j < call.n_features; ++j) {
            T* out = call.out + j * call.out_stride + first;
            const T shift = call.shift != nullptr ? call.shift[j] : T(0);
            for (std::ptrdiff_t r = 0; r < kLaneAlign; ++r) out[r] = row[r][j] - shift;
        }
    }
}

// Where column j of an upper triangle begins that lies column by column.
constexpr std::ptrdiff_t triangle_column(std::ptrdiff_t j) { return j * (j + 1) / 2; }

template <class T>
FASTGD_INLINE void center(const GaussianCall<T>& call) {
    for (std::ptrdiff_t j = 0; j < call.n_features; ++j) {
        const T* from = call.columns + j * call.stride;
        T* to = call.centered + j * call.stride;
        const Vec<T> mean = set1<T>(call.mean[j]);
        for (std::ptrdiff_t r = 0; r < call.n_rows; r += kLanes<T>) store(to + r, load(from + r) - mean);
    }
}

// y of kColumns columns and kVectors vectors of rows; the sums of squares go on in `term`.
template <class T, int kColumns, int kVectors>
FASTGD_INLINE void whiten_tile(const GaussianCall<T>& call, std::ptrdiff_t column, std::ptrdiff_t row) {
    constexpr int lanes = kLanes<T>;
    const T* factor[kColumns];
    Vec<T> y[kColumns][kVectors];
    for (int j = 0; j < kColumns; ++j) {
        factor[j] = call.factor + triangle_column(column + j);
        for (int v = 0; v < kVectors; ++v) y[j][v] = zero<T>();
    }
    const T* centered = call.centered + row;
    for (std::ptrdiff_t i = 0; i <= column; ++i, centered += call.stride) {
        Vec<T> c[kVectors];
        for (int v = 0; v < kVectors; ++v) c[v] = load(centered + v * lanes);
        for (int j = 0; j < kColumns; ++j) {
            const Vec<T> u = set1<T>(factor[j][i]);
            for (int v = 0; v < kVectors; ++v) y[j][v] = fma(u, c[v], y[j][v]);
        }
    }
    // What the later columns have below the diagonal of the first.
    for (int i = 1; i < kColumns; ++i, centered += call.stride)
        for (int v = 0; v < kVectors; ++v) {
            const Vec<T> c = load(centered + v * lanes);
            for (int j = i; j < kColumns; ++j) y[j][v] = fma(set1<T>(factor[j][column + i]), c, y[j][v]);
        }
    for (int v = 0; v < kVectors; ++v) {
        T* term = call.term + row + v * lanes;
        Vec<T> squares = column == 0 ? zero<T>() : load(term);
        for (int j = 0; j < kColumns; ++j) {
            squares = fma(y[j][v], y[j][v], squares);
            if (call.whitened != nullptr) store(call.whitened + (column + j) * call.stride + row + v * lanes, y[j][v]);
        }
        const bool last = column + kColumns == call.n_features;
        store(term, last ? fnma(set1<T>(T(0.5)), squares, set1<T>(call.constant)) : squares);
    }
}

// As many columns as there are, in tiles of kColumns, then of half as many.
template <class T, int kColumns, int kVectors>
FASTGD_INLINE void whiten_columns(const GaussianCall<T>& call, std::ptrdiff_t column, std::ptrdiff_t row) {
    for (; column + kColumns <= call.n_features; column += kColumns)
        whiten_tile<T, kColumns, kVectors>(call, column, row);
    if constexpr (kColumns > 1) whiten_columns<T, kColumns / 2, kVectors>(call, column, row);
}

template <class T, int kVectors>
FASTGD_INLINE void diagonal_term(const GaussianCall<T>& call, std::ptrdiff_t row) {
    Vec<T> squares[kVectors];
    for (int v = 0; v < kVectors; ++v) squares[v] = zero<T>();
    const T* column = call.columns + row;
    for (std::ptrdiff_t j = 0; j < call.n_features; ++j, column += call.stride) {
        const Vec<T> mean = set1<T>(call.mean[j]);
        const Vec<T> u = set1<T>(call.factor[j]);
        for (int v = 0; v < kVectors; ++v) {
            const Vec<T> y = u * (load(column + v * kLanes<T>) - mean);
            squares[v] = fma(y, y, squares[v]);
        }
    }
    for (int v = 0; v < kVectors; ++v)
        store(call.term + row + v * kLanes<T>, fnma(set1<T>(T(0.5)), squares[v], set1<T>(call.constant)));
}

template <class T>
void gaussian_term(const GaussianCall<T>& call) {
    constexpr std::ptrdiff_t tile = kWhitenVectors * kLanes<T>;
    if (!call.diagonal) center(call);
    std::ptrdiff_t r = 0;
    for (; r + tile <= call.n_rows; r += tile) {
        if (call.diagonal)
            diagonal_term<T, kWhitenVectors>(call, r);
        else
            whiten_columns<T, kWhitenColumns, kWhitenVectors>(call, 0, r);
    }
    for (; r < call.n_rows; r += kLanes<T>) {
        if (call.diagonal)
            diagonal_term<T, 1>(call, r);
        else
            whiten_columns<T, kWhitenColumns, 1>(call, 0, r);
    }
}

// From the terms of up to a vector of rows to their log-sum-exp, and to the shares of each; which sums are finite.
template <class T>
FASTGD_INLINE Mask<T> mix_rows(const MixtureCall<T>& call, std::ptrdiff_t row, int n) {
    T* term = call.term + row;
    const auto part = [&](int k) { return load_partial(term + k * call.stride, n); };
    Vec<T> top = part(0);
    for (int k = 1; k < call.n_components; ++k) top = max(top, part(k));
    Vec<T> sum = zero<T>();
    for (int k = 0; k < call.n_components; ++k) {
        const Vec<T> e = exp_nonpositive(part(k) - top);
        sum = sum + e;
        store_partial(term + k * call.stride, e, n);
    }
    const Vec<T> value = top + log(sum);
    store_partial(call.value + row, value, n);
    for (int k = 0; k < call.n_components; ++k) {
        const Vec<T> share = part(k) / sum;
        // Rows that only fill the vector have no share.
        if (n < kLanes<T>) store(term + k * call.stride, zero<T>());
        store_partial(term + k * call.stride, share, n);
    }
    return le(abs(value), set1<T>(sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__)));
}

template <class T>
bool mixture(const MixtureCall<T>& call) {
    Mask<T> finite = le(zero<T>(), zero<T>());
    std::ptrdiff_t r = 0;
    for (; r < call.n_rows; r += kLanes<T>) {
        const std::ptrdiff_t left = call.n_rows - r;
        finite = finite & mix_rows(call, r, left < kLanes<T> ? static_cast<int>(left) : kLanes<T>);
    }
    for (; r < round_up(call.n_rows, kLaneAlign); r += kLanes<T>)
        for (int k = 0; k < call.n_components; ++k) store(call.term + k * call.stride + r, zero<T>());
    return all(finite);
}

// A share of 0 makes 0 of whatever it meets: far from a component a row's y may be beyond all numbers.
template <class T>
FASTGD_INLINE Vec<T> share_of(Vec<T> share, Vec<T> y) {
    return select(lt(zero<T>(), share), share * y, zero<T>());
}

template <class T>
FASTGD_INLINE void weigh(const GaussianSumsCall<T>& call) {
    const GaussianCall<T>& of = call.of;
    for (std::ptrdiff_t j = 0; j < of.n_features; ++j) {
        T* y = of.whitened + j * of.stride;
        Vec<T> sum = zero<T>();
        for (std::ptrdiff_t r = 0; r < of.n_rows; r += kLanes<T>) {
            const Vec<T> weighed = share_of(load(call.share + r), load(y + r));
            sum = sum + weighed;
            store(y + r, weighed);
        }
        call.whitened_sum[j] = reduce_add(sum);
    }
}

// Sums over rows of c_i y_j, y weighed; kRows are of i, kColumns of j. Those of i > j are not wanted.
template <class T, int kRows, int kColumns>
FASTGD_INLINE void moment_tile(const GaussianSumsCall<T>& call, std::ptrdiff_t i, std::ptrdiff_t j) {
    const GaussianCall<T>& of = call.of;
    const T* c = of.centered + i * of.stride;
    const T* y = of.whitened + j * of.stride;
    Vec<T> sum[kColumns][4];
    for (int b = 0; b < kColumns; ++b)
        for (int a = 0; a < 4; ++a) sum[b][a] = zero<T>();
    for (std::ptrdiff_t r = 0; r < of.n_rows; r += kLanes<T>) {
        Vec<T> left[kRows];
        for (int a = 0; a < kRows; ++a) left[a] = load(c + a * of.stride + r);
        for (int b = 0; b < kColumns; ++b) {
            const Vec<T> right = load(y + b * of.stride + r);
            for (int a = 0; a < kRows; ++a) sum[b][a] = fma(left[a], right, sum[b][a]);
        }
    }
    for (int b = 0; b < kColumns; ++b) {
        T totals[4];
        if constexpr (kRows == 1)
            totals[0] = reduce_add(sum[b][0]);
        else
            reduce_add4(sum[b][0], sum[b][1], sum[b][2], sum[b][3], totals);
        T* out = call.factor_sum + triangle_column(j + b);
        for (int a = 0; a < kRows && i + a <= j + b; ++a) out[i + a] = totals[a];
    }
}

template <class T, int kRows, int kColumns>
FASTGD_INLINE void moment_rows(const GaussianSumsCall<T>& call, std::ptrdiff_t i, std::ptrdiff_t j) {
    // All of i that a column of the tile has.
    const std::ptrdiff_t end = j + kColumns;
    for (; i + kRows <= end; i += kRows) moment_tile<T, kRows, kColumns>(call, i, j);
    if constexpr (kRows > 1) moment_rows<T, kRows / 2, kColumns>(call, i, j);
}

template <class T, int kColumns>
FASTGD_INLINE void moment_columns(const GaussianSumsCall<T>& call, std::ptrdiff_t j) {
    for (; j + kColumns <= call.of.n_features; j += kColumns) moment_rows<T, kMomentRows, kColumns>(call, 0, j);
    if constexpr (kColumns > 1) moment_columns<T, kColumns / 2>(call, j);
}

template <class T, int kColumns>
FASTGD_INLINE void diagonal_sums(const GaussianSumsCall<T>& call, std::ptrdiff_t j) {
    const GaussianCall<T>& of = call.of;
    for (; j + kColumns <= of.n_features; j += kColumns) {
        Vec<T> sum[kColumns];
        Vec<T> moment[kColumns];
        for (int b = 0; b < kColumns; ++b) sum[b] = moment[b] = zero<T>();
        for (std::ptrdiff_t r = 0; r < of.n_rows; r += kLanes<T>) {
            const Vec<T> share = load(call.share + r);
            for (int b = 0; b < kColumns; ++b) {
                const Vec<T> c = load(of.columns + (j + b) * of.stride + r) - set1<T>(of.mean[j + b]);
                const Vec<T> y = share_of(share, set1<T>(of.factor[j + b]) * c);
                sum[b] = sum[b] + y;
                moment[b] = fma(c, y, moment[b]);
            }
        }
        for (int b = 0; b < kColumns; ++b) {
            call.whitened_sum[j + b] = reduce_add(sum[b]);
            call.factor_sum[j + b] = reduce_add(moment[b]);
        }
    }
    if constexpr (kColumns > 1) diagonal_sums<T, kColumns / 2>(call, j);
}

template <class T>
void gaussian_sums(const GaussianSumsCall<T>& call) {
    if (call.of.diagonal) return diagonal_sums<T, kDiagonalColumns>(call, 0);
    center(call.of);
    weigh(call);
    moment_columns<T, kMomentColumns>(call, 0);
}

}  // namespace
}  // namespace fastgd
