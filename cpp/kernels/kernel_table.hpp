#pragma once

// The one door between code compiled for a particular ISA and the rest: plain structs and function pointers.

#include <cstddef>
#include <cstdint>

#include "fastgd/activation_info.hpp"
#include "fastgd/loss_info.hpp"
#include "fastgd/matrix_view.hpp"
#include "fastgd/optimizer_info.hpp"

namespace fastgd {

// A score is the sum, in order, of the dots of column panels this wide. Part of the arithmetic: changing it changes
// results. Narrow enough that 784 features split evenly between two threads, wide enough that reductions stay
// small beside the products.
inline constexpr std::ptrdiff_t kPanel = 192;
// Rows come in tiles of this many; lists of row pointers are padded to it by repeating a valid row.
inline constexpr int kRowTile = 4;
// Parameter rows are padded with zeros to a multiple of this many elements.
inline constexpr std::ptrdiff_t kLaneAlign = 16;
// A mini-batch up to this size is one accumulation block in the compute type; larger ones are summed as full batches.
inline constexpr std::int64_t kLargestMiniBatch = 4096;
// Sums of losses and derivatives over rows: row i adds to lane i % kSumLanes. Chains of additions would take longer
// than the rest of a narrow row.
inline constexpr std::ptrdiff_t kSumLanes = 16;
inline constexpr int kMaxLosses = 32;
inline constexpr int kMaxOptimizers = 32;
inline constexpr int kMaxActivations = 16;
// The weights of a layer lie in panels of so many units, two vectors of them side by side for one input after the
// other, the last panel's rounded up to a multiple of kLaneAlign: tiles of a layer's products are as wide.
template <class T>
inline constexpr std::ptrdiff_t kUnitPanel = 128 / static_cast<std::ptrdiff_t>(sizeof(T));

constexpr std::ptrdiff_t round_up(std::ptrdiff_t n, std::ptrdiff_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

// Rows of a matrix, wherever they lie, and as many that will be wanted next (or null): kernels prefetch those. Both
// lists are padded with valid rows to a multiple of kRowTile. A row of a CSR matrix is where its offset stands, into
// `values` and `indices`.
struct Rows {
    const std::byte* const* row = nullptr;
    std::ptrdiff_t count = 0;
    const std::byte* const* next = nullptr;
    const void* values = nullptr;
    const void* indices = nullptr;
};

// Columns begin..end of the matrix, all of them for a CSR matrix. Scores want a `begin` that is a multiple of kPanel.
struct Columns {
    std::ptrdiff_t begin = 0;
    std::ptrdiff_t end = 0;
};

// out[panel][output][row] = (accumulate ? out : 0) + dot(x_row, coef_output) over the panel.
// With panel_stride 0 and accumulate the panels add up in place, in order.
template <class T>
struct ForwardCall {
    Rows rows;
    Columns columns;
    const T* coef;
    std::ptrdiff_t coef_stride;
    int n_outputs;
    T* out;
    std::ptrdiff_t output_stride;
    std::ptrdiff_t panel_stride;
    bool accumulate;
};

// grad[output][column] += sum over rows, in order, of dloss[output][row] * x[row][column]
template <class T>
struct BackwardCall {
    Rows rows;
    Columns columns;
    const T* dloss;
    std::ptrdiff_t dloss_stride;
    int n_outputs;
    T* grad;
    std::ptrdiff_t grad_stride;
};

// value[row] = s * loss, dloss[output][row] = scale * s * dloss/draw; rows of weight 0 give 0.
template <class T>
struct LossCall {
    const T* raw;
    T* dloss;
    std::ptrdiff_t stride;
    const T* y;
    // Distance between the targets of two outputs; 0 where all outputs share one target a row.
    std::ptrdiff_t y_stride;
    // nullptr: every row weighs 1.
    const T* weight;
    T* value;
    int n_rows;
    int n_outputs;
    // A binary loss on class indices: output k's target is +1 where y == k, else -1.
    bool one_vs_rest;
    T scale;
    T param;
};
// False when a raw score is not finite.
template <class T>
using LossKernel = bool (*)(const LossCall<T>&);

// dloss[output][row] = scale * s * (H u)[output], with H the Hessian of the row's loss in its raw scores and u what
// `direction` holds, laid out as raw scores are; `value` is not written.
template <class T>
struct CurvatureCall {
    LossCall<T> loss;
    const T* direction;
};
// False when a raw score or an entry of the direction is not finite.
template <class T>
using CurvatureKernel = bool (*)(const CurvatureCall<T>&);

// Adds lines of some rows' losses, in double, and derivatives to lanes, kSumLanes a line. The first row is the first-th
// of its sums; rows do not straddle a multiple of kSumLanes, unless they begin on one.
template <class T>
struct LaneSumsCall {
    const T* value;
    const T* dloss;
    std::ptrdiff_t stride;
    std::ptrdiff_t n_values;
    std::ptrdiff_t n_dloss;
    std::ptrdiff_t first;
    std::ptrdiff_t count;
    double* value_lanes;
    T* dloss_lanes;
};

// The sums of lines of lanes, by a fixed tree.
template <class T>
struct LaneTotalsCall {
    const double* value_lanes;
    const T* dloss_lanes;
    std::ptrdiff_t n_values;
    std::ptrdiff_t n_dloss;
    double* values;
    T* dloss;
};

// out[line][row] = lines[0][line][row] + sum over j, in order, of coordinates[j] * lines[1 + j][line][row]: the scores
// at a point of a plane, from those at its origin and along its directions. Lines are padded to kLaneAlign.
template <class T>
struct CombineCall {
    const T* lines;
    std::ptrdiff_t stride;
    std::ptrdiff_t n_lines;
    const T* coordinates;
    std::ptrdiff_t n_directions;
    std::ptrdiff_t count;
    T* out;
    std::ptrdiff_t out_stride;
};

// One optimiser step on one model's row of parameters; leaves grad zeroed for the next batch.
template <class T>
struct UpdateCall {
    T* param;
    T* grad;
    T* const* state;
    std::ptrdiff_t n;
    T l2;
    T l1;
    // Added to the gradient of intercepts.
    T slope;
    // Largest magnitude of a gradient's entry, 0 for any; what clipping by norm multiplies them by.
    T clip_value;
    T clip_factor;
    // Whether these are weights, not intercepts.
    bool weights;
    const double* coef;
};
template <class T>
struct OptimizerKernels {
    void (*update)(const UpdateCall<T>&);
    // Adds to sums: the squared norm of the gradient, or what the optimiser needs to know of all parameters.
    void (*measure)(const UpdateCall<T>&, bool norm, double* sums);
    void (*solution)(const UpdateCall<T>&, T* out);
};

// A CSR row's step moves the coefficients of its own columns alone. What the penalty does to all of them is kept apart
// until a row meets them: each model's coefficients w are scale * soft(v, shrink - met), where v is what the array of
// coefficients holds, soft is soft-thresholding, and met is what shrink was when the coefficient was last met.
struct Decay {
    double scale;
    double shrink;
};

// Plain stochastic descent, a row a step: the update by one row fused with the scores of the next. On CSR rows also
// mini-batches.
template <class T>
struct PerSampleCall {
    Rows rows;
    std::ptrdiff_t n_features;
    T* coef;
    std::ptrdiff_t coef_stride;
    T* intercept;
    // Distance between the intercepts of two models.
    std::ptrdiff_t intercept_stride;
    bool fit_intercept;
    int n_models;
    int n_outputs;
    // Per model: lr of each step ([step * n_models + model]), and the penalty's two strengths.
    const T* lr;
    const T* l2;
    const T* l1;
    // Per model: the factor of the loss's derivatives, and the rows' weights, or null; a row of weight 0 is no step.
    const T* scale;
    const T* const* weight;
    LossKernel<T> loss;
    // y as gathered in the order of rows.
    LossCall<T> loss_call;
    // nullptr, or [output * offset_stride + row].
    const T* offset;
    std::ptrdiff_t offset_stride;
    // Room for n_models * n_outputs scores and derivatives, of each row of the largest batch.
    T* scores;
    T* dloss;
    // For CSR rows: where the batches end, room for the losses of one, and the distance between two outputs' scores.
    const std::int64_t* batch_ends;
    std::ptrdiff_t n_batches;
    LossKernel<T> loss_of_rows;
    T* values;
    std::ptrdiff_t stride;
    // Likewise, one a model, and one number beside each coefficient; the latter is null where no model has an l1 norm.
    Decay* decay;
    double* met;
    // Per model: the sum of the rows' values before their updates, and whether all raw scores were finite.
    double* loss_sum;
    bool* finite;
};
template <class T>
using PerSampleKernel = void (*)(const PerSampleCall<T>&);

// ---- layers of a perceptron: units in lanes, sums in order of the inputs, or of the rows

// out[row][unit] = start + sum over inputs begin..end, in order, of x[row][input] * weight[input][unit], where start is
// what out holds, the bias, or 0 where that is null; in the end times factor[row][unit] unless that is null. The rows
// point to the element of input `origin`; a CSR matrix is read as a whole, from a bias.
template <class T>
struct AffineCall {
    Rows rows;
    // Distance of two inputs of a row, in elements.
    std::ptrdiff_t input_step;
    std::ptrdiff_t origin;
    std::ptrdiff_t begin;
    std::ptrdiff_t end;
    // Units first..last, multiples of kUnitPanel, or the last of all.
    std::ptrdiff_t first;
    std::ptrdiff_t last;
    // Of unit 0 and input 0; the distance of two inputs, 0 where it is the panel's width, and that of two panels.
    const T* weight;
    std::ptrdiff_t weight_stride;
    std::ptrdiff_t panel_stride;
    const T* bias;
    bool accumulate;
    // As out is laid out.
    const T* factor;
    T* out;
    std::ptrdiff_t out_stride;
};

// grad[input][unit] += sum over rows, in order, of x[row][input] * delta[row][unit], for the units of one panel, inputs
// begin..end. The rows point to the element of input `origin`, grad to that of input `begin`. A CSR matrix is read as a
// whole. Meanwhile the same inputs of the rows wanted next come into cache, unless next_bytes, the size of an element
// there, is 0.
template <class T>
struct OuterCall {
    Rows rows;
    std::ptrdiff_t origin;
    std::ptrdiff_t begin;
    std::ptrdiff_t end;
    const T* delta;
    std::ptrdiff_t delta_stride;
    std::ptrdiff_t width;
    T* grad;
    std::ptrdiff_t next_bytes;
};

// out[unit] += sum over rows, in order, of delta[row][unit], units 0..width.
template <class T>
struct BiasGradientCall {
    const T* delta;
    std::ptrdiff_t delta_stride;
    std::ptrdiff_t n_rows;
    std::ptrdiff_t width;
    T* grad;
};

// value[row][unit] = a(value[row][unit]); slope[row][unit] = da/dz there, unless slope is null. Units first..last,
// multiples of kLaneAlign.
template <class T>
struct ActivationCall {
    T* value;
    T* slope;
    std::ptrdiff_t stride;
    std::ptrdiff_t n_rows;
    std::ptrdiff_t first;
    std::ptrdiff_t last;
};
// False when a number that it is applied to is not finite.
template <class T>
using ActivationKernel = bool (*)(const ActivationCall<T>&);

// Columns begin..end of dense rows in the compute type, one row after the other.
template <class T>
struct WidenCall {
    Rows rows;
    Columns columns;
    T* out;
    std::ptrdiff_t out_stride;
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
