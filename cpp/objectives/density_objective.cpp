#include "fastgd/density_objective.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <variant>

#include "objectives/density_pass.hpp"
#include "objectives/density_precondition.hpp"
#include "objectives/density_start.hpp"
#include "objectives/flat_run.hpp"
#include "objectives/split_run.hpp"
#include "objectives/standard.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/threads.hpp"

namespace fastgd {

struct DensityObjective::Impl {
    DensityOptions options;
    std::variant<DensityProblem<float>, DensityProblem<double>> problem;
};

namespace {

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

int threads_or_default(int n_threads) { return n_threads > 0 ? n_threads : max_threads(); }

void check_options(const MatrixView& Z, const DensityOptions& options) {
    require(Z.data != nullptr && Z.n_rows > 0 && Z.n_cols > 0, "Z must have at least one row and one column");
    require(!is_sparse(Z.storage), "Z must be dense");
    require(options.n_components >= 1, "n_components must be at least 1, got " + std::to_string(options.n_components));
    require(options.reg_covar >= 0.0 && std::isfinite(options.reg_covar),
            "reg_covar must be finite and not negative, got " + std::to_string(options.reg_covar));
    const std::int64_t given = std::ssize(options.feature_means);
    require(given == std::ssize(options.feature_scales) && (given == 0 || given == Z.n_cols),
            "feature_means and feature_scales must have a number a column, or none");
    require(given == 0 || options.standardize, "feature_means and feature_scales are for standardize");
    const double n_features = static_cast<double>(Z.n_cols);
    require(
        static_cast<double>(options.n_components) * n_features * (options.diagonal ? 2.0 : n_features + 2.0) < 0x1p56,
        "Z and n_components must make fewer than 2^56 parameters");
}

template <class T>
DensityProblem<T> make_density_problem(const MatrixView& Z, const DensityOptions& options,
                                       const std::function<void()>& poll) {
    const auto n_features = static_cast<std::size_t>(Z.n_cols);
    DensityProblem<T> problem{};
    problem.data.X = Z;
    problem.data.kernels = &kernels_for<T>(kernels());
    problem.data.mean_weight = 1.0;
    DensityShape& shape = problem.shape;
    shape = {options.n_components,
             Z.n_cols,
             options.diagonal,
             options.reg_covar,
             std::vector<double>(n_features),
             std::vector<double>(n_features, 1.0)};
    if (!options.standardize) return problem;
    shape.center = options.feature_means;
    shape.scale = options.feature_scales;
    if (shape.center.empty()) {
        const Standard standard = measure_standards(problem.data, nullptr, 0, max_threads(), poll).front();
        shape.center = standard.center;
        for (const double inverse : standard.inverse_scale) shape.scale.push_back(inverse == 0.0 ? 1.0 : 1.0 / inverse);
    }
    for (const double center : shape.center) problem.shift.push_back(static_cast<T>(center));
    return problem;
}

template <class T>
RowSource make_source(const DensityProblem<T>& problem, const RowIndices& rows) {
    check_rows(rows, problem.data.X.n_rows);
    if (!rows) return {nullptr, problem.data.X.n_rows};
    require(!rows->empty(), "rows must name at least one row");
    return {rows->data(), std::ssize(*rows)};
}

// Values and, unless `grad` is empty, gradients of some models; and the sums that they are made of.
template <class T>
std::vector<DensitySums> evaluate_models(const DensityProblem<T>& problem, DensityPass<T>& pass,
                                         std::span<const double> params, const RowSource& rows, std::span<double> value,
                                         std::span<double> grad, int n_threads, const std::function<void()>& poll) {
    const auto n_params = static_cast<std::size_t>(problem.shape.n_params());
    std::vector<DensityModel<T>> models;
    models.reserve(value.size());
    for (std::size_t m = 0; m < value.size(); ++m)
        models.emplace_back(problem.shape, params.data() + m * n_params, std::span<const T>(problem.shift), true);
    std::vector<DensitySums> sums = pass.sums(models, rows, !grad.empty(), n_threads, poll);
    const auto n_rows = static_cast<double>(rows.count);
    for (std::size_t m = 0; m < value.size(); ++m) {
        value[m] = sums[m].finite ? -sums[m].value / n_rows : std::numeric_limits<double>::quiet_NaN();
        if (!grad.empty()) models[m].write_gradient(sums[m], n_rows, grad.data() + m * n_params);
    }
    return sums;
}

template <class T>
class DensityEvaluation final : public Evaluation {
public:
    DensityEvaluation(const DensityProblem<T>& problem, int n_threads)
        : problem_(problem), pass_(problem), n_threads_(n_threads) {}

