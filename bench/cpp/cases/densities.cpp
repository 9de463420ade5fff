// Kernels of densities: rows in lanes, column by column.

#include "cases/kernel_case.hpp"

namespace fastgd::bench {
namespace {

constexpr std::ptrdiff_t kFeatures = 16;
constexpr std::ptrdiff_t kTriangle = kFeatures * (kFeatures + 1) / 2;
constexpr std::ptrdiff_t kBlock = 128;
constexpr int kComponents = 4;

template <class T>
Work lay_columns(Slice& slice, void (*kernel)(const LayColumnsCall<T>&)) {
    const Cut cut(slice.fit(2 * kFeatures * sizeof(T), kFeatures * sizeof(T), kLaneAlign), kBlock);
    const T* shift = slice.random<T>(kFeatures);
    const T* rows = slice.random<T>(cut.n() * kFeatures);
    T* out = slice.zeros<T>(cut.n() * kFeatures);
    const auto run = [=](std::ptrdiff_t block) {
        const std::ptrdiff_t at = block * cut.block * kFeatures;
        kernel({rows + at, kFeatures, cut.block, cut.block, kFeatures, shift, out + at, cut.block});
    };
    return {run, cut.n_blocks, 2.0 * static_cast<double>(cut.block * kFeatures) * sizeof(T), 0.0, true};
}

// Blocks of rows with a Gaussian; what is centered and whitened stays in a nearer cache.
template <class T>
class Gaussian {
public:
    Gaussian(Slice& slice, bool diagonal)
        : diagonal_(diagonal),
          cut_(slice.fit((kFeatures + 1) * sizeof(T), (2 * kFeatures * kBlock + kTriangle) * sizeof(T), kLaneAlign),
               kBlock),
          columns_(slice.random<T>(cut_.n() * kFeatures)),
          term_(slice.zeros<T>(cut_.n())),
          mean_(slice.random<T>(kFeatures)),
          factor_(slice.random<T>(kTriangle)),
          centered_(slice.zeros<T>(kBlock * kFeatures)),
          whitened_(slice.random<T>(kBlock * kFeatures)) {}

    GaussianCall<T> call(std::ptrdiff_t block) const {
        return {columns_ + block * cut_.block * kFeatures,
                cut_.block,
                cut_.block,
                kFeatures,
                mean_,
                factor_,
                diagonal_,
                T(0),
                centered_,
                whitened_,
                term_ + block * cut_.block};
    }
    // A multiply-add for each entry of the factor, and one a feature.
    Work work(std::function<void(std::ptrdiff_t)> run) const {
        const auto rows = static_cast<double>(cut_.block);
        const double products = static_cast<double>((diagonal_ ? kFeatures : kTriangle) + kFeatures);
        return {std::move(run), cut_.n_blocks, rows * (kFeatures + 1) * sizeof(T), 2.0 * rows * products};
    }

private:
    bool diagonal_;
    Cut cut_;
    const T* columns_;
    T* term_;
    const T* mean_;
    const T* factor_;
    T* centered_;
    T* whitened_;
};

template <class T>
Work gaussian_term(Slice& slice, void (*kernel)(const GaussianCall<T>&), bool diagonal) {
    const Gaussian<T> gaussian(slice, diagonal);
    return gaussian.work([=](std::ptrdiff_t block) { kernel(gaussian.call(block)); });
}

// At shares of 1 what is used up stays as it is.
template <class T>
Work gaussian_sums(Slice& slice, void (*kernel)(const GaussianSumsCall<T>&), bool diagonal) {
    const Gaussian<T> gaussian(slice, diagonal);
    const T* share = slice.filled(kBlock, T(1));
    T* whitened_sum = slice.zeros<T>(kFeatures);
    T* factor_sum = slice.zeros<T>(kTriangle);
    return gaussian.work([=](std::ptrdiff_t block) {
        kernel({gaussian.call(block), share, whitened_sum, factor_sum});
    });
}

template <class T>
Work mixture(Slice& slice, bool (*kernel)(const MixtureCall<T>&)) {
    const Cut cut(slice.fit((kComponents + 1) * sizeof(T), 0, kLaneAlign), kBlock);
    T* term = slice.random<T>(cut.n() * kComponents);
    T* value = slice.zeros<T>(cut.n());
    const auto run = [=](std::ptrdiff_t block) {
        const std::ptrdiff_t first = block * cut.block;
        kernel({term + first * kComponents, cut.block, kComponents, cut.block, value + first});
    };
    return {run, cut.n_blocks, static_cast<double>(cut.block) * (2 * kComponents + 1) * sizeof(T), 0.0, true};
}

}  // namespace

template <class T>
void add_density_kernels(KernelCases& to, const KernelTable& table) {
    const DensityKernels<T>& kernels = kernels_for<T>(table).density;
    const auto add = [&](const std::string& name, auto kernel, auto make, auto... of) {
        to.add(with_type<T>("density/" + name), kInDouble<T>, kernel,
               [=](Slice& slice) { return make(slice, kernel, of...); });
    };
    add("lay_columns", kernels.lay_columns, lay_columns<T>);
    add("gaussian_term", kernels.gaussian_term, gaussian_term<T>, false);
    add("gaussian_term_diagonal", kernels.gaussian_term, gaussian_term<T>, true);
    add("gaussian_sums", kernels.gaussian_sums, gaussian_sums<T>, false);
    add("gaussian_sums_diagonal", kernels.gaussian_sums, gaussian_sums<T>, true);
    add("mixture", kernels.mixture, mixture<T>);
}

template void add_density_kernels<float>(KernelCases&, const KernelTable&);
template void add_density_kernels<double>(KernelCases&, const KernelTable&);

}  // namespace fastgd::bench
