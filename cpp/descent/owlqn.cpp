#include "descent/owlqn.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

#include "runtime/dot.hpp"

namespace fastgd {
namespace {

// How much of the slope that a step began with may be left, uphill, where rounding hides whether the value fell.
constexpr double kFlat = 0.9;
// The next trial of a search is between these shares of the last.
constexpr double kShortest = 0.1;
constexpr double kLongest = 0.5;

double sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0; }

void require(bool condition, const char* allowed, double value) {
    if (!condition) throw std::invalid_argument(std::string(allowed) + ", got " + std::to_string(value));
}

}  // namespace

Owlqn::Owlqn(std::span<const double> start, std::span<const double> l1, const Options& options)
    : options_(options),
      l1_(l1.begin(), l1.end()),
      trial_{{start.begin(), start.end()}, std::vector<double>(start.size())},
      best_(trial_, options.noise),
      pseudo_(start.size()),
      direction_(start.size()),
      orthant_(start.size()),
      pairs_(options.memory) {
    require(options.memory >= 1, "memory must be >= 1", options.memory);
    require(options.max_search >= 1, "max_search must be >= 1", options.max_search);
    require(options.armijo > 0.0 && options.armijo < 1.0, "armijo must be between 0 and 1", options.armijo);
    require(options.noise >= 0.0 && options.noise < 1.0, "noise must be >= 0 and < 1", options.noise);
    if (l1.size() != size())
        throw std::invalid_argument("l1 must have " + std::to_string(size()) + " elements, got " +
                                    std::to_string(l1.size()));
    if (!options.diagonal.empty() && options.diagonal.size() != size())
        throw std::invalid_argument("diagonal must have " + std::to_string(size()) + " elements, got " +
                                    std::to_string(options.diagonal.size()));
    for (const double strength : l1_) require(strength >= 0.0, "l1 must be >= 0", strength);
    for (const double entry : options_.diagonal) require(entry > 0.0, "diagonal must be > 0", entry);
}

Owlqn::Said Owlqn::tell(double value, std::span<const double> grad) {
    if (grad.size() != size())
        throw std::invalid_argument("grad must have " + std::to_string(size()) + " elements, got " +
                                    std::to_string(grad.size()));
    if (is_finished_) return Said::finished;
    trial_.value = value;
    std::copy(grad.begin(), grad.end(), trial_.grad.begin());
    std::vector<double> least(size());
    for (std::size_t i = 0; i < size(); ++i) least[i] = pseudo(trial_, i);
    trial_.norm = std::sqrt(dot(least, least));
    if (!is_started_) return begin();

    // What the step promised, and the slope along it where it ended, in the orthant where the function is smooth.
    std::vector<double> moved(size());
    std::vector<double> smooth(size());
    for (std::size_t i = 0; i < size(); ++i) {
        moved[i] = trial_.x[i] - iterate_.x[i];
        smooth[i] = trial_.x[i] == 0.0 ? grad[i] + l1_[i] * orthant_[i] : grad[i];
    }
    const double promised = dot(pseudo_, moved);
    const double slope = dot(smooth, moved);
    const bool is_finite = std::isfinite(value) && std::isfinite(slope);
    if (is_finite) best_.see(trial_);
    const double change = value - iterate_.value;
    if (is_finite && promised < 0.0) {
        const bool is_lower = change <= options_.armijo * promised;
        const bool is_equal = std::abs(change) <= options_.noise * std::abs(iterate_.value);
        if (is_lower || (is_equal && slope <= kFlat * -promised)) return accept();
    }
    if (++n_trials_ < options_.max_search) {
        // The minimizer of the parabola with both values and the slope at the start.
        const double share = is_finite && promised < 0.0 ? -0.5 * promised / (change - promised) : kLongest;
        step_ *= share > kLongest ? kLongest : share > kShortest ? share : kShortest;
        go_to_trial();
        return Said::searching;
    }
    if (best_.is_below(iterate_.value)) {
        trial_ = *best_;
        return accept();
    }
    // Once more down the slope alone.
    if (!is_modelled_) return finish();
    pairs_.clear();
    free_.clear();
    return search();
}

Owlqn::Said Owlqn::begin() {
    is_started_ = true;
    iterate_ = trial_;
    best_.begin(trial_);
    if (!std::isfinite(trial_.value) || !std::isfinite(trial_.norm)) return finish();
    return search() == Said::finished ? Said::finished : Said::accepted;
}

