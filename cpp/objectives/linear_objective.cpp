#include "fastgd/linear_objective.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "fastgd/errors.hpp"
#include "objectives/duality_gap.hpp"
#include "objectives/full_pass.hpp"
#include "objectives/linear_access.hpp"
#include "objectives/model_chunks.hpp"
#include "objectives/plane.hpp"
#include "objectives/row_moments.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

template <class T>
Problem<T> linear_problem(const MatrixView& X, const void* y, const LinearOptions& options, const void* weight,
                          const void* offset) {
    Problem<T> problem =
        make_problem<T>(X, y, {options.loss, options.loss_param, options.user_loss.get(), options.multilabel},
                        options.n_outputs, weight);
    problem.offset = static_cast<const T*>(offset);
    problem.fit_intercept = options.fit_intercept || options.standardize;
    problem.intercept_slope = options.fit_intercept ? options.intercept_slope : 0.0;
    return problem;
}

template <class T>
RowSource make_source(const Problem<T>& problem, const RowIndices& rows) {
    check_rows(rows, problem.X.n_rows);
    if (!rows) return {nullptr, problem.X.n_rows};
    return {rows->data(), std::ssize(*rows)};
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

int threads_or_default(int n_threads) { return n_threads > 0 ? n_threads : max_threads(); }

// What sums over rows are divided by: a mini-batch by what it may be expected to weigh.
template <class T>
double divisor(const Problem<T>& problem, const PassSums& sums, bool is_batch) {
    if (!sums.finite[0]) throw NonFiniteError();
    require(sums.weight > 0.0, "rows must name at least one row of positive weight");
    return is_batch ? problem.mean_weight * static_cast<double>(sums.n_present) : sums.weight;
}

template <class T>
double objective_value(const Problem<T>& problem, const Penalty& penalty, const ParameterMap& map,
                       std::span<const double> w, std::span<double> grad, bool want_gradient,
                       std::optional<std::span<const std::int64_t>> rows, int n_threads,
                       const std::function<void()>& poll) {
    const Parameters<T> parameters = map.to_data<T>(w);
    require(!want_gradient || grad.size() == w.size(), "grad must be as long as w");
    const RowSource source = make_source(problem, rows);
    const PassSums sums = full_pass(problem, parameters, source, want_gradient, problem.loss_threads(n_threads), poll);
    const double weight = divisor(problem, sums, rows.has_value());
    const std::ptrdiff_t n_coef = parameters.n_scores() * problem.X.n_cols;
    if (want_gradient) {
        map.write_gradient(sums, parameters, weight, grad.data());
        penalty.add_gradient(w.data(), grad.data(), n_coef);
    }
    double of_intercepts = 0.0;
    for (std::size_t i = static_cast<std::size_t>(n_coef); i < w.size(); ++i) {
        of_intercepts += problem.intercept_slope * w[i];
        if (want_gradient) grad[i] += problem.intercept_slope;
    }
    return sums.loss[0] / weight + penalty.value(w.data(), n_coef) + of_intercepts;
}

template <class T>
void objective_values(const Problem<T>& problem, const Penalty& penalty, const ParameterMap& map,
                      std::span<const double> w, std::span<double> values, int n_threads,
                      const std::function<void()>& poll) {
    const std::ptrdiff_t n_coef = problem.n_outputs * problem.X.n_cols;
    const int team = problem.loss_threads(threads_or_default(n_threads));
    std::vector<double> flat;
    const auto n_scores = static_cast<std::int64_t>(problem.n_outputs);
    for_model_chunks(values.size(), map.n_data_params(), n_scores, [&](std::size_t begin, std::size_t end) {
        const auto model = [&](std::size_t m) { return w.subspan(m * map.n_params(), map.n_params()); };
        flat.clear();
        for (std::size_t m = begin; m < end; ++m) map.append(model(m), flat);
        Parameters<T> parameters(static_cast<int>(end - begin), problem.n_outputs, problem.X.n_cols,
                                 map.data_intercept());
        parameters.set(flat.data());
        const PassSums sums = full_pass(problem, parameters, {nullptr, problem.X.n_rows}, false, team, poll);
        for (std::size_t m = begin; m < end; ++m) {
            values[m] = kInfinity;
            if (!sums.finite[m - begin]) continue;
            double of_intercepts = 0.0;
            for (const double b : model(m).subspan(static_cast<std::size_t>(n_coef)))
                of_intercepts += problem.intercept_slope * b;
            values[m] = sums.loss[m - begin] / sums.weight + penalty.value(model(m).data(), n_coef) + of_intercepts;
        }
    });
}

template <class T>
void hessian_product(const Problem<T>& problem, const Penalty& penalty, const ParameterMap& map,
                     std::span<const double> w, std::span<const double> v, std::span<double> product,
                     std::optional<std::span<const std::int64_t>> rows, int n_threads,
                     const std::function<void()>& poll) {
    require(problem.curvature != nullptr, "a user's loss has no second derivative");
    const Parameters<T> point = map.to_data<T>(w);
    require(v.size() == w.size() && product.size() == w.size(), "v and product must be as long as w");
    std::vector<double> flat;
    map.append(w, flat);
    map.append(v, flat);
    Parameters<T> both(2, problem.n_outputs, problem.X.n_cols, problem.fit_intercept);
    both.set(flat.data());
    const RowSource source = make_source(problem, rows);
    const PassSums sums = hessian_pass(problem, both, source, threads_or_default(n_threads), poll);
    map.write_gradient(sums, point, divisor(problem, sums, rows.has_value()), product.data());
    for (std::ptrdiff_t i = 0; i < point.n_scores() * problem.X.n_cols; ++i)
        product.data()[i] += penalty.l2() * v.data()[i];
}

}  // namespace

