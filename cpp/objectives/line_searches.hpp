#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <variant>
#include <vector>

#include "descent/lbfgs.hpp"
#include "descent/owlqn.hpp"
#include "descent/run.hpp"
#include "fastgd/optimizer_info.hpp"
#include "objectives/preconditioner.hpp"

namespace fastgd {

// L-BFGS of all models of a run, orthant-wise for those with an l1 norm: each evaluation of the objective is told to
// every one of them that goes on.
class LineSearches {
public:
    // `noise`: relative rounding errors of the objective's values.
    LineSearches(const ModelSettings& settings, double noise) : settings_(settings), noise_(noise) {}

    // The first `n_coef` parameters of each model are penalised. `preconditions`: none, or one a model.
    void start(std::span<const double> params, std::ptrdiff_t n_coef, std::vector<Precondition> preconditions = {}) {
        const auto n_models = static_cast<std::size_t>(settings_.n_models);
        const std::size_t n = params.size() / n_models;
        searches_.clear();
        line_.assign(n_models, Line::starting);
        first_.assign(n_models, std::numeric_limits<double>::quiet_NaN());
        preconditions.resize(n_models);
        for (std::size_t m = 0; m < n_models; ++m) {
            const std::span<const double> begin = params.subspan(m * n, n);
            const auto memory = static_cast<int>(settings_.hyper[m * kMaxHyper]);
            Precondition& precondition = preconditions[m];
            if (const double l1 = settings_.penalties[m].l1(); l1 > 0.0) {
                std::vector<double> strength(n);
                std::fill_n(strength.begin(), n_coef, l1);
                Owlqn::Options options{.memory = memory,
                                       .diagonal = std::move(precondition.diagonal),
                                       .precondition = std::move(precondition.of_part)};
                options.noise = std::max(options.noise, noise_);
                searches_.emplace_back(Owlqn(begin, strength, options));
            } else {
                Lbfgs::Options options{.memory = memory, .precondition = std::move(precondition.of_all)};
                options.search.noise = std::max(options.search.noise, noise_);
                searches_.emplace_back(Lbfgs(begin, options));
            }
        }
    }
    bool started() const { return !searches_.empty(); }

    // In: values and gradients where they were asked for; out: value and norm of the gradient at the best points.
    void tell(std::span<double> value, std::span<const double> grad, std::span<double> grad_norm) {
        const std::size_t n = grad.size() / value.size();
        for (std::size_t m = 0; m < value.size(); ++m) {
            std::visit(
                [&]<class Search>(Search& search) {
                    if (std::isnan(first_[m])) first_[m] = value[m];
                    if (line_[m] != Line::finished &&
                        search.tell(value[m], grad.subspan(m * n, n)) == Search::Said::finished)
                        line_[m] = Line::finished;
                    value[m] = search.value();
                    if (line_[m] == Line::starting && value[m] < first_[m]) line_[m] = Line::descending;
                    grad_norm[m] = search.grad_norm();
                },
                searches_[m]);
        }
    }
    void ask(std::span<double> params) const {
        auto to = params.begin();
        for (const auto& search : searches_) {
            const auto point = std::visit([](const auto& one) { return one.ask(); }, search);
            to = std::copy(point.begin(), point.end(), to);
        }
    }
    void best(int m, std::span<double> params) const {
        const auto point = [](const auto& search) { return search.point(); };
        std::ranges::copy(std::visit(point, searches_[static_cast<std::size_t>(m)]), params.begin());
    }
    // Value and norm of the gradient, where the parameters are the best points of all models, rounded to T; else false.
    template <class T>
    bool judge(std::span<const double> params, std::span<double> value, std::span<double> grad_norm) const {
        if (!started()) return false;
        const double* own = params.data();
        const auto is_best = [&](const auto& search) {
            return std::ranges::all_of(
                search.point(), [&](double known) { return *own++ == static_cast<double>(static_cast<T>(known)); });
        };
        for (const auto& search : searches_)
            if (!std::visit(is_best, search)) return false;
        for (std::size_t m = 0; m < searches_.size(); ++m)
            std::visit(
                [&](const auto& search) {
                    value[m] = search.value();
                    if (!grad_norm.empty()) grad_norm[m] = search.grad_norm();
                },
                searches_[m]);
        return true;
    }
    // What is told of a model that goes no further is no evaluation of it.
    void retire(int m) {
        if (started()) line_[static_cast<std::size_t>(m)] = Line::finished;
    }
    Line line(int m) const { return started() ? line_[static_cast<std::size_t>(m)] : Line::descending; }

    // `begin` is called where they have been started, by now or in what is read, and starts them where they have not.
    template <class F>
    void serialize(int m, Archive& archive, F&& begin) {
        bool is_started = started();
        archive(is_started);
        if (!is_started) return;
        begin();
        const auto at = static_cast<std::size_t>(m);
        std::visit([&](auto& search) { search.serialize(archive); }, searches_[at]);
        archive(line_[at], Line::finished);
        archive(first_[at]);
    }

private:
    const ModelSettings& settings_;
    double noise_;
    std::vector<std::variant<Lbfgs, Owlqn>> searches_;
    std::vector<Line> line_;
    // The values that they started at.
    std::vector<double> first_;
};

}  // namespace fastgd
