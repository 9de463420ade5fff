// The orthant-wise method by ask and tell: closed forms with exact zeros, and how it ends where there is no minimum, at
// the edge of a domain and in rounded values.

#include "descent/owlqn.hpp"

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
// Fills the gradient of a smooth function and returns its value.
using Function = std::function<double(const Vector& w, Vector& grad)>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Run {
    bool is_finished = false;
    std::vector<Vector> asked;
};

Run drive(Owlqn& search, const Function& smooth, const Vector& l1, std::size_t budget) {
    Run run;
    while (!run.is_finished && run.asked.size() < budget) {
        const Vector w(search.ask().begin(), search.ask().end());
        Vector grad(w.size());
        double value = smooth(w, grad);
        for (std::size_t i = 0; i < w.size(); ++i) {
            value += l1[i] * std::abs(w[i]);
            grad[i] += l1[i] * static_cast<double>((w[i] > 0.0) - (w[i] < 0.0));
        }
        run.asked.push_back(w);
        run.is_finished = search.tell(value, grad) == Owlqn::Said::finished;
    }
    return run;
}

// sum_i h_i (w_i - i)^2 / 2 with h from 1 to 100, about -2 ... 3.
double bowl(const Vector& w, Vector& grad) {
    double value = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        const double h = std::pow(10.0, static_cast<double>(i % 3));
        const double r = w[i] - (static_cast<double>(i % 6) - 2.0);
        value += 0.5 * h * r * r;
        grad[i] = h * r;
    }
    return value;
}

double barrier(const Vector& w, Vector& grad) {
    double value = 0.0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        value += w[i] > 0.0 ? w[i] - std::log(w[i]) : std::nan("");
        grad[i] = 1.0 - 1.0 / w[i];
    }
    return value;
}

double downhill(const Vector& w, Vector& grad) {
    grad.assign(w.size(), 1.0);
    double value = 0.0;
    for (const double x : w) value += x;
    return value;
}

double rounded(const Vector& w, Vector& grad) {
    const auto value = static_cast<float>(bowl(w, grad));
    for (double& g : grad) g = static_cast<float>(g);
    return value;
}

void test_soft_thresholds() {
    const Vector l1{0.5, 3.0, 0.0, 2.0, 0.0, 1.0, 2.5, 20.0, 0.5, 0.5};
    for (const bool has_diagonal : {false, true}) {
        Owlqn::Options options;
        if (has_diagonal) options.diagonal = Vector(l1.size(), 0.01);
        Owlqn search(Vector{0, 1, -1, 0.5, 0, 0, -3, 4, 0, 0}, l1, options);
        CHECK(drive(search, bowl, l1, 500).is_finished);
        CHECK(search.grad_norm() < 1e-10);
        for (std::size_t i = 0; i < l1.size(); ++i) {
            const double h = std::pow(10.0, static_cast<double>(i % 3));
            const double c = static_cast<double>(i % 6) - 2.0;
            const double wanted = std::copysign(std::max(std::abs(c) - l1[i] / h, 0.0), c);
            CHECK(wanted == 0.0 && l1[i] > 0.0 ? search.point()[i] == 0.0
                                               : std::abs(search.point()[i] - wanted) < 1e-11);
        }
    }
}

void test_hard_ends() {
    const Vector l1{0.5, 0.0};
    Owlqn edge(Vector{1e-3, 50.0}, l1, {});
    CHECK(drive(edge, barrier, l1, 300).is_finished);
    CHECK(std::abs(edge.point()[0] - 1.0 / 1.5) < 1e-7 && std::abs(edge.point()[1] - 1.0) < 1e-7);

    Owlqn line(Vector{1.0, 2.0}, l1, {});
    drive(line, downhill, l1, 300);
    CHECK(std::isfinite(line.value()) && line.value() < -100.0);

    Owlqn held(Vector{0.0, 0.0}, Vector{2.0, 2.0}, {});
    CHECK(drive(held, downhill, Vector{2.0, 2.0}, 300).asked.size() == 1 && held.grad_norm() == 0.0);

    for (const double value : {std::nan(""), kInfinity, -kInfinity}) {
        Owlqn nowhere(Vector{1.0}, Vector{1.0}, {});
        CHECK(nowhere.tell(value, Vector{1.0}) == Owlqn::Said::finished && nowhere.point()[0] == 1.0);
    }
    Owlqn misled(Vector{1.0, 2.0}, l1, {});
    const Function wrong = [](const Vector& w, Vector& grad) {
        grad = {-2.0 * w[0], -2.0 * w[1]};
        return w[0] * w[0] + w[1] * w[1];
    };
    CHECK(drive(misled, wrong, l1, 200).is_finished && misled.value() <= 5.5);
}

void test_float32() {
    const Vector l1(12, 0.5);
    Owlqn exact(Vector(12, 0.0), l1, {});
    drive(exact, bowl, l1, 500);
    for (const double noise : {1e-14, 1e-7, 1e-6}) {
        Owlqn search(Vector(12, 0.0), l1, {.noise = noise});
        CHECK(drive(search, rounded, l1, 500).is_finished);
        CHECK(search.value() <= exact.value() * (1.0 + 2e-6));
    }
}

void test_goes_on_from_its_state() {
    const Vector l1{0.5, 3.0, 0.0, 2.0, 0.0, 1.0, 0.0, 20.0, 0.5, 0.5};
    for (const Function& function : {Function(bowl), Function(rounded), Function(downhill)})
        for (std::size_t n_before = 0; n_before < 60; ++n_before) {
            Owlqn whole(Vector(10, 1.0), l1, {.memory = 3});
            drive(whole, function, l1, n_before);
            Archive written;
            whole.serialize(written);
            const std::vector<std::byte> bytes = written.take();
            Archive reader(bytes);
            Owlqn resumed(Vector(10, 7.0), l1, {.memory = 3});
            resumed.serialize(reader);
            reader.end();
            CHECK(drive(whole, function, l1, 100).asked == drive(resumed, function, l1, 100).asked);
            CHECK(whole.value() == resumed.value());
        }
}

void test_refusals() {
    const auto refusal = [](const Owlqn::Options& options, const Vector& l1 = {1.0}) {
        return message_of<std::invalid_argument>([&] { const Owlqn search(Vector{1.0}, l1, options); });
    };
    CHECK(has(refusal({.memory = 0}), "memory must be >= 1, got 0"));
    CHECK(has(refusal({.armijo = 0.0}), "armijo"));
    CHECK(has(refusal({.noise = -1.0}), "noise"));
    CHECK(has(refusal({.max_search = 0}), "max_search"));
    CHECK(has(refusal({.diagonal = {0.0}}), "diagonal must be > 0"));
    CHECK(has(refusal({.diagonal = {1.0, 1.0}}), "diagonal must have 1 elements"));
    CHECK(has(refusal({}, {-1.0}), "l1 must be >= 0"));
    CHECK(has(refusal({}, {std::nan("")}), "l1 must be >= 0"));
    CHECK(has(refusal({}, {}), "l1 must have 1 elements"));
}

}  // namespace

int main() {
    test_soft_thresholds();
    test_hard_ends();
    test_float32();
    test_goes_on_from_its_state();
    test_refusals();
    return n_failed == 0 ? 0 : 1;
}
