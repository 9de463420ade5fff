#include "objectives/standard.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "objectives/block_pass.hpp"
#include "objectives/row_entries.hpp"

namespace fastgd {
namespace {

// Weighted mean and sum of squared differences from it, of each feature. Sets of rows are joined by the formula of
// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
struct Moments {
    double weight = 0.0;
    std::vector<double> mean;
    std::vector<double> squares;

    explicit Moments(std::size_t n_features) : mean(n_features), squares(n_features) {}

    void join(const Moments& rows) {
        if (rows.weight == 0.0) return;
        const double before = weight;
        weight += rows.weight;
        const double share = rows.weight / weight;
        for (std::size_t j = 0; j < mean.size(); ++j) {
            const double difference = rows.mean[j] - mean[j];
            mean[j] += share * difference;
            squares[j] += rows.squares[j] + before * share * difference * difference;
        }
    }

    Standard standard() const {
        Standard result{mean, std::vector<double>(mean.size())};
        for (std::size_t j = 0; j < mean.size(); ++j) {
            const double deviation = std::sqrt(squares[j] / weight);
            // What rounding makes of a constant is no variation.
            const bool constant = deviation <= 1e-10 * std::fabs(mean[j]);
            result.inverse_scale[j] = constant                   ? 0.0
                                      : std::isfinite(deviation) ? 1.0 / deviation
                                                                 : std::numeric_limits<double>::quiet_NaN();
        }
        return result;
    }
};

// The moments of one block after the other, for each standard.
template <class T>
class BlockMoments {
public:
    BlockMoments(const Problem<T>& problem, std::size_t n_standards)
        : problem_(problem),
          moments_(n_standards, Moments(static_cast<std::size_t>(problem.X.n_cols))),
          origin_(n_standards) {}

    // belongs(row, s) says whether a row counts for a standard.
    template <class Belongs>
    void measure(std::int64_t begin, std::int64_t end, Belongs&& belongs) {
        for (Moments& moments : moments_) {
            moments.weight = 0.0;
            std::fill(moments.mean.begin(), moments.mean.end(), 0.0);
            std::fill(moments.squares.begin(), moments.squares.end(), 0.0);
        }
        // The mean as a difference from the first row is exact for what does not vary.
        for_rows(begin, end, belongs, [&](std::size_t s, double weight) {
            Moments& moments = moments_[s];
            if (moments.weight == 0.0) origin_[s] = row_;
            moments.weight += weight;
            for (std::size_t j = 0; j < row_.size(); ++j)
                moments.mean[j] += weight * (static_cast<double>(row_[j]) - static_cast<double>(origin_[s][j]));
        });
        for (std::size_t s = 0; s < moments_.size(); ++s)
            for (std::size_t j = 0; j < origin_[s].size() && moments_[s].weight > 0.0; ++j)
                moments_[s].mean[j] = moments_[s].mean[j] / moments_[s].weight + static_cast<double>(origin_[s][j]);
        for_rows(begin, end, belongs, [&](std::size_t s, double weight) {
            const double* mean = moments_[s].mean.data();
            double* squares = moments_[s].squares.data();
            for (std::size_t j = 0; j < row_.size(); ++j) {
                const double difference = static_cast<double>(row_[j]) - mean[j];
                squares[j] += weight * (difference * difference);
            }
        });
    }

    const Moments& moments(std::size_t s) const { return moments_[s]; }

private:
    template <class Belongs, class Visit>
    void for_rows(std::int64_t begin, std::int64_t end, Belongs&& belongs, Visit&& visit) {
        for (std::int64_t i = begin; i < end; ++i) {
            if (!problem_.present(i)) continue;
            widen_row(problem_, i, row_);
            const double weight = problem_.weight != nullptr ? static_cast<double>(problem_.weight[i]) : 1.0;
            for (std::size_t s = 0; s < moments_.size(); ++s)
                if (belongs(i, s)) visit(s, weight);
        }
    }

