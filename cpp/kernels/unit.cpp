// Compiled once for each instruction set. Everything is in an anonymous namespace but the one table.

#include "activations/registry.hpp"
#include "kernels/activation.hpp"
#include "kernels/affine.hpp"
#include "kernels/backward.hpp"
#include "kernels/center.hpp"
#include "kernels/combine.hpp"
#include "kernels/csr_layers.hpp"
#include "kernels/csr_passes.hpp"
#include "kernels/csr_steps.hpp"
#include "kernels/curvature.hpp"
#include "kernels/density.hpp"
#include "kernels/forward.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/lane_sums.hpp"
#include "kernels/loss.hpp"
#include "kernels/outer.hpp"
#include "kernels/per_sample.hpp"
#include "kernels/screen.hpp"
#include "kernels/update.hpp"
#include "kernels/widen.hpp"
#include "losses/registry.hpp"
#include "optimizers/registry.hpp"
#include "simd/math.hpp"
#include "storage/storages.hpp"

namespace fastgd {
namespace {

// Of elements in the compute type, and of narrower ones.
template <class S>
constexpr StorageKernels<typename S::Compute> storage_kernels() {
    using T = typename S::Compute;
    return {forward<S>, backward<S>, per_sample<S>, nullptr, affine<T>, outer<T>, widen<S>};
}
template <class S>
constexpr StorageKernels<typename S::Compute> narrow_kernels() {
    return {forward<S>, backward<S>, per_sample<S>, nullptr, nullptr, nullptr, widen<S>};
}

template <class T, class I>
constexpr StorageKernels<T> csr_kernels() {
    using S = Csr<T, I>;
    return {csr_forward<S>, csr_backward<S>, csr_steps<S>, csr_settle<S>, csr_affine<S>, csr_outer<S>, nullptr};
}

template <class T>
constexpr DensityKernels<T> density_kernels() {
    return {lay_columns<T>, gaussian_term<T>, gaussian_sums<T>, mixture<T>};
}

#define FASTGD_INFO(L) L::kInfo,
constexpr LossInfo kLosses[] = {FASTGD_LOSSES(FASTGD_INFO)};
#undef FASTGD_INFO
#define FASTGD_INFO(O) O<float>::kInfo,
constexpr OptimizerInfo kOptimizers[] = {FASTGD_OPTIMIZERS(FASTGD_INFO)};
#undef FASTGD_INFO
#define FASTGD_INFO(A) A::kInfo,
constexpr ActivationInfo kActivations[] = {FASTGD_ACTIVATIONS(FASTGD_INFO)};
#undef FASTGD_INFO

#define FASTGD_MATH_FUNCTIONS(ROW) ROW(exp) ROW(expm1) ROW(log) ROW(log1p) ROW(tanh) ROW(sigmoid) ROW(softplus)

#define FASTGD_ARRAY_FUNCTION(NAME)                                                    \
    template <class T>                                                                 \
    void NAME##_array(const T* x, T* y, std::ptrdiff_t n) {                            \
        for (std::ptrdiff_t i = 0; i < n; i += kLanes<T>) {                            \
            const int count = static_cast<int>(n - i < kLanes<T> ? n - i : kLanes<T>); \
            store_partial(y + i, NAME(load_partial(x + i, count)), count);             \
        }                                                                              \
    }
FASTGD_MATH_FUNCTIONS(FASTGD_ARRAY_FUNCTION)
#undef FASTGD_ARRAY_FUNCTION

#define FASTGD_MATH_ROW(NAME) {#NAME, NAME##_array<float>, NAME##_array<double>},
constexpr VectorMath kMath[] = {FASTGD_MATH_FUNCTIONS(FASTGD_MATH_ROW)};
#undef FASTGD_MATH_ROW

template <class T, std::size_t n>
constexpr int length(const T (&)[n]) {
    return static_cast<int>(n);
}

#define FASTGD_LOSS_F32(L) evaluate_loss<L, float>,
#define FASTGD_ROW_LOSS_F32(L) evaluate_loss_of_row<L, float>,
#define FASTGD_LOSS_F64(L) evaluate_loss<L, double>,
#define FASTGD_ROW_LOSS_F64(L) evaluate_loss_of_row<L, double>,
#define FASTGD_OPTIMIZER_F32(O) {update<O<float>, float>, measure<O<float>, float>, solution<O<float>, float>},
#define FASTGD_OPTIMIZER_F64(O) {update<O<double>, double>, measure<O<double>, double>, solution<O<double>, double>},
#define FASTGD_CURVATURE_F32(L) curve_loss<L, float>,
#define FASTGD_CURVATURE_F64(L) curve_loss<L, double>,
#define FASTGD_ACTIVATION_F32(A) activate<A, float>,
#define FASTGD_ACTIVATION_F64(A) activate<A, double>,

// Storages stand at their enumerators' places.
constexpr KernelTable kTable{
    kIsaName,
    {{{},
      storage_kernels<F32>(),
      narrow_kernels<F16>(),
      narrow_kernels<Bf16>(),
      narrow_kernels<U8>(),
      narrow_kernels<I8>(),
      {},
      {},
      csr_kernels<float, std::int32_t>(),
      csr_kernels<float, std::int64_t>()},
     {FASTGD_LOSSES(FASTGD_LOSS_F32)},
     {FASTGD_LOSSES(FASTGD_ROW_LOSS_F32)},
     {FASTGD_OPTIMIZERS(FASTGD_OPTIMIZER_F32)},
     {FASTGD_LOSSES(FASTGD_CURVATURE_F32)},
     lane_sums<float>,
     lane_totals<float>,
     combine<float>,
     bias_gradient<float>,
     {FASTGD_ACTIVATIONS(FASTGD_ACTIVATION_F32)},
     {center_to_float, center<F32>, center<F16>, center<Bf16>, center<U8>, center<I8>},
     screen<float>,
     density_kernels<float>()},
    {{storage_kernels<F64>(),
      {},
      {},
      {},
      {},
      {},
      csr_kernels<double, std::int32_t>(),
      csr_kernels<double, std::int64_t>(),
      {},
      {}},
     {FASTGD_LOSSES(FASTGD_LOSS_F64)},
     {FASTGD_LOSSES(FASTGD_ROW_LOSS_F64)},
     {FASTGD_OPTIMIZERS(FASTGD_OPTIMIZER_F64)},
     {FASTGD_LOSSES(FASTGD_CURVATURE_F64)},
     lane_sums<double>,
     lane_totals<double>,
     combine<double>,
     bias_gradient<double>,
     {FASTGD_ACTIVATIONS(FASTGD_ACTIVATION_F64)},
     {center<F64>},
     screen<double>,
     density_kernels<double>()},
    kLosses,
    length(kLosses),
    kOptimizers,
    length(kOptimizers),
    kActivations,
    length(kActivations),
    kMath,
    length(kMath),
};

}  // namespace

#define FASTGD_CONCAT2(a, b) a##b
#define FASTGD_CONCAT(a, b) FASTGD_CONCAT2(a, b)
const KernelTable& FASTGD_CONCAT(kernel_table_, FASTGD_ISA)() { return kTable; }

}  // namespace fastgd
