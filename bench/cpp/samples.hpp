#pragma once

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
