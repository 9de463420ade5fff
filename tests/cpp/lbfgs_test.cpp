// L-BFGS by ask and tell: known minima within a budget of evaluations, and how it ends where there is none, where the
// values are rounded and at the edge of a domain.

#include "descent/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

#include "runtime_check.hpp"

namespace {

using namespace fastgd;
using Vector = std::vector<double>;
// Fills the gradient and returns the value.
using Function = std::function<double(const Vector& w, Vector& grad)>;

constexpr double kPi = 3.14159265358979323846;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Run {
    bool is_finished = false;
    int n_evals = 0;
    std::vector<Vector> asked;
    // The lowest value of all evaluations, and after how many it was within `tol` of the minimum asked for.
    double lowest = kInfinity;
    int n_to_minimum = 0;
};

// Evaluates until the end or the budget; `minimum` may be unknown.
Run drive(Lbfgs& lbfgs, const Function& function, int budget, double minimum = -kInfinity, double tol = 1e-8) {
    Run run;
    while (!run.is_finished && run.n_evals < budget) {
        const Vector w(lbfgs.ask().begin(), lbfgs.ask().end());
        Vector grad(w.size());
        const double value = function(w, grad);
        run.asked.push_back(w);
        ++run.n_evals;
        if (value < run.lowest) run.lowest = value;
        if (run.n_to_minimum == 0 && value - minimum <= tol) run.n_to_minimum = run.n_evals;
        run.is_finished = lbfgs.tell(value, grad) == Lbfgs::Said::finished;
    }
    return run;
}

// Known minima -------------------------------------------------------------------------------------------------------

double rosenbrock(const Vector& w, Vector& grad) {
    double value = 0.0;
    for (std::size_t i = 0; i + 1 < w.size(); ++i) {
        const double a = w[i + 1] - w[i] * w[i];
        const double b = 1.0 - w[i];
        value += 100.0 * a * a + b * b;
        grad[i] += -400.0 * a * w[i] - 2.0 * b;
        grad[i + 1] += 200.0 * a;
    }
    return value;
}

double beale(const Vector& w, Vector& grad) {
    const double x = w[0], y = w[1];
    const double a = 1.5 - x + x * y, b = 2.25 - x + x * y * y, c = 2.625 - x + x * y * y * y;
    grad = {2.0 * (a * (y - 1.0) + b * (y * y - 1.0) + c * (y * y * y - 1.0)),
            2.0 * x * (a + 2.0 * b * y + 3.0 * c * y * y)};
    return a * a + b * b + c * c;
}

double himmelblau(const Vector& w, Vector& grad) {
    const double a = w[0] * w[0] + w[1] - 11.0, b = w[0] + w[1] * w[1] - 7.0;
    grad = {4.0 * a * w[0] + 2.0 * b, 2.0 * a + 4.0 * b * w[1]};
    return a * a + b * b;
}

double booth(const Vector& w, Vector& grad) {
    const double a = w[0] + 2.0 * w[1] - 7.0, b = 2.0 * w[0] + w[1] - 5.0;
    grad = {2.0 * a + 4.0 * b, 4.0 * a + 2.0 * b};
    return a * a + b * b;
}

double matyas(const Vector& w, Vector& grad) {
    grad = {0.52 * w[0] - 0.48 * w[1], 0.52 * w[1] - 0.48 * w[0]};
    return 0.26 * (w[0] * w[0] + w[1] * w[1]) - 0.48 * w[0] * w[1];
}

double three_hump_camel(const Vector& w, Vector& grad) {
    const double x = w[0], y = w[1], x2 = x * x;
    grad = {4.0 * x - 4.2 * x2 * x + x2 * x2 * x + y, x + 2.0 * y};
    return 2.0 * x2 - 1.05 * x2 * x2 + x2 * x2 * x2 / 6.0 + x * y + y * y;
}

double styblinski_tang(const Vector& w, Vector& grad) {
    double value = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const double x = w[i];
        value += 0.5 * (x * x * x * x - 16.0 * x * x + 5.0 * x);
        grad[i] = 0.5 * (4.0 * x * x * x - 32.0 * x + 5.0);
    }
    return value;
}

