#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace fastgd {

// A row with the square of its distance; of rows as near the one that comes first is nearer.
struct Neighbor {
    double square;
    std::int64_t row;

    friend bool operator<(const Neighbor& a, const Neighbor& b) {
        return a.square < b.square || (a.square == b.square && a.row < b.row);
    }
};

// What is known of one query's nearest rows: those whose distances are computed, and those that may yet be nearer. The
// room is bounded, however many may be: when it is full, distances are computed.
class Candidates {
public:
    explicit Candidates(std::int64_t k)
        : k_(static_cast<std::size_t>(k)), room_(2 * k_ + kSpare), upper_(k_, kInfinity) {
        waiting_.reserve(room_);
        nearest_.reserve(k_ + room_);
    }

    void clear() {
        std::fill(upper_.begin(), upper_.end(), kInfinity);
        waiting_.clear();
        nearest_.clear();
    }

    // The k-th smallest upper bound.
    double bound() const { return upper_.front(); }
    bool full() const { return waiting_.size() == room_; }
    // Adds a row with bounds of its rank; true where bound() has become smaller.
    bool add(std::int64_t row, double low, double high) {
        waiting_.push_back({low, row});
        if (!(high < upper_.front())) return false;
        replace_largest(high);
        return true;
    }
    // Forgets rows above the limit; what is not a number is not. Whether enough of them went.
    bool forget_above(double limit) {
        std::erase_if(waiting_, [limit](const Waiting& w) { return w.low > limit; });
        return waiting_.size() <= k_ + kSpare / 2;
    }
    // Computes the distances of all that wait, and keeps the k nearest.
    template <class Square>
    void settle(Square&& square) {
        for (const Waiting& w : waiting_) nearest_.push_back({square(w.row), w.row});
        waiting_.clear();
        if (nearest_.size() <= k_) return;
        std::nth_element(nearest_.begin(), nearest_.begin() + static_cast<std::ptrdiff_t>(k_), nearest_.end());
        nearest_.resize(k_);
    }
    std::int64_t n_waiting() const { return static_cast<std::int64_t>(waiting_.size()); }
    // After the last of them: the nearest first; fewer than k where there were no more rows.
    std::span<const Neighbor> sorted() {
        std::sort(nearest_.begin(), nearest_.end());
        return nearest_;
    }

    // Of one that holds k.
    static std::int64_t bytes(std::int64_t k) {
        return k * static_cast<std::int64_t>(sizeof(double)) +
               (2 * k + kSpare) * static_cast<std::int64_t>(sizeof(Waiting)) +
               (3 * k + kSpare) * static_cast<std::int64_t>(sizeof(Neighbor));
    }

private:
    struct Waiting {
        double low;
        std::int64_t row;
    };

    // One way down the heap, where popping and pushing would take two.
    void replace_largest(double high) {
        std::size_t at = 0;
        for (std::size_t child = 1; child < k_; child = 2 * at + 1) {
            if (child + 1 < k_ && upper_[child + 1] > upper_[child]) ++child;
            if (!(upper_[child] > high)) break;
            upper_[at] = upper_[child];
            at = child;
        }
        upper_[at] = high;
    }

    static constexpr double kInfinity = std::numeric_limits<double>::infinity();
    static constexpr std::int64_t kSpare = 64;

    std::size_t k_;
    std::size_t room_;
    // The k smallest upper bounds, a heap with the largest in front.
    std::vector<double> upper_;
    std::vector<Waiting> waiting_;
    std::vector<Neighbor> nearest_;
};

}  // namespace fastgd
