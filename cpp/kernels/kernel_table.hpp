#pragma once

// The one door between code compiled for a particular ISA and the rest: plain structs and function pointers.

#include <cstddef>
#include <cstdint>

#include "fastgd/activation_info.hpp"
#include "fastgd/loss_info.hpp"
#include "fastgd/matrix_view.hpp"
#include "fastgd/optimizer_info.hpp"
#include "kernels/calls.hpp"

namespace fastgd {

inline constexpr int kMaxLosses = 32;
inline constexpr int kMaxOptimizers = 32;
inline constexpr int kMaxActivations = 16;

template <class T>
struct DensityKernels {
    void (*lay_columns)(const LayColumnsCall<T>&);
    void (*gaussian_term)(const GaussianCall<T>&);
    void (*gaussian_sums)(const GaussianSumsCall<T>&);
    // False when a value is not finite.
    bool (*mixture)(const MixtureCall<T>&);
};

template <class T>
struct StorageKernels {
    void (*forward)(const ForwardCall<T>&);
    void (*backward)(const BackwardCall<T>&);
    PerSampleKernel<T> per_sample;
    // For CSR rows: the coefficients themselves, with nothing kept apart.
    void (*settle)(const PerSampleCall<T>&, int model);
    // Null where rows have to be widened first.
    void (*affine)(const AffineCall<T>&);
    void (*outer)(const OuterCall<T>&);
    // Null for CSR rows.
    void (*widen)(const WidenCall<T>&);
};

template <class T>
struct Kernels {
    // Indexed by Storage; empty where the storage is computed in the other type.
    StorageKernels<T> storage[kStorages];
    LossKernel<T> loss[kMaxLosses];
    // For calls of one row.
    LossKernel<T> loss_of_row[kMaxLosses];
    OptimizerKernels<T> optimizer[kMaxOptimizers];
    CurvatureKernel<T> curvature[kMaxLosses];
    void (*lane_sums)(const LaneSumsCall<T>&);
    void (*lane_totals)(const LaneTotalsCall<T>&);
    void (*combine)(const CombineCall<T>&);
    void (*bias_gradient)(const BiasGradientCall<T>&);
    ActivationKernel<T> activation[kMaxActivations];
    // Indexed by Storage; float64 to float, too, but nothing else to double.
    void (*center[kDenseStorages])(const CenterCall<T>&);
    // Returns the number of hits.
    std::ptrdiff_t (*screen)(const ScreenCall<T>&);
    DensityKernels<T> density;

    // Of rows of the compute type.
    const StorageKernels<T>& native() const {
        return storage[static_cast<int>(sizeof(T) == 8 ? Storage::f64 : Storage::f32)];
    }
};

struct VectorMath {
    const char* name;
    void (*f32)(const float*, float*, std::ptrdiff_t);
    void (*f64)(const double*, double*, std::ptrdiff_t);
};

struct KernelTable {
    const char* isa;
    Kernels<float> f32;
    Kernels<double> f64;
    const LossInfo* losses;
    int n_losses;
    const OptimizerInfo* optimizers;
    int n_optimizers;
    const ActivationInfo* activations;
    int n_activations;
    const VectorMath* math;
    int n_math;
};

template <class T>
const Kernels<T>& kernels_for(const KernelTable& table);
template <>
inline const Kernels<float>& kernels_for<float>(const KernelTable& table) {
    return table.f32;
}
template <>
inline const Kernels<double>& kernels_for<double>(const KernelTable& table) {
    return table.f64;
}

}  // namespace fastgd