double bohachevsky(const Vector& w, Vector& grad) {
    const double x = w[0], y = w[1];
    grad = {2.0 * x + 0.9 * kPi * std::sin(3.0 * kPi * x), 4.0 * y + 1.6 * kPi * std::sin(4.0 * kPi * y)};
    return x * x + 2.0 * y * y - 0.3 * std::cos(3.0 * kPi * x) - 0.4 * std::cos(4.0 * kPi * y) + 0.7;
}

double wood(const Vector& w, Vector& grad) {
    const double a = w[0], b = w[1], c = w[2], d = w[3];
    const double p = b - a * a, q = d - c * c;
    grad = {-400.0 * a * p - 2.0 * (1.0 - a), 200.0 * p + 20.2 * (b - 1.0) + 19.8 * (d - 1.0),
            -360.0 * c * q - 2.0 * (1.0 - c), 180.0 * q + 20.2 * (d - 1.0) + 19.8 * (b - 1.0)};
    return 100.0 * p * p + (1.0 - a) * (1.0 - a) + 90.0 * q * q + (1.0 - c) * (1.0 - c) +
           10.1 * ((b - 1.0) * (b - 1.0) + (d - 1.0) * (d - 1.0)) + 19.8 * (b - 1.0) * (d - 1.0);
}

double powell(const Vector& w, Vector& grad) {
    const double a = w[0] + 10.0 * w[1], b = w[2] - w[3], c = w[1] - 2.0 * w[2], d = w[0] - w[3];
    const double c3 = c * c * c, d3 = d * d * d;
    grad = {2.0 * a + 40.0 * d3, 20.0 * a + 4.0 * c3, 10.0 * b - 8.0 * c3, -10.0 * b - 40.0 * d3};
    return a * a + 5.0 * b * b + c3 * c + 10.0 * d3 * d;
}

void test_known_minima() {
    struct Case {
        const char* name;
        Function function;
        Vector start;
        double minimum;
        // At most 1.2 times the evaluations of SciPy 1.17's L-BFGS-B to the same value.
        int budget;
    };
    const Case cases[] = {
        {"Rosenbrock", rosenbrock, {-1.2, 1.0}, 0.0, 51},
        {"Rosenbrock in 10 dimensions", rosenbrock, {-1.2, 1, -1.2, 1, -1.2, 1, -1.2, 1, -1.2, 1}, 0.0, 103},
        {"Beale", beale, {1.0, 1.0}, 0.0, 18},
        {"Himmelblau", himmelblau, {0.0, 0.0}, 0.0, 18},
        {"Booth", booth, {0.0, 0.0}, 0.0, 7},
        {"Matyas", matyas, {10.0, -7.0}, 0.0, 8},
        {"three-hump camel", three_hump_camel, {0.8, -0.7}, 0.0, 7},
        {"Styblinski-Tang", styblinski_tang, {-1.0, -1.0}, -78.332331407542837, 9},
        {"Bohachevsky", bohachevsky, {0.2, -0.15}, 0.0, 9},
        {"Wood", wood, {-3.0, -1.0, -3.0, -1.0}, 0.0, 139},
        {"Powell", powell, {3.0, -1.0, 0.0, 1.0}, 0.0, 46},
    };
    for (const Case& one : cases) {
        Lbfgs lbfgs(one.start, {});
        const Run run = drive(lbfgs, one.function, 1000, one.minimum);
        const bool in_budget = run.n_to_minimum > 0 && run.n_to_minimum <= one.budget;
        if (!in_budget) std::fprintf(stderr, "%s: %d evaluations\n", one.name, run.n_to_minimum);
        CHECK(in_budget);
        CHECK(run.is_finished && lbfgs.value() - one.minimum <= 1e-13);
    }
}

// Hard ends ----------------------------------------------------------------------------------------------------------

