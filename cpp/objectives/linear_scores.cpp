#include "fastgd/linear_scores.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "fastgd/errors.hpp"
#include "objectives/full_pass.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

// A problem of which nothing but the rows and the number of outputs is read.
template <class T>
Problem<T> without_targets(const MatrixView& X, int n_outputs) {
    Problem<T> problem{};
    problem.X = X;
    problem.n_outputs = n_outputs;
    problem.fit_intercept = true;
    problem.kernels = &kernels_for<T>(kernels());
    return problem;
}

template <class T, class Param>
Parameters<T> padded(std::span<const Param> coef, std::span<const Param> intercept, std::ptrdiff_t n_features) {
    const auto convert = [](Param value) { return static_cast<T>(value); };
    Parameters<T> parameters(1, static_cast<int>(intercept.size()), n_features, true);
    for (std::ptrdiff_t k = 0; k < parameters.n_outputs; ++k)
        std::transform(coef.data() + k * n_features, coef.data() + (k + 1) * n_features, parameters.coef_row(k),
                       convert);
    std::transform(intercept.begin(), intercept.end(), parameters.intercept.data(), convert);
    return parameters;
}

template <class T, class Param>
void score(const MatrixView& X, std::span<const Param> coef, std::span<const Param> intercept, T* out, int n_threads,
           const std::function<void()>& poll) {
    const Parameters<T> parameters = padded<T>(coef, intercept, X.n_cols);
    const Problem<T> problem = without_targets<T>(X, parameters.n_outputs);
    const int team = n_threads > 0 ? n_threads : max_threads();
    if (!raw_scores(problem, parameters, {nullptr, X.n_rows}, team, out, poll)) throw NonFiniteError();
}

}  // namespace

template <class Param>
void linear_scores(const MatrixView& X, std::span<const Param> coef, std::span<const Param> intercept, void* out,
                   int n_threads, const std::function<void()>& poll) {
    if (X.n_rows == 0) return;
    if (intercept.empty() || intercept.size() > std::numeric_limits<int>::max() ||
        std::ssize(coef) != std::ssize(intercept) * X.n_cols)
        throw std::invalid_argument("coef must have as many rows as intercept has entries, and as many columns as X");
    if (computes_in_double(X.storage))
        score(X, coef, intercept, static_cast<double*>(out), n_threads, poll);
    else
        score(X, coef, intercept, static_cast<float*>(out), n_threads, poll);
}

template void linear_scores(const MatrixView&, std::span<const float>, std::span<const float>, void*, int,
                            const std::function<void()>&);
template void linear_scores(const MatrixView&, std::span<const double>, std::span<const double>, void*, int,
                            const std::function<void()>&);

}  // namespace fastgd
