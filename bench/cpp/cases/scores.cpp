// Kernels on scores: losses and their derivatives, sums over rows, planes, what is near, and vector functions.

#include "cases/kernel_case.hpp"

namespace fastgd::bench {
namespace {

constexpr std::ptrdiff_t kBlock = 256;
constexpr int kClasses = 10;

// Rows of scores in blocks, an output's scores side by side; 1 is a target that every loss allows.
template <class T>
class Scores {
public:
    Scores(Slice& slice, const LossInfo& info, int lines_beside, bool has_direction)
        : n_outputs_(info.kind == LossKind::multiclass ? kClasses : 1),
          arrays_(has_direction ? 3 : 2),
          lines_(n_outputs_ * arrays_ + lines_beside),
          cut_(slice.fit(static_cast<std::size_t>(lines_) * sizeof(T), 0, kLaneAlign), kBlock),
          raw_(slice.random<T>(cut_.n() * n_outputs_)),
          dloss_(slice.zeros<T>(cut_.n() * n_outputs_)),
          direction_(has_direction ? slice.random<T>(cut_.n() * n_outputs_) : nullptr),
          y_(slice.filled(cut_.n(), T(1))),
          value_(slice.zeros<T>(cut_.n())),
          param_(static_cast<T>(info.param.default_value)) {}