// w - log(w): its minimum is 1 at w = 1, and there is nothing at w <= 0.
double barrier(const Vector& w, Vector& grad) {
    double value = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        value += w[i] > 0.0 ? w[i] - std::log(w[i]) : std::nan("");
        grad[i] = 1.0 - 1.0 / w[i];
    }
    return value;
}

// The lowest point lies on the edge of the domain itself, where the gradient is not small.
double cliff(const Vector& w, Vector& grad) {
    grad = {2.0 * w[0], 2.0 * w[1]};
    return w[0] > 0.5 ? w[0] * w[0] + w[1] * w[1] : kInfinity;
}

double downhill(const Vector& w, Vector& grad) {
    grad = {1.0, 1.0};
    return w[0] + w[1];
}

void test_edge_of_a_domain() {
    // The gradient at the start sends the first trials far beyond the edge.
    for (const double second : {50.0, 1e6}) {
        Lbfgs lbfgs(Vector{1e-3, second}, {});
        CHECK(drive(lbfgs, barrier, 200).is_finished);
        CHECK(std::abs(lbfgs.value() - 2.0) < 1e-12 && std::abs(lbfgs.point()[1] - 1.0) < 1e-6);
    }
    Lbfgs lbfgs(Vector{1.0, 2.0}, {});
    const Run run = drive(lbfgs, cliff, 1000);
    CHECK(run.is_finished && lbfgs.value() == run.lowest && lbfgs.point()[0] - 0.5 < 1e-9);

    for (const double value : {std::nan(""), kInfinity, -kInfinity}) {
        Lbfgs nowhere(Vector{1.0}, {});
        CHECK(nowhere.tell(value, Vector{1.0}) == Lbfgs::Said::finished && nowhere.point()[0] == 1.0);
        Lbfgs steep(Vector{1.0}, {});
        CHECK(steep.tell(1.0, Vector{value}) == Lbfgs::Said::finished && steep.point()[0] == 1.0);
    }
}

void test_nothing_to_find() {
    const Function constant = [](const Vector&, Vector&) { return 3.0; };
    Lbfgs flat(Vector{1.0, 2.0}, {});
    CHECK(drive(flat, constant, 10).n_evals == 1 && flat.value() == 3.0 && flat.point()[1] == 2.0);
    CHECK(flat.tell(-1.0, Vector{1.0, 1.0}) == Lbfgs::Said::finished && flat.value() == 3.0);

    // Unbounded below: it goes on downhill, with finite steps, for as long as it is asked.
    Lbfgs line(Vector{1.0, 2.0}, {});
    const Run run = drive(line, downhill, 300);
    CHECK(run.n_evals == 300 && std::isfinite(line.value()) && line.value() < -1e6 && line.value() == run.lowest);

    // A gradient of the wrong sign: the start is the best point.
    const Function wrong = [](const Vector& w, Vector& grad) {
        grad = {-2.0 * w[0], -2.0 * w[1]};
        return w[0] * w[0] + w[1] * w[1];
    };
    Lbfgs misled(Vector{1.0, 2.0}, {});
    CHECK(drive(misled, wrong, 100).is_finished && misled.value() == 5.0);
}

// A quadratic with condition number 100 whose value and gradient are rounded to float32.
double rounded(const Vector& w, Vector& grad) {
    float value = 1.0f;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const auto h = static_cast<float>(1 + 11 * i);
        const float r = static_cast<float>(w[i]) - 0.3f;
        value += 0.5f * h * r * r;
        grad[i] = h * r;
    }
    return value;
}

void test_float32() {
    for (const double noise : {1e-14, 1e-7, 1e-6}) {
        Lbfgs lbfgs(Vector(10, 0.0), {.search = {.noise = noise}});
        const Run run = drive(lbfgs, rounded, 200);
        CHECK(run.is_finished);
        CHECK(lbfgs.value() <= run.lowest + noise * std::abs(run.lowest));
        CHECK(lbfgs.value() <= 1.0 + 2e-7);
    }
}

