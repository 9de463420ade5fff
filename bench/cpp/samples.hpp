#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace fastgd::bench {

inline double median(std::vector<double> values) {
    if (values.empty()) return 0.0;
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

template <class F>
double seconds_of(F&& f) {
    const auto begin = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The seconds of a benchmark's iterations. Google Benchmark reports their mean, which one disturbance spoils: it is
// told what makes the median of it.
class OwnTimes {
public:
    void add(benchmark::State& state, double seconds) {
        const double before = sum_as_reported();
        seconds_.push_back(seconds);
        state.SetIterationTime(sum_as_reported() - before);
    }
    double median() const { return bench::median(seconds_); }

private:
    double sum_as_reported() const { return median() * static_cast<double>(seconds_.size()); }

    std::vector<double> seconds_;
};

// The rates of several loops, measured in turn with what they are to judge: the best loop's median is the limit.
class LimitSamples {
public:
    void add(const std::vector<double>& rates) {
        samples_.resize(rates.size());
        for (std::size_t i = 0; i < rates.size(); ++i) samples_[i].push_back(rates[i]);
    }
    double best() const {
        double best = 0.0;
        for (const auto& loop : samples_) best = std::max(best, median(loop));
        return best;
    }

private:
    std::vector<std::vector<double>> samples_;
};

}  // namespace fastgd::bench
