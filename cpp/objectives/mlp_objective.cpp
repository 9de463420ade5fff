#include "fastgd/mlp_objective.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "fastgd/errors.hpp"
#include "objectives/mlp_network.hpp"
#include "objectives/mlp_pass.hpp"
#include "objectives/mlp_run.hpp"
#include "objectives/model_chunks.hpp"
#include "objectives/split_run.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"
#include "runtime/threads.hpp"

namespace fastgd {

struct MlpObjective::Impl {
    MlpOptions options;
    std::variant<MlpProblem<float>, MlpProblem<double>> problem;
};

namespace {

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

template <class T>
MlpProblem<T> make_mlp_problem(const MatrixView& X, const void* y, const MlpOptions& options, const void* weight) {
    const KernelTable& table = kernels();
    std::vector<std::int64_t> sizes = options.hidden_layer_sizes;
    sizes.insert(sizes.begin(), X.n_cols);
    sizes.push_back(options.n_outputs);
    check_network({sizes, options.activation});
    return {make_problem<T>(X, y, {options.loss, options.loss_param, options.user_loss.get(), options.multilabel},
                            options.n_outputs, weight),
            MlpShape<T>(sizes), kernels_for<T>(table).activation[activation_index(table, options.activation)]};
}

int threads_or_default(int n_threads) { return n_threads > 0 ? n_threads : max_threads(); }

template <class T>
RowSource make_source(const MlpProblem<T>& problem, const RowIndices& rows) {
    check_rows(rows, problem.data.X.n_rows);
    if (!rows) return {nullptr, problem.data.X.n_rows};
    return {rows->data(), std::ssize(*rows)};
}

template <class T>
double objective_value(const MlpProblem<T>& problem, const Penalty& penalty, std::span<const double> w,
                       std::span<double> grad, const RowIndices& rows, int n_threads, const std::function<void()>& poll,
                       const DropoutStep& masks) {
    const Parameters<T> params = to_parameters(problem.shape, w);
    const RowSource source = make_source(problem, rows);
    const int team = problem.data.loss_threads(threads_or_default(n_threads));
    const bool want_gradient = !grad.empty();
    const std::span<const DropoutStep> of_model = masks.drops() ? std::span(&masks, 1) : std::span<const DropoutStep>();
    const PassSums sums = mlp_pass(problem, params, source, want_gradient, team, poll, of_model);
    if (!sums.finite[0]) throw NonFiniteError();
    require(sums.weight > 0.0, "rows must name at least one row of positive weight");
    const double weight = rows ? problem.data.mean_weight * static_cast<double>(sums.n_present) : sums.weight;
    if (want_gradient) {
        problem.shape.get(sums.coef.data(), grad.data());
        for (double& g : grad) g /= weight;
    }
    double value = sums.loss[0] / weight;
    problem.shape.visit_flat_layers([&](std::ptrdiff_t first, std::ptrdiff_t bias, std::ptrdiff_t) {
        value += penalty.value(w.data() + first, bias - first);
        if (want_gradient) penalty.add_gradient(w.data() + first, grad.data() + first, bias - first);
    });
    return value;
}

template <class T>
void objective_values(const MlpProblem<T>& problem, const Penalty& penalty, std::span<const double> w,
                      std::span<double> values, int n_threads, const std::function<void()>& poll) {
    const auto n_params = static_cast<std::size_t>(problem.shape.n_params());
    const int team = problem.data.loss_threads(threads_or_default(n_threads));
    for_model_chunks(values.size(), n_params, problem.data.n_outputs, [&](std::size_t begin, std::size_t end) {
        Parameters<T> params(static_cast<int>(end - begin), 1, problem.shape.size(), false);
        for (std::size_t m = begin; m < end; ++m)
            problem.shape.set(w.data() + m * n_params, params.coef_row(static_cast<std::ptrdiff_t>(m - begin)));
        const PassSums sums = mlp_pass(problem, params, {nullptr, problem.data.X.n_rows}, false, team, poll);
        for (std::size_t m = begin; m < end; ++m) {
            const std::size_t at = m - begin;
            values[m] = std::numeric_limits<double>::infinity();
            if (!sums.finite[at]) continue;
            values[m] = sums.loss[at] / sums.weight;
            problem.shape.visit_flat_layers([&](std::ptrdiff_t first, std::ptrdiff_t bias, std::ptrdiff_t) {
                values[m] += penalty.value(w.data() + m * n_params + first, bias - first);
            });
        }
    });
}

// Threads with models of their own: where a step on one model is too small for a team, or there are models for all.
template <class T>
int parts_of(const MlpProblem<T>& problem, const ModelSettings& settings) {
    constexpr std::int64_t kLeastWork = 1 << 20;
    if (settings.batch_size < 1 || settings.batch_size > kLargestMiniBatch) return 1;
    const std::int64_t threads = std::min(problem.data.loss_threads(settings.n_threads), settings.n_models);
    if (mlp_team(problem, settings.batch_size, settings.n_threads) > threads) return 1;
    const std::int64_t work = std::min<std::int64_t>(problem.data.X.n_rows, kLargestMiniBatch) * problem.row_work();
    return static_cast<int>(std::clamp<std::int64_t>(work * settings.n_models / kLeastWork, 1, threads));
}

void check_run(const ModelSettings& settings, double dropout) {
    const OptimizerInfo& info = kernels().optimizers[settings.optimizer];
    const std::string owner = std::string("optimizer '") + info.name + "' ";
    require(info.table == Table::none, owner + "is for linear models");
    require(dropout == 0.0 || !(info.line_search || info.full_batch), owner + "needs dropout 0");
    require(!settings.lazy, "lazy is for linear models");
    for (const Penalty& penalty : settings.penalties)
        require(!info.line_search || penalty.l1() == 0.0, owner + "needs an l1_ratio of 0");
}

}  // namespace

MlpObjective::MlpObjective(const MatrixView& X, const void* y, const MlpOptions& options, const void* sample_weight) {
    const auto got = [](double value) { return ", got " + std::to_string(value); };
    require(options.alpha >= 0.0 && std::isfinite(options.alpha),
            "alpha must be finite and not negative" + got(options.alpha));
    require(options.l1_ratio >= 0.0 && options.l1_ratio <= 1.0, "l1_ratio must be in [0, 1]" + got(options.l1_ratio));
    require(options.dropout >= 0.0 && options.dropout < 1.0, "dropout must be in [0, 1)" + got(options.dropout));
    if (fastgd::computes_in_double(X.storage)) {
        impl_.reset(new Impl{options, make_mlp_problem<double>(X, y, options, sample_weight)});
    } else {
        impl_.reset(new Impl{options, make_mlp_problem<float>(X, y, options, sample_weight)});
    }
}

MlpObjective::~MlpObjective() = default;
MlpObjective::MlpObjective(MlpObjective&&) noexcept = default;
MlpObjective& MlpObjective::operator=(MlpObjective&&) noexcept = default;

std::int64_t MlpObjective::n_samples() const {
    return std::visit([](const auto& p) { return p.data.X.n_rows; }, impl_->problem);
}
std::int64_t MlpObjective::n_features() const {
    return std::visit([](const auto& p) { return p.data.X.n_cols; }, impl_->problem);
}
bool MlpObjective::computes_in_double() const { return std::holds_alternative<MlpProblem<double>>(impl_->problem); }
std::int64_t MlpObjective::n_params() const {
    return std::visit([](const auto& p) -> std::int64_t { return p.shape.n_params(); }, impl_->problem);
}
int MlpObjective::n_outputs() const { return impl_->options.n_outputs; }
const MlpOptions& MlpObjective::options() const { return impl_->options; }
bool MlpObjective::weighted() const {
    return std::visit([](const auto& p) { return p.data.weight != nullptr; }, impl_->problem);
}
bool MlpObjective::present(std::int64_t row) const {
    return std::visit([row](const auto& p) { return p.data.present(row); }, impl_->problem);
}
std::optional<std::pair<std::int64_t, std::int64_t>> MlpObjective::find_nonfinite(
    const std::function<void()>& poll) const {
    return std::visit([&](const auto& p) { return fastgd::find_nonfinite(p.data, poll); }, impl_->problem);
}

double MlpObjective::value(std::span<const double> w, std::optional<std::span<const std::int64_t>> rows, int n_threads,
                           const std::function<void()>& poll) const {
    return std::visit([&](const auto& p) { return objective_value(p, penalty(), w, {}, rows, n_threads, poll, {}); },
                      impl_->problem);
}

double MlpObjective::value_and_grad(std::span<const double> w, std::span<double> grad,
                                    std::optional<std::span<const std::int64_t>> rows, int n_threads,
                                    const std::function<void()>& poll, std::optional<Step> step) const {
    require(std::ssize(grad) == n_params(), "grad must be as long as w");
    const Dropout dropout(options().dropout);
    const DropoutStep masks = step ? DropoutStep{&dropout, step->seed, step->number} : DropoutStep{};
    return std::visit(
        [&](const auto& p) { return objective_value(p, penalty(), w, grad, rows, n_threads, poll, masks); },
        impl_->problem);
}

void MlpObjective::values(std::span<const double> w, std::span<double> values, int n_threads,
                          const std::function<void()>& poll) const {
    require(std::ssize(w) == std::ssize(values) * n_params(), "w must have n_params elements for each value");
    std::visit([&](const auto& p) { objective_values(p, penalty(), w, values, n_threads, poll); }, impl_->problem);
}

void MlpObjective::decision_function(std::span<const double> w, void* out,
                                     std::optional<std::span<const std::int64_t>> rows, int n_threads,
                                     const std::function<void()>& poll) const {
    std::visit(
        [&]<class T>(const MlpProblem<T>& p) {
            const Parameters<T> params = to_parameters(p.shape, w);
            mlp_raw_scores(p, params.coef_row(0), make_source(p, rows), threads_or_default(n_threads),
                           static_cast<T*>(out), poll);
        },
        impl_->problem);
}

std::unique_ptr<Run> MlpObjective::start_run(ModelSettings settings, const std::function<void()>&) const {
    check_run(settings, options().dropout);
    return std::visit(
        [&](const auto& problem) -> std::unique_ptr<Run> {
            const auto start = [&](ModelSettings some) {
                return make_mlp_run(problem, options().dropout, std::move(some));
            };
            const int parts = parts_of(problem, settings);
            if (parts == 1) return start(std::move(settings));
            return std::make_unique<SplitRun>(settings, parts, start);
        },
        impl_->problem);
}

}  // namespace fastgd
