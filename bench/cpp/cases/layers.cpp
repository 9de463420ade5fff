// Kernels of a perceptron's layers on rows of the compute type.

#include "cases/row_lists.hpp"

namespace fastgd::bench {
namespace {

constexpr std::ptrdiff_t kBatch = 128;

// A batch of rows through a layer: as wide as weights in half of the memory allow, at most a usual first layer. Then
// rows follow.
template <class T>
struct Layer {
    std::ptrdiff_t n_units;
    std::ptrdiff_t n_inputs;
    // An odd number of cache lines, as in a run.
    std::ptrdiff_t out_stride;
    std::ptrdiff_t row_bytes;
    Cut cut;
    RowLists lists;
    T* weight;
    T* out;
    const T* bias;

    explicit Layer(Slice& slice)
        : n_units(slice.fit(sizeof(T), 0, 1) < 256 * 256 ? kUnitPanel<T> : 256),
          n_inputs(std::min<std::ptrdiff_t>(
              784, slice.fit(2 * static_cast<std::size_t>(n_units) * sizeof(T), 0, kLaneAlign))),
          out_stride(n_units + static_cast<std::ptrdiff_t>(64 / sizeof(T))),
          row_bytes(n_inputs * static_cast<std::ptrdiff_t>(sizeof(T))),
          cut(slice.fit(static_cast<std::size_t>(row_bytes + out_stride * static_cast<std::ptrdiff_t>(sizeof(T))) +
                            RowLists::kBytesARow,
                        static_cast<std::size_t>(n_units * row_bytes), kRowTile),
              kBatch),
          lists(slice, cut),
          weight(slice.random<T>(n_inputs * n_units)),
          out(slice.random<T>(cut.n() * out_stride)),
          bias(slice.zeros<T>(n_units)) {
        lists.point(reinterpret_cast<const std::byte*>(slice.random<T>(cut.n() * n_inputs)), row_bytes);
    }
    Work work(std::function<void(std::ptrdiff_t)> run, bool writes) const {
        const double rows = static_cast<double>(cut.block);
        const double bytes = rows * static_cast<double>(row_bytes) + rows * static_cast<double>(n_units) * sizeof(T);
        return {std::move(run), cut.n_blocks, bytes, 2.0 * rows * static_cast<double>(n_inputs * n_units), writes};
    }
};

template <class T>
Work affine(Slice& slice, void (*kernel)(const AffineCall<T>&)) {
    const Layer<T> layer(slice);
    AffineCall<T> call{};
    call.input_step = 1;
    call.end = layer.n_inputs;
    call.last = layer.n_units;
    call.weight = layer.weight;
    call.panel_stride = kUnitPanel<T> * layer.n_inputs;
    call.bias = layer.bias;
    call.out_stride = layer.out_stride;
    const auto run = [=](std::ptrdiff_t block) mutable {
        call.rows = layer.lists(block);
        call.out = layer.out + block * layer.cut.block * layer.out_stride;
        kernel(call);
    };
    return layer.work(run, true);
}

template <class T>
Work outer(Slice& slice, void (*kernel)(const OuterCall<T>&)) {
    const Layer<T> layer(slice);
    const auto run = [=](std::ptrdiff_t block) {
        const T* delta = layer.out + block * layer.cut.block * layer.out_stride;
        for (std::ptrdiff_t unit = 0; unit < layer.n_units; unit += kUnitPanel<T>)
            kernel({layer.lists(block), 0, 0, layer.n_inputs, delta + unit, layer.out_stride, kUnitPanel<T>,
                    layer.weight + unit * layer.n_inputs, 0});
    };
    return layer.work(run, false);
}

template <class T>
Work bias_gradient(Slice& slice, void (*kernel)(const BiasGradientCall<T>&)) {
    constexpr std::ptrdiff_t kUnits = 256;
    const Cut cut(slice.fit(kUnits * sizeof(T), kUnits * sizeof(T), 1), kBatch);
    const T* delta = slice.random<T>(cut.n() * kUnits);
    T* grad = slice.zeros<T>(kUnits);
    const auto run = [=](std::ptrdiff_t block) {
        kernel({delta + block * cut.block * kUnits, kUnits, cut.block, kUnits, grad});
    };
    return {run, cut.n_blocks, static_cast<double>(cut.block * kUnits) * sizeof(T)};
}

// Where inputs came back from the output, again and again, they would end as subnormal numbers: so they are copied
// from elsewhere.
template <class T>
Work activation(Slice& slice, ActivationKernel<T> kernel) {
    const Cut cut(slice.fit(3 * sizeof(T), 0, kLaneAlign), 1024);
    const T* z = slice.random<T>(cut.n());
    T* value = slice.zeros<T>(cut.n());
    T* slope = slice.zeros<T>(cut.n());
    const auto run = [=](std::ptrdiff_t block) {
        const std::ptrdiff_t at = block * cut.block;
        std::copy_n(z + at, cut.block, value + at);
        kernel({value + at, slope + at, cut.block, 1, 0, cut.block});
    };
    return {run, cut.n_blocks, 3.0 * static_cast<double>(cut.block) * sizeof(T), 0.0, true};
}

}  // namespace

template <class T>
void add_layer_kernels(KernelCases& to, const KernelTable& table) {
    const Kernels<T>& kernels = kernels_for<T>(table);
    const StorageKernels<T>& native = kernels.native();
    const auto add = [&](const std::string& name, auto kernel, auto make) {
        to.add(with_type<T>(name), kInDouble<T>, kernel, [=](Slice& slice) { return make(slice, kernel); });
    };
    add("affine", native.affine, affine<T>);
    add("outer", native.outer, outer<T>);
    add("bias_gradient", kernels.bias_gradient, bias_gradient<T>);
    for (int i = 0; i < table.n_activations; ++i)
        add(std::string("activation/") + table.activations[i].name, kernels.activation[i], activation<T>);
}

template void add_layer_kernels<float>(KernelCases&, const KernelTable&);
template void add_layer_kernels<double>(KernelCases&, const KernelTable&);

}  // namespace fastgd::bench
