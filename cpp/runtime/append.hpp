#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "runtime/zeroed_memory.hpp"

namespace fastgd {

// Appends numbers in parts and looks up between them: into memory that the system has yet to clear, some hundred
// megabytes take longer than who presses Ctrl-C wants to wait.
template <class T>
void append(std::vector<double>& to, std::span<T> numbers, const std::function<void()>& look = {}) {
    constexpr std::size_t kPart = std::size_t{1} << 18;
    to.reserve(to.size() + numbers.size());
    ask_for_large_pages(to.data() + to.size(), numbers.size() * sizeof(double));
    while (!numbers.empty()) {
        const std::span<T> part = numbers.first(std::min(kPart, numbers.size()));
        to.insert(to.end(), part.begin(), part.end());
        numbers = numbers.subspan(part.size());
        if (look && !numbers.empty()) look();
    }
}

}  // namespace fastgd
