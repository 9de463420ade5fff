#include "objectives/density_start.hpp"

#include <algorithm>
#include <cmath>

#include "fastgd/errors.hpp"
#include "objectives/row_entries.hpp"
#include "objectives/standard.hpp"
#include "runtime/philox.hpp"
#include "runtime/scalar_math.hpp"

namespace fastgd {
namespace {

constexpr std::int64_t kSampleRows = 1 << 15;
constexpr std::int64_t kSampleNumbers = 1 << 22;

// Evenly spaced rows in double, one after the other.
template <class T>
std::vector<double> sample(const Problem<T>& data, std::int64_t n_rows) {
    std::vector<double> rows;
    rows.reserve(static_cast<std::size_t>(n_rows * data.X.n_cols));
    RowEntries<T> entries(data);
    for (std::int64_t i = 0; i < n_rows; ++i)
        entries.visit(i * data.X.n_rows / n_rows, [&](std::size_t, T x) { rows.push_back(static_cast<double>(x)); });
    return rows;
}

// The variance of each column of the rows about the mean of its own.
std::vector<double> variances(const std::vector<double>& rows, std::size_t n_features) {
    const std::size_t n_rows = rows.size() / n_features;
    std::vector<double> variance(n_features);
    for (std::size_t j = 0; j < n_features; ++j) {
        // The mean as a difference from the first row is exact for what does not vary.
        double mean = 0.0;
        for (std::size_t i = 0; i < n_rows; ++i) mean += rows[i * n_features + j] - rows[j];
        mean = mean / static_cast<double>(n_rows) + rows[j];
        for (std::size_t i = 0; i < n_rows; ++i) {
            const double difference = rows[i * n_features + j] - mean;
            variance[j] += difference * difference;
        }
        variance[j] /= static_cast<double>(n_rows);
    }
    return variance;
}

// The rows of a sample that are means, and the mean squares of what the nearest of them leaves of each column.
struct Seeds {
    std::vector<std::size_t> row;
    std::vector<double> variance;
};

// Each row is drawn with a probability in proportion to its squared distance from the nearest of those before: D.
// Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", ACM-SIAM Symposium on Discrete
// Algorithms, 2007. Columns count in units of their standard deviations.
Seeds draw_seeds(const std::vector<double>& rows, std::size_t n_features, std::ptrdiff_t n_seeds, std::uint64_t seed,
                 const std::function<void()>& poll) {
    const std::size_t n_rows = rows.size() / n_features;
    const std::vector<double> variance = variances(rows, n_features);
    std::vector<double> distance(n_rows, std::nan(""));
    std::vector<std::size_t> nearest(n_rows);
    Seeds seeds{{}, std::vector<double>(n_features)};
    double total = 0.0;
    for (std::ptrdiff_t k = 0; k < n_seeds; ++k) {
        if (poll) poll();
        const PhiloxWords words = philox(seed, PhiloxStream::initial_parameters, 0, static_cast<std::uint64_t>(k / 4));
        const double u = static_cast<double>(words[static_cast<std::size_t>(k % 4)] >> 11) * 0x1p-53;
        // The first one, and any where all rows are seeds already.
        auto chosen = static_cast<std::size_t>(u * static_cast<double>(n_rows));
        if (total > 0.0) {
            double sum = 0.0;
            for (std::size_t i = 0; i < n_rows; ++i) {
                if (distance[i] > 0.0) chosen = i;
                sum += distance[i];
                if (sum > u * total) break;
            }
        }
        seeds.row.push_back(chosen);
        total = 0.0;
        for (std::size_t i = 0; i < n_rows; ++i) {
            double square = 0.0;
            for (std::size_t j = 0; j < n_features; ++j) {
                const double difference = rows[i * n_features + j] - rows[chosen * n_features + j];
                if (variance[j] > 0.0) square += difference * difference / variance[j];
            }
            if (!(distance[i] <= square)) {
                distance[i] = square;
                nearest[i] = chosen;
            }
            total += distance[i];
        }
    }
    for (std::size_t i = 0; i < n_rows; ++i)
        for (std::size_t j = 0; j < n_features; ++j) {
            const double difference = rows[i * n_features + j] - rows[nearest[i] * n_features + j];
            seeds.variance[j] += difference * difference;
        }
    for (double& square : seeds.variance) square /= static_cast<double>(n_rows);
    return seeds;
}

// log U_jj of a variance, of columns divided by `scale`.
double log_root(double variance, double reg_covar, double scale) {
    const double regularized = variance + reg_covar;
    return (regularized == 0.0 ? 0.0 : -0.5 * scalar::log(regularized)) + scalar::log(scale);
}

}  // namespace

template <class T>
std::vector<double> density_start(const DensityProblem<T>& problem, std::uint64_t seed, int n_threads,
                                  const std::function<void()>& poll) {
    const DensityShape& shape = problem.shape;
    const auto n_features = static_cast<std::size_t>(shape.n_features);
    std::vector<double> mean;
    std::vector<double> variance(n_features);
    if (shape.n_components == 1) {
        const Standard standard = measure_standards(problem.data, nullptr, 0, n_threads, poll).front();
        mean = standard.center;
        for (std::size_t j = 0; j < n_features; ++j)
            if (standard.inverse_scale[j] != 0.0)
                variance[j] = 1.0 / (standard.inverse_scale[j] * standard.inverse_scale[j]);
    } else {
        const std::int64_t most =
            std::max<std::int64_t>(shape.n_components, std::min(kSampleRows, kSampleNumbers / shape.n_features));
        const std::vector<double> rows = sample(problem.data, std::min(problem.data.X.n_rows, most));
        if (!std::all_of(rows.begin(), rows.end(), [](double x) { return std::isfinite(x); })) throw NonFiniteError();
        const Seeds seeds = draw_seeds(rows, n_features, shape.n_components, seed, poll);
        for (const std::size_t row : seeds.row) {
            const auto first = rows.begin() + static_cast<std::ptrdiff_t>(row * n_features);
            mean.insert(mean.end(), first, first + shape.n_features);
        }
        variance = seeds.variance;
    }
    std::vector<double> params(static_cast<std::size_t>(shape.n_params()));
    for (std::ptrdiff_t k = 0; k < shape.n_components; ++k) {
        double* to = params.data() + shape.mean_at(k);
        for (std::size_t j = 0; j < n_features; ++j)
            to[j] = (mean[static_cast<std::size_t>(k) * n_features + j] - shape.center[j]) / shape.scale[j];
        shape.visit_factor([&](std::size_t at, std::ptrdiff_t i, std::ptrdiff_t j) {
            const auto column = static_cast<std::size_t>(j);
            if (i == j)
                params[static_cast<std::size_t>(shape.factor_at(k)) + at] =
                    log_root(variance[column], shape.reg_covar, shape.scale[column]);
        });
    }
    if (!std::all_of(params.begin(), params.end(), [](double x) { return std::isfinite(x); })) throw NonFiniteError();
    return params;
}

template std::vector<double> density_start(const DensityProblem<float>&, std::uint64_t, int,
                                           const std::function<void()>&);
template std::vector<double> density_start(const DensityProblem<double>&, std::uint64_t, int,
                                           const std::function<void()>&);

}  // namespace fastgd
