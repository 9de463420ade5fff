#pragma once

namespace fastgd {

inline constexpr int kMaxHyper = 4;
inline constexpr int kMaxSlots = 3;

struct HyperParam {
    const char* name = nullptr;
    double default_value = 0.0;
};

// What the rest of the library may know of an optimiser, declared beside its formula.
struct OptimizerInfo {
    const char* name;
    // State vectors as long as the parameters.
    int n_slots;
    HyperParam hyper[kMaxHyper];
};

}  // namespace fastgd