LinearObjective::LinearObjective(const MatrixView& X, const void* y, const LinearOptions& options,
                                 const void* sample_weight, const void* offset, const std::function<void()>& poll) {
    require(options.alpha >= 0.0 && std::isfinite(options.alpha), "alpha must be finite and not negative");
    require(options.l1_ratio >= 0.0 && options.l1_ratio <= 1.0, "l1_ratio must be in [0, 1]");
    require(options.intercept_slope == 0.0 || !options.standardize, "intercept_slope must be 0 with standardize");
    if (fastgd::computes_in_double(X.storage)) {
        impl_.reset(new Impl{options, linear_problem<double>(X, y, options, sample_weight, offset)});
    } else {
        impl_.reset(new Impl{options, linear_problem<float>(X, y, options, sample_weight, offset)});
    }
    if (options.standardize)
        impl_->standard =
            std::visit([&](const auto& p) { return measure_standards(p, nullptr, 0, max_threads(), poll).back(); },
                       impl_->problem);
}

LinearObjective::~LinearObjective() = default;
LinearObjective::LinearObjective(LinearObjective&&) noexcept = default;
LinearObjective& LinearObjective::operator=(LinearObjective&&) noexcept = default;

std::int64_t LinearObjective::n_samples() const {
    return std::visit([](const auto& p) { return p.X.n_rows; }, impl_->problem);
}

std::int64_t LinearObjective::n_features() const {
    return std::visit([](const auto& p) { return p.X.n_cols; }, impl_->problem);
}

bool LinearObjective::computes_in_double() const { return std::holds_alternative<Problem<double>>(impl_->problem); }

std::int64_t LinearObjective::n_params() const { return static_cast<std::int64_t>(impl_->map().n_params()); }

int LinearObjective::n_outputs() const { return impl_->options.n_outputs; }

const LinearOptions& LinearObjective::options() const { return impl_->options; }

bool LinearObjective::weighted() const {
    return std::visit([](const auto& p) { return p.weight != nullptr; }, impl_->problem);
}

bool LinearObjective::present(std::int64_t row) const {
    return std::visit([row](const auto& p) { return p.present(row); }, impl_->problem);
}

double LinearObjective::value(std::span<const double> w, std::optional<std::span<const std::int64_t>> rows,
                              int n_threads, const std::function<void()>& poll) const {
    return std::visit(
        [&](const auto& p) { return objective_value(p, penalty(), impl_->map(), w, {}, false, rows, n_threads, poll); },
        impl_->problem);
}

