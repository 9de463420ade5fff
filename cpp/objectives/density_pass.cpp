#include "objectives/density_pass.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "runtime/aligned_buffer.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

// Rows that are summed in the compute type: three copies of them stay in L2.
template <class T>
std::int64_t block_rows(const DensityProblem<T>& problem) {
    constexpr std::int64_t kNumbers = 1 << 17;
    return std::clamp<std::int64_t>(kNumbers / problem.shape.n_features, 64, kBlockRows) / kLaneAlign * kLaneAlign;
}

// Rows that are widened at once, before they are laid column by column.
constexpr std::ptrdiff_t kWidenedRows = 16;

}  // namespace

// What the rows of a block need.
template <class T>
class DensityPass<T>::Worker {
public:
    Worker(const DensityProblem<T>& problem, std::int64_t capacity, bool keeps)
        : problem_(problem),
          kernels_(*problem.data.kernels),
          capacity_(capacity),
          keeps_(keeps),
          block_(problem.data, capacity),
          stride_(round_up(capacity, kLaneAlign) + kLaneAlign),
          widened_(size(kWidenedRows * n_features())),
          columns_(size(n_features() * stride_)),
          centered_(size(problem.shape.diagonal ? 0 : n_features() * stride_)),
          whitened_(size(problem.shape.diagonal || !keeps ? 0 : n_kept() * n_features() * stride_)),
          term_(size(n_components() * stride_)),
          value_(size(stride_)),
          share_lanes_(size(n_components() * kSumLanes)),
          share_(size(n_components())),
          whitened_sum_(size(n_features())),
          factor_sum_(size(problem.shape.factor_size())) {}

    std::int64_t capacity() const { return capacity_; }
    bool keeps() const { return keeps_; }
    const T* values() const { return value_.data(); }
    const T* shares(std::ptrdiff_t k) const { return term_.data() + k * stride_; }

    void gather(const RowSource& rows, std::int64_t begin, std::int64_t end) {
        block_.gather(rows, begin, end);
        n_rows_ = block_.count();
        const StorageKernels<T>& storage = problem_.data.storage();
        for (std::ptrdiff_t first = 0; first < n_rows_; first += kWidenedRows) {
            const std::ptrdiff_t count = std::min(kWidenedRows, n_rows_ - first);
            storage.widen({block_.rows(first, count), {0, n_features()}, widened_.data(), n_features()});
            kernels_.density.lay_columns({widened_.data(), n_features(), count, round_up(count, kLaneAlign),
                                          n_features(), problem_.shift.empty() ? nullptr : problem_.shift.data(),
                                          columns_.data() + first, stride_});
        }
    }

    // Values of the rows at hand, and the components' shares in them; whether all values are finite.
    bool mix(const DensityModel<T>& model, bool keep, const std::function<void()>& look = {}) {
        for (std::ptrdiff_t k = 0; k < n_components(); ++k) {
            if (look) look();
            kernels_.density.gaussian_term(call_of(model, k, keep && k < n_kept()));
        }
        return kernels_.density.mixture(
            {term_.data(), stride_, static_cast<int>(n_components()), n_rows_, value_.data()});
    }

