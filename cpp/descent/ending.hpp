#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "descent/run.hpp"
#include "descent/state.hpp"
#include "fastgd/minimize.hpp"

namespace fastgd {

// Thrown by a poll: what the run has come to is kept as far as it is evaluated.
struct Unevaluated {};

// What a descent has come to: for each model how it ended, and the parameters that are its result.
class Ending {
public:
    // `start`: the parameters that the models began with; `room` is as large, for where they ended.
    Ending(Run& run, const DescentOptions& options, std::span<const ModelProgress> models,
           std::span<const double> start, std::vector<double> room);

    // Parameters, their objectives and how the models ended, all but what the descent did on the way. `with_best`:
    // whether the best parameters are asked for where a descent was not cut short. Leaves the run at the result. What
    // `poll` throws is passed on, but for Unevaluated and a first interruption, which leaves the result unevaluated.
    DescentResult result(Status ended, bool with_best, bool held_out, const std::function<void()>& poll);

private:
    // One a model.
    using Choices = std::vector<std::span<const double>>;

    void put(std::span<const double> params, std::size_t m);
    void set_params(const Choices& choices);
    void evaluate(const Choices& other, DescentResult& result, const std::function<void()>& poll);
    void take_the_better(const Choices& other, DescentResult& result, const std::function<void()>& poll);
    std::span<const double> own(std::span<const double> all, std::size_t m) const {
        return all.subspan(m * n_params_, n_params_);
    }
    std::span<double> wanted(std::vector<double>& grad_norm) const {
        return options_.grad_norm ? std::span<double>(grad_norm) : std::span<double>();
    }

    Run& run_;
    const DescentOptions& options_;
    std::span<const ModelProgress> models_;
    std::span<const double> start_;
    std::size_t n_params_;
    // Where the run ended.
    std::vector<double> x_;
};

}  // namespace fastgd
