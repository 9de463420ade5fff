#pragma once

// What kernels are called with: plain structs.

#include <cstddef>
#include <cstdint>

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
    // Where dense rows are fetched to; L1 else.
    bool to_l2 = false;
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

// ---- nearest rows

// out[row][column] = (x[row][column] - shift[column]) * scale, columns begin..end of dense rows, one row after the
// other.
template <class T>
struct CenterCall {
    Rows rows;
    Columns columns;
    const T* shift;
    T scale;
    T* out;
    std::ptrdiff_t out_stride;
};

// Of every row and vector of units, the numbers row_term[row] - dot[row][unit], where one of them is not above
// limit[unit]: they take the place of the dots, and row * n_units + unit of the first of them is a hit.
template <class T>
struct ScreenCall {
    T* dot;
    std::ptrdiff_t stride;
    std::ptrdiff_t n_rows;
    // A multiple of kLaneAlign.
    std::ptrdiff_t n_units;
    const T* row_term;
    const T* limit;
    std::int32_t* hits;
};

// ---- densities: rows in lanes. Some rows lie column by column, padded to whole vectors by repeats of the last.

// out[column][row] = rows[row][column] - shift[column], which is 0 where shift is null; rows from n_rows to n_padded, a
// multiple of kLaneAlign, repeat the last.
template <class T>
struct LayColumnsCall {
    const T* rows;
    std::ptrdiff_t row_stride;
    std::ptrdiff_t n_rows;
    std::ptrdiff_t n_padded;
    std::ptrdiff_t n_features;
    const T* shift;
    T* out;
    std::ptrdiff_t out_stride;
};

// term[row] = constant - |y|^2 / 2 with y = U'(z - mean). The factor U is an upper triangle, column by column, or the
// diagonal of one. n_rows is a multiple of kLaneAlign.
template <class T>
struct GaussianCall {
    const T* columns;
    std::ptrdiff_t stride;
    std::ptrdiff_t n_rows;
    std::ptrdiff_t n_features;
    const T* mean;
    const T* factor;
    bool diagonal;
    T constant;
    // For triangles: room for z - mean and, unless it is null, for y, both laid out as the rows are.
    T* centered;
    T* whitened;
    T* term;
};

// Sums over rows, each with its share of the component, of y, and of (z - mean)_i y_j for every entry of the factor.
// y is what the kernel above left, and is used up.
template <class T>
struct GaussianSumsCall {
    GaussianCall<T> of;
    const T* share;
    T* whitened_sum;
    T* factor_sum;
};

// value[row] = log sum_k exp(term[k][row]); in the place of the terms, their shares of the sum, 0 in rows from n_rows
// to a multiple of kLaneAlign.
template <class T>
struct MixtureCall {
    T* term;
    std::ptrdiff_t stride;
    int n_components;
    std::ptrdiff_t n_rows;
    T* value;
};

}  // namespace fastgd
