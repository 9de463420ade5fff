// Kernels over rows of CSR matrices.

#include <cstring>

#include "cases/row_lists.hpp"
#include "cases/steps.hpp"

namespace fastgd::bench {
namespace {

// Coefficients stay in the first-level cache: the size class is that of the matrix.
constexpr std::ptrdiff_t kCols = 256;
constexpr std::ptrdiff_t kEntries = 32;
constexpr std::ptrdiff_t kBlockRows = 256;
constexpr Storage kSparse[] = {Storage::csr_f64_i32, Storage::csr_f64_i64, Storage::csr_f32_i32, Storage::csr_f32_i64};
constexpr const char* kNames[] = {"csr_float64_int32", "csr_float64_int64", "csr_float32_int32", "csr_float32_int64"};

// Every row has as many entries, in columns that differ from row to row.
struct SparseRows {
    std::size_t row_bytes;
    Cut cut;
    RowLists lists;
    const void* values;
    const void* indices = nullptr;

    SparseRows(Slice& slice, Storage storage, std::size_t more, std::size_t once, std::ptrdiff_t block_rows)
        : row_bytes(kEntries * static_cast<std::size_t>(element_size(storage) + index_size(storage)) +
                    static_cast<std::size_t>(index_size(storage)) + RowLists::kBytesARow),
          cut(slice.fit(row_bytes + more, once, kRowTile), block_rows),
          lists(slice, cut),
          values(slice.random(cut.n() * kEntries, computes_in_double(storage) ? Storage::f64 : Storage::f32)) {
        if (index_size(storage) == 4)
            fill_indices<std::int32_t>(slice);
        else
            fill_indices<std::int64_t>(slice);
    }
    Rows rows(std::ptrdiff_t block) const {
        Rows rows = lists(block);
        rows.values = values;
        rows.indices = indices;
        return rows;
    }
    double block_bytes() const { return static_cast<double>(cut.block) * static_cast<double>(row_bytes); }
    double block_entries() const { return static_cast<double>(cut.block * kEntries); }

private:
    template <class I>
    void fill_indices(Slice& slice) {
        I* column = slice.zeros<I>(cut.n() * kEntries);
        I* offset = slice.zeros<I>(cut.n() + 1);
        constexpr std::ptrdiff_t kStep = kCols / kEntries;
        for (std::ptrdiff_t i = 0; i < cut.n(); ++i) {
            for (std::ptrdiff_t j = 0; j < kEntries; ++j)
                column[i * kEntries + j] = static_cast<I>(j * kStep + (5 * i + 3 * j) % kStep);
            offset[i + 1] = static_cast<I>((i + 1) * kEntries);
        }
        indices = column;
        lists.point(reinterpret_cast<const std::byte*>(offset), sizeof(I));
    }
};

enum class Pass : std::uint8_t { forward, backward };

template <class T>
Work pass_over_rows(Slice& slice, const StorageKernels<T>& kernels, Storage storage, Pass pass, int n_outputs) {
    const std::size_t once = static_cast<std::size_t>(n_outputs) * (kCols + kBlockRows) * sizeof(T);
    const SparseRows rows(slice, storage, 0, once, kBlockRows);
    const std::ptrdiff_t stride = round_up(rows.cut.block, kLaneAlign);
    T* coef = slice.random<T>(n_outputs * kCols);
    T* scores = slice.random<T>(n_outputs * stride);
    const auto run = [=](std::ptrdiff_t block) {
        if (pass == Pass::forward)
            kernels.forward({rows.rows(block), {0, kCols}, coef, kCols, n_outputs, scores, stride, 0, true});
        else
            kernels.backward({rows.rows(block), {0, kCols}, scores, stride, n_outputs, coef, kCols});
    };
    return {run, rows.cut.n_blocks, rows.block_bytes(), 2.0 * rows.block_entries() * n_outputs};
}

template <class T>
Work steps(Slice& slice, const KernelTable& table, Storage storage) {
    const SparseRows rows(slice, storage, sizeof(T), kCols * sizeof(T), kStepRows);
    const auto state = std::make_shared<Steps<T>>(slice, table, kCols, rows.cut.block);
    const PerSampleKernel<T> kernel = kernels_for<T>(table).storage[static_cast<int>(storage)].per_sample;
    const auto run = [=](std::ptrdiff_t block) { state->run(kernel, rows.rows(block)); };
    return {run, rows.cut.n_blocks, rows.block_bytes(), 4.0 * rows.block_entries()};
}

// Scaled by -1, coefficients neither vanish nor grow.
template <class T>
Work settle(Slice& slice, void (*kernel)(const PerSampleCall<T>&, int)) {
    const Cut cut(slice.fit(sizeof(T), 0, kLaneAlign), 4096);
    T* coef = slice.random<T>(cut.n());
    const auto run = [=](std::ptrdiff_t block) {
        Decay decay{-1.0, 0.0};
        PerSampleCall<T> call{};
        call.n_features = call.coef_stride = cut.block;
        call.coef = coef + block * cut.block;
        call.n_models = call.n_outputs = 1;
        call.decay = &decay;
        kernel(call, 0);
    };
    return {run, cut.n_blocks, 2.0 * static_cast<double>(cut.block) * sizeof(T), 0.0, true};
}

// The first layer of a perceptron: a panel of units.
template <class T>
Work layer(Slice& slice, const StorageKernels<T>& kernels, Storage storage, Pass pass) {
    constexpr std::ptrdiff_t kUnits = kUnitPanel<T>;
    const std::size_t row_out = kUnits * sizeof(T);
    const SparseRows rows(slice, storage, row_out, kCols * row_out, kBlockRows);
    T* weight = slice.random<T>(kCols * kUnits);
    T* out = slice.random<T>(rows.cut.n() * kUnits);
    const T* bias = slice.zeros<T>(kUnits);
    const auto run = [=](std::ptrdiff_t block) {
        T* of_block = out + block * rows.cut.block * kUnits;
        if (pass == Pass::forward) {
            AffineCall<T> call{};
            call.rows = rows.rows(block);
            call.last = kUnits;
            call.weight = weight;
            call.panel_stride = kCols * kUnits;
            call.bias = bias;
            call.out = of_block;
            call.out_stride = kUnits;
            kernels.affine(call);
        } else {
            kernels.outer({rows.rows(block), 0, 0, kCols, of_block, kUnits, kUnits, weight, 0});
        }
    };
    const double bytes = rows.block_bytes() + static_cast<double>(rows.cut.block) * static_cast<double>(row_out);
    return {run, rows.cut.n_blocks, bytes, 2.0 * rows.block_entries() * kUnits, pass == Pass::forward};
}

}  // namespace

template <class T>
void add_sparse_kernels(KernelCases& to, const KernelTable& table) {
    for (std::size_t s = 0; s < std::size(kSparse); ++s) {
        const Storage storage = kSparse[s];
        const StorageKernels<T>& of = kernels_for<T>(table).storage[static_cast<int>(storage)];
        const auto add = [&](const std::string& name, auto kernel, auto make) {
            to.add(name + "/" + kNames[s], kInDouble<T>, kernel, make);
        };
        for (const int n : kOutputCounts) {
            const auto pass = [&of, storage, n](Pass which) {
                return [&of, storage, n, which](Slice& slice) { return pass_over_rows(slice, of, storage, which, n); };
            };
            add(with_outputs("forward", n), of.forward, pass(Pass::forward));
            add(with_outputs("backward", n), of.backward, pass(Pass::backward));
        }
        add("per_sample", of.per_sample, [&table, storage](Slice& slice) { return steps<T>(slice, table, storage); });
        add("settle", of.settle, [&of](Slice& slice) { return settle(slice, of.settle); });
        add("affine", of.affine, [&of, storage](Slice& slice) { return layer(slice, of, storage, Pass::forward); });
        add("outer", of.outer, [&of, storage](Slice& slice) { return layer(slice, of, storage, Pass::backward); });
    }
}

template void add_sparse_kernels<float>(KernelCases&, const KernelTable&);
template void add_sparse_kernels<double>(KernelCases&, const KernelTable&);

}  // namespace fastgd::bench
