#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "runtime/archive.hpp"

namespace fastgd {

// A step, the change of the gradient over it, and s.y, which is positive.
struct CurvaturePair {
    std::vector<double> s;
    std::vector<double> y;
    double curvature = 0.0;

    void serialize(Archive& archive) {
        archive(s);
        archive(y);
        archive(curvature);
    }
};

// What L-BFGS remembers: the last few pairs, oldest first.
class CurvaturePairs {
public:
    // A pair is of use if s.y is more than this share of the decrease that the slope promised.
    static constexpr double kLeastCurvature = std::numeric_limits<double>::epsilon();

    explicit CurvaturePairs(int memory) : memory_(static_cast<std::size_t>(memory)) {}

    // Swaps the vectors for others of the same size, in place of the oldest pair of a full memory.
    void add(std::vector<double>& s, std::vector<double>& y, double curvature);
    void clear() { pairs_.clear(); }
    bool empty() const { return pairs_.empty(); }
    const std::vector<CurvaturePair>& get() const { return pairs_; }

    // `size`: that of their vectors.
    void serialize(Archive& archive, std::size_t size) {
        std::size_t n_pairs = pairs_.size();
        archive.at_most(n_pairs, memory_);
        pairs_.resize(n_pairs, {std::vector<double>(size), std::vector<double>(size)});
        for (CurvaturePair& pair : pairs_) pair.serialize(archive);
    }

private:
    std::size_t memory_;
    std::vector<CurvaturePair> pairs_;
};

// v = H v: H is what `first` multiplies by, updated by each pair, from the oldest to the newest, by the formula of BFGS
//     H = (I - s y' / s.y) H (I - y s' / s.y) + s s' / s.y
// (Nocedal, Mathematics of Computation 35, 1980).
void two_loop_recursion(std::span<double> v, std::span<const CurvaturePair> pairs,
                        const std::function<void(std::span<double>)>& first);

}  // namespace fastgd
