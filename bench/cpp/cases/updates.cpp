// Optimisers' kernels, on parameters, gradient and the slots that they use.

#include <array>
#include <memory>

#include "cases/kernel_case.hpp"

namespace fastgd::bench {
namespace {

constexpr std::ptrdiff_t kBlock = 1024;
// Parameters, gradient, and slots.
constexpr int kArrays = 2 + kMaxSlots;
constexpr int kParam = 0;
constexpr int kGrad = 1;

template <class T>
using Arrays = std::array<T*, kArrays>;

// A step's coefficients and call.
template <class T>
class Step {
public:
    Step(const OptimizerInfo& info, const OptimizerKernels<T>& kernels, double lr, Arrays<T> arrays, std::ptrdiff_t n) {
        double hyper[kMaxHyper];
        for (int i = 0; i < kMaxHyper; ++i) hyper[i] = info.hyper[i].default_value;
        double memory[kMaxMemory] = {};
        // Some do otherwise in their first step.
        for (const std::int64_t step : {0, 1}) {
            StepInput input{hyper, lr, step};
            info.prepare(input, memory, coef_);
            if (info.n_sums == 0) continue;
            double sums[kMaxSums] = {};
            kernels.measure(call(arrays, n), false, sums);
            input.sums = sums;
            info.conclude(input, memory, coef_);
        }
    }

    // Valid until the next one.
    const UpdateCall<T>& call(const Arrays<T>& arrays, std::ptrdiff_t n) {
        std::copy(arrays.begin() + 2, arrays.end(), slots_);
        call_.param = arrays[kParam];
        call_.grad = arrays[kGrad];
        call_.state = slots_;
        call_.n = n;
        call_.l2 = T(1e-4);
        call_.clip_factor = T(1);
        call_.weights = true;
        call_.coef = coef_;
        return call_;
    }

private:
    double coef_[kMaxCoef] = {};
    T* slots_[kMaxSlots] = {};
    UpdateCall<T> call_{};
};

// The kernels with one signature: what they write beside the arrays goes to `out`.
template <class T>
using Run = std::function<void(const UpdateCall<T>&, T* out)>;

// Which arrays a kernel reads and writes is found by trying: what changes is written, and what changes others is read.
template <class T>
struct Traffic {
    std::array<bool, kArrays> read{};
    std::array<bool, kArrays> written{};

    Traffic(const OptimizerInfo& info, const OptimizerKernels<T>& kernels, const Run<T>& run) {
        constexpr T kOther = T(0.375);
        const auto first = [](int array) { return T(0.5) + T(0.0625) * static_cast<T>(array); };
        const auto after = [&](int changed) {
            alignas(64) T memory[kArrays + 1][kLaneAlign];
            const auto set = [&] {
                for (int a = 0; a <= kArrays; ++a) std::fill_n(memory[a], kLaneAlign, a == changed ? kOther : first(a));
            };
            Arrays<T> arrays;
            for (int a = 0; a < kArrays; ++a) arrays[static_cast<std::size_t>(a)] = memory[a];
            set();
            Step<T> step(info, kernels, 0.1, arrays, kLaneAlign);
            // Some write to their slots when they measure.
            set();
            run(step.call(arrays, kLaneAlign), memory[kArrays]);
            std::array<T, kArrays + 1> values;
            for (int a = 0; a <= kArrays; ++a) values[static_cast<std::size_t>(a)] = memory[a][0];
            return values;
        };
        const auto base = after(-1);
        for (std::size_t a = 0; a < kArrays; ++a) {
            auto other = after(static_cast<int>(a));
            written[a] = base[a] != first(static_cast<int>(a)) || other[a] != kOther;
            if (!written[a]) other[a] = base[a];
            read[a] = other != base;
        }
    }
    int n_arrays() const {
        int n = 0;
        for (std::size_t a = 0; a < kArrays; ++a) n += read[a] || written[a] ? 1 : 0;
        return n;
    }
    int n_passes() const {
        return static_cast<int>(std::count(read.begin(), read.end(), true) +
                                std::count(written.begin(), written.end(), true));
    }
};

template <class T>
Work run_on_parameters(Slice& slice, const OptimizerInfo& info, const OptimizerKernels<T>& kernels, const Run<T>& run,
                       bool has_out) {
    const Traffic<T> traffic(info, kernels, run);
    const int n_arrays = traffic.n_arrays() + (has_out ? 1 : 0);
    const Cut cut(slice.fit(static_cast<std::size_t>(n_arrays) * sizeof(T), 0, kLaneAlign), kBlock);
    Arrays<T> arrays;
    T* unused = slice.zeros<T>(cut.block);
    std::array<bool, kArrays> is_used{};
    for (std::size_t a = 0; a < kArrays; ++a) {
        is_used[a] = traffic.read[a] || traffic.written[a];
        arrays[a] = !is_used[a] ? unused : a == kParam ? slice.random<T>(cut.n()) : slice.zeros<T>(cut.n());
    }
    T* out = has_out ? slice.zeros<T>(cut.n()) : nullptr;
    // So small a rate that nothing ends at 0, or as a subnormal number.
    const auto step = std::make_shared<Step<T>>(info, kernels, 1e-7, arrays, cut.block);
    const auto run_block = [=](std::ptrdiff_t block) {
        const std::ptrdiff_t at = block * cut.block;
        Arrays<T> of_block;
        for (std::size_t a = 0; a < kArrays; ++a) of_block[a] = arrays[a] + (is_used[a] ? at : 0);
        run(step->call(of_block, cut.block), has_out ? out + at : nullptr);
    };
    const int passes = traffic.n_passes() + (has_out ? 1 : 0);
    const bool writes = has_out || std::count(traffic.written.begin(), traffic.written.end(), true) > 0;
    return {run_block, cut.n_blocks, static_cast<double>(cut.block * passes) * sizeof(T), 0.0, writes};
}

}  // namespace

template <class T>
void add_update_kernels(KernelCases& to, const KernelTable& table) {
    for (int i = 0; i < table.n_optimizers; ++i) {
        const OptimizerInfo& info = table.optimizers[i];
        const OptimizerKernels<T> of = kernels_for<T>(table).optimizer[i];
        const auto add = [&](const char* name, auto kernel, const Run<T>& run, bool has_out) {
            to.add(with_type<T>(std::string(name) + "/" + info.name), kInDouble<T>, kernel,
                   [=, &info](Slice& slice) { return run_on_parameters(slice, info, of, run, has_out); });
        };
        // An optimiser without sums of its own is asked for the gradient's norm.
        add(
            "measure", of.measure,
            [=, norm = info.n_sums == 0](const UpdateCall<T>& call, T* out) {
                double sums[kMaxSums] = {};
                of.measure(call, norm, sums);
                if (out != nullptr) *out = static_cast<T>(sums[0] + sums[1]);
            },
            false);
        add(
            "update", of.update, [=](const UpdateCall<T>& call, T*) { of.update(call); }, false);
        add(
            "solution", of.solution, [=](const UpdateCall<T>& call, T* out) { of.solution(call, out); }, true);
    }
}

template void add_update_kernels<float>(KernelCases&, const KernelTable&);
template void add_update_kernels<double>(KernelCases&, const KernelTable&);

}  // namespace fastgd::bench
