#pragma once

#include <cstdint>

namespace fastgd {

// What a loss asks of its targets: any real number; -1 or +1; a class index, with one score per class.
enum class LossKind : std::uint8_t { regression, binary, multiclass };

struct LossParam {
    const char* name = nullptr;
    double default_value = 0.0;
};

// What the rest of the library may know of a loss, declared beside its formula.
struct LossInfo {
    const char* name;
    LossKind kind;
    // The bound on the second derivative in a raw score: infinity where there is none, 0 where the loss is
    // piecewise linear.
    double curvature;
    LossParam param{};
};

}  // namespace fastgd
