#pragma once

#include <optional>
#include <span>
#include <vector>

#include "descent/lbfgs.hpp"
#include "descent/run.hpp"
#include "fastgd/optimizer_info.hpp"
#include "objectives/preconditioner.hpp"

namespace fastgd {

// L-BFGS of all models of a run: each evaluation of the objective is told to every one of them.
class LineSearches {
public:
    // `noise`: relative rounding errors of the objective's values.
    LineSearches(const ModelSettings& settings, double noise) : settings_(settings), noise_(noise) {}

    // `preconditions`: none, or one a model, which may be empty.
    void start(std::span<const double> params, const std::vector<Precondition>& preconditions = {}) {
        const std::size_t n = params.size() / static_cast<std::size_t>(settings_.n_models);
        searches_.clear();
        finished_.assign(static_cast<std::size_t>(settings_.n_models), false);
        for (int m = 0; m < settings_.n_models; ++m) {
            Lbfgs::Options options;
            options.memory = static_cast<int>(settings_.hyper[static_cast<std::size_t>(m) * kMaxHyper]);
            if (!preconditions.empty()) options.precondition = preconditions[static_cast<std::size_t>(m)];
            options.search.noise = std::max(options.search.noise, noise_);
            searches_.emplace_back(params.subspan(static_cast<std::size_t>(m) * n, n), options);
        }
    }
    bool started() const { return !searches_.empty(); }

    // In: values and gradients where they were asked for; out: value and norm of the gradient at the best points.
    void tell(std::span<double> value, std::span<const double> grad, std::span<double> grad_norm) {
        const std::size_t n = grad.size() / value.size();
        for (std::size_t m = 0; m < value.size(); ++m) {
            Lbfgs& search = searches_[m];
            if (!finished_[m]) finished_[m] = search.tell(value[m], grad.subspan(m * n, n)) == Lbfgs::Said::finished;
            value[m] = search.value();
            grad_norm[m] = search.grad_norm();
        }
    }
    void ask(std::span<double> params) const {
        gather(params, [](const Lbfgs& search) { return search.ask(); });
    }
    void best(std::span<double> params) const {
        gather(params, [](const Lbfgs& search) { return search.point(); });
    }
    bool finished(int m) const { return started() && finished_[static_cast<std::size_t>(m)]; }

private:
    template <class F>
    void gather(std::span<double> params, F&& part) const {
        auto to = params.begin();
        for (const Lbfgs& search : searches_) {
            const std::span<const double> from = part(search);
            to = std::copy(from.begin(), from.end(), to);
        }
    }

    const ModelSettings& settings_;
    double noise_;
    std::vector<Lbfgs> searches_;
    std::vector<bool> finished_;
};

}  // namespace fastgd
