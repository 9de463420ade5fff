#include "objectives/plane.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "objectives/block_pass.hpp"
#include "objectives/row_walk.hpp"
#include "runtime/team_poll.hpp"

// A linear model's scores are linear in its parameters, so those at a point are s + sum_j c_j t_j, with s the scores at
// the origin, offsets included, and t_j those along the directions, which have none. One pass over the data finds s and
// t_j of some rows, and while these are in L1 the losses of the rows at every point follow from them.

namespace fastgd {
namespace {

using Lanes = std::array<double, kSumLanes>;

// Losses between two looks for Ctrl-C, on each thread: about 25 ms.
constexpr std::int64_t kStretchWork = std::int64_t{1} << 24;

// Points of one pass, whose sums each thread has beside each other: 2 MiB.
constexpr std::int64_t kMostPoints = 1 << 14;

// Rows whose scores along the directions and at a point stay in L1.
template <class T>
std::ptrdiff_t rows_of(const Problem<T>& problem, std::ptrdiff_t n_directions) {
    constexpr auto kCache = 24 * 1024 / static_cast<std::ptrdiff_t>(sizeof(T));
    const std::ptrdiff_t lines = (n_directions + 3) * problem.n_outputs;
    return std::clamp<std::ptrdiff_t>(kCache / lines, kSumLanes, 256) / kSumLanes * kSumLanes;
}

// Points whose losses are asked for at once: a call of Python costs as much as hundreds of rows.
template <class T>
std::ptrdiff_t points_of_call(const Problem<T>& problem, std::ptrdiff_t n_rows) {
    if (problem.user_loss == nullptr) return 1;
    return std::max<std::ptrdiff_t>(1, 64 * 1024 / (n_rows * problem.n_outputs));
}

// A way through the rows of a block.
template <class T>
class PlaneWalk {
public:
    // `base`: the origin and the directions as models.
    PlaneWalk(const Problem<T>& problem, const Parameters<T>& base, std::ptrdiff_t most_rows, std::ptrdiff_t n_points)
        : problem_(&problem),
          n_directions_(base.n_models - 1),
          rows_(std::min(rows_of(problem, n_directions_), round_up(most_rows, kSumLanes))),
          group_(std::min(points_of_call(problem, rows_), n_points)),
          block_(problem, most_rows),
          walk_(problem, base, rows_),
          lines_(base, rows_),
          scores_(group_, problem.n_outputs, rows_),
          ones_(static_cast<std::size_t>(group_), T(1)),
          lanes_(static_cast<std::size_t>(n_points)),
          loss_(lanes_.size()),
          finite_(std::make_unique<bool[]>(lanes_.size())) {}

    // The sums of the rows begin .. end, at each of the points.
    void sum(const Parameters<T>& base, std::int64_t begin, std::int64_t end, const T* coordinates,
             const TeamPoll& look) {
        block_.gather({nullptr, problem_->X.n_rows}, begin, end);
        std::fill(lanes_.begin(), lanes_.end(), Lanes{});
        std::fill_n(finite_.get(), lanes_.size(), true);
        for (std::ptrdiff_t first = 0; first < block_.count(); first += rows_) {
            const std::ptrdiff_t count = std::min(rows_, block_.count() - first);
            score(base, first, count, look);
            std::int64_t done = 0;
            for (std::ptrdiff_t p = 0; p < std::ssize(lanes_); p += group_) {
                add_losses(first, count, p, std::min(group_, std::ssize(lanes_) - p), coordinates);
                done += group_ * count * problem_->n_outputs;
                if (done < kStretchWork) continue;
                look();
                done = 0;
            }
        }
        problem_->kernels->lane_totals({lanes_[0].data(), nullptr, std::ssize(lanes_), 0, loss_.data(), nullptr});
    }

    double weight() const { return block_.weight_sum(0, block_.count()); }
    double loss(std::size_t point) const { return loss_[point]; }
    bool finite(std::size_t point) const { return finite_[point]; }

private:
    void score(const Parameters<T>& base, std::ptrdiff_t first, std::ptrdiff_t count, const TeamPoll& look) {
        for (std::ptrdiff_t r = 0; r < count; r += walk_.at_once()) {
            look();
            const std::ptrdiff_t n = std::min(walk_.at_once(), count - r);
            const ScoreBlock<T>& some = walk_.raw(base, block_, first + r, n);
            for (std::ptrdiff_t s = 0; s < base.n_scores(); ++s)
                std::copy_n(some.raw.data() + s * some.stride, n, lines_.raw.data() + s * lines_.stride + r);
        }
        lines_.add_offset(*problem_, block_, first, count, 1);
    }

    void add_losses(std::ptrdiff_t first, std::ptrdiff_t count, std::ptrdiff_t point, std::ptrdiff_t n_points,
                    const T* coordinates) {
        for (std::ptrdiff_t p = 0; p < n_points; ++p)
            problem_->kernels->combine({lines_.raw.data(), lines_.stride, problem_->n_outputs,
                                        coordinates + (point + p) * n_directions_, n_directions_, count,
                                        scores_.raw.data() + p * problem_->n_outputs * scores_.stride, scores_.stride});
        scores_.apply_loss_alone(*problem_, block_, first, count, static_cast<int>(n_points), ones_.data(),
                                 finite_.get() + point);
        problem_->kernels->lane_sums({scores_.value.data(), nullptr, scores_.stride, n_points, 0, first, count,
                                      lanes_[static_cast<std::size_t>(point)].data(), nullptr});
    }

