#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "descent/run.hpp"
#include "objectives/second_moments.hpp"
#include "runtime/cholesky.hpp"

namespace fastgd {

// More columns make the matrix cost more than the passes that it saves.
inline constexpr std::int64_t kMaxPreconditioned = 512;

// Multiplies a model's vector by an estimate of the inverse Hessian; empty where there is none.
using Precondition = std::function<void(std::span<double>)>;

// For each output the inverse of c (mean of s z z^T) + alpha (1 - l1_ratio), where `curvature` c bounds the loss's
// second derivative or stands in for it: the Hessian of a squared error, and above that of any other loss. Models that
// see the same rows share the mean, and with the same penalty the inverse. `standards`: none, or one a model.
template <class T>
class Preconditioners {
public:
    Preconditioners(const LinearProblem<T>& problem, const ModelSettings& settings,
                    const std::vector<const Standard*>& standards, bool fit_intercept, double curvature)
        : problem_(problem),
          settings_(settings),
          standards_(standards),
          fit_intercept_(fit_intercept),
          curvature_(curvature) {}

    std::vector<Precondition> make(const std::function<void()>& poll) {
        std::vector<Precondition> made;
        for (int m = 0; m < settings_.n_models; ++m) made.push_back(of_model(m, poll));
        return made;
    }

private:
    using Shared = std::shared_ptr<const Cholesky>;

    Precondition of_model(int m, const std::function<void()>& poll) {
        const bool wanted = settings_.hyper[static_cast<std::size_t>(m) * kMaxHyper + 1] != 0.0;
        if (!wanted || problem_.X.n_cols > kMaxPreconditioned) return {};
        const auto key = std::pair{problem_.fold_of(m), settings_.penalty(m).l2()};
        const auto [at, is_new] = inverse_.try_emplace(key);
        if (is_new) at->second = factor(key.first, key.second, m, poll);
        if (at->second == nullptr) return {};
        return [inverse = at->second, n_outputs = problem_.n_outputs, n_features = problem_.X.n_cols,
                room = std::vector<double>(at->second->size())](std::span<double> v) mutable {
            // Coefficients of all outputs, then their intercepts.
            const auto n = static_cast<std::size_t>(n_features);
            for (std::size_t k = 0; k < static_cast<std::size_t>(n_outputs); ++k) {
                const std::size_t bias = static_cast<std::size_t>(n_outputs) * n + k;
                std::copy_n(v.data() + k * n, n, room.data());
                if (room.size() > n) room[n] = v[bias];
                inverse->solve(room);
                std::copy_n(room.data(), n, v.data() + k * n);
                if (room.size() > n) v[bias] = room[n];
            }
        };
    }

    Shared factor(int fold, double l2, int m, const std::function<void()>& poll) {
        const auto [at, is_new] = moments_.try_emplace(fold);
        if (is_new)
            at->second =
                second_moments(problem_, standards_.empty() ? nullptr : standards_[static_cast<std::size_t>(m)],
                               fit_intercept_, fold, settings_.n_threads, poll);
        const auto n = static_cast<std::size_t>(problem_.X.n_cols) + (fit_intercept_ ? 1 : 0);
        std::vector<double> matrix = at->second;
        double trace = 0.0;
        for (double& entry : matrix) entry *= curvature_;
        for (std::size_t i = 0; i < n; ++i) trace += matrix[i * n + i];
        for (std::size_t i = 0; i < n; ++i) {
            // What rounding may have made of columns that depend on each other.
            matrix[i * n + i] += (sizeof(T) == 4 ? 1e-6 : 1e-12) * trace / static_cast<double>(n);
            if (i < static_cast<std::size_t>(problem_.X.n_cols)) matrix[i * n + i] += l2;
        }
        std::optional<Cholesky> made = Cholesky::of(std::move(matrix), n);
        return made ? std::make_shared<const Cholesky>(std::move(*made)) : nullptr;
    }

    const LinearProblem<T>& problem_;
    const ModelSettings& settings_;
    const std::vector<const Standard*>& standards_;
    bool fit_intercept_;
    double curvature_;
    std::map<int, std::vector<double>> moments_;
    std::map<std::pair<int, double>, Shared> inverse_;
};

}  // namespace fastgd
