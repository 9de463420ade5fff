#pragma once

#include "cases/kernel_case.hpp"

namespace fastgd::bench {

// Pointers to rows in blocks, as the kernels take them, each block with the one after it as the rows wanted next; the
// last one's are the first.
class RowLists {
public:
    static constexpr std::size_t kBytesARow = sizeof(const std::byte*);

    RowLists(Slice& slice, Cut cut) : cut_(cut), row_(slice.zeros<const std::byte*>(cut.n() + cut.block + kRowTile)) {}

    // `order`: which row stands where, or null as they lie.
    void point(const std::byte* first, std::ptrdiff_t row_bytes, const std::int64_t* order = nullptr) {
        for (std::ptrdiff_t i = 0; i < cut_.n() + cut_.block + kRowTile; ++i) {
            const std::ptrdiff_t at = i % cut_.n();
            row_[i] = first + (order == nullptr ? at : order[at]) * row_bytes;
        }
    }
    Rows operator()(std::ptrdiff_t block) const {
        const std::byte* const* row = row_ + block * cut_.block;
        return {row, cut_.block, row + cut_.block};
    }

private:
    Cut cut_;
    const std::byte** row_;
};

}  // namespace fastgd::bench
