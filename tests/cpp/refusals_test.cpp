// What the public C++ interface refuses, and says of it. Python's own checks come first there: most of these errors are
// seen by callers from C++ alone.

#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "descent/lbfgs.hpp"
#include "descent/owlqn.hpp"
#include "fastgd/fastgd.hpp"
#include "runtime_check.hpp"

namespace {

using namespace fastgd;

using Values = std::vector<double>;

struct Data {
    static constexpr int kRows = 20;
    std::vector<double> x = std::vector<double>(2 * kRows, 0.5);
    std::vector<double> y = std::vector<double>(kRows, 1.0);
    MatrixView view() const { return {x.data(), kRows, 2, 2 * sizeof(double), Storage::f64}; }
};
const Data data;
const MatrixView kEmpty[] = {{nullptr, 20, 2, 16, Storage::f64},
                             {data.x.data(), 0, 2, 16, Storage::f64},
                             {data.x.data(), 20, 0, 16, Storage::f64}};
const double kInfinity = std::numeric_limits<double>::infinity();

LinearObjective least_squares(double alpha = 0.0) {
    return {data.view(), data.y.data(), {.loss = "squared_error", .alpha = alpha}};
}

std::string of_data(const MatrixView& X, const double* y, const LinearOptions& options = {.loss = "squared_error"},
                    const double* weight = nullptr) {
    return message_of<std::invalid_argument>([&] { const LinearObjective objective(X, y, options, weight); });
}

void test_objectives() {
    const auto of = [](const LinearOptions& options) { return of_data(data.view(), data.y.data(), options); };
    CHECK(has(of({.loss = "nonsense"}), "'nonsense'"));
    for (const double alpha : {-1.0, kInfinity})
        CHECK(has(of({.alpha = alpha}), "alpha must be finite and not negative"));
    CHECK(has(of({.standardize = true, .intercept_slope = 1.0}), "intercept_slope must be 0 with standardize"));
    CHECK(has(of({.l1_ratio = 2.0}), "l1_ratio"));
    CHECK(has(of({.n_outputs = 0}), "n_outputs must be at least 1"));
    CHECK(has(of({.loss = "multiclass_hinge", .n_outputs = 1}), "n_outputs must be at least 2"));
    CHECK(has(of({.loss = "squared_error", .multilabel = true}), "multilabel must be false"));
    const Values none(Data::kRows);
    CHECK(has(of_data(data.view(), data.y.data(), {.loss = "squared_error"}, none.data()),
              "at least one positive value"));
    for (const MatrixView& X : kEmpty)
        CHECK(has(of_data(X, data.y.data()), "X must have at least one row and one column"));
    CHECK(has(of_data(data.view(), nullptr), "y must not be null"));
    const LinearObjective objective = least_squares();
    CHECK(has(message_of<std::invalid_argument>([&] { objective.value(Values(2)); }), "w must have 3 elements, got 2"));
    for (const std::int64_t row : {-1, Data::kRows}) {
        const std::vector<std::int64_t> rows{row};
        CHECK(has(message_of<std::out_of_range>([&] { objective.value(Values(3), rows); }), "rows must be in 0..19"));
    }
}

void test_values_of_linear_models() {
    const LinearObjective objective = least_squares();
    const Values w(3);
    Values three(3);
    Values two(2);
    const auto refused = [](auto&& call) { return message_of<std::invalid_argument>(call); };
    CHECK(has(refused([&] { objective.value_and_grad(w, two); }), "grad must be as long as w"));
    CHECK(has(refused([&] { objective.hvp(w, two, three); }), "v and product must be as long as w"));
    CHECK(has(refused([&] { objective.hvp(w, three, two); }), "v and product must be as long as w"));
    for (const Values& directions : {Values{}, Values(2)})
        CHECK(has(refused([&] { objective.plane(w, directions, two, two); }), "directions must be as long as w, each"));
    CHECK(has(refused([&] { objective.plane(w, w, three, two); }), "one number a direction for each value"));
    const LinearObjective tweedie(data.view(), data.y.data(), {.loss = "tweedie"});
    CHECK(has(refused([&] { tweedie.duality_gap(w); }), "got 'tweedie'"));
    const std::span<const double> coef = two;
    for (const std::span<const double> intercepts : {coef, coef.first(0)})
        CHECK(has(refused([&] { linear_scores(data.view(), coef, intercepts, three.data()); }),
                  "coef must have as many rows"));
    linear_scores({data.x.data(), 0, 2, 16, Storage::f64}, coef, coef.first(1), nullptr);
}

void test_networks() {
    const auto of = [](const MlpOptions& options) {
        return message_of<std::invalid_argument>(
            [&] { const MlpObjective objective(data.view(), data.y.data(), options); });
    };
    MlpOptions options{.hidden_layer_sizes = {3}, .loss = "squared_error", .n_outputs = 1};
    const auto with = [&](auto change) {
        MlpOptions changed = options;
        change(changed);
        return of(changed);
    };
    for (const std::int64_t size : {std::int64_t{0}, std::int64_t{1} << 31})
        CHECK(has(with([&](MlpOptions& o) { o.hidden_layer_sizes = {size}; }), "from 1 to 2^31 - 1 units"));
    CHECK(has(with([&](MlpOptions& o) { o.hidden_layer_sizes = {1 << 30, 1 << 30}; }), "fewer than 2^56 parameters"));
    CHECK(has(with([&](MlpOptions& o) { o.activation = "nonsense"; }), "'nonsense'"));
    for (const double alpha : {-1.0, kInfinity})
        CHECK(has(with([&](MlpOptions& o) { o.alpha = alpha; }), "alpha must be finite and not negative"));
    for (const double share : {-1.0, 2.0}) {
        CHECK(has(with([&](MlpOptions& o) { o.l1_ratio = share; }), "l1_ratio must be in [0, 1]"));
        CHECK(has(with([&](MlpOptions& o) { o.dropout = share; }), "dropout must be in [0, 1)"));
    }
    const auto of_descent = [&](const MlpOptions& of_model, const DescentOptions& how) {
        const MlpObjective objective(data.view(), data.y.data(), of_model);
        const Values start(static_cast<std::size_t>(objective.n_params()));
        return message_of<std::invalid_argument>([&] { minimize(objective, start, how); });
    };
    CHECK(has(of_descent(options, {.optimizer = "saga", .batch_size = 4}), "is for linear models"));
    CHECK(has(of_descent(options, {.batch_size = 4, .lazy = true}), "lazy is for linear models"));
    CHECK(has(of_descent(options, {.optimizer = "lbfgs", .alpha = {0.1}, .l1_ratio = {1.0}}), "l1"));
    options.dropout = 0.5;
    for (const char* name : {"lbfgs", "barzilai_borwein"})
        CHECK(has(of_descent(options, {.optimizer = name}), "needs dropout 0"));
    const MlpObjective objective(data.view(), data.y.data(), options);
    CHECK(has(message_of<std::invalid_argument>([&] { objective.value(Values(2)); }), "elements, got 2"));

    const MlpNetwork network{{2, 3, 1}, "relu"};
    CHECK(has(message_of<std::invalid_argument>([&] { mlp_initial(network, 0, "nonsense"); }), "he, glorot"));
    CHECK(has(message_of<std::invalid_argument>([&] { mlp_initial({{2}, "relu"}, 0); }), "sizes must hold"));
    Values out(Data::kRows);
    const MlpNetwork wider{{3, 3, 1}, "relu"};
    CHECK(has(message_of<std::invalid_argument>([&] { mlp_scores(data.view(), wider, Values(16), out.data()); }),
              "sizes must begin with the number of columns"));
    mlp_scores({data.x.data(), 0, 2, 16, Storage::f64}, network, Values(13), nullptr);
    bool kept[6];
    const auto mask = [&](double dropout, std::int64_t n_rows, std::int64_t n_units) {
        return message_of<std::invalid_argument>([&] { dropout_mask(dropout, 0, 0, 0, n_rows, n_units, kept); });
    };
    for (const double dropout : {-1.0, 1.0}) CHECK(has(mask(dropout, 2, 3), "dropout must be in [0, 1)"));
    for (const auto& [n_rows, n_units] : {std::pair{-1, 3}, std::pair{2, -3}, std::pair{3, 3}})
        CHECK(has(mask(0.5, n_rows, n_units), "room for n_rows x n_units"));
    CHECK(mask(0.5, 2, 0).empty() && mask(0.5, 2, 3).empty());
}

void test_densities() {
    const auto of = [](const MatrixView& Z, const DensityOptions& options) {
        return message_of<std::invalid_argument>([&] { const DensityObjective objective(Z, options); });
    };
    for (const MatrixView& Z : kEmpty) CHECK(has(of(Z, {}), "Z must have at least one row and one column"));
    MatrixView sparse = data.view();
    sparse.storage = Storage::csr_f64_i32;
    CHECK(has(of(sparse, {}), "Z must be dense"));
    for (const double reg_covar : {-1.0, kInfinity})
        CHECK(has(of(data.view(), {.reg_covar = reg_covar}), "reg_covar must be finite and not negative"));
    const Values two{1.0, 2.0};
    CHECK(has(of(data.view(), {.standardize = true, .feature_means = two}), "a number a column, or none"));
    CHECK(has(of(data.view(), {.standardize = true, .feature_means = {1.0}, .feature_scales = {1.0}}),
              "a number a column"));
    CHECK(has(of(data.view(), {.feature_means = two, .feature_scales = two}), "are for standardize"));
    const DensityObjective density(data.view(), {.reg_covar = 0.1});
    Values value(1);
    Values short_grad(1);
    const Values w = density.initial(0);
    CHECK(has(message_of<std::invalid_argument>([&] { density.values_and_grads(w, value, short_grad); }),
              "grad must be as long as w"));
    CHECK(density.feature_means().empty() && density.feature_scales().empty());
}

void test_functions() {
    const auto nothing = [](auto, auto, auto, auto) {};
    const auto of = [&](std::int64_t n_params, std::int64_t n_samples) {
        return message_of<std::invalid_argument>([&] { FunctionObjective(n_params, n_samples, nothing); });
    };
    CHECK(has(of(0, 1), "n_params must be at least 1"));
    CHECK(has(of(1, 0), "n_samples must be at least 1"));
    const FunctionObjective function(1, 2, nothing);
    const auto refused = [&](const DescentOptions& options) {
        return message_of<std::invalid_argument>([&] { minimize(function, Values(1), options); });
    };
    CHECK(has(refused({.fold_of_row = {0, 1}, .fold_of_model = {0}}), "no rows to hold out"));
    CHECK(has(refused({.alpha = {0.1}}), "alpha must be 0 for a function"));
}

void test_neighbours() {
    for (const MatrixView& X : kEmpty)
        if (X.data != nullptr)
            CHECK(has(message_of<std::invalid_argument>([&] { const NearestRows rows(X); }), "at least one row"));
}

std::string of_descent(const DescentOptions& options, std::size_t n_models = 1, double alpha = 0.0) {
    const LinearObjective objective = least_squares(alpha);
    return message_of<std::invalid_argument>([&] { minimize(objective, Values(3 * n_models), options); });
}

void test_descents() {
    CHECK(has(of_descent({.optimizer = "nonsense"}), "'nonsense'"));
    CHECK(has(of_descent({.optimizer = "adam", .optimizer_params = {{"nonsense", {1.0}}}}), "it has: "));
    CHECK(has(of_descent({.optimizer = "adam", .optimizer_params = {{"beta1", {0.5, 0.5}}}}), "must have one value"));
    CHECK(has(of_descent({.optimizer = "adam", .optimizer_params = {{"beta1", {kInfinity}}}}), "must be finite"));
    CHECK(has(of_descent({.schedule = {"nonsense"}}), "'nonsense'"));
    CHECK(has(of_descent({.schedule = {"constant", {{"nonsense", {1.0}}}}}), "'nonsense'"));
    CHECK(has(of_descent({.batch_size = -1}), "batch_size"));
    CHECK(has(of_descent({.max_epochs = 0}), "max_epochs"));
    CHECK(has(of_descent({.n_iter_no_change = 0}), "n_iter_no_change"));
    CHECK(has(of_descent({.clip_value = -1.0}), "clip_value and clip_norm"));
    CHECK(has(of_descent({.clip_norm = -1.0}), "clip_value and clip_norm"));
    CHECK(has(of_descent({.init_seed = {1, 2, 3}}, 2), "init_seed must have one value a model"));
    CHECK(has(of_descent({.alpha = {0.1, 0.1, 0.1}}, 2), "alpha must have one value a model"));
    CHECK(has(of_descent({.l1_ratio = {0.1, 0.1, 0.1}}, 2), "l1_ratio must have one value a model"));
    CHECK(has(of_descent({.gap_tol = 0.1}, 2), "gap_tol is for one model on full batches"));
    CHECK(has(of_descent({.batch_size = 4, .gap_tol = 0.1}), "gap_tol is for one model on full batches"));
    CHECK(has(of_descent({.alpha = {0.2}, .gap_tol = 0.1}, 1, 0.1), "gap_tol is for the objective's own"));
    CHECK(has(of_descent({.l1_ratio = {0.5}, .gap_tol = 0.1}, 1, 0.1), "gap_tol is for the objective's own"));
    const LinearObjective objective = least_squares();
    CHECK(has(message_of<std::invalid_argument>([&] { minimize(objective, Values(4), {}); }),
              "a whole number of models"));
    CHECK(has(message_of<std::invalid_argument>([&] { minimize(objective, {}, {}); }), "a whole number of models"));
}

void test_optimizers() {
    const Values l1{1.0};
    CHECK(has(of_descent({.optimizer = "adam", .l1_ratio = l1}, 1, 0.1), "has no proximal step for l1"));
    CHECK(has(of_descent({.optimizer = "barzilai_borwein", .batch_size = 4}), "needs batch_size 0, all rows"));
    CHECK(has(of_descent({.optimizer = "asgd", .gtol = 0.1}), "has no gtol"));
    CHECK(has(of_descent({.optimizer = "lbfgs", .clip_value = 1.0}), "has no clip_value and no clip_norm"));
    CHECK(has(of_descent({.optimizer = "lbfgs", .clip_norm = 1.0}), "has no clip_value and no clip_norm"));
    CHECK(has(of_descent({.optimizer = "saga"}), "needs a batch_size from 1 to "));
    CHECK(has(of_descent({.optimizer = "saga", .batch_size = 1 << 20}), "needs a batch_size from 1 to "));
    CHECK(has(of_descent({.optimizer = "saga", .batch_size = 4, .clip_norm = 1.0}), "has no clip_norm"));
    for (const Values& every : {Values{0.0, 1.0}, Values{1.0, 2.0}})
        CHECK(has(of_descent({.optimizer = "svrg", .optimizer_params = {{"update_every", every}}, .batch_size = 4}, 2),
                  "needs one update_every of at least 1"));
}

void test_folds() {
    const std::vector<std::int32_t> halves = [] {
        std::vector<std::int32_t> folds(Data::kRows, 0);
        folds[0] = 1;
        return folds;
    }();
    const auto with = [&](std::size_t row, std::int32_t fold) {
        std::vector<std::int32_t> folds = halves;
        folds[row] = fold;
        return folds;
    };
    CHECK(has(of_descent({.fold_of_row = {0, 1}, .fold_of_model = {0}}), "a fold a row"));
    CHECK(has(of_descent({.fold_of_row = halves, .fold_of_model = {0, 1}}), "a fold a model"));
    CHECK(has(of_descent({.fold_of_model = {0}}), "a fold a model"));
    for (const std::int32_t fold : {-1, std::numeric_limits<std::int32_t>::max()})
        CHECK(has(of_descent({.fold_of_row = with(3, fold), .fold_of_model = {0}}), "folds from 0"));
    for (const int fold : {-2, 2})
        CHECK(has(of_descent({.fold_of_row = halves, .fold_of_model = {fold}}), "must name folds, or -1"));
    const std::vector<std::int32_t> one(Data::kRows, 0);
    CHECK(has(of_descent({.fold_of_row = one, .fold_of_model = {0}}), "every model must see a row"));
}

void test_states() {
    const LinearObjective objective = least_squares();
    const Values start(3);
    const DescentOptions sgd{.schedule = {"constant", {{"lr", {0.1}}}}, .max_epochs = 2};
    const auto state = minimize(objective, start, sgd).state;
    const auto resumed = [&](DescentOptions options, std::size_t n_models = 1) {
        options.resume = state;
        return of_descent(options, n_models);
    };
    CHECK(has(resumed(sgd, 2), "a state for each model"));
    CHECK(has(resumed({.optimizer = "adam", .schedule = sgd.schedule}), "the same objective and optimizer"));
    CHECK(has(resumed({.optimizer = "lbfgs"}), "cannot be resumed"));
    CHECK(has(resumed({.optimizer = "saga", .schedule = sgd.schedule, .batch_size = 4}), "cannot be resumed"));
    CHECK(has(resumed({.schedule = {"reduce_on_plateau"}}), "the same schedule"));
    for (const std::int64_t model : {-1, 1}) {
        const std::vector<std::int64_t> models{model};
        CHECK(has(message_of<std::out_of_range>([&] { select(*state, models); }), "must name models of the state"));
    }
}

void test_orders() {
    const LinearObjective objective = least_squares();
    for (const std::int64_t row : {-1, Data::kRows}) {
        const DescentOptions options{.batch_size = 4, .order = [&](std::int64_t) { return std::vector{row}; }};
        CHECK(has(message_of<std::out_of_range>([&] { minimize(objective, Values(3), options); }),
                  "order must hold rows in 0..19"));
    }
}

void test_line_searches() {
    const Values start(2);
    const auto lbfgs = [&](const Lbfgs::Options& options) {
        return message_of<std::invalid_argument>([&] { const Lbfgs search(start, options); });
    };
    const auto owlqn = [&](const Owlqn::Options& options, const Values& l1 = Values(2, 0.1)) {
        return message_of<std::invalid_argument>([&] { const Owlqn search(start, l1, options); });
    };
    CHECK(has(lbfgs({.memory = 0}), "memory must be >= 1"));
    CHECK(has(lbfgs({.search = {.max_search = 0}}), "max_search must be >= 1"));
    CHECK(has(owlqn({.memory = 0}), "memory must be >= 1"));
    CHECK(has(owlqn({.max_search = 0}), "max_search must be >= 1"));
    for (const double share : {0.0, 1.0}) {
        CHECK(has(lbfgs({.search = {.armijo = share}}), "armijo must be between 0 and 1"));
        CHECK(has(lbfgs({.search = {.curvature = share}}), "curvature must be between armijo and 1"));
        CHECK(has(owlqn({.armijo = share}), "armijo must be between 0 and 1"));
    }
    for (const double noise : {-1.0, 1.0}) {
        CHECK(has(lbfgs({.search = {.noise = noise}}), "noise must be >= 0 and < 1"));
        CHECK(has(owlqn({.noise = noise}), "noise must be >= 0 and < 1"));
    }
    CHECK(has(owlqn({}, Values(1)), "l1 must have 2 elements, got 1"));
    CHECK(has(owlqn({}, Values(2, -1.0)), "l1 must be >= 0"));
    CHECK(has(owlqn({.diagonal = {1.0}}), "diagonal must have 2 elements, got 1"));
    CHECK(has(owlqn({.diagonal = {1.0, 0.0}}), "diagonal must be > 0"));
    const Values l1(2, 0.1);
    Lbfgs smooth(start, {});
    Owlqn sparse(start, l1, {});
    const Values one(1);
    CHECK(has(message_of<std::invalid_argument>([&] { smooth.tell(0.0, one); }), "grad must have 2 elements, got 1"));
    CHECK(has(message_of<std::invalid_argument>([&] { sparse.tell(0.0, one); }), "grad must have 2 elements, got 1"));
}

}  // namespace

int main() {
    test_objectives();
    test_values_of_linear_models();
    test_networks();
    test_densities();
    test_functions();
    test_neighbours();
    test_descents();
    test_optimizers();
    test_folds();
    test_states();
    test_orders();
    test_line_searches();
    return n_failed == 0 ? 0 : 1;
}