// Sets out from the iterate along a new direction.
Owlqn::Said Owlqn::search() {
    for (std::size_t i = 0; i < size(); ++i) {
        pseudo_[i] = pseudo(iterate_, i);
        orthant_[i] = l1_[i] == 0.0 ? 0.0 : sign(iterate_.x[i] != 0.0 ? iterate_.x[i] : -pseudo_[i]);
    }
    choose_direction();
    double slope = dot(pseudo_, direction_);
    if (!(std::isfinite(slope) && slope < 0.0)) {
        pairs_.clear();
        free_.clear();
        choose_direction();
        slope = dot(pseudo_, direction_);
        if (!(std::isfinite(slope) && slope < 0.0)) return finish();
    }
    step_ = 1.0;
    n_trials_ = 0;
    go_to_trial();
    return Said::searching;
}

// The trial becomes the iterate.
Owlqn::Said Owlqn::accept() {
    remember_pair();
    std::swap(iterate_, trial_);
    if (best_.is_stalled()) return finish();
    return search() == Said::finished ? Said::finished : Said::accepted;
}

Owlqn::Said Owlqn::finish() {
    is_finished_ = true;
    trial_ = *best_;
    return Said::finished;
}

// An entry of the pseudo-gradient, the subgradient of least norm.
double Owlqn::pseudo(const Point& point, std::size_t i) const {
    const double g = point.grad[i];
    if (point.x[i] != 0.0) return g;
    return g > l1_[i] ? g - l1_[i] : g < -l1_[i] ? g + l1_[i] : 0.0;
}

// -H times the pseudo-gradient, H by the free coordinates alone; where a coordinate is 0, only into the orthant.
void Owlqn::choose_direction() {
    std::vector<double> is_free(size());
    for (std::size_t i = 0; i < size(); ++i) {
        is_free[i] = iterate_.x[i] != 0.0 || pseudo_[i] != 0.0 ? 1.0 : 0.0;
        direction_[i] = -pseudo_[i];
    }
    const bool is_settled = options_.precondition && is_free == free_;
    free_ = std::move(is_free);
    const auto first = [&](std::span<double> v) {
        if (is_settled) return options_.precondition(v, free_);
        for (std::size_t i = 0; i < options_.diagonal.size(); ++i) v[i] *= options_.diagonal[i];
    };
    const std::vector<CurvaturePair> pairs = pairs_of_the_free();
    is_modelled_ = is_settled || !pairs.empty();
    double gamma =
        is_settled || !options_.diagonal.empty() ? 1.0 : iterate_.scale(std::sqrt(dot(iterate_.x, iterate_.x)));
    if (!pairs.empty()) {
        std::vector<double> scaled = pairs.back().y;
        first(scaled);
        if (const double squares = dot(pairs.back().y, scaled); squares > 0.0) gamma = pairs.back().curvature / squares;
    }
    two_loop_recursion(direction_, pairs, [&](std::span<double> v) {
        first(v);
        for (double& entry : v) entry *= gamma;
    });
    for (std::size_t i = 0; i < size(); ++i)
        if (iterate_.x[i] == 0.0 && l1_[i] > 0.0 && !(direction_[i] * orthant_[i] > 0.0)) direction_[i] = 0.0;
}

std::vector<CurvaturePair> Owlqn::pairs_of_the_free() const {
    std::vector<CurvaturePair> cut;
    for (const CurvaturePair& pair : pairs_.get()) {
        CurvaturePair part = pair;
        for (std::size_t i = 0; i < size(); ++i)
            if (free_[i] == 0.0) part.s[i] = part.y[i] = 0.0;
        part.curvature = dot(part.s, part.y);
        if (part.curvature > CurvaturePairs::kLeastCurvature * pair.curvature) cut.push_back(std::move(part));
    }
    return cut;
}

// Adds (s, y) from the iterate to the trial, if s.y is positive beyond rounding; y is without the l1 norm's share.
void Owlqn::remember_pair() {
    std::vector<double> s(size());
    std::vector<double> y(size());
    for (std::size_t i = 0; i < size(); ++i) {
        s[i] = trial_.x[i] - iterate_.x[i];
        y[i] = trial_.grad[i] - iterate_.grad[i] - l1_[i] * (sign(trial_.x[i]) - sign(iterate_.x[i]));
    }
    const double curvature = dot(s, y);
    if (curvature > CurvaturePairs::kLeastCurvature * -dot(pseudo_, s)) pairs_.add(s, y, curvature);
}

// Coordinates that would change their sign stop at 0.
void Owlqn::go_to_trial() {
    for (std::size_t i = 0; i < size(); ++i) {
        trial_.x[i] = iterate_.x[i] + step_ * direction_[i];
        if (l1_[i] > 0.0 && !(trial_.x[i] * orthant_[i] > 0.0)) trial_.x[i] = 0.0;
    }
}

}  // namespace fastgd