    std::int64_t n_params() const override { return problem_.shape.n_params(); }
    double noise() const override { return sizeof(T) == 4 ? 1e-6 : 0.0; }
    std::int64_t rows_at_once() const override {
        return std::min(kLargestMiniBatch, kDensityStretch / problem_.row_work());
    }

    void evaluate(std::span<const double> params, std::optional<std::span<const std::int64_t>> rows,
                  std::span<double> value, std::span<double> grad, const std::function<void()>& poll) override {
        const RowSource source =
            rows ? RowSource{rows->data(), std::ssize(*rows)} : RowSource{nullptr, problem_.data.X.n_rows};
        sums_ = evaluate_models(problem_, pass_, params, source, value, grad, n_threads_, poll);
        for (std::size_t m = 0; m < value.size(); ++m)
            if (!sums_[m].finite) value[m] = std::numeric_limits<double>::infinity();
    }

    std::vector<Precondition> preconditions(std::span<const double> params) const override {
        constexpr double kRounding = sizeof(T) == 4 ? 1e-6 : 1e-12;
        if (problem_.shape.n_features > kMaxPreconditioned) return {};
        const auto n = static_cast<std::size_t>(n_params());
        std::vector<Precondition> made(sums_.size());
        for (std::size_t m = 0; m < made.size(); ++m) {
            const auto inverse = DensityPrecondition::of(problem_.shape, params.data() + m * n, sums_[m],
                                                         static_cast<double>(problem_.data.X.n_rows), kRounding);
            if (inverse) made[m].of_all = [inverse](std::span<double> v) { inverse->multiply(v); };
        }
        return made;
    }

private:
    const DensityProblem<T>& problem_;
    DensityPass<T> pass_;
    int n_threads_;
    // Of the last evaluation.
    std::vector<DensitySums> sums_;
};

// Threads that have models of their own: on mini-batches, each of which is one block.
template <class T>
int parts_of(const DensityProblem<T>& problem, const ModelSettings& settings) {
    constexpr std::int64_t kLeastWork = 1 << 20;
    if (settings.batch_size < 1 || settings.batch_size > kLargestMiniBatch) return 1;
    const std::int64_t work = std::min<std::int64_t>(problem.data.X.n_rows, kLargestMiniBatch) * problem.row_work();
    const std::int64_t most = std::min(settings.n_threads, settings.n_models);
    return static_cast<int>(std::clamp<std::int64_t>(work * settings.n_models / kLeastWork, 1, most));
}

void check_run(const ModelSettings& settings) {
    const OptimizerInfo& info = kernels().optimizers[settings.optimizer];
    require(info.table == Table::none, std::string("optimizer '") + info.name + "' is for linear models");
    require(settings.n_folds == 0, "a density holds out no rows");
    require(!settings.lazy, "lazy is for linear models");
    for (const Penalty& penalty : settings.penalties)
        require(penalty.alpha == 0.0, "alpha must be 0 for a density, which has no penalty");
}

}  // namespace

DensityObjective::DensityObjective(const MatrixView& Z, const DensityOptions& options,
                                   const std::function<void()>& poll) {
    check_options(Z, options);
    if (fastgd::computes_in_double(Z.storage)) {
        impl_.reset(new Impl{options, make_density_problem<double>(Z, options, poll)});
    } else {
        impl_.reset(new Impl{options, make_density_problem<float>(Z, options, poll)});
    }
}

DensityObjective::~DensityObjective() = default;
DensityObjective::DensityObjective(DensityObjective&&) noexcept = default;
DensityObjective& DensityObjective::operator=(DensityObjective&&) noexcept = default;

std::int64_t DensityObjective::n_samples() const {
    return std::visit([](const auto& p) { return p.data.X.n_rows; }, impl_->problem);
}
std::int64_t DensityObjective::n_features() const {
    return std::visit([](const auto& p) { return p.data.X.n_cols; }, impl_->problem);
}
std::int64_t DensityObjective::n_params() const {
    return std::visit([](const auto& p) -> std::int64_t { return p.shape.n_params(); }, impl_->problem);
}
bool DensityObjective::computes_in_double() const {
    return std::holds_alternative<DensityProblem<double>>(impl_->problem);
}
const DensityOptions& DensityObjective::options() const { return impl_->options; }
std::optional<std::pair<std::int64_t, std::int64_t>> DensityObjective::find_nonfinite(
    const std::function<void()>& poll) const {
    return std::visit([&](const auto& p) { return fastgd::find_nonfinite(p.data, poll); }, impl_->problem);
}

void DensityObjective::values(std::span<const double> w, std::span<double> value,
                              std::optional<std::span<const std::int64_t>> rows, int n_threads,
                              const std::function<void()>& poll) const {
    values_and_grads(w, value, {}, rows, n_threads, poll);
}

void DensityObjective::values_and_grads(std::span<const double> w, std::span<double> value, std::span<double> grad,
                                        std::optional<std::span<const std::int64_t>> rows, int n_threads,
                                        const std::function<void()>& poll) const {
    require(std::ssize(w) == std::ssize(value) * n_params(), "w must have n_params numbers a value");
    require(grad.empty() || grad.size() == w.size(), "grad must be as long as w");
    std::visit(
        [&]<class T>(const DensityProblem<T>& problem) {
            DensityPass<T> pass(problem);
            evaluate_models(problem, pass, w, make_source(problem, rows), value, grad, threads_or_default(n_threads),
                            poll);
        },
        impl_->problem);
}

void DensityObjective::score_samples(std::span<const double> w, void* out, void* shares,
                                     std::optional<std::span<const std::int64_t>> rows, int n_threads,
                                     const std::function<void()>& poll) const {
    require(std::ssize(w) == n_params(), "w must have n_params numbers");
    std::visit(
        [&]<class T>(const DensityProblem<T>& problem) {
            DensityPass<T> pass(problem);
            const DensityModel<T> model(problem.shape, w.data(), std::span<const T>(problem.shift), false);
            pass.scores(model, make_source(problem, rows), threads_or_default(n_threads), static_cast<T*>(out),
                        static_cast<T*>(shares), poll);
        },
        impl_->problem);
}

std::vector<double> DensityObjective::initial(std::uint64_t seed, int n_threads,
                                              const std::function<void()>& poll) const {
    require(n_samples() >= impl_->options.n_components, "Z must have a row for each component");
    return std::visit([&](const auto& p) { return density_start(p, seed, threads_or_default(n_threads), poll); },
                      impl_->problem);
}

std::vector<double> DensityObjective::feature_means() const {
    if (!impl_->options.standardize) return {};
    return std::visit([](const auto& p) { return p.shape.center; }, impl_->problem);
}
std::vector<double> DensityObjective::feature_scales() const {
    if (!impl_->options.standardize) return {};
    return std::visit([](const auto& p) { return p.shape.scale; }, impl_->problem);
}

std::unique_ptr<Run> DensityObjective::start_run(ModelSettings settings, const std::function<void()>&) const {
    check_run(settings);
    return std::visit(
        [&]<class T>(const DensityProblem<T>& problem) -> std::unique_ptr<Run> {
            const auto start = [&](ModelSettings some) {
                const int n_threads = some.n_threads;
                return make_flat_run(std::make_unique<DensityEvaluation<T>>(problem, n_threads), std::move(some));
            };
            const int parts = parts_of(problem, settings);
            if (parts == 1) return start(std::move(settings));
            return std::make_unique<SplitRun>(settings, parts, start);
        },
        impl_->problem);
}

}  // namespace fastgd
