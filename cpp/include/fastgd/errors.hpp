#pragma once

#include <exception>
#include <stdexcept>

namespace fastgd {

// A raw score is NaN or infinite: X holds such a value (see find_nonfinite), or the parameters overflow.
class NonFiniteError : public std::runtime_error {
public:
    NonFiniteError() : std::runtime_error("a raw score is not finite") {}
};

// Thrown by an Observer or by DescentOptions::order, it interrupts the run: the best valid parameters are the result.
class Interrupted : public std::exception {
public:
    const char* what() const noexcept override { return "interrupted"; }
};

}  // namespace fastgd