    const Problem<T>* problem_;
    std::ptrdiff_t n_directions_;
    std::ptrdiff_t rows_;
    std::ptrdiff_t group_;
    RowBlock<T> block_;
    RowWalk<T> walk_;
    ScoreBlock<T> lines_;
    ScoreBlock<T> scores_;
    std::vector<T> ones_;
    std::vector<Lanes> lanes_;
    std::vector<double> loss_;
    // An array, as vector<bool> has no addresses.
    std::unique_ptr<bool[]> finite_;
};

// The mean losses at some of the points; infinite where a raw score is not finite.
template <class T>
void mean_losses(const Problem<T>& problem, const Parameters<T>& base, const T* coordinates, std::span<double> values,
                 int n_threads, const std::function<void()>& poll) {
    BlockPlan plan = plan_blocks(problem, base.n_scores(), problem.X.n_rows, n_threads);
    const std::int64_t block_work = plan.capacity() * problem.n_outputs * std::ssize(values);
    if (plan.n_blocks * block_work >= kStretchWork / 256)
        plan.team = static_cast<int>(std::min<std::int64_t>(n_threads, plan.n_blocks));
    std::vector<std::unique_ptr<PlaneWalk<T>>> walks;
    for (int t = 0; t < plan.team; ++t)
        walks.push_back(std::make_unique<PlaneWalk<T>>(problem, base, plan.capacity(), std::ssize(values)));
    double weight = 0.0;
    std::fill(values.begin(), values.end(), 0.0);
    const auto finite = std::make_unique<bool[]>(values.size());
    std::fill_n(finite.get(), values.size(), true);
    const TeamPoll look(poll);
    for_each_block(
        plan, poll,
        [&](int, int room, std::int64_t b) {
            walks[static_cast<std::size_t>(room)]->sum(base, plan.begin(b), plan.end(b), coordinates, look);
        },
        [&](int room) {
            const PlaneWalk<T>& walk = *walks[static_cast<std::size_t>(room)];
            weight += walk.weight();
            for (std::size_t p = 0; p < values.size(); ++p) {
                values[p] += walk.loss(p);
                finite[p] = finite[p] && walk.finite(p);
            }
        },
        &look);
    for (std::size_t p = 0; p < values.size(); ++p)
        values[p] = finite[p] ? values[p] / weight : std::numeric_limits<double>::infinity();
}

// What the objective has beside the loss.
void add_penalties(const Penalty& penalty, double intercept_slope, std::ptrdiff_t n_coef, const Plane& plane,
                   std::span<double> values, int n_threads, const std::function<void()>& poll) {
    const std::ptrdiff_t n = intercept_slope == 0.0 ? n_coef : plane.n_params();
    const std::int64_t work = n * (plane.n_directions() + 4);
    const std::ptrdiff_t at_once = std::max<std::int64_t>(n_threads, n_threads * kStretchWork / work);
    for (std::ptrdiff_t begin = 0; begin < plane.n_points(); begin += at_once) {
        if (poll) poll();
        const std::ptrdiff_t end = std::min(plane.n_points(), begin + at_once);
        std::atomic<std::ptrdiff_t> next{begin};
        parallel((end - begin) * work < kStretchWork / 64 ? 1 : n_threads, [&](int, int) {
            std::vector<double> at(static_cast<std::size_t>(n));
            for (std::ptrdiff_t p = next++; p < end; p = next++) {
                double& value = values[static_cast<std::size_t>(p)];
                if (std::isinf(value)) continue;
                plane.parameters(p, n, at.data());
                double of_intercepts = 0.0;
                for (std::ptrdiff_t i = n_coef; i < n; ++i)
                    of_intercepts += intercept_slope * at[static_cast<std::size_t>(i)];
                value = value + penalty.value(at.data(), n_coef) + of_intercepts;
            }
        });
    }
}

}  // namespace

template <class T>
void plane_values(const Problem<T>& problem, const Penalty& penalty, const ParameterMap& map, const Plane& plane,
                  std::span<double> values, int n_threads, const std::function<void()>& poll) {
    const auto n_directions = static_cast<int>(plane.n_directions());
    std::vector<double> flat;
    map.append(plane.origin, flat);
    for (int j = 0; j < n_directions; ++j)
        map.append(plane.directions.subspan(static_cast<std::size_t>(j * plane.n_params()), plane.origin.size()), flat);
    Parameters<T> base(n_directions + 1, problem.n_outputs, problem.X.n_cols, problem.fit_intercept);
    base.set(flat.data());
    std::vector<T> coordinates(plane.coordinates.size());
    std::transform(plane.coordinates.begin(), plane.coordinates.end(), coordinates.begin(),
                   [](double c) { return static_cast<T>(c); });
    const std::int64_t n_points = plane.n_points();
    const int team = problem.loss_threads(n_threads);
    for (std::int64_t begin = 0; begin < n_points; begin += kMostPoints) {
        const auto count = static_cast<std::size_t>(std::min(kMostPoints, n_points - begin));
        mean_losses(problem, base, coordinates.data() + begin * n_directions,
                    values.subspan(static_cast<std::size_t>(begin), count), team, poll);
    }
    if (penalty.alpha != 0.0 || problem.intercept_slope != 0.0)
        add_penalties(penalty, problem.intercept_slope, problem.n_outputs * problem.X.n_cols, plane, values, n_threads,
                      poll);
}

template void plane_values<float>(const Problem<float>&, const Penalty&, const ParameterMap&, const Plane&,
                                  std::span<double>, int, const std::function<void()>&);
template void plane_values<double>(const Problem<double>&, const Penalty&, const ParameterMap&, const Plane&,
                                   std::span<double>, int, const std::function<void()>&);

}  // namespace fastgd
