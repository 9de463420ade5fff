#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "descent/run.hpp"
#include "objectives/second_moments.hpp"
#include "runtime/cholesky.hpp"

namespace fastgd {

// More columns make the matrix cost more than the passes that it saves.
inline constexpr std::int64_t kMaxPreconditioned = 512;

// Estimates of a model's inverse Hessian; all empty where there are none.
struct Precondition {
    // Multiplies by it, where all parameters are free.
    std::function<void(std::span<double>)> of_all{};
    // The inverse of the Hessian's diagonal, and products with that of its part where is_free is not 0.
    std::vector<double> diagonal{};
    std::function<void(std::span<double>, std::span<const double> is_free)> of_part{};
};

// For each output the inverse of c (mean of s z z^T) + alpha (1 - l1_ratio), where `curvature` c bounds the loss's
// second derivative or stands in for it: the Hessian of a squared error, and above that of any other loss. Models that
// see the same rows share the mean, and with the same penalty the inverse. `standards`: none, or one a model.
template <class T>
class Preconditioners {
public:
    Preconditioners(const Problem<T>& problem, const ModelSettings& settings,
                    const std::vector<const Standard*>& standards, bool fit_intercept, double curvature)
        : problem_(problem),
          settings_(settings),
          standards_(standards),
          fit_intercept_(fit_intercept),
          curvature_(curvature) {}

    std::vector<Precondition> make(const std::function<void()>& poll) {
        std::vector<Precondition> made;
        for (int m = 0; m < settings_.n_models; ++m) {
            if (poll) poll();
            made.push_back(of_model(m, poll));
        }
        return made;
    }

private:
    using Matrix = std::vector<double>;
    // Of an output, with its coefficients and then its intercept; how many outputs and features there are.
    struct Layout {
        std::size_t n_outputs;
        std::size_t n_features;
        std::size_t size;

        // visit(k, at), where at(i) is the place among a model's parameters of an output's parameter i.
        template <class F>
        void for_outputs(F&& visit) const {
            for (std::size_t k = 0; k < n_outputs; ++k)
                visit(k, [this, k](std::size_t i) {
                    return i < n_features ? k * n_features + i : n_outputs * n_features + k;
                });
        }
    };

    Precondition of_model(int m, const std::function<void()>& poll) {
        const bool wanted = settings_.hyper[static_cast<std::size_t>(m) * kMaxHyper + 1] != 0.0;
        if (!wanted || problem_.X.n_cols > kMaxPreconditioned) return {};
        const Penalty& penalty = settings_.penalty(m);
        const auto n_features = static_cast<std::size_t>(problem_.X.n_cols);
        const Layout layout{static_cast<std::size_t>(problem_.n_outputs), n_features,
                            n_features + (fit_intercept_ ? 1 : 0)};
        const auto key = std::pair{problem_.fold_of(m), penalty.l2()};
        if (penalty.l1() > 0.0) return of_parts(matrix(key.first, key.second, m, poll), layout);
        const auto [at, is_new] = inverse_.try_emplace(key);
        if (is_new)
            if (auto made = Cholesky::of(matrix(key.first, key.second, m, poll), layout.size))
                at->second = std::make_shared<const Cholesky>(std::move(*made));
        if (at->second == nullptr) return {};
        return {.of_all = [inverse = at->second, layout, room = Matrix(layout.size)](std::span<double> v) mutable {
            layout.for_outputs([&](std::size_t, auto&& at) {
                for (std::size_t i = 0; i < room.size(); ++i) room[i] = v[at(i)];
                inverse->solve(room);
                for (std::size_t i = 0; i < room.size(); ++i) v[at(i)] = room[i];
            });
        }};
    }

    static Precondition of_parts(Matrix matrix, const Layout& layout) {
        Precondition made;
        made.diagonal.resize(layout.n_outputs * layout.size);
        layout.for_outputs([&](std::size_t, auto&& at) {
            for (std::size_t i = 0; i < layout.size; ++i) {
                if (!(matrix[i * layout.size + i] > 0.0)) made.diagonal.clear();
                if (!made.diagonal.empty()) made.diagonal[at(i)] = 1.0 / matrix[i * layout.size + i];
            }
        });
        if (made.diagonal.empty()) return made;
        made.of_part = [matrix = std::move(matrix), layout, parts = std::vector<Part>(layout.n_outputs)](
                           std::span<double> v, std::span<const double> is_free) mutable {
            layout.for_outputs([&](std::size_t k, auto&& at) {
                std::vector<std::size_t> free;
                for (std::size_t i = 0; i < layout.size; ++i)
                    if (is_free[at(i)] != 0.0) free.push_back(i);
                parts[k].choose(matrix, layout.size, std::move(free));
                parts[k].solve(v, at);
            });
        };
        return made;
    }

    // The rows and columns of a matrix that are free, factored anew when these are others.
    struct Part {
        std::vector<std::size_t> free;
        std::optional<Cholesky> inverse;

        void choose(const Matrix& matrix, std::size_t size, std::vector<std::size_t> wanted) {
            if (inverse && wanted == free) return;
            free = std::move(wanted);
            Matrix part;
            part.reserve(free.size() * free.size());
            for (const std::size_t i : free)
                for (const std::size_t j : free) part.push_back(matrix[std::max(i, j) * size + std::min(i, j)]);
            inverse = Cholesky::of(std::move(part), free.size());
        }
        template <class At>
        void solve(std::span<double> v, At&& at) const {
            // A part of a positive definite matrix is one, but for rounding.
            if (!inverse) return;
            Matrix room;
            for (const std::size_t i : free) room.push_back(v[at(i)]);
            inverse->solve(room);
            for (std::size_t i = 0; i < free.size(); ++i) v[at(free[i])] = room[i];
        }
    };

    // Its lower triangle.
    Matrix matrix(int fold, double l2, int m, const std::function<void()>& poll) {
        const auto [at, is_new] = moments_.try_emplace(fold);
        if (is_new)
            at->second =
                second_moments(problem_, standards_.empty() ? nullptr : standards_[static_cast<std::size_t>(m)],
                               fit_intercept_, fold, settings_.n_threads, poll);
        const auto n = static_cast<std::size_t>(problem_.X.n_cols) + (fit_intercept_ ? 1 : 0);
        Matrix matrix = at->second;
        double trace = 0.0;
        for (double& entry : matrix) entry *= curvature_;
        for (std::size_t i = 0; i < n; ++i) trace += matrix[i * n + i];
        for (std::size_t i = 0; i < n; ++i) {
            // What rounding may have made of columns that depend on each other.
            matrix[i * n + i] += (sizeof(T) == 4 ? 1e-6 : 1e-12) * trace / static_cast<double>(n);
            if (i < static_cast<std::size_t>(problem_.X.n_cols)) matrix[i * n + i] += l2;
        }
        return matrix;
    }

    const Problem<T>& problem_;
    const ModelSettings& settings_;
    const std::vector<const Standard*>& standards_;
    bool fit_intercept_;
    double curvature_;
    std::map<int, Matrix> moments_;
    std::map<std::pair<int, double>, std::shared_ptr<const Cholesky>> inverse_;
};

}  // namespace fastgd
