// How even mini-batch steps are: the 99th percentile of a step's time beside the median, which a thread that is kept
// waiting now and then raises.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "data.hpp"
#include "register.hpp"
#include "runtime/dispatch.hpp"
#include "samples.hpp"

namespace fastgd::bench {
namespace {

constexpr std::int64_t kBatch = 128;
constexpr int kClasses = 10;

// A loss of the user's that looks at the clock: only a loss is called within steps. Least squares on class indicators
// costs next to nothing beside the products, which are those of a softmax.
class StepClock {
public:
    void operator()(const double* y, const double* raw, std::int64_t n_rows, std::int64_t n_outputs, double* loss,
                    double* dloss) {
        if (std::this_thread::get_id() == owner_) count(n_rows);
        for (std::int64_t r = 0; r < n_rows; ++r) {
            loss[r] = 0.0;
            for (std::int64_t k = 0; k < n_outputs; ++k) {
                const double residual = raw[r * n_outputs + k] - (static_cast<double>(k) == y[r] ? 1.0 : 0.0);
                dloss[r * n_outputs + k] = residual;
                loss[r] += 0.5 * residual * residual;
            }
        }
    }

    // Of all steps since the last call but the first.
    std::vector<double> take_seconds() {
        std::vector<double> seconds;
        for (std::size_t i = 1; i < began_.size(); ++i)
            seconds.push_back(std::chrono::duration<double>(began_[i] - began_[i - 1]).count());
        began_.clear();
        return seconds;
    }

private:
    // A batch may come in several calls.
    void count(std::int64_t n_rows) {
        if (n_rows_ == 0) began_.push_back(std::chrono::steady_clock::now());
        n_rows_ = (n_rows_ + n_rows) % kBatch;
    }

    std::thread::id owner_ = std::this_thread::get_id();
    std::int64_t n_rows_ = 0;
    std::vector<std::chrono::steady_clock::time_point> began_;
};

void step_times(benchmark::State& state, Shape shape, int n_threads) {
    const Table table(shape, Storage::f32);
    const Targets targets(shape.n_rows, kClasses, Storage::f32);
    StepClock clock;
    LinearOptions options;
    options.n_outputs = kClasses;
    options.user_loss = std::make_shared<UserLoss>(UserLoss{std::ref(clock), true, false});
    const LinearObjective objective(table.view(), targets.data(), options);
    DescentOptions descent;
    descent.schedule.params = {{"lr", {1e-4}}};
    descent.batch_size = kBatch;
    descent.max_epochs = small() ? 1 : 20;
    descent.tol.reset();
    descent.evaluate = false;
    descent.n_threads = n_threads;
    const std::vector<double> start(static_cast<std::size_t>(objective.n_params()));
    std::vector<double> seconds;
    for (auto _ : state) {
        state.SetIterationTime(seconds_of([&] { minimize(objective, start, descent); }));
        const std::vector<double> more = clock.take_seconds();
        seconds.insert(seconds.end(), more.begin(), more.end());
    }
    const auto p99 = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() * 99 / 100);
    std::nth_element(seconds.begin(), p99, seconds.end());
    const double p99_seconds = *p99;
    state.counters["steps"] = static_cast<double>(seconds.size());
    state.counters["median"] = median(seconds);
    state.counters["p99"] = p99_seconds;
    state.counters["p99_of_median"] = p99_seconds / median(seconds);
}

}  // namespace

void register_step_times() {
    // Whole batches only: StepClock counts rows.
    Shape shape = scaled({60'000, 784});
    shape.n_rows = shape.n_rows / kBatch * kBatch;
    for (const int threads : thread_counts()) {
        const std::string name = "step_times/least_squares10/threads:" + std::to_string(threads);
        benchmark::RegisterBenchmark(name.c_str(), step_times, shape, threads)
            ->Iterations(1)
            ->UseManualTime()
            ->Unit(benchmark::kMillisecond);
    }
}

}  // namespace fastgd::bench
