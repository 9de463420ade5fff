#pragma once

#include <stdexcept>

namespace fastgd {

// A raw score is NaN or infinite: X holds such a value (see find_nonfinite), or the parameters overflow.
class NonFiniteError : public std::runtime_error {
public:
    NonFiniteError() : std::runtime_error("a raw score is not finite") {}
};

}  // namespace fastgd
