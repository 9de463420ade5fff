#pragma once

#include <cstddef>
#include <vector>

#include "kernels/kernel_table.hpp"
#include "runtime/aligned_buffer.hpp"

namespace fastgd {

// Rows of numbers one after the other, with pointers to them as kernels take them.
template <class T>
class RowBuffer {
public:
    RowBuffer() = default;
    RowBuffer(RowBuffer&&) noexcept = default;
    RowBuffer& operator=(RowBuffer&&) noexcept = default;
    RowBuffer(std::ptrdiff_t n_rows, std::ptrdiff_t width) : stride_(row_stride(width)) {
        numbers_ = AlignedBuffer<T>(static_cast<std::size_t>(n_rows * stride_));
        for (std::ptrdiff_t r = 0; r < n_rows; ++r) row_.push_back(reinterpret_cast<const std::byte*>(row(r)));
        // Kernels read whole tiles.
        if (n_rows > 0) row_.insert(row_.end(), kRowTile, row_.back());
    }

    std::ptrdiff_t stride() const { return stride_; }
    T* row(std::ptrdiff_t r) { return numbers_.data() + r * stride_; }
    Rows rows(std::ptrdiff_t first, std::ptrdiff_t count) const { return {row_.data() + first, count}; }

private:
    // An odd number of cache lines: rows at a power of two would put the same column of all of them into the same few
    // places of the L1 cache.
    static std::ptrdiff_t row_stride(std::ptrdiff_t width) {
        constexpr auto kLine = static_cast<std::ptrdiff_t>(kCacheLine / sizeof(T));
        return (round_up(width, kLaneAlign) / kLine | 1) * kLine;
    }

    std::ptrdiff_t stride_ = 0;
    AlignedBuffer<T> numbers_;
    std::vector<const std::byte*> row_;
};

}  // namespace fastgd
