#pragma once

// A kernel as a benchmark sees it: what it is called, and how to make data for it. Everything else (instruction sets,
// size classes, threads, limits) is the same for all of them.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "data.hpp"
#include "kernels/kernel_table.hpp"
#include "limits/limit_table.hpp"

namespace fastgd::bench {

// A thread's own memory, as large as a size class allows. What a kernel works on is taken from it, so that the limits
// see the same memory.
class Slice {
public:
    explicit Slice(std::size_t bytes) : bytes_(bytes), capacity_(bytes + kRoom), pages_(capacity_) {}

    // How many items of so many bytes there is room for, beside what is needed once: a multiple, and at least that.
    std::ptrdiff_t fit(std::size_t bytes_an_item, std::size_t bytes_once, std::ptrdiff_t multiple) const {
        const std::size_t left = bytes_ > bytes_once ? bytes_ - bytes_once : 0;
        return std::max(static_cast<std::ptrdiff_t>(left / bytes_an_item) / multiple * multiple, multiple);
    }

    // Zeroed, on a cache line's boundary.
    template <class T>
    T* zeros(std::ptrdiff_t n) {
        std::byte* at = take(static_cast<std::size_t>(n) * sizeof(T));
        std::memset(at, 0, static_cast<std::size_t>(n) * sizeof(T));
        return reinterpret_cast<T*>(at);
    }
    template <class T>
    T* filled(std::ptrdiff_t n, T value) {
        T* at = zeros<T>(n);
        std::fill_n(at, n, value);
        return at;
    }
    std::byte* random(std::ptrdiff_t n, Storage storage) {
        const std::size_t bytes = static_cast<std::size_t>(n * element_size(storage));
        std::byte* at = take(bytes);
        fill(at, bytes, storage);
        return at;
    }
    template <class T>
    T* random(std::ptrdiff_t n) {
        return reinterpret_cast<T*>(random(n, sizeof(T) == 4 ? Storage::f32 : Storage::f64));
    }

    // All that was taken, in the order of memory.
    RowWalk walk() const {
        constexpr std::ptrdiff_t kPiece = 4096;
        const auto used = static_cast<std::ptrdiff_t>(used_);
        const std::ptrdiff_t piece = std::min(used, kPiece);
        return {pages_.data(), piece, piece, nullptr, 0, used / piece};
    }

private:
    // For the smallest work that a kernel can do, where that is larger than the size class.
    static constexpr std::size_t kRoom = std::size_t{1} << 20;

    std::byte* take(std::size_t bytes) {
        constexpr std::size_t kLine = 64;
        std::byte* at = pages_.data() + used_;
        used_ += (bytes + kLine - 1) / kLine * kLine;
        if (used_ > capacity_) throw std::logic_error("a kernel's data do not fit into the memory of its benchmark");
        return at;
    }

    std::size_t bytes_;
    std::size_t capacity_;
    std::size_t used_ = 0;
    Pages pages_;
};

// Items cut into blocks of equal size, at most `largest`.
struct Cut {
    std::ptrdiff_t block;
    std::ptrdiff_t n_blocks;

    Cut(std::ptrdiff_t n, std::ptrdiff_t largest) : block(std::min(n, largest)), n_blocks(n / block) {}
    std::ptrdiff_t n() const { return block * n_blocks; }
};

// A kernel with its data.
struct Work {
    std::function<void(std::ptrdiff_t block)> run;
    std::ptrdiff_t n_blocks;
    // Of a block: what has to come from, and go to, where the slice lies. What stays in a nearer cache from block to
    // block, such as coefficients, does not count; a line that is only written counts once, though memory brings it
    // first.
    double bytes;
    // Of a block: multiplications and additions of products and sums; 0 where a kernel has others.
    double flops = 0.0;
    // Whether a fair part of the bytes is written.
    bool writes = false;
    // How the limits walk; where it has no rows, through the slice as it lies.
    RowWalk walk{};
};

struct KernelCase {
    std::string name;
    bool in_double;
    std::function<Work(Slice&)> make;
};

class KernelCases {
public:
    // Unless the table has no such kernel.
    template <class Kernel, class Make>
    void add(std::string name, bool in_double, Kernel kernel, Make make) {
        if (kernel != nullptr) cases_.push_back({std::move(name), in_double, std::move(make)});
    }
    const std::vector<KernelCase>& all() const { return cases_; }

private:
    std::vector<KernelCase> cases_;
};

template <class T>
constexpr bool kInDouble = sizeof(T) == 8;

template <class T>
std::string with_type(const std::string& name) {
    return name + (kInDouble<T> ? "/float64" : "/float32");
}

// The numbers of outputs that kernels over rows are measured with.
inline constexpr int kOutputCounts[] = {1, 10};
inline std::string with_outputs(const std::string& name, int n_outputs) {
    return n_outputs == 1 ? name : name + "_x" + std::to_string(n_outputs);
}

// One file each.
template <class T>
void add_row_kernels(KernelCases& to, const KernelTable& table);
template <class T>
void add_sparse_kernels(KernelCases& to, const KernelTable& table);
template <class T>
void add_layer_kernels(KernelCases& to, const KernelTable& table);
template <class T>
void add_score_kernels(KernelCases& to, const KernelTable& table);
template <class T>
void add_update_kernels(KernelCases& to, const KernelTable& table);
template <class T>
void add_density_kernels(KernelCases& to, const KernelTable& table);

// A benchmark for every kernel of the table.
std::vector<KernelCase> kernel_cases(const KernelTable& table);

}  // namespace fastgd::bench
