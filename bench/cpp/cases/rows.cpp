// Kernels over dense rows of every storage.

#include "cases/row_lists.hpp"
#include "cases/steps.hpp"
#include "descent.hpp"

namespace fastgd::bench {
namespace {

// Narrow enough that a few rows fit into the first-level cache, with ten rows of coefficients.
constexpr std::ptrdiff_t kCols = 128;
constexpr std::ptrdiff_t kBlockRows = 64;

struct DenseRows {
    std::ptrdiff_t row_bytes;
    Cut cut;
    RowLists lists;
    const std::byte* first;

    // `more`: bytes that a row takes beside its own; `once`: those that are needed once.
    DenseRows(Slice& slice, Storage storage, std::size_t more, std::size_t once, std::ptrdiff_t block_rows)
        : row_bytes(kCols * element_size(storage)),
          cut(slice.fit(static_cast<std::size_t>(row_bytes) + RowLists::kBytesARow + more, once, kRowTile), block_rows),
          lists(slice, cut),
          first(slice.random(cut.n() * kCols, storage)) {
        lists.point(first, row_bytes);
    }
    // Random order from now on; how the limits meet the rows in it.
    RowWalk shuffle(Slice& slice) {
        auto* order = slice.zeros<std::int64_t>(cut.n());
        std::ranges::copy(first_order(cut.n()), order);
        lists.point(first, row_bytes, order);
        return {first, row_bytes, row_bytes, order, 0, cut.n()};
    }
    double block_bytes() const {
        return static_cast<double>(cut.block * (row_bytes + static_cast<std::ptrdiff_t>(RowLists::kBytesARow)));
    }
};

enum class Pass : std::uint8_t { forward, backward, both };

template <class T>
Work pass_over_rows(Slice& slice, const StorageKernels<T>& kernels, Storage storage, Pass pass, int n_outputs) {
    const std::size_t once = 2 * static_cast<std::size_t>(n_outputs) * (kCols + kBlockRows) * sizeof(T);
    const DenseRows rows(slice, storage, 0, once, kBlockRows);
    const std::ptrdiff_t stride = round_up(rows.cut.block, kLaneAlign);
    ForwardCall<T> forward{{}, {0, kCols}, nullptr, kCols, n_outputs, nullptr, stride, 0, true};
    forward.coef = slice.random<T>(n_outputs * kCols);
    forward.out = slice.zeros<T>(n_outputs * stride);
    BackwardCall<T> backward{{}, {0, kCols}, nullptr, stride, n_outputs, nullptr, kCols};
    backward.dloss = slice.random<T>(n_outputs * stride);
    backward.grad = slice.zeros<T>(n_outputs * kCols);
    const auto run = [=](std::ptrdiff_t block) mutable {
        forward.rows = backward.rows = rows.lists(block);
        if (pass != Pass::backward) kernels.forward(forward);
        if (pass != Pass::forward) kernels.backward(backward);
    };
    const double products = static_cast<double>(rows.cut.block * kCols) * n_outputs;
    return {run, rows.cut.n_blocks, rows.block_bytes(), (pass == Pass::both ? 4.0 : 2.0) * products};
}

template <class T>
Work steps(Slice& slice, const KernelTable& table, Storage storage) {
    DenseRows rows(slice, storage, sizeof(T) + sizeof(std::int64_t), kCols * sizeof(T), kStepRows);
    const RowWalk walk = rows.shuffle(slice);
    const auto state = std::make_shared<Steps<T>>(slice, table, kCols, rows.cut.block);
    const PerSampleKernel<T> kernel = kernels_for<T>(table).storage[static_cast<int>(storage)].per_sample;
    const auto run = [=, lists = rows.lists](std::ptrdiff_t block) { state->run(kernel, lists(block)); };
    const double flops = 4.0 * static_cast<double>(rows.cut.block * kCols);
    return {run, rows.cut.n_blocks, rows.block_bytes(), flops, false, walk};
}

// Rows into the compute type.
template <class T>
Work widen(Slice& slice, void (*kernel)(const WidenCall<T>&), Storage storage) {
    const DenseRows rows(slice, storage, kCols * sizeof(T), 0, kBlockRows);
    T* out = slice.zeros<T>(rows.cut.n() * kCols);
    const auto run = [=, block_rows = rows.cut.block, lists = rows.lists](std::ptrdiff_t block) {
        kernel({lists(block), {0, kCols}, out + block * block_rows * kCols, kCols});
    };
    const double written = static_cast<double>(rows.cut.block * kCols) * sizeof(T);
    return {run, rows.cut.n_blocks, rows.block_bytes() + written, 0.0, true};
}

template <class T>
Work center(Slice& slice, void (*kernel)(const CenterCall<T>&), Storage storage) {
    const DenseRows rows(slice, storage, kCols * sizeof(T), kCols * sizeof(T), kBlockRows);
    const T* shift = slice.random<T>(kCols);
    T* out = slice.zeros<T>(rows.cut.n() * kCols);
    const auto run = [=, block_rows = rows.cut.block, lists = rows.lists](std::ptrdiff_t block) {
        kernel({lists(block), {0, kCols}, shift, T(0.5), out + block * block_rows * kCols, kCols});
    };
    const double written = static_cast<double>(rows.cut.block * kCols) * sizeof(T);
    return {run, rows.cut.n_blocks, rows.block_bytes() + written, 0.0, true};
}

}  // namespace

template <class T>
void add_row_kernels(KernelCases& to, const KernelTable& table) {
    for (int s = 0; s < kDenseStorages; ++s) {
        const auto storage = static_cast<Storage>(s);
        const StorageKernels<T>& of = kernels_for<T>(table).storage[s];
        const std::string suffix = std::string("/") + name_of(storage);
        const auto add = [&](const std::string& name, auto kernel, auto make) {
            to.add(name + suffix, kInDouble<T>, kernel, make);
        };
        for (const int n : kOutputCounts) {
            const auto pass = [&of, storage, n](Pass which) {
                return [&of, storage, n, which](Slice& slice) { return pass_over_rows(slice, of, storage, which, n); };
            };
            add(with_outputs("forward", n), of.forward, pass(Pass::forward));
            add(with_outputs("backward", n), of.backward, pass(Pass::backward));
            add(with_outputs("pass", n), of.backward, pass(Pass::both));
        }
        add("per_sample", of.per_sample, [&table, storage](Slice& slice) { return steps<T>(slice, table, storage); });
        add("widen", of.widen, [&of, storage](Slice& slice) { return widen(slice, of.widen, storage); });
        const auto center_kernel = kernels_for<T>(table).center[s];
        add(storage == Storage::f64 && !kInDouble<T> ? "center_to_float" : "center", center_kernel,
            [=](Slice& slice) { return center(slice, center_kernel, storage); });
    }
}

template void add_row_kernels<float>(KernelCases&, const KernelTable&);
template void add_row_kernels<double>(KernelCases&, const KernelTable&);

}  // namespace fastgd::bench
