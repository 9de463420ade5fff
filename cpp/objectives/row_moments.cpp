#include "objectives/row_moments.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "objectives/full_pass.hpp"
#include "objectives/row_entries.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/philox.hpp"
#include "runtime/registry_lookup.hpp"
#include "runtime/scalar_math.hpp"

namespace fastgd {
namespace {

constexpr std::int64_t kSampleRows = 4096;
constexpr int kLanczosSteps = 16;
// How probable it is, over random starts, that the bound is too low.
constexpr double kRisk = 1e-3;

// Evenly spaced among the rows of positive weight.
template <class T>
std::vector<std::int64_t> sample_rows(const Problem<T>& problem) {
    std::int64_t n_present = 0;
    for (std::int64_t i = 0; i < problem.X.n_rows; ++i) n_present += problem.present(i);
    const std::int64_t n = std::min(n_present, kSampleRows);
    std::vector<std::int64_t> rows;
    std::int64_t seen = 0;
    for (std::int64_t i = 0; i < problem.X.n_rows; ++i) {
        if (!problem.present(i)) continue;
        if (seen++ == static_cast<std::int64_t>(rows.size()) * n_present / n) rows.push_back(i);
    }
    return rows;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

// to -= factor * from
void subtract(std::vector<double>& to, double factor, const std::vector<double>& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] -= factor * from[i];
}

void divide(std::vector<double>& v, double by) {
    for (double& x : v) x /= by;
}

// Sums of eight random bytes: nearly normal, so that no direction is preferred, and exact.
std::vector<double> random_direction(std::size_t size) {
    std::vector<double> v(size);
    for (std::size_t i = 0; i < size; ++i) {
        std::uint64_t word = philox(0, PhiloxStream::eigenvalue_start, 0, i / 4)[i % 4];
        for (int byte = 0; byte < 8; ++byte, word >>= 8) v[i] += static_cast<double>(word & 255) - 127.5;
    }
    divide(v, std::sqrt(dot(v, v)));
    return v;
}

// The second moment matrix of the rows, as the model sees them, times a vector. It is the Hessian of half the squared
// error.
template <class T>
class SecondMoment {
public:
    SecondMoment(const Problem<T>& problem, const ParameterMap& map, const std::vector<std::int64_t>& rows,
                 const std::function<void()>& poll)
        : problem_(problem),
          map_(map.of_one_output()),
          rows_{rows.data(), static_cast<std::int64_t>(rows.size())},
          shape_(1, 1, problem.X.n_cols, problem.fit_intercept),
          point_and_direction_(2, 1, problem.X.n_cols, problem.fit_intercept),
          poll_(poll) {
        problem_.n_outputs = 1;
        problem_.one_vs_rest = false;
        problem_.offset = nullptr;
        problem_.curvature = problem.kernels->curvature[loss_index(kernels(), "squared_error")];
    }

    std::size_t size() const { return map_.n_params(); }

    std::vector<double> times(const std::vector<double>& v) {
        flat_.assign(map_.n_data_params(), 0.0);
        map_.append(v, flat_);
        point_and_direction_.set(flat_.data());
        const PassSums sums = hessian_pass(problem_, point_and_direction_, rows_, 1, poll_);
        std::vector<double> product(size());
        map_.write_gradient(sums, shape_, sums.weight, product.data());
        return product;
    }

private:
    Problem<T> problem_;
    ParameterMap map_;
    RowSource rows_;
    Parameters<T> shape_;
    Parameters<T> point_and_direction_;
    const std::function<void()>& poll_;
    std::vector<double> flat_;
};

// Of the symmetric tridiagonal matrix, by bisection: beyond the largest eigenvalue all pivots are negative.
double largest_eigenvalue(const std::vector<double>& diagonal, const std::vector<double>& beside) {
    double low = 0.0;
    double high = 0.0;
    for (std::size_t i = 0; i < diagonal.size(); ++i) {
        const double left = i > 0 ? beside[i - 1] : 0.0;
        const double right = i + 1 < diagonal.size() ? beside[i] : 0.0;
        low = std::max(low, diagonal[i]);
        high = std::max(high, diagonal[i] + left + right);
    }
    const auto beyond = [&](double x) {
        double pivot = diagonal[0] - x;
        for (std::size_t i = 1; i < diagonal.size() && pivot < 0.0; ++i)
            pivot = diagonal[i] - x - beside[i - 1] * beside[i - 1] / pivot;
        return pivot < 0.0;
    };
    for (double middle = 0.5 * (low + high); low < middle && middle < high; middle = 0.5 * (low + high))
        (beyond(middle) ? high : low) = middle;
    return high;
}

// Lanczos' method: the largest eigenvalue of the matrix on the span of v, M v, M^2 v, ... It is never above M's own.
template <class T>
double lanczos(SecondMoment<T>& matrix) {
    std::vector<double> v = random_direction(matrix.size());
    std::vector<double> before(matrix.size());
    std::vector<double> diagonal;
    std::vector<double> beside;
    for (int step = 1;; ++step) {
        std::vector<double> next = matrix.times(v);
        if (!beside.empty()) subtract(next, beside.back(), before);
        diagonal.push_back(dot(v, next));
        subtract(next, diagonal.back(), v);
        const double norm = std::sqrt(dot(next, next));
        // Where rounding is all that is left, or nothing finite, the span is complete.
        const bool complete = !(norm > 16.0 * static_cast<double>(std::numeric_limits<T>::epsilon()) * diagonal.back());
        if (step == kLanczosSteps || complete || !std::isfinite(norm)) return largest_eigenvalue(diagonal, beside);
        beside.push_back(norm);
        divide(next, norm);
        before = std::exchange(v, std::move(next));
    }
}

// 1 - (a Lanczos value) / (the eigenvalue) exceeds e with a probability of at most 1.648 sqrt(n) exp(-sqrt(e) (2 k -
// 1)) over random starts, whatever the matrix: Kuczynski and Wozniakowski, "Estimating the largest eigenvalue by the
// power and Lanczos algorithms with a random start", SIAM Journal on Matrix Analysis and Applications 13, 1992.
double relative_error(std::size_t size) {
    const double root = scalar::log(1.648 * std::sqrt(static_cast<double>(size)) / kRisk) / (2 * kLanczosSteps - 1);
    return root * root;
}

// s ||x~||^2 of one row after the other.
template <class T>
class WeightedSquares {
public:
    WeightedSquares(const Problem<T>& problem, const ParameterMap& map)
        : problem_(problem), map_(map), entries_(problem) {
        for (std::size_t j = 0; problem.sparse() && j < static_cast<std::size_t>(problem.X.n_cols); ++j)
            square_of_zeros_ += square(j, T(0));
    }

