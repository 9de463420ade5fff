#include "objectives/second_moments.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include "objectives/block_pass.hpp"
#include "objectives/widen_row.hpp"
#include "runtime/philox.hpp"

namespace fastgd {
namespace {

// With so many rows a column, L-BFGS takes no more evaluations than with the products of all rows, which would cost as
// much as many of them.
constexpr std::int64_t kRowsPerColumn = 16;
constexpr std::int64_t kFewRows = 2048;
// Rows that stay in cache between their way in and the products.
constexpr std::ptrdiff_t kAtOnce = 64;
// Not a power of two, so that the columns of the rows' transpose do not compete for the same lines of the cache.
constexpr std::ptrdiff_t kWeightedStride = kAtOnce + 1;
// Of so many columns, only the products with themselves and with later ones are made.
constexpr std::ptrdiff_t kColumns = 64;

template <class T>
constexpr Storage kOwnStorage = sizeof(T) == 4 ? Storage::f32 : Storage::f64;

// All rows, or one from each of so many stretches: the same ones whatever the weights and folds.
class RowChoice {
public:
    template <class T>
    RowChoice(const Problem<T>& problem, std::int64_t n_wanted, int fold) : n_rows_(problem.X.n_rows), count_(n_rows_) {
        if (n_wanted >= n_rows_) return;
        count_ = n_wanted;
        std::int64_t n_seen = 0;
        for (std::int64_t i = 0; i < count_; ++i) n_seen += sees(problem, (*this)[i], fold);
        // Most rows have no weight: those that do would be too few.
        if (2 * n_seen < count_) count_ = n_rows_;
    }

    std::int64_t count() const { return count_; }
    bool is_sample() const { return count_ < n_rows_; }
    std::int64_t operator[](std::int64_t i) const {
        if (!is_sample()) return i;
        const std::int64_t begin = i * n_rows_ / count_;
        const auto length = static_cast<std::uint64_t>((i + 1) * n_rows_ / count_ - begin);
        const auto at = static_cast<std::uint64_t>(i);
        return begin + static_cast<std::int64_t>(philox(0, PhiloxStream::second_moments, 0, at / 4)[at % 4] % length);
    }

    template <class T>
    static bool sees(const Problem<T>& problem, std::int64_t row, int fold) {
        return problem.present(row) && (fold == kNoFold || problem.fold[row] != fold);
    }

private:
    std::int64_t n_rows_;
    std::int64_t count_;
};

// Sums over a block of rows. The products are those of a gradient whose derivatives are the rows
// themselves: as many outputs as columns.
template <class T>
class BlockProducts {
public:
    BlockProducts(const Problem<T>& problem, const RowChoice& rows, const Standard* standard, bool fit_intercept,
                  int fold)
        : problem_(problem),
          rows_(rows),
          standard_(standard),
          fit_intercept_(fit_intercept),
          fold_(fold),
          n_(problem.X.n_cols + (fit_intercept ? 1 : 0)),
          stride_(round_up(n_, kLaneAlign)),
          z_(static_cast<std::size_t>(kAtOnce * stride_)),
          weighted_(static_cast<std::size_t>(n_ * kWeightedStride)),
          sum_(static_cast<std::size_t>(n_ * stride_)) {
        for (std::ptrdiff_t r = 0; r < kAtOnce + kRowTile; ++r)
            row_.push_back(reinterpret_cast<const std::byte*>(z_.data() + std::min(r, kAtOnce - 1) * stride_));
    }

    void measure(std::int64_t begin, std::int64_t end) {
        std::fill(sum_.begin(), sum_.end(), T(0));
        weight_sum_ = 0.0;
        for (std::int64_t first = begin; first < end; first += kAtOnce) {
            const std::ptrdiff_t count = std::min<std::ptrdiff_t>(kAtOnce, end - first);
            std::fill(z_.begin(), z_.end(), T(0));
            T weights[kAtOnce] = {};
            for (std::ptrdiff_t r = 0; r < count; ++r) weights[r] = take(rows_[first + r], z_.data() + r * stride_);
            for (std::ptrdiff_t r = 0; r < count; ++r)
                for (std::ptrdiff_t k = 0; k < n_; ++k)
                    weighted_[static_cast<std::size_t>(k * kWeightedStride + r)] =
                        weights[r] * z_[static_cast<std::size_t>(r * stride_ + k)];
            multiply(count);
        }
    }

