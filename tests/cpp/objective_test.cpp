// The public C++ interface: values, gradients and descent against closed forms, and its interruptions.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <optional>
#include <thread>
#include <vector>

#include "fastgd/fastgd.hpp"
#include "runtime_check.hpp"

namespace {

using namespace fastgd;

struct Line {
    static constexpr int kRows = 50;
    std::vector<double> x;
    std::vector<double> y;
    MatrixView view() const { return {x.data(), kRows, 1, sizeof(double), Storage::f64}; }

    Line() {
        for (int i = 0; i < kRows; ++i) {
            x.push_back(i / 25.0 - 1.0);
            y.push_back(2.0 * x.back() + 0.5);
        }
    }
};

void test_value_and_gradient() {
    const Line line;
    const LinearObjective objective(line.view(), line.y.data(), {.loss = "squared_error", .alpha = 0.1});
    const std::vector<double> w{1.0, -1.0};
    double value = 0.0;
    double slope = 0.0;
    double shift = 0.0;
    for (int i = 0; i < Line::kRows; ++i) {
        const double r = w[0] * line.x[static_cast<std::size_t>(i)] + w[1] - line.y[static_cast<std::size_t>(i)];
        value += 0.5 * r * r / Line::kRows;
        slope += r * line.x[static_cast<std::size_t>(i)] / Line::kRows;
        shift += r / Line::kRows;
    }
    std::vector<double> grad(2);
    CHECK(std::abs(objective.value_and_grad(w, grad) - (value + 0.05)) < 1e-14);
    CHECK(std::abs(grad[0] - (slope + 0.1)) < 1e-14);
    CHECK(std::abs(grad[1] - shift) < 1e-14);
}

void test_densities() {
    const Line line;
    const DensityObjective gaussian(line.view(), {.reg_covar = 0.5});
    CHECK(gaussian.n_params() == 2 && gaussian.n_samples() == Line::kRows && gaussian.computes_in_double());
    // The mean and variance of 50 even steps of 1/25 about -0.02: what descent begins and, but for rounding, ends with.
    const double variance = (50.0 * 50.0 - 1.0) / 12.0 / 625.0 + 0.5;
    const std::vector<double> start = gaussian.initial(0);
    std::vector<double> value(1);
    std::vector<double> grad(2);
    gaussian.values_and_grads(start, value, grad);
    CHECK(std::abs(start[0] + 0.02) < 1e-14 && std::abs(start[1] + 0.5 * std::log(variance)) < 1e-14);
    CHECK(std::abs(value[0] - 0.5 * (std::log(2.0 * 3.14159265358979323846 * variance) + 1.0)) < 1e-14);
    CHECK(std::abs(grad[0]) < 1e-14 && std::abs(grad[1]) < 1e-14);
    const std::vector<double> away{1.0, 1.0};
    CHECK(std::abs(minimize(gaussian, away, {.optimizer = "lbfgs", .max_epochs = 50}).x[1] - start[1]) < 1e-6);

    const DensityObjective mixture(line.view(), {.n_components = 2, .diagonal = true});
    std::vector<double> scores(Line::kRows);
    std::vector<double> shares(2 * Line::kRows);
    mixture.score_samples(mixture.initial(1), scores.data(), shares.data());
    CHECK(std::abs(shares[0] + shares[1] - 1.0) < 1e-14);

    using Refused = std::invalid_argument;
    const auto makes = [&](const DensityOptions& options) {
        return message_of<Refused>([&] { DensityObjective(line.view(), options); });
    };
    CHECK(has(makes({.n_components = 0}), "n_components must be at least 1, got 0"));
    CHECK(has(makes({.reg_covar = -1.0}), "reg_covar must be finite and not negative"));
    CHECK(has(makes({.feature_means = {0.0}}), "feature_means and feature_scales"));
    const std::vector<double> w = mixture.initial(1);
    const auto descends = [&](const DescentOptions& options) {
        return message_of<Refused>([&] { minimize(mixture, w, options); });
    };
    CHECK(has(descends({.optimizer = "saga", .batch_size = 1}), "is for linear models"));
    CHECK(has(descends({.alpha = {0.5}}), "alpha must be 0 for a density"));
    const std::vector<std::int64_t> beyond{Line::kRows};
    CHECK(has(message_of<std::out_of_range>([&] { mixture.values(w, value, beyond); }), "rows must be in 0..49"));
}

void test_standardized_features() {
    const Line line;
    const LinearOptions options{.loss = "squared_error", .fit_intercept = false, .standardize = true};
    const LinearObjective objective(line.view(), line.y.data(), options);
    // Of 50 even steps of 1/25 about -0.02.
    const double deviation = std::sqrt((50.0 * 50.0 - 1.0) / 12.0) / 25.0;
    CHECK(objective.n_params() == 1);
    CHECK(std::abs(objective.feature_means()[0] + 0.02) < 1e-15);
    CHECK(std::abs(objective.feature_scales()[0] - deviation) < 1e-14);
    const std::vector<double> raw = objective.raw_params(std::vector<double>{2.0});
    CHECK(raw.size() == 2 && std::abs(raw[0] - 2.0 / deviation) < 1e-13);
    CHECK(std::abs(raw[1] - 0.04 / deviation) < 1e-14);
    const LinearObjective plain(line.view(), line.y.data(), {.loss = "squared_error"});
    CHECK(objective.value(std::vector<double>{2.0}) == plain.value(raw));
    CHECK(plain.feature_means().empty() && plain.feature_scales().empty() && plain.raw_params(raw) == raw);
}

void test_descent() {
    const Line line;
    const LinearObjective objective(line.view(), line.y.data(), {.loss = "squared_error"});
    const std::vector<double> start(2);
    const auto batch =
        minimize(objective, start, {.schedule = {"constant", {{"lr", {0.5}}}}, .max_epochs = 2000, .tol = {}});
    CHECK(std::abs(batch.x[0] - 2.0) < 1e-9 && std::abs(batch.x[1] - 0.5) < 1e-9);
    CHECK(batch.status[0] == Status::max_epochs && batch.n_steps == std::vector<std::int64_t>{2000});
    const auto diverged = minimize(objective, start, {.schedule = {"constant", {{"lr", {5e9}}}}, .max_epochs = 2000});
    CHECK(diverged.status[0] == Status::diverged && std::isfinite(diverged.fun[0]) && !diverged.nonfinite);
}

struct Stop : std::exception {
    const char* what() const noexcept override { return "stop"; }
};

// Everything that goes through all rows looks up on its way.
void test_interruptions() {
    const Line line;
    const LinearObjective linear(line.view(), line.y.data(), {.loss = "squared_error"});
    const MlpObjective network(line.view(), line.y.data(),
                               {.hidden_layer_sizes = {3}, .loss = "squared_error", .n_outputs = 1});
    const DensityObjective density(line.view(), {});
    const std::vector<double> w(2);
    const std::vector<double> of_network(10);
    std::vector<double> out(Line::kRows);
    const auto stop = [] { throw Stop(); };
    const auto stops = [](auto&& call) { return has(message_of<Stop>(call), "stop"); };
    std::vector<double> grad = w;
    std::vector<double> of_networks = of_network;
    double value = 0.0;
    const std::span<double> values(&value, 1);
    CHECK(stops([&] { linear.value(w, {}, 1, stop); }));
    CHECK(stops([&] { linear.value_and_grad(w, grad, {}, 1, stop); }));
    CHECK(stops([&] { linear.values(w, values, 1, stop); }));
    CHECK(stops([&] { linear.plane(w, w, values, values, 1, stop); }));
    CHECK(stops([&] { linear.hvp(w, w, grad, {}, 1, stop); }));
    CHECK(stops([&] { linear.decision_function(w, out.data(), {}, 1, stop); }));
    CHECK(stops([&] { linear.find_nonfinite(stop); }));
    CHECK(stops([&] { linear.row_moments(stop); }));
    CHECK(stops([&] { linear.max_square_norm(1, stop); }));
    CHECK(stops([&] {
        const LinearObjective penalized(line.view(), line.y.data(), {.loss = "squared_error", .alpha = 1.0});
        penalized.duality_gap(w, 1, stop);
    }));
    CHECK(stops([&] { const LinearObjective o(line.view(), line.y.data(), {.standardize = true}, {}, {}, stop); }));
    CHECK(stops([&] { network.value(of_network, {}, 1, stop); }));
    CHECK(stops([&] { network.value_and_grad(of_network, of_networks, {}, 1, stop); }));
    CHECK(stops([&] { network.values(of_network, values, 1, stop); }));
    CHECK(stops([&] { network.decision_function(of_network, out.data(), {}, 1, stop); }));
    CHECK(stops([&] { network.find_nonfinite(stop); }));
    CHECK(stops([&] { mlp_initial({{1, 3, 1}, "relu"}, 0, "", stop); }));
    CHECK(stops([&] { density.values(w, values, {}, 1, stop); }));
    CHECK(stops([&] { density.values_and_grads(w, values, grad, {}, 1, stop); }));
    CHECK(stops([&] { density.score_samples(w, out.data(), nullptr, {}, 1, stop); }));
    CHECK(stops([&] { density.initial(0, 1, stop); }));
    CHECK(stops([&] { density.find_nonfinite(stop); }));

    // The evaluation of the end, which keeps what there is.
    struct Impatient : Observer {
        bool has_ended = false;
        double epoch_end(const EpochInfo&) override {
            has_ended = true;
            return 0.0;
        }
        bool interrupted() override { return has_ended; }
    };
    const auto keeps = [](const Objective& objective, const std::vector<double>& start) {
        Impatient observer;
        const auto found = minimize(objective, start, {}, &observer);
        return found.status[0] == Status::interrupted && std::isnan(found.fun[0]) && std::isfinite(found.x[0]);
    };
    CHECK(keeps(linear, w));
    CHECK(keeps(network, of_network));
    CHECK(keeps(density, w));

    // An evaluation after an interruption, which is given up where it takes long.
    struct Slow : Observer {
        int n_looks = 0;
        bool interrupted() override {
            if (n_looks > 0) std::this_thread::sleep_for(std::chrono::milliseconds(60));
            return n_looks++ == 0;
        }
    };
    Slow observer;
    const auto found = minimize(linear, w, {}, &observer);
    CHECK(found.status[0] == Status::interrupted && std::isnan(found.fun[0]) && found.x == w);
}

// So does a step that takes long by itself, of wide layers or many models; interrupted, it changes nothing.
void test_interruptions_within_a_step() {
    struct Looks : Observer {
        int most;
        int n = 0;
        explicit Looks(int patience) : most(patience) {}
        bool interrupted() override { return ++n > most; }
    };
    constexpr std::int64_t kColumns = 4096;
    const Line line;
    const MlpObjective network(line.view(), line.y.data(),
                               {.hidden_layer_sizes = {2048, 2048}, .loss = "squared_error", .n_outputs = 1});
    const std::vector<double> wide(static_cast<std::size_t>(Line::kRows * kColumns), 0.5);
    const MatrixView X{wide.data(), Line::kRows, kColumns, kColumns * 8, Storage::f64};
    const LinearObjective linear(X, line.y.data(), {.loss = "squared_error"});
    const std::vector<double> of_network = mlp_initial({{1, 2048, 2048, 1}, "relu"}, 0);
    const std::vector<double> of_models(static_cast<std::size_t>(1024 * linear.n_params()));
    const auto looks_up = [](const Objective& objective, const std::vector<double>& start, int n_threads) {
        const DescentOptions options{
            .batch_size = Line::kRows, .max_epochs = 1, .evaluate = false, .n_threads = n_threads};
        Looks patient(1000);
        minimize(objective, start, options, &patient);
        Looks impatient(1);
        const auto found = minimize(objective, start, options, &impatient);
        return patient.n > 2 && found.status[0] == Status::interrupted && found.x == start;
    };
    for (const int n_threads : {1, 2}) {
        CHECK(looks_up(network, of_network, n_threads));
        CHECK(looks_up(linear, of_models, n_threads));
    }
}

// So do the copies of many large networks, before an epoch, after it and at the end; at whichever look an interruption
// comes, it is told.
void test_interruptions_within_copies() {
    struct Once : Observer {
        int at;
        int n = 0;
        explicit Once(int look) : at(look) {}
        bool interrupted() override { return n++ == at; }
    };
    constexpr int kModels = 3;
    const Line line;
    // Also where all models end by themselves in the epoch that an interruption is seen in.
    std::optional<double> gtol;
    const auto descend = [&](std::int64_t n_units, Observer& observer) {
        const MlpObjective network(line.view(), line.y.data(),
                                   {.hidden_layer_sizes = {n_units, n_units}, .loss = "squared_error", .n_outputs = 1});
        const std::vector<double> one = mlp_initial({{1, n_units, n_units, 1}, "relu"}, 0);
        std::vector<double> start;
        for (int m = 0; m < kModels; ++m) start.insert(start.end(), one.begin(), one.end());
        return minimize(network, start, {.max_epochs = 1, .gtol = gtol, .evaluate = false, .n_threads = 1}, &observer);
    };
    Once never(-1);
    descend(512, never);
    Once of_small(-1);
    descend(1, of_small);
    // Its parameters are two parts, which are copied three times at first, then with the epoch, its best parameters and
    // the end, as is the momentum with the epoch and the end.
    CHECK(never.n - of_small.n >= 8 * kModels);
    for (const std::optional<double>& norm : {std::optional<double>(), std::optional<double>(HUGE_VAL)}) {
        gtol = norm;
        for (int look = 0; look < never.n; ++look) {
            Once once(look);
            try {
                const DescentResult found = descend(512, once);
                for (const Status status : found.status) CHECK(status == Status::interrupted);
                CHECK(std::all_of(found.x.begin(), found.x.end(), [](double v) { return std::isfinite(v); }));
            } catch (const Interrupted&) {
                CHECK(!"what has been seen once is thrown again");
            }
        }
    }
}

// So does a block of rows at many points: at each part of its rows, and between points where these alone take long.
void test_interruptions_within_a_block() {
    const auto looks = [](std::int64_t n_rows, std::size_t n_points) {
        constexpr int kOutputs = 1000;
        const std::vector<double> x(static_cast<std::size_t>(n_rows), 1.0);
        const std::vector<double> y(x.size() * kOutputs);
        const LinearObjective objective({x.data(), n_rows, 1, sizeof(double), Storage::f64}, y.data(),
                                        {.loss = "squared_error", .n_outputs = kOutputs});
        const std::vector<double> w(static_cast<std::size_t>(objective.n_params()));
        const std::vector<double> coordinates(n_points);
        std::vector<double> values(n_points);
        int n = 0;
        objective.plane(w, w, coordinates, values, 1, [&] { ++n; });
        return n;
    };
    const int of_parts = looks(64, 1);
    CHECK(of_parts > looks(8, 1));
    CHECK(looks(64, 2048) > of_parts);

    // Of wide rows and many models, and of a density's components.
    const std::vector<double> x(1024 * 4096, 0.5);
    const std::vector<double> y(1024, 1.0);
    const LinearObjective wide({x.data(), 1024, 4096, 4096 * sizeof(double), Storage::f64}, y.data(),
                               {.loss = "squared_error"});
    const auto looks_at_models = [&](std::size_t n_models) {
        const std::vector<double> w(n_models * static_cast<std::size_t>(wide.n_params()));
        std::vector<double> values(n_models);
        int n = 0;
        wide.values(w, values, 1, [&] { ++n; });
        return n;
    };
    CHECK(looks_at_models(32) > looks_at_models(1));
    const auto looks_at_components = [&](int n_components) {
        const DensityObjective mixture({x.data(), 64, 512, 512 * sizeof(double), Storage::f64},
                                       {.n_components = n_components});
        const std::vector<double> w(static_cast<std::size_t>(mixture.n_params()));
        std::vector<double> grad(w.size());
        double value = 0.0;
        int n = 0;
        mixture.values_and_grads(w, {&value, 1}, grad, {}, 1, [&] { ++n; });
        return n;
    };
    CHECK(looks_at_components(16) > looks_at_components(1));
}

void test_nonfinite_data() {
    Line line;
    line.x[7] = std::nan("");
    const LinearObjective objective(line.view(), line.y.data(), {.loss = "squared_error"});
    const std::vector<double> w(2);
    CHECK(has(message_of<NonFiniteError>([&] { objective.value(w); }), "not finite"));
    const auto result = minimize(objective, w, {.schedule = {"constant", {{"lr", {0.1}}}}});
    CHECK(result.status[0] == Status::diverged);
    CHECK(result.nonfinite && result.nonfinite->first == 7 && result.nonfinite->second == 0);
}

void half_square(const double* y, const double* raw, std::int64_t n_rows, std::int64_t, double* loss, double* dloss) {
    for (std::int64_t i = 0; i < n_rows; ++i) {
        dloss[i] = raw[i] - y[i];
        loss[i] = 0.5 * dloss[i] * dloss[i];
    }
}

void test_user_loss() {
    const Line line;
    const auto objective_of = [&](UserLoss loss) {
        return LinearObjective(line.view(), line.y.data(), {.user_loss = std::make_shared<UserLoss>(std::move(loss))});
    };
    const LinearObjective named(line.view(), line.y.data(), {.loss = "squared_error"});
    const LinearObjective own = objective_of({.function = half_square});
    const std::vector<double> w{0.5, -0.25};
    std::vector<double> grad(2);
    std::vector<double> expected(2);
    CHECK(own.value_and_grad(w, grad) == named.value_and_grad(w, expected));
    CHECK(grad == expected);
    CHECK(has(message_of<std::invalid_argument>([&] { own.hvp(w, w, grad); }), "second derivative"));
    CHECK(has(message_of<std::invalid_argument>([&] { own.duality_gap(w); }), "dual"));
    CHECK(has(message_of<std::invalid_argument>([&] { objective_of({}); }), "function"));
    const auto fail = [](auto...) { throw std::runtime_error("what it throws"); };
    const LinearObjective failing = objective_of({.function = fail, .on_calling_thread = true});
    CHECK(has(message_of<std::runtime_error>([&] { failing.value(w); }), "what it throws"));
    CHECK(has(message_of<std::runtime_error>([&] { minimize(failing, w, {}); }), "what it throws"));
}

}  // namespace

int main() {
    test_value_and_gradient();
    test_densities();
    test_standardized_features();
    test_descent();
    test_interruptions();
    test_interruptions_within_a_step();
    test_interruptions_within_copies();
    test_interruptions_within_a_block();
    test_nonfinite_data();
    test_user_loss();
    return n_failed == 0 ? 0 : 1;
}