    const Problem<T>& problem_;
    std::vector<Moments> moments_;
    std::vector<std::vector<T>> origin_;
    std::vector<T> row_;
};

// The moments of CSR rows, from their entries alone: what is not there is 0.
template <class T, class Belongs>
std::vector<Moments> sparse_moments(const Problem<T>& problem, std::size_t n_standards,
                                    const std::function<void()>& poll, Belongs&& belongs) {
    constexpr std::int64_t kRowsBetweenPolls = 1 << 14;
    const auto n_features = static_cast<std::size_t>(problem.X.n_cols);
    std::vector<Moments> moments(n_standards, Moments(n_features));
    std::vector<std::vector<double>> weight_of_entries(n_standards, std::vector<double>(n_features));
    RowEntries<T> entries(problem);
    const auto for_rows = [&](auto&& visit) {
        for (std::int64_t i = 0; i < problem.X.n_rows; ++i) {
            if (poll && i % kRowsBetweenPolls == 0) poll();
            if (!problem.present(i)) continue;
            const double weight = problem.weight != nullptr ? static_cast<double>(problem.weight[i]) : 1.0;
            for (std::size_t s = 0; s < n_standards; ++s)
                if (belongs(i, s)) visit(i, s, weight);
        }
    };
    for_rows([&](std::int64_t i, std::size_t s, double weight) {
        moments[s].weight += weight;
        entries.visit(i, [&](std::size_t j, T x) { moments[s].mean[j] += weight * static_cast<double>(x); });
    });
    for (Moments& of : moments)
        for (double& mean : of.mean) mean /= of.weight;
    for_rows([&](std::int64_t i, std::size_t s, double weight) {
        entries.visit(i, [&](std::size_t j, T x) {
            const double difference = static_cast<double>(x) - moments[s].mean[j];
            weight_of_entries[s][j] += weight;
            moments[s].squares[j] += weight * (difference * difference);
        });
    });
    for (std::size_t s = 0; s < n_standards; ++s)
        for (std::size_t j = 0; j < n_features; ++j) {
            const double mean = moments[s].mean[j];
            moments[s].squares[j] += std::max(moments[s].weight - weight_of_entries[s][j], 0.0) * (mean * mean);
        }
    return moments;
}

template <class T, class Belongs>
std::vector<Moments> dense_moments(const Problem<T>& problem, std::size_t n_standards, int n_threads,
                                   const std::function<void()>& poll, Belongs&& belongs) {
    const BlockPlan plan =
        plan_blocks(problem, 4 * static_cast<std::ptrdiff_t>(n_standards), problem.X.n_rows, n_threads);
    std::vector<BlockMoments<T>> blocks(static_cast<std::size_t>(plan.team), BlockMoments<T>(problem, n_standards));
    std::vector<Moments> sums(n_standards, Moments(static_cast<std::size_t>(problem.X.n_cols)));
    for_each_block(
        plan, poll,
        [&](int, int room, std::int64_t b) {
            blocks[static_cast<std::size_t>(room)].measure(plan.begin(b), plan.end(b), belongs);
        },
        [&](int room) {
            for (std::size_t s = 0; s < n_standards; ++s)
                sums[s].join(blocks[static_cast<std::size_t>(room)].moments(s));
        });
    return sums;
}

}  // namespace

void Standard::to_data(const double* w, int n_outputs, bool fit_intercept, double* data) const {
    const std::size_t n = center.size();
    for (std::size_t k = 0; k < static_cast<std::size_t>(n_outputs); ++k) {
        const std::size_t bias = static_cast<std::size_t>(n_outputs) * n + k;
        data[bias] = (fit_intercept ? w[bias] : 0.0) - scale(w + k * n, data + k * n);
    }
}

void Standard::to_gradient(const double* data_grad, int n_outputs, bool fit_intercept, double* grad) const {
    const std::size_t n = center.size();
    for (std::size_t k = 0; k < static_cast<std::size_t>(n_outputs); ++k) {
        const std::size_t bias = static_cast<std::size_t>(n_outputs) * n + k;
        scale_back(data_grad + k * n, data_grad[bias], grad + k * n);
        if (fit_intercept) grad[bias] = data_grad[bias];
    }
}

template <class T>
std::vector<Standard> measure_standards(const Problem<T>& problem, const std::int32_t* fold, int n_folds, int n_threads,
                                        const std::function<void()>& poll) {
    const std::size_t n_standards = static_cast<std::size_t>(n_folds) + 1;
    const auto belongs = [&](std::int64_t i, std::size_t s) {
        return fold == nullptr || fold[i] != static_cast<std::int32_t>(s);
    };
    const std::vector<Moments> sums = problem.sparse() ? sparse_moments(problem, n_standards, poll, belongs)
                                                       : dense_moments(problem, n_standards, n_threads, poll, belongs);
    std::vector<Standard> standards;
    for (const Moments& moments : sums) standards.push_back(moments.standard());
    return standards;
}

template std::vector<Standard> measure_standards<float>(const Problem<float>&, const std::int32_t*, int, int,
                                                        const std::function<void()>&);
template std::vector<Standard> measure_standards<double>(const Problem<double>&, const std::int32_t*, int, int,
                                                         const std::function<void()>&);

}  // namespace fastgd
