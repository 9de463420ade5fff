#include "descent/model_settings.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "descent/model_table.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/registry_lookup.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

void require(bool condition, const std::string& message) {
    if (!condition) throw std::invalid_argument(message);
}

void check(const DescentOptions& options, std::size_t n_models) {
    require(options.batch_size >= 0, "batch_size must be 0 (all rows) or positive");
    require(options.max_epochs >= 1, "max_epochs must be at least 1");
    require(options.n_iter_no_change >= 1, "n_iter_no_change must be at least 1");
    require(options.clip_value >= 0.0 && options.clip_norm >= 0.0, "clip_value and clip_norm must not be negative");
    require(options.init_seed.empty() || options.init_seed.size() == n_models, "init_seed must have one value a model");
    require(!options.gap_tol || (n_models == 1 && options.batch_size == 0), "gap_tol is for one model on full batches");
}

std::vector<Penalty> penalties_of(const Penalty& own, const DescentOptions& options, std::size_t n_models) {
    const auto each = [&](const std::vector<double>& given, double otherwise, const char* name) {
        require(given.empty() || given.size() == n_models, std::string(name) + " must have one value a model");
        return given.empty() ? std::vector<double>(n_models, otherwise) : given;
    };
    const std::vector<double> alpha = each(options.alpha, own.alpha, "alpha");
    const std::vector<double> l1_ratio = each(options.l1_ratio, own.l1_ratio, "l1_ratio");
    std::vector<Penalty> penalties;
    for (std::size_t m = 0; m < n_models; ++m) penalties.push_back({alpha[m], l1_ratio[m]});
    return penalties;
}

void check_optimizer(const OptimizerInfo& info, const ModelSettings& settings, const DescentOptions& options) {
    const bool full = options.batch_size == 0;
    const bool l1 = std::any_of(settings.penalties.begin(), settings.penalties.end(),
                                [](const Penalty& penalty) { return penalty.l1() > 0.0; });
    const std::string owner = "optimizer '" + options.optimizer + "' ";
    require(!l1 || info.l1 != L1Step::refused, owner + "has no proximal step for l1");
    require(!info.full_batch || full, owner + "needs batch_size 0, all rows");
    require(!options.gtol || !info.averages, owner + "has no gtol: it reports other parameters than those it looks at");
    require(!info.line_search || (options.clip_value == 0.0 && options.clip_norm == 0.0),
            owner + "has no clip_value and no clip_norm");
    require(!options.resume || (!info.line_search && info.table == Table::none), owner + "cannot be resumed");
    if (info.table == Table::none) return;
    require(!full && options.batch_size <= kLargestMiniBatch,
            owner + "needs a batch_size from 1 to " + std::to_string(kLargestMiniBatch));
    require(options.clip_norm == 0.0, owner + "has no clip_norm");
    const std::vector<double>& hyper = settings.hyper;
    for (std::size_t i = 0; info.table == Table::snapshots && i < hyper.size(); i += kMaxHyper)
        require(hyper[i] >= 1.0 && hyper[i] == hyper[0], owner + "needs one update_every of at least 1 for all models");
}

}  // namespace

const OptimizerInfo& optimizer_of(const DescentOptions& options) {
    const KernelTable& table = kernels();
    return table.optimizers[optimizer_index(table, options.optimizer)];
}

ModelSettings make_settings(const Objective& objective, const DescentOptions& options, std::size_t n_models,
                            int n_folds) {
    check(options, n_models);
    const OptimizerInfo& info = optimizer_of(options);
    ModelSettings settings;
    settings.n_models = static_cast<int>(n_models);
    settings.optimizer = optimizer_index(kernels(), options.optimizer);
    settings.hyper =
        table_of(info.hyper, kMaxHyper, options.optimizer_params, n_models, "optimizer '" + options.optimizer + "'");
    const Penalty own = objective.penalty();
    settings.penalties = penalties_of(own, options, n_models);
    require(
        !options.gap_tol || (settings.penalty(0).alpha == own.alpha && settings.penalty(0).l1_ratio == own.l1_ratio),
        "gap_tol is for the objective's own alpha and l1_ratio");
    settings.clip_value = options.clip_value;
    settings.clip_norm = options.clip_norm;
    settings.lazy = options.lazy;
    settings.batch_size = options.batch_size;
    settings.stream = options.stream;
    settings.n_threads = options.n_threads > 0 ? options.n_threads : max_threads();
    settings.fold_of_row = options.fold_of_row;
    settings.fold_of_model = options.fold_of_model;
    settings.n_folds = n_folds;
    settings.init_seed = options.init_seed;
    check_optimizer(info, settings, options);
    return settings;
}

}  // namespace fastgd
