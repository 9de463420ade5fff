#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "runtime/philox.hpp"

namespace fastgd {

// Which hidden units a training step leaves out: a function of the seed, the step, the layer, the row's place in the
// batch and the unit, so that no mask depends on threads or on what else is computed. Units that stay are multiplied by
// one over the share of those that do: Srivastava et al. 2014, "inverted" as is common since.
class Dropout {
public:
    // Units that share a block of random words, 16 bits each.
    static constexpr std::int64_t kUnits = 16;

    // A share above 0 leaves out at least one unit in 65536.
    explicit Dropout(double share)
        : threshold_(share == 0.0 ? 65536 : std::clamp<std::int64_t>(std::llrint((1.0 - share) * 65536.0), 1, 65535)) {}

    bool drops() const { return threshold_ < 65536; }
    double factor() const { return 65536.0 / static_cast<double>(threshold_); }

    // visit(unit, stays) for units first..last of a row; `first` is a multiple of kUnits.
    template <class F>
    void visit(std::uint64_t seed, std::int64_t step, std::int64_t layer, std::int64_t row, std::int64_t n_units,
               std::int64_t first, std::int64_t last, F&& visit) const {
        const std::int64_t per_row = (n_units + kUnits - 1) / kUnits;
        for (std::int64_t unit = first; unit < std::min(last, n_units); unit += kUnits) {
            const PhiloxWords words = philox({static_cast<std::uint64_t>(row * per_row + unit / kUnits),
                                              static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(layer), 0},
                                             {seed, static_cast<std::uint64_t>(PhiloxStream::dropout)});
            const std::int64_t count = std::min(kUnits, std::min(last, n_units) - unit);
            for (std::int64_t u = 0; u < count; ++u) {
                const std::uint64_t piece = words[static_cast<std::size_t>(u / 4)] >> (16 * (u % 4)) & 0xFFFF;
                visit(unit + u, static_cast<std::int64_t>(piece) < threshold_);
            }
        }
    }

private:
    std::int64_t threshold_;
};

// The masks of one model's step; none for an evaluation.
struct DropoutStep {
    const Dropout* dropout = nullptr;
    std::uint64_t seed = 0;
    std::int64_t step = 0;

    bool drops() const { return dropout != nullptr && dropout->drops(); }
};

}  // namespace fastgd