    // Adds to `sums` the values, and what the gradient needs, of the rows that were gathered.
    // `look`, which may be empty, is called between two components.
    void evaluate(const DensityModel<T>& model, bool want_gradient, DensitySums& sums,
                  const std::function<void()>& look = {}) {
        sums.finite = mix(model, want_gradient, look) && sums.finite;
        std::array<double, kSumLanes> value_lanes{};
        share_lanes_.clear();
        kernels_.lane_sums({value_.data(), term_.data(), stride_, 1, n_components(), 0, n_rows_, value_lanes.data(),
                            share_lanes_.data()});
        double value = 0.0;
        kernels_.lane_totals({value_lanes.data(), share_lanes_.data(), 1, n_components(), &value, share_.data()});
        sums.value += value;
        add(share_, 0, sums.share);
        for (std::ptrdiff_t k = 0; want_gradient && k < n_components(); ++k) {
            if (look) look();
            const GaussianCall<T> call = call_of(model, k, true);
            if (!call.diagonal && k >= n_kept()) restore(call);
            kernels_.density.gaussian_sums({call, shares(k), whitened_sum_.data(), factor_sum_.data()});
            add(whitened_sum_, k * n_features(), sums.whitened);
            add(factor_sum_, k * problem_.shape.factor_size(), sums.factor);
        }
    }

private:
    static std::size_t size(std::ptrdiff_t n) { return static_cast<std::size_t>(n); }
    static void add(const AlignedBuffer<T>& block, std::ptrdiff_t first, std::vector<double>& sums) {
        for (std::size_t i = 0; i < block.size(); ++i) sums[size(first) + i] += static_cast<double>(block[i]);
    }

    std::ptrdiff_t n_features() const { return problem_.shape.n_features; }
    std::ptrdiff_t n_components() const { return problem_.shape.n_components; }
    // Components whose y is kept until the shares are known; that of others is computed again.
    std::ptrdiff_t n_kept() const {
        constexpr std::ptrdiff_t kNumbers = 1 << 17;
        return std::clamp<std::ptrdiff_t>(kNumbers / (n_features() * stride_), 1, n_components());
    }

    GaussianCall<T> call_of(const DensityModel<T>& model, std::ptrdiff_t k, bool keep) {
        const bool triangle = !problem_.shape.diagonal;
        T* whitened = nullptr;
        if (keep && triangle) whitened = whitened_.data() + std::min(k, n_kept() - 1) * n_features() * stride_;
        return {columns_.data(),
                stride_,
                round_up(n_rows_, kLaneAlign),
                n_features(),
                model.mean(k),
                model.factor(k),
                !triangle,
                model.constant(k),
                centered_.data(),
                whitened,
                term_.data() + k * stride_};
    }
    // Computes y again. The term goes where the values were, which are summed by now.
    void restore(GaussianCall<T> call) {
        call.term = value_.data();
        kernels_.density.gaussian_term(call);
    }

    const DensityProblem<T>& problem_;
    const Kernels<T>& kernels_;
    std::int64_t capacity_;
    bool keeps_;
    RowBlock<T> block_;
    // Not a power of two, so that columns do not compete for the same lines of the cache.
    std::ptrdiff_t stride_;
    std::ptrdiff_t n_rows_ = 0;
    AlignedBuffer<T> widened_;
    // Of the rows at hand, column by column: as they are, less a component's mean, and its y for some components.
    AlignedBuffer<T> columns_;
    AlignedBuffer<T> centered_;
    AlignedBuffer<T> whitened_;
    AlignedBuffer<T> term_;
    AlignedBuffer<T> value_;
    AlignedBuffer<T> share_lanes_;
    AlignedBuffer<T> share_;
    AlignedBuffer<T> whitened_sum_;
    AlignedBuffer<T> factor_sum_;
};

template <class T>
DensityPass<T>::DensityPass(const DensityProblem<T>& problem) : problem_(problem) {}
template <class T>
DensityPass<T>::~DensityPass() = default;

template <class T>
BlockPlan DensityPass<T>::plan(const RowSource& rows, std::size_t n_models, int n_threads) const {
    // A thread more is worth its while from so many multiply-adds.
    constexpr std::int64_t kWork = 1 << 20;
    const bool is_batch = rows.index != nullptr && rows.count <= kLargestMiniBatch;
    const std::int64_t n = is_batch ? rows.count : block_rows(problem_);
    const std::int64_t n_blocks = (rows.count + n - 1) / n;
    const std::int64_t row_work = problem_.row_work() * static_cast<std::int64_t>(n_models);
    const std::int64_t team = std::clamp<std::int64_t>(std::min(rows.count * row_work / kWork, n_blocks), 1, n_threads);
    return {rows.count, n, n_blocks, static_cast<int>(team)};
}