double LinearObjective::value_and_grad(std::span<const double> w, std::span<double> grad,
                                       std::optional<std::span<const std::int64_t>> rows, int n_threads,
                                       const std::function<void()>& poll) const {
    return std::visit(
        [&](const auto& p) {
            return objective_value(p, penalty(), impl_->map(), w, grad, true, rows, n_threads, poll);
        },
        impl_->problem);
}

void LinearObjective::values(std::span<const double> w, std::span<double> values, int n_threads,
                             const std::function<void()>& poll) const {
    require(w.size() == values.size() * impl_->map().n_params(), "w must have n_params elements for each value");
    std::visit([&](const auto& p) { objective_values(p, penalty(), impl_->map(), w, values, n_threads, poll); },
               impl_->problem);
}

void LinearObjective::plane(std::span<const double> w, std::span<const double> directions,
                            std::span<const double> coordinates, std::span<double> values, int n_threads,
                            const std::function<void()>& poll) const {
    impl_->map().require_size(w);
    const Plane plane{w, directions, coordinates};
    require(!directions.empty() && directions.size() % w.size() == 0, "directions must be as long as w, each");
    require(std::ssize(coordinates) == std::ssize(values) * plane.n_directions(),
            "coordinates must have one number a direction for each value");
    std::visit(
        [&](const auto& p) {
            plane_values(p, penalty(), impl_->map(), plane, values, threads_or_default(n_threads), poll);
        },
        impl_->problem);
}

void LinearObjective::hvp(std::span<const double> w, std::span<const double> v, std::span<double> product,
                          std::optional<std::span<const std::int64_t>> rows, int n_threads,
                          const std::function<void()>& poll) const {
    std::visit(
        [&](const auto& p) { hessian_product(p, penalty(), impl_->map(), w, v, product, rows, n_threads, poll); },
        impl_->problem);
}

void LinearObjective::decision_function(std::span<const double> w, void* out,
                                        std::optional<std::span<const std::int64_t>> rows, int n_threads,
                                        const std::function<void()>& poll) const {
    std::visit(
        [&]<class T>(const Problem<T>& p) {
            raw_scores(p, impl_->map().to_data<T>(w), make_source(p, rows), threads_or_default(n_threads),
                       static_cast<T*>(out), poll);
        },
        impl_->problem);
}

std::optional<std::pair<std::int64_t, std::int64_t>> LinearObjective::find_nonfinite(
    const std::function<void()>& poll) const {
    return std::visit([&](const auto& p) { return fastgd::find_nonfinite(p, poll); }, impl_->problem);
}

RowMoments LinearObjective::row_moments(const std::function<void()>& poll) const {
    return std::visit([&](const auto& p) { return fastgd::row_moments(p, impl_->map(), poll); }, impl_->problem);
}

std::vector<double> LinearObjective::feature_means() const {
    return impl_->standard ? impl_->standard->center : std::vector<double>{};
}

std::vector<double> LinearObjective::feature_scales() const {
    if (!impl_->standard) return {};
    std::vector<double> scales = impl_->standard->inverse_scale;
    for (double& scale : scales) scale = scale == 0.0 ? 1.0 : 1.0 / scale;
    return scales;
}

std::vector<double> LinearObjective::raw_params(std::span<const double> w) const {
    const ParameterMap map = impl_->map();
    map.require_size(w);
    std::vector<double> flat;
    map.append(w, flat);
    return flat;
}

double LinearObjective::max_square_norm(int n_threads, const std::function<void()>& poll) const {
    return std::visit(
        [&](const auto& p) { return fastgd::max_square_norm(p, impl_->map(), threads_or_default(n_threads), poll); },
        impl_->problem);
}

double LinearObjective::duality_gap(std::span<const double> w, int n_threads, const std::function<void()>& poll) const {
    require(options().user_loss == nullptr, "a user's loss has no dual to use");
    return std::visit(
        [&](const auto& p) {
            return fastgd::duality_gap(p, impl_->options, impl_->map(), w, threads_or_default(n_threads), poll);
        },
        impl_->problem);
}

}  // namespace fastgd
