#pragma once

#include <cstdint>

namespace fastgd {

// Which starts suit layers before an activation: the uniform distributions of He et al. 2015, for those that are 0, or
// nearly, on one side, and of Glorot and Bengio 2010.
enum class Start : std::uint8_t { he, glorot };

// What the rest of the library may know of an activation, declared beside its formula.
struct ActivationInfo {
    const char* name;
    Start start;
};

}  // namespace fastgd