    LossCall<T> call(std::ptrdiff_t first, std::ptrdiff_t n_rows) const {
        LossCall<T> call{};
        call.raw = raw_ + first * n_outputs_;
        call.dloss = dloss_ + first * n_outputs_;
        call.stride = n_rows;
        call.y = y_ + first;
        call.value = value_ + first;
        call.n_rows = static_cast<int>(n_rows);
        call.n_outputs = n_outputs_;
        call.scale = T(1);
        call.param = param_;
        return call;
    }
    const T* direction(std::ptrdiff_t first) const { return direction_ + first * n_outputs_; }
    std::ptrdiff_t block() const { return cut_.block; }
    Work work(std::function<void(std::ptrdiff_t)> run) const {
        const double bytes = static_cast<double>(cut_.block * lines_) * sizeof(T);
        return {std::move(run), cut_.n_blocks, bytes, 0.0, true};
    }

private:
    int n_outputs_;
    int arrays_;
    int lines_;
    Cut cut_;
    const T* raw_;
    T* dloss_;
    const T* direction_;
    const T* y_;
    T* value_;
    T param_;
};

template <class T>
Work loss(Slice& slice, LossKernel<T> kernel, const LossInfo& info) {
    const Scores<T> scores(slice, info, 2, false);
    return scores.work([=](std::ptrdiff_t block) { kernel(scores.call(block * scores.block(), scores.block())); });
}

template <class T>
Work loss_of_row(Slice& slice, LossKernel<T> kernel, const LossInfo& info) {
    const Scores<T> scores(slice, info, 2, false);
    return scores.work([=](std::ptrdiff_t block) {
        for (std::ptrdiff_t r = 0; r < scores.block(); ++r) kernel(scores.call(block * scores.block() + r, 1));
    });
}

template <class T>
Work curvature(Slice& slice, CurvatureKernel<T> kernel, const LossInfo& info) {
    // Values are not written.
    const Scores<T> scores(slice, info, 1, true);
    return scores.work([=](std::ptrdiff_t block) {
        const std::ptrdiff_t first = block * scores.block();
        kernel({scores.call(first, scores.block()), scores.direction(first)});
    });
}

template <class T>
Work lane_sums(Slice& slice, void (*kernel)(const LaneSumsCall<T>&)) {
    const Cut cut(slice.fit(2 * sizeof(T), kSumLanes * (sizeof(double) + sizeof(T)), kSumLanes), kBlock);
    const T* value = slice.random<T>(cut.n());
    const T* dloss = slice.random<T>(cut.n());
    double* value_lanes = slice.zeros<double>(kSumLanes);
    T* dloss_lanes = slice.zeros<T>(kSumLanes);
    const auto run = [=](std::ptrdiff_t block) {
        const std::ptrdiff_t first = block * cut.block;
        kernel({value + first, dloss + first, cut.block, 1, 1, first, cut.block, value_lanes, dloss_lanes});
    };
    return {run, cut.n_blocks, 2.0 * static_cast<double>(cut.block) * sizeof(T)};
}

template <class T>
Work lane_totals(Slice& slice, void (*kernel)(const LaneTotalsCall<T>&)) {
    constexpr std::size_t kLine = (kSumLanes + 1) * (sizeof(double) + sizeof(T));
    const Cut cut(slice.fit(kLine, 0, 1), kBlock);
    const double* value_lanes = slice.random<double>(cut.n() * kSumLanes);
    const T* dloss_lanes = slice.random<T>(cut.n() * kSumLanes);
    double* values = slice.zeros<double>(cut.n());
    T* dloss = slice.zeros<T>(cut.n());
    const auto run = [=](std::ptrdiff_t block) {
        const std::ptrdiff_t first = block * cut.block;
        kernel({value_lanes + first * kSumLanes, dloss_lanes + first * kSumLanes, cut.block, cut.block, values + first,
                dloss + first});
    };
    return {run, cut.n_blocks, static_cast<double>(cut.block) * kLine};
}

// Scores at a point of a plane, along two directions.
template <class T>
Work combine(Slice& slice, void (*kernel)(const CombineCall<T>&)) {
    constexpr std::ptrdiff_t kDirections = 2;
    constexpr std::ptrdiff_t kLines = 1 + kDirections;
    const Cut cut(slice.fit((kLines + 1) * sizeof(T), kDirections * sizeof(T), kLaneAlign), kBlock);
    const T* coordinates = slice.random<T>(kDirections);
    const T* lines = slice.random<T>(cut.n() * kLines);
    T* out = slice.zeros<T>(cut.n());
    const auto run = [=](std::ptrdiff_t block) {
        const std::ptrdiff_t first = block * cut.block;
        kernel({lines + first * kLines, cut.block, 1, coordinates, kDirections, cut.block, out + first, cut.block});
    };
    const double rows = static_cast<double>(cut.block);
    return {run, cut.n_blocks, (kLines + 1) * rows * sizeof(T), 2.0 * kDirections * rows, true};
}

// Without hits, as nearly all rows are.
template <class T>
Work screen(Slice& slice, std::ptrdiff_t (*kernel)(const ScreenCall<T>&)) {
    constexpr std::ptrdiff_t kUnits = 256;
    const Cut cut(slice.fit((kUnits + 1) * sizeof(T), kUnits * sizeof(T), 1), 64);
    const T* limit = slice.filled(kUnits, T(-10));
    T* dot = slice.random<T>(cut.n() * kUnits);
    const T* term = slice.random<T>(cut.n());
    std::int32_t* hits = slice.zeros<std::int32_t>(kUnits);
    const auto run = [=](std::ptrdiff_t block) {
        const std::ptrdiff_t first = block * cut.block;
        kernel({dot + first * kUnits, kUnits, cut.block, kUnits, term + first, limit, hits});
    };
    return {run, cut.n_blocks, static_cast<double>(cut.block) * (kUnits + 1) * sizeof(T)};
}

// Of numbers at which all of them are defined.
template <class T>
Work math(Slice& slice, void (*kernel)(const T*, T*, std::ptrdiff_t)) {
    const Cut cut(slice.fit(2 * sizeof(T), 0, kLaneAlign), 1024);
    T* x = slice.random<T>(cut.n());
    for (std::ptrdiff_t i = 0; i < cut.n(); ++i) x[i] = x[i] < T(0) ? -x[i] : x[i];
    T* y = slice.zeros<T>(cut.n());
    const auto run = [=](std::ptrdiff_t block) { kernel(x + block * cut.block, y + block * cut.block, cut.block); };
    return {run, cut.n_blocks, 2.0 * static_cast<double>(cut.block) * sizeof(T), 0.0, true};
}

template <class T>
auto of_type(const VectorMath& row) {
    if constexpr (kInDouble<T>)
        return row.f64;
    else
        return row.f32;
}

}  // namespace

template <class T>
void add_score_kernels(KernelCases& to, const KernelTable& table) {
    const Kernels<T>& kernels = kernels_for<T>(table);
    const auto add = [&](const std::string& name, auto kernel, auto make, auto... of) {
        to.add(with_type<T>(name), kInDouble<T>, kernel, [=](Slice& slice) { return make(slice, kernel, of...); });
    };
    for (int i = 0; i < table.n_losses; ++i) {
        const LossInfo& info = table.losses[i];
        add(std::string("loss/") + info.name, kernels.loss[i], loss<T>, info);
        add(std::string("loss_of_row/") + info.name, kernels.loss_of_row[i], loss_of_row<T>, info);
        add(std::string("curvature/") + info.name, kernels.curvature[i], curvature<T>, info);
    }
    for (int i = 0; i < table.n_math; ++i)
        add(std::string("math/") + table.math[i].name, of_type<T>(table.math[i]), math<T>);
    add("lane_sums", kernels.lane_sums, lane_sums<T>);
    add("lane_totals", kernels.lane_totals, lane_totals<T>);
    add("combine", kernels.combine, combine<T>);
    add("screen", kernels.screen, screen<T>);
}

template void add_score_kernels<float>(KernelCases&, const KernelTable&);
template void add_score_kernels<double>(KernelCases&, const KernelTable&);

}  // namespace fastgd::bench