template <class T>
void DensityPass<T>::prepare(const BlockPlan& plan, bool want_gradient) {
    for (int t = 0; t < plan.team; ++t) {
        const auto at = static_cast<std::size_t>(t);
        if (at == workers_.size()) workers_.emplace_back();
        std::unique_ptr<Worker>& worker = workers_[at];
        if (worker && worker->capacity() >= plan.capacity() && (worker->keeps() || !want_gradient)) continue;
        const std::int64_t capacity = std::max(plan.capacity(), worker ? worker->capacity() : 0);
        worker = std::make_unique<Worker>(problem_, capacity, want_gradient);
    }
}

template <class T>
std::vector<DensitySums> DensityPass<T>::sums(std::span<const DensityModel<T>> models, const RowSource& rows,
                                              bool want_gradient, int n_threads, const std::function<void()>& poll) {
    BlockPlan blocks = plan(rows, models.size(), n_threads);
    prepare(blocks, want_gradient);
    std::vector<DensitySums> totals(models.size(), DensitySums(problem_.shape, want_gradient));
    if (blocks.n_blocks == 1) {
        // Multiply-adds of some milliseconds.
        constexpr std::int64_t kLong = 1 << 26;
        const bool is_long = rows.count * problem_.row_work() > kLong;
        workers_[0]->gather(rows, 0, rows.count);
        for (std::size_t m = 0; m < models.size(); ++m) {
            if (poll) poll();
            workers_[0]->evaluate(models[m], want_gradient, totals[m], is_long ? poll : nullptr);
        }
        return totals;
    }
    blocks.add_spare_rooms(static_cast<std::int64_t>(totals.size()) * totals[0].bytes());
    // A room is furnished when it is first used: most stay empty where nobody is held up.
    std::vector<std::vector<DensitySums>> of_room(static_cast<std::size_t>(blocks.n_rooms()));
    for_each_block(
        blocks, poll,
        [&](int thread, int at, std::int64_t b) {
            Worker& worker = *workers_[static_cast<std::size_t>(thread)];
            std::vector<DensitySums>& room = of_room[static_cast<std::size_t>(at)];
            if (room.empty()) room.assign(models.size(), DensitySums(problem_.shape, want_gradient));
            worker.gather(rows, blocks.begin(b), blocks.end(b));
            for (std::size_t m = 0; m < models.size(); ++m) {
                room[m].clear();
                worker.evaluate(models[m], want_gradient, room[m]);
            }
        },
        [&](int at) {
            for (std::size_t m = 0; m < models.size(); ++m) totals[m].add(of_room[static_cast<std::size_t>(at)][m]);
        });
    return totals;
}

template <class T>
void DensityPass<T>::scores(const DensityModel<T>& model, const RowSource& rows, int n_threads, T* values, T* shares,
                            const std::function<void()>& poll) {
    const BlockPlan blocks = plan(rows, 1, n_threads);
    prepare(blocks, false);
    const std::ptrdiff_t n_components = problem_.shape.n_components;
    const auto score = [&](int thread, int, std::int64_t b) {
        Worker& worker = *workers_[static_cast<std::size_t>(thread)];
        const std::int64_t begin = blocks.begin(b);
        const std::int64_t count = blocks.end(b) - begin;
        worker.gather(rows, begin, begin + count);
        worker.mix(model, false);
        std::copy_n(worker.values(), count, values + begin);
        for (std::int64_t r = 0; shares != nullptr && r < count; ++r)
            for (std::ptrdiff_t k = 0; k < n_components; ++k)
                shares[(begin + r) * n_components + k] = worker.shares(k)[r];
    };
    for_each_block(blocks, poll, score, [](int) {});
}

template class DensityPass<float>;
template class DensityPass<double>;

}  // namespace fastgd
