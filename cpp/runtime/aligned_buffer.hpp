#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include "runtime/zeroed_memory.hpp"

namespace fastgd {

// Zeroed memory on a cache line's boundary, for numbers only.
template <class T>
class AlignedBuffer {
public:
    AlignedBuffer() = default;
    explicit AlignedBuffer(std::size_t size) : size_(size) {
        if (size == 0) return;
        if (size > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
        data_ = static_cast<T*>(zeroed_memory(size * sizeof(T)));
    }
    AlignedBuffer(AlignedBuffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    AlignedBuffer& operator=(AlignedBuffer&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    AlignedBuffer(const AlignedBuffer& other) : AlignedBuffer(other.size_) {
        if (data_ != nullptr && other.data_ != nullptr) std::memcpy(data_, other.data_, size_ * sizeof(T));
    }
    AlignedBuffer& operator=(const AlignedBuffer& other) {
        if (this != &other) *this = AlignedBuffer(other);
        return *this;
    }
    ~AlignedBuffer() {
        if (data_ != nullptr) release_zeroed(data_, size_ * sizeof(T));
    }

    void clear() {
        if (size_ != 0) std::memset(data_, 0, size_ * sizeof(T));
    }

    T* data() { return data_; }
    const T* data() const { return data_; }
    std::size_t size() const { return size_; }
    // An index is below the size, which the analyzer cannot know: an empty buffer has none.
    T& operator[](std::size_t i) { return data_[i]; }              // NOLINT(clang-analyzer-core.*)
    const T& operator[](std::size_t i) const { return data_[i]; }  // NOLINT(clang-analyzer-core.*)

private:
    T* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace fastgd