// A value without a slope and a gradient without a pattern: what is left where rounding errors are all there is.
double noise_alone(const Vector& w, Vector& grad) {
    for (std::size_t i = 0; i < w.size(); ++i) grad[i] = std::cos(1e6 * w[i] + static_cast<double>(i * i));
    return 1.0;
}

void test_noise_ends() {
    Lbfgs lbfgs(Vector(30, 0.0), {});
    CHECK(drive(lbfgs, noise_alone, 200).is_finished);
}

void test_a_flat_trial_is_not_the_best() {
    Lbfgs lbfgs(Vector{0.0}, {});
    lbfgs.tell(1.0, Vector{-1.0});
    CHECK(lbfgs.ask()[0] == 1.0);
    CHECK(lbfgs.tell(2.0, Vector{1e-9}) == Lbfgs::Said::searching && lbfgs.value() == 1.0 && lbfgs.point()[0] == 0.0);
    CHECK(lbfgs.tell(1.0, Vector{-0.5}) == Lbfgs::Said::accepted && lbfgs.grad_norm() == 0.5);
}

// State --------------------------------------------------------------------------------------------------------------

// Ripples on a bowl, so that searches along lines are long.
double wavy(const Vector& w, Vector& grad) {
    double value = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const double k = static_cast<double>(5 + i);
        value += w[i] * w[i] + 3.0 * std::sin(k * w[i]);
        grad[i] = 2.0 * w[i] + 3.0 * k * std::cos(k * w[i]);
    }
    return value;
}

void test_goes_on_from_its_state() {
    struct Case {
        Function function;
        Vector start;
    };
    const Case cases[] = {
        {wood, {-3.0, -1.0, -3.0, -1.0}}, {barrier, {1e-3, 50.0}},    {cliff, {1.0, 2.0}},
        {downhill, {1.0, 2.0}},           {rounded, Vector(10, 0.0)}, {wavy, {3.0, -4.0}},
        {noise_alone, Vector(30, 0.0)},
    };
    for (const Case& one : cases)
        for (int n_before = 0; n_before < 120; ++n_before) {
            Lbfgs whole(one.start, {});
            drive(whole, one.function, n_before);
            Archive written;
            whole.serialize(written);
            const std::vector<std::byte> bytes = written.take();
            Archive reader(bytes);
            Lbfgs resumed(Vector(one.start.size(), 7.0), {});
            resumed.serialize(reader);
            reader.end();
            const Run rest = drive(whole, one.function, 200);
            const Run same = drive(resumed, one.function, 200);
            CHECK(rest.asked == same.asked && whole.value() == resumed.value());
            CHECK(std::equal(whole.point().begin(), whole.point().end(), resumed.point().begin()));
        }
}

void test_refusals() {
    const auto refusal = [](const Lbfgs::Options& options) {
        return message_of<std::invalid_argument>([&] { const Lbfgs lbfgs(Vector{1.0}, options); });
    };
    CHECK(has(refusal({.memory = 0}), "memory must be >= 1, got 0"));
    CHECK(has(refusal({.search = {.armijo = 0.0}}), "armijo"));
    CHECK(has(refusal({.search = {.armijo = 0.5, .curvature = 0.5}}), "curvature"));
    CHECK(has(refusal({.search = {.curvature = 1.0}}), "curvature"));
    CHECK(has(refusal({.search = {.noise = -1.0}}), "noise"));
    CHECK(has(refusal({.search = {.noise = std::nan("")}}), "noise"));
    CHECK(has(refusal({.search = {.max_search = 0}}), "max_search"));
    Lbfgs lbfgs(Vector{1.0, 2.0}, {});
    CHECK(has(message_of<std::invalid_argument>([&] { lbfgs.tell(1.0, Vector{1.0}); }), "grad must have 2 elements"));
}

}  // namespace

int main() {
    test_known_minima();
    test_edge_of_a_domain();
    test_nothing_to_find();
    test_float32();
    test_noise_ends();
    test_a_flat_trial_is_not_the_best();
    test_goes_on_from_its_state();
    test_refusals();
    return n_failed == 0 ? 0 : 1;
}