    void add_to(std::vector<double>& moments) const {
        for (std::ptrdiff_t i = 0; i < n_; ++i)
            for (std::ptrdiff_t j = 0; j <= i; ++j)
                moments[static_cast<std::size_t>(i * n_ + j)] +=
                    static_cast<double>(sum_[static_cast<std::size_t>(i * stride_ + j)]);
    }
    double weight_sum() const { return weight_sum_; }
    std::size_t size() const { return static_cast<std::size_t>(n_); }

private:
    // A row as the model sees it, and its weight; one of weight 0 is left at 0, since it may not be finite.
    T take(std::int64_t row, T* z) {
        if (!RowChoice::sees(problem_, row, fold_)) return T(0);
        widen(row, z);
        if (standard_ != nullptr)
            for (std::ptrdiff_t j = 0; j < problem_.X.n_cols; ++j) {
                const auto at = static_cast<std::size_t>(j);
                z[j] =
                    static_cast<T>((static_cast<double>(z[j]) - standard_->center[at]) * standard_->inverse_scale[at]);
            }
        if (fit_intercept_) z[problem_.X.n_cols] = T(1);
        const T weight = problem_.weight != nullptr ? problem_.weight[row] : T(1);
        weight_sum_ += static_cast<double>(weight);
        return weight;
    }

    // Into zeros.
    void widen(std::int64_t row, T* z) const {
        if (problem_.X.storage == kOwnStorage<T>)
            std::memcpy(z, problem_.row(row), static_cast<std::size_t>(problem_.X.n_cols) * sizeof(T));
        else
            widen_onto(problem_, row, z);
    }

    void multiply(std::ptrdiff_t count) {
        BackwardCall<T> call{};
        call.rows = {row_.data(), count, nullptr};
        call.dloss_stride = kWeightedStride;
        call.grad_stride = stride_;
        for (std::ptrdiff_t first = 0; first < n_; first += kColumns) {
            call.columns = {first, std::min(n_, first + kColumns)};
            call.dloss = weighted_.data() + first * kWeightedStride;
            call.n_outputs = static_cast<int>(n_ - first);
            call.grad = sum_.data() + first * stride_;
            problem_.kernels->storage[static_cast<int>(kOwnStorage<T>)].backward(call);
        }
    }

    const Problem<T>& problem_;
    const RowChoice& rows_;
    const Standard* standard_;
    bool fit_intercept_;
    int fold_;
    std::ptrdiff_t n_;
    std::ptrdiff_t stride_;
    std::vector<T> z_;
    std::vector<T> weighted_;
    std::vector<T> sum_;
    std::vector<const std::byte*> row_;
    double weight_sum_ = 0.0;
};

}  // namespace

template <class T>
std::vector<double> second_moments(const Problem<T>& problem, const Standard* standard, bool fit_intercept, int fold,
                                   int n_threads, const std::function<void()>& poll) {
    const std::int64_t n_columns = problem.X.n_cols + (fit_intercept ? 1 : 0);
    const RowChoice rows(problem, std::max(kFewRows, kRowsPerColumn * n_columns), fold);
    const BlockPlan plan = plan_blocks(problem, problem.X.n_cols, rows.count(), n_threads);
    std::vector<std::unique_ptr<BlockProducts<T>>> blocks;
    for (int t = 0; t < plan.team; ++t)
        blocks.push_back(std::make_unique<BlockProducts<T>>(problem, rows, standard, fit_intercept, fold));
    const std::size_t n = blocks[0]->size();
    std::vector<double> moments(n * n);
    double weight_sum = 0.0;
    for_each_block(
        plan, poll,
        [&](int, int room, std::int64_t b) {
            blocks[static_cast<std::size_t>(room)]->measure(plan.begin(b), plan.end(b));
        },
        [&](int room) {
            const BlockProducts<T>& block = *blocks[static_cast<std::size_t>(room)];
            block.add_to(moments);
            weight_sum += block.weight_sum();
        });
    double trace = 0.0;
    for (double& moment : moments) moment /= weight_sum;
    for (std::size_t i = 0; i < n; ++i) trace += moments[i * n + i];
    for (std::size_t i = 0; rows.is_sample() && i < n; ++i)
        if (moments[i * n + i] == 0.0)
            moments[i * n + i] = trace / static_cast<double>(n) / static_cast<double>(rows.count());
    return moments;
}

template std::vector<double> second_moments<float>(const Problem<float>&, const Standard*, bool, int, int,
                                                   const std::function<void()>&);
template std::vector<double> second_moments<double>(const Problem<double>&, const Standard*, bool, int, int,
                                                    const std::function<void()>&);

}  // namespace fastgd
