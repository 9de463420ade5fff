#include "neighbors/screen.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

#include "fastgd/errors.hpp"
#include "neighbors/double_row.hpp"
#include "neighbors/slices.hpp"
#include "runtime/dispatch.hpp"

namespace fastgd {
namespace {

// As many evenly spaced rows tell where the data lie.
constexpr std::int64_t kSample = 256;
// Rows that a thread measures at once.
constexpr std::int64_t kStep = 256;

std::int64_t most_entries(const MatrixView& X) {
    std::int64_t most = 0;
    for (std::int64_t i = 0; i < X.n_rows; ++i) most = std::max(most, offset_at(X, i + 1) - offset_at(X, i));
    return most;
}

template <class T>
double half_square(const T* x, std::size_t n) {
    return 0.5 * sum_in_lanes(n, [x](std::size_t j) { return static_cast<double>(x[j]) * static_cast<double>(x[j]); });
}

}  // namespace

template <class T>
Screen<T>::Screen(const MatrixView& X, int n_threads, const std::function<void()>& poll)
    : X_(X),
      kernels_(&kernels_for<T>(fastgd::kernels())),
      shift_(static_cast<std::size_t>(X.n_cols)),
      row_term_(static_cast<std::size_t>(X.n_rows)),
      slack_(static_cast<std::size_t>(X.n_rows)) {
    // Less its mean a sparse row would be none.
    if (!is_sparse(X.storage)) choose_shift_and_scale();
    row_work_ = is_sparse(X.storage) ? std::max<std::int64_t>(1, n_entries(X) / X.n_rows) : X.n_cols;
    set_error(is_sparse(X.storage) ? most_entries(X) : X.n_cols);
    measure_rows(n_threads, poll);
}

// Neither changes a result: the nearer the rows are to 0, the fewer of them have to be looked at twice.
template <class T>
void Screen<T>::choose_shift_and_scale() {
    DoubleRow row(X_);
    const std::int64_t n = std::min(X_.n_rows, kSample);
    std::vector<double> mean(static_cast<std::size_t>(X_.n_cols));
    const auto for_sample = [&](auto&& visit) {
        for (std::int64_t i = 0; i < n; ++i) {
            row.read(i * X_.n_rows / n);
            for (std::size_t j = 0; j < mean.size(); ++j) visit(j, row.values()[j]);
        }
    };
    for_sample([&](std::size_t j, double x) { mean[j] += x / static_cast<double>(n); });
    for (std::size_t j = 0; j < mean.size(); ++j) {
        const T shift = static_cast<T>(mean[j]);
        shift_[j] = std::isfinite(shift) ? shift : T(0);
    }
    double largest = 0.0;
    for_sample([&](std::size_t j, double x) {
        const double distance = std::fabs(x - static_cast<double>(shift_[j]));
        if (distance > largest && std::isfinite(distance)) largest = distance;
    });
    if (largest == 0.0) return;
    // Powers of two that a float has, and their inverses.
    constexpr int kMost = 120;
    scale_ = static_cast<T>(std::ldexp(1.0, std::clamp(-std::ilogb(largest), -kMost, kMost)));
}

template <class T>
void Screen<T>::set_error(std::int64_t n_terms) {
    constexpr double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2.0;
    constexpr double v = 0x1p-53;
    const auto t = static_cast<double>(n_terms);
    const double first_order = (t + 24.0) * u + 4.0 * (t + static_cast<double>(X_.n_cols) + 8.0) * v;
    // Where rounding may be as large as the product itself nothing is told by it.
    relative_ = first_order < 0.25 ? first_order / (1.0 - first_order) : std::numeric_limits<double>::quiet_NaN();
    absolute_ = 4.0 * (t + 4.0) * static_cast<double>(std::numeric_limits<T>::denorm_min());
}

template <class T>
void Screen<T>::set_row(std::int64_t row, double half_norm, double gross) {
    const auto i = static_cast<std::size_t>(row);
    const bool tells = std::max(half_norm, gross) <= kLargest && relative_ < 1.0;
    row_term_[i] = tells ? static_cast<T>(half_norm - relative_ * gross) : std::numeric_limits<T>::quiet_NaN();
    slack_[i] = tells ? limit(2.0 * relative_ * gross) : std::numeric_limits<T>::infinity();
}

template <class T>
void Screen<T>::measure_rows(int n_threads, const std::function<void()>& poll) {
    struct Worker {
        DoubleRow row;
        AlignedBuffer<T> centered;
    };
    const bool sparse = is_sparse(X_.storage);
    const auto n = static_cast<std::size_t>(X_.n_cols);
    const std::int64_t n_steps = (X_.n_rows + kStep - 1) / kStep;
    // Under this many elements a second thread costs more than it brings.
    constexpr std::int64_t kSerial = 1 << 18;
    const int team = X_.n_rows * row_work_ < kSerial ? 1 : static_cast<int>(std::min<std::int64_t>(n_threads, n_steps));
    std::vector<std::unique_ptr<Worker>> workers;
    for (int w = 0; w < team; ++w)
        workers.push_back(std::make_unique<Worker>(Worker{DoubleRow(X_), AlignedBuffer<T>(sparse ? 0 : n)}));
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> finite{true};
    const auto measure = [&](Worker& worker, std::int64_t i) {
        double half_norm = 0.0;
        double gross = 0.0;
        if (sparse) {
            worker.row.read(i);
            for (const std::int64_t j : worker.row.columns()) {
                const double x = worker.row.values()[static_cast<std::size_t>(j)];
                half_norm += 0.5 * x * x;
                gross += 0.5 * worker.row.gross(j) * worker.row.gross(j);
            }
        } else {
            const std::byte* rows[kRowTile] = {worker.row.at(i), worker.row.at(i), worker.row.at(i), worker.row.at(i)};
            T* centered = worker.centered.data();
            kernels_->center[static_cast<int>(X_.storage)](
                {{rows, 1}, {0, X_.n_cols}, shift_.data(), scale_, centered, X_.n_cols});
            gross = half_norm = half_square(centered, n);
        }
        if (!std::isfinite(half_norm)) {
            worker.row.read(i);
            if (!worker.row.finite()) finite = false;
        }
        set_row(i, half_norm, gross);
    };
    in_slices(team, poll, [&](int w) {
        const std::int64_t step = next++;
        if (step >= n_steps || !finite) return false;
        for (std::int64_t i = step * kStep; i < std::min((step + 1) * kStep, X_.n_rows); ++i)
            measure(*workers[static_cast<std::size_t>(w)], i);
        return true;
    });
    if (!finite) throw NonFiniteError();
}

template class Screen<float>;
template class Screen<double>;

}  // namespace fastgd
