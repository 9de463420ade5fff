#include "objectives/problem.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "objectives/row_entries.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"

namespace fastgd {
namespace {

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

template <class T>
void set_loss(Problem<T>& problem, const KernelTable& table, const LossChoice& choice) {
    if (choice.user_loss != nullptr) {
        require(choice.user_loss->function != nullptr, "user_loss must have a function");
        problem.user_loss = choice.user_loss;
        problem.n_targets = problem.user_loss->class_targets ? 1 : problem.n_outputs;
        return;
    }
    const int loss = loss_index(table, choice.name);
    const LossInfo& info = table.losses[loss];
    require(info.kind != LossKind::multiclass || problem.n_outputs >= 2,
            "n_outputs must be at least 2 for loss '" + choice.name + "'");
    require(!choice.multilabel || info.kind == LossKind::binary,
            "multilabel must be false for loss '" + choice.name + "'");
    problem.n_targets = info.kind == LossKind::regression || choice.multilabel ? problem.n_outputs : 1;
    problem.one_vs_rest = info.kind == LossKind::binary && problem.n_outputs > 1 && !choice.multilabel;
    problem.loss_param = static_cast<T>(choice.param.value_or(info.param.default_value));
    problem.loss = problem.kernels->loss[loss];
    problem.loss_of_row = problem.kernels->loss_of_row[loss];
    problem.curvature = problem.kernels->curvature[loss];
}

}  // namespace

template <class T>
Problem<T> make_problem(const MatrixView& X, const void* y, const LossChoice& loss, int n_outputs, const void* weight) {
    require(X.data != nullptr && X.n_rows > 0 && X.n_cols > 0, "X must have at least one row and one column");
    require(y != nullptr, "y must not be null");
    require(n_outputs >= 1, "n_outputs must be at least 1");
    Problem<T> problem{};
    problem.X = X;
    problem.y = static_cast<const T*>(y);
    problem.weight = static_cast<const T*>(weight);
    problem.n_outputs = n_outputs;
    problem.fit_intercept = true;
    problem.kernels = &kernels_for<T>(kernels());
    set_loss(problem, kernels(), loss);
    double sum = 0.0;
    std::int64_t n_present = 0;
    for (std::int64_t i = 0; i < X.n_rows; ++i) {
        if (!problem.present(i)) continue;
        ++n_present;
        sum += weight != nullptr ? static_cast<double>(problem.weight[i]) : 1.0;
    }
    require(n_present > 0, "sample_weight must have at least one positive value");
    problem.mean_weight = sum / static_cast<double>(n_present);
    return problem;
}

void check_rows(const RowIndices& rows, std::int64_t n_rows) {
    if (!rows) return;
    for (const std::int64_t row : *rows)
        if (row < 0 || row >= n_rows)
            throw std::out_of_range("rows must be in 0.." + std::to_string(n_rows - 1) + ", got " +
                                    std::to_string(row));
}

template <class T>
std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(const Problem<T>& problem,
                                                                    const std::function<void()>& poll) {
    constexpr std::int64_t kEntriesAtOnce = 1 << 20;
    const std::int64_t at_once = std::max<std::int64_t>(1, kEntriesAtOnce / problem.row_entries());
    RowEntries<T> entries(problem);
    const auto none = static_cast<std::size_t>(problem.X.n_cols);
    for (std::int64_t i = 0; i < problem.X.n_rows; ++i) {
        if (poll && i % at_once == 0) poll();
        if (!problem.present(i)) continue;
        std::size_t first = none;
        entries.visit(i, [&](std::size_t j, T x) { first = std::isfinite(x) ? first : std::min(first, j); });
        if (first != none) return std::pair{i, static_cast<std::int64_t>(first)};
    }
    return std::nullopt;
}

template Problem<float> make_problem(const MatrixView&, const void*, const LossChoice&, int, const void*);
template Problem<double> make_problem(const MatrixView&, const void*, const LossChoice&, int, const void*);
template std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(const Problem<float>&,
                                                                             const std::function<void()>&);
template std::optional<std::pair<std::int64_t, std::int64_t>> find_nonfinite(const Problem<double>&,
                                                                             const std::function<void()>&);

}  // namespace fastgd