    double of_row(std::int64_t row) {
        // In lanes, as one chain of additions would take longer than the rest.
        double lanes[kLaneAlign] = {};
        entries_.visit(row, [&](std::size_t j, T x) {
            lanes[j % kLaneAlign] += problem_.sparse() ? square(j, x) - square(j, T(0)) : square(j, x);
        });
        double sum = map_.fit_intercept() ? 1.0 : 0.0;
        for (const double lane : lanes) sum += lane;
        sum += square_of_zeros_;
        return problem_.weight != nullptr ? static_cast<double>(problem_.weight[row]) * sum : sum;
    }

private:
    double square(std::size_t j, T x) const {
        const double feature = map_.feature(j, static_cast<double>(x));
        return feature * feature;
    }

    const Problem<T>& problem_;
    const ParameterMap& map_;
    RowEntries<T> entries_;
    // Of a CSR row without entries.
    double square_of_zeros_ = 0.0;
};

// NaN is the largest of all.
double larger(double a, double b) { return a <= b || std::isnan(b) ? b : a; }

}  // namespace

template <class T>
double max_square_norm(const Problem<T>& problem, const ParameterMap& map, int n_threads,
                       const std::function<void()>& poll) {
    const BlockPlan plan = plan_blocks(problem, 1, problem.X.n_rows, n_threads);
    std::vector<WeightedSquares<T>> squares(static_cast<std::size_t>(plan.team), WeightedSquares<T>(problem, map));
    std::vector<double> found(squares.size());
    double largest = 0.0;
    for_each_block(
        plan, poll,
        [&](int, int room, std::int64_t block) {
            const auto t = static_cast<std::size_t>(room);
            found[t] = 0.0;
            for (std::int64_t i = plan.begin(block); i < plan.end(block); ++i)
                if (problem.present(i)) found[t] = larger(found[t], squares[t].of_row(i));
        },
        [&](int room) { largest = larger(largest, found[static_cast<std::size_t>(room)]); });
    return largest / problem.mean_weight;
}

template <class T>
RowMoments row_moments(const Problem<T>& problem, const ParameterMap& map, const std::function<void()>& poll) {
    const std::vector<std::int64_t> rows = sample_rows(problem);
    double weight_sum = 0.0;
    double total = 0.0;
    WeightedSquares<T> squares(problem, map);
    for (const std::int64_t i : rows) {
        if (poll) poll();
        weight_sum += problem.weight != nullptr ? static_cast<double>(problem.weight[i]) : 1.0;
        total += squares.of_row(i);
    }
    RowMoments moments;
    moments.mean_square_norm = total / weight_sum;
    moments.eigenvalue_bound = moments.mean_square_norm;
    // The trace bounds the eigenvalue, and it is all there is to say of what is not finite, or 0.
    if (!std::isfinite(moments.mean_square_norm) || moments.mean_square_norm == 0.0) return moments;
    SecondMoment<T> matrix(problem, map, rows, poll);
    const double found = lanczos(matrix);
    // No less than the mean of all eigenvalues, unless squares left the range of the compute type.
    if (found >= 0.5 * moments.mean_square_norm / static_cast<double>(matrix.size()))
        moments.eigenvalue_bound = std::min(moments.mean_square_norm, found / (1.0 - relative_error(matrix.size())));
    return moments;
}

template RowMoments row_moments<float>(const Problem<float>&, const ParameterMap&, const std::function<void()>&);
template RowMoments row_moments<double>(const Problem<double>&, const ParameterMap&, const std::function<void()>&);
template double max_square_norm<float>(const Problem<float>&, const ParameterMap&, int, const std::function<void()>&);
template double max_square_norm<double>(const Problem<double>&, const ParameterMap&, int, const std::function<void()>&);

}  // namespace fastgd
