#include "descent/lbfgs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "runtime/dot.hpp"

namespace fastgd {
namespace {

// u = a v
void set_scaled(std::span<double> u, double a, std::span<const double> v) {
    for (std::size_t i = 0; i < u.size(); ++i) u[i] = a * v[i];
}

// u = v - u
void subtract_from(std::span<double> u, std::span<const double> v) {
    for (std::size_t i = 0; i < u.size(); ++i) u[i] = v[i] - u[i];
}

bool is_descent(double slope) { return std::isfinite(slope) && slope < 0.0; }

void require(bool condition, const char* allowed, double value) {
    if (!condition) throw std::invalid_argument(std::string(allowed) + ", got " + std::to_string(value));
}

}  // namespace

Lbfgs::Lbfgs(std::span<const double> start, const Options& options)
    : options_(options),
      trial_{{start.begin(), start.end()}, std::vector<double>(start.size())},
      best_(trial_, options.search.noise),
      direction_(start.size()),
      pairs_(options.memory),
      search_(options.search) {
    const auto& search = options.search;
    require(options.memory >= 1, "memory must be >= 1", options.memory);
    require(search.max_search >= 1, "max_search must be >= 1", search.max_search);
    require(search.armijo > 0.0 && search.armijo < 1.0, "armijo must be between 0 and 1", search.armijo);
    require(search.curvature > search.armijo && search.curvature < 1.0, "curvature must be between armijo and 1",
            search.curvature);
    require(search.noise >= 0.0 && search.noise < 1.0, "noise must be >= 0 and < 1", search.noise);
}

Lbfgs::Said Lbfgs::tell(double value, std::span<const double> grad) {
    if (grad.size() != size())
        throw std::invalid_argument("grad must have " + std::to_string(size()) + " elements, got " +
                                    std::to_string(grad.size()));
    if (is_finished_) return Said::finished;
    trial_.value = value;
    std::copy(grad.begin(), grad.end(), trial_.grad.begin());
    trial_.norm = std::sqrt(dot(grad, grad));
    if (!is_started_) return begin();

    const double slope = dot(grad, direction_);
    if (std::isfinite(value) && std::isfinite(slope)) best_.see(trial_);
    switch (search_.tell(value, slope)) {
        case WolfeSearch::Said::searching: go_to_trial(); return Said::searching;
        case WolfeSearch::Said::satisfied: return accept();
        case WolfeSearch::Said::failed: break;
    }
    if (best_.is_below(iterate_.value)) {
        trial_ = *best_;
        return accept();
    }
    // Once more along the gradient alone, or, where the value told nothing of the scale, from a step of length 1.
    if (pairs_.empty() && !is_guessed_) return finish();
    if (pairs_.empty()) gamma_ = 1.0 / iterate_.norm;
    is_guessed_ = false;
    pairs_.clear();
    return search();
}

Lbfgs::Said Lbfgs::begin() {
    is_started_ = true;
    iterate_ = trial_;
    best_.begin(trial_);
    if (!std::isfinite(trial_.value) || !std::isfinite(trial_.norm) || trial_.norm == 0.0) return finish();
    gamma_ = options_.precondition ? 1.0 : trial_.scale(std::sqrt(dot(trial_.x, trial_.x)));
    is_guessed_ = gamma_ * trial_.norm < 1.0 && !options_.precondition;
    return search() == Said::finished ? Said::finished : Said::accepted;
}

// Sets out from the iterate along a new direction.
Lbfgs::Said Lbfgs::search() {
    choose_direction();
    double slope = dot(iterate_.grad, direction_);
    if (!is_descent(slope)) {
        pairs_.clear();
        choose_direction();
        slope = dot(iterate_.grad, direction_);
        if (!is_descent(slope)) return finish();
    }
    search_.start(iterate_.value, slope);
    go_to_trial();
    return Said::searching;
}

// The trial becomes the iterate.
Lbfgs::Said Lbfgs::accept() {
    is_guessed_ = false;
    remember_pair();
    std::swap(iterate_, trial_);
    if (best_.is_stalled()) return finish();
    return search() == Said::finished ? Said::finished : Said::accepted;
}

Lbfgs::Said Lbfgs::finish() {
    is_finished_ = true;
    trial_ = *best_;
    return Said::finished;
}

// Adds (s, y) from the iterate to the trial, if s.y is positive beyond rounding, in place of the oldest pair of a full
// memory. The iterate, which the trial replaces next, lends its vectors.
void Lbfgs::remember_pair() {
    std::vector<double>& s = iterate_.x;
    std::vector<double>& y = iterate_.grad;
    subtract_from(s, trial_.x);
    const double promised = -dot(y, s);
    subtract_from(y, trial_.grad);
    const double curvature = dot(s, y);
    std::vector<double> scaled = y;
    if (options_.precondition) options_.precondition(scaled);
    const double squares = dot(y, scaled);
    if (!(curvature > CurvaturePairs::kLeastCurvature * promised && squares > 0.0)) return;
    pairs_.add(s, y, curvature);
    gamma_ = curvature / squares;
}

// -H grad, where H is gamma I, or gamma times the preconditioner, updated by the pairs.
void Lbfgs::choose_direction() {
    set_scaled(direction_, -1.0, iterate_.grad);
    two_loop_recursion(direction_, pairs_.get(), [this](std::span<double> v) {
        if (options_.precondition) options_.precondition(v);
        set_scaled(v, gamma_, v);
    });
}

void Lbfgs::go_to_trial() {
    const double step = search_.step();
    for (std::size_t i = 0; i < size(); ++i) trial_.x[i] = iterate_.x[i] + step * direction_[i];
}

}  // namespace fastgd
